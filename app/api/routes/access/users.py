"""Users."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response, status

from app.api.attempts import after_commit
from app.api.deps import IfMatch, service
from app.api.operations import Operation
from app.api.paging import PageOf, page_request
from app.api.responses import problems
from app.api.runtime import runtime_of
from app.api.schemas.access.users import UserCreate, UserQuery, UserRead, UserUpdate
from app.domain.access.api_keys import Scope
from app.domain.access.users import User
from app.domain.paging import Page
from app.services.access.users import UserService

router = APIRouter(prefix="/v1/users", tags=["users"], route_class=Operation)

Reading = Annotated[UserService, service(UserService, Scope.LEADS_READ)]
Administering = Annotated[UserService, service(UserService, Scope.ADMIN)]
UserId = Annotated[UUID, Path(description="The user's id.")]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=UserRead,
    responses=problems(409, 413, 415),
    summary="Create a user",
)
async def create_user(body: UserCreate, users: Administering, response: Response) -> User:
    """A person who can own leads, and in whose name a key with the scope `act_as` can act."""
    user = await users.create(**dict(body))
    response.headers["Location"] = f"/v1/users/{user.id}"
    response.headers["ETag"] = f'"{user.version}"'
    return user


@router.get("", response_model=PageOf[UserRead], summary="List users")
async def list_users(users: Reading, query: Annotated[UserQuery, Query()]) -> Page[User]:
    """Newest first, the inactive ones too unless `active` says otherwise."""
    filters = query.model_dump(exclude={"limit", "cursor"}, exclude_none=True)
    return await users.page(filters, page_request(query.limit, query.cursor))


@router.get("/{user_id}", response_model=UserRead, responses=problems(404), summary="Read a user")
async def read_user(user_id: UserId, users: Reading, response: Response) -> User:
    """The user, with the version as ETag."""
    user = await users.get(user_id)
    response.headers["ETag"] = f'"{user.version}"'
    return user


@router.patch(
    "/{user_id}",
    response_model=UserRead,
    responses=problems(404, 409, 412, 413, 415),
    summary="Change or deactivate a user",
)
async def update_user(
    user_id: UserId,
    body: UserUpdate,
    users: Administering,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> User:
    """A JSON merge patch. Users are never deleted, for the record names them: send `active: false`.

    Another process may go on trusting an earlier role for up to five seconds.
    """
    user = await users.update(user_id, body.model_dump(exclude_unset=True), if_match)
    after_commit(request, partial(runtime_of(request).authenticator.forget_actor, user_id))
    response.headers["ETag"] = f'"{user.version}"'
    return user
