"""Accounts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response, status

from app.api.deps import IfMatch, service
from app.api.operations import Operation
from app.api.paging import PageOf, page_request
from app.api.responses import problems
from app.api.schemas.sales.accounts import (
    AccountCreate,
    AccountQuery,
    AccountRead,
    AccountUpdate,
)
from app.domain.access.api_keys import Scope
from app.domain.paging import Page
from app.domain.sales.accounts import Account
from app.services.sales.accounts import AccountService

router = APIRouter(prefix="/v1/accounts", tags=["accounts"], route_class=Operation)

Reading = Annotated[AccountService, service(AccountService, Scope.SALES_READ)]
Writing = Annotated[AccountService, service(AccountService, Scope.SALES_WRITE)]
AccountId = Annotated[UUID, Path(description="The account's id.")]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=AccountRead,
    responses=problems(409, 413, 415),
    summary="Create an account",
)
async def create_account(body: AccountCreate, accounts: Writing, response: Response) -> Account:
    """A company, or a person, that we sell to."""
    account = await accounts.create(body.model_dump(exclude_unset=True))
    response.headers["Location"] = f"/v1/accounts/{account.id}"
    response.headers["ETag"] = f'"{account.version}"'
    return account


@router.get("", response_model=PageOf[AccountRead], summary="List accounts")
async def list_accounts(
    accounts: Reading, query: Annotated[AccountQuery, Query()]
) -> Page[Account]:
    """Newest first unless `sort` says otherwise. There is no total; read on by `next_cursor`."""
    filters = query.model_dump(exclude={"limit", "cursor", "sort"}, exclude_none=True)
    return await accounts.page(filters, page_request(query.limit, query.cursor, query.sort))


@router.get(
    "/{account_id}",
    response_model=AccountRead,
    responses=problems(404),
    summary="Read an account",
)
async def read_account(account_id: AccountId, accounts: Reading, response: Response) -> Account:
    """The account, with its version as ETag."""
    account = await accounts.get(account_id)
    response.headers["ETag"] = f'"{account.version}"'
    return account


@router.patch(
    "/{account_id}",
    response_model=AccountRead,
    responses=problems(404, 409, 412, 413, 415),
    summary="Change an account",
)
async def update_account(
    account_id: AccountId,
    body: AccountUpdate,
    accounts: Writing,
    if_match: IfMatch,
    response: Response,
) -> Account:
    """A JSON merge patch: absent fields stay, null clears."""
    account = await accounts.update(account_id, body.model_dump(exclude_unset=True), if_match)
    response.headers["ETag"] = f'"{account.version}"'
    return account
