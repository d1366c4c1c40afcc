"""API keys."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response, status

from app.api.attempts import after_commit, show_once
from app.api.deps import service
from app.api.operations import Operation
from app.api.paging import CursorParameter, Limit, PageOf, page_request
from app.api.responses import problems
from app.api.runtime import runtime_of
from app.api.schemas.access.api_keys import ApiKeyCreate, ApiKeyCreated, ApiKeyRead
from app.domain.access.api_keys import ApiKey, Scope
from app.domain.paging import Page
from app.services.access.api_keys import ApiKeyService

router = APIRouter(prefix="/v1/api-keys", tags=["API keys"], route_class=Operation)

Administering = Annotated[ApiKeyService, service(ApiKeyService, Scope.ADMIN)]
KeyId = Annotated[UUID, Path(description="The id of the API key.")]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=ApiKeyCreated,
    responses=problems(409, 413, 415),
    summary="Create an API key",
)
async def create_api_key(
    body: ApiKeyCreate, api_keys: Administering, request: Request, response: Response
) -> ApiKeyCreated:
    """The answer shows the key, this once: it is stored hashed.

    So a repeat with the same Idempotency-Key cannot show it again and gets 409 `already_created`
    with the key's `id`. If the first answer was lost, revoke that key and create another.
    """
    key, text = await api_keys.create(
        runtime_of(request).secrets, body.name, body.kind, frozenset(body.scopes), body.expires_at
    )
    show_once(request, key.id)
    response.headers["Location"] = f"/v1/api-keys/{key.id}"
    response.headers["Cache-Control"] = "no-store"
    return ApiKeyCreated.model_validate({**vars(key), "key": text})


@router.get("", response_model=PageOf[ApiKeyRead], summary="List API keys")
async def list_api_keys(
    api_keys: Administering, limit: Limit = 50, cursor: CursorParameter = None
) -> Page[ApiKey]:
    """Newest first, the revoked and expired ones too; never the keys themselves."""
    return await api_keys.page(page_request(limit, cursor))


@router.get(
    "/{key_id}", response_model=ApiKeyRead, responses=problems(404), summary="Read an API key"
)
async def read_api_key(key_id: KeyId, api_keys: Administering) -> ApiKey:
    """What is known of the key; never the key itself."""
    return await api_keys.get(key_id)


@router.post(
    "/{key_id}/revoke",
    response_model=ApiKeyRead,
    responses=problems(404),
    summary="Revoke an API key",
)
async def revoke_api_key(key_id: KeyId, api_keys: Administering, request: Request) -> ApiKey:
    """For good, and again without effect. A key may revoke itself: this is then its last request.

    The process that answers refuses the key at once, any other within five seconds.
    """
    key = await api_keys.revoke(key_id)
    after_commit(request, partial(runtime_of(request).authenticator.forget, key_id))
    return key
