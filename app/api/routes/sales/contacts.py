"""Contacts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response, status

from app.api.deps import IfMatch, service
from app.api.operations import Operation
from app.api.paging import PageOf, page_request
from app.api.responses import problems
from app.api.schemas.sales.contacts import (
    ContactCreate,
    ContactQuery,
    ContactRead,
    ContactUpdate,
)
from app.domain.access.api_keys import Scope
from app.domain.paging import Page
from app.domain.sales.contacts import Contact
from app.services.sales.contacts import ContactService

router = APIRouter(prefix="/v1/contacts", tags=["contacts"], route_class=Operation)

Reading = Annotated[ContactService, service(ContactService, Scope.SALES_READ)]
Writing = Annotated[ContactService, service(ContactService, Scope.SALES_WRITE)]
ContactId = Annotated[UUID, Path(description="The contact's id.")]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=ContactRead,
    responses=problems(409, 413, 415),
    summary="Create a contact",
)
async def create_contact(body: ContactCreate, contacts: Writing, response: Response) -> Contact:
    """A person, at an account or without one."""
    contact = await contacts.create(body.model_dump(exclude_unset=True))
    response.headers["Location"] = f"/v1/contacts/{contact.id}"
    response.headers["ETag"] = f'"{contact.version}"'
    return contact


@router.get("", response_model=PageOf[ContactRead], summary="List contacts")
async def list_contacts(
    contacts: Reading, query: Annotated[ContactQuery, Query()]
) -> Page[Contact]:
    """Newest first unless `sort` says otherwise. There is no total; read on by `next_cursor`."""
    filters = query.model_dump(exclude={"limit", "cursor", "sort"}, exclude_none=True)
    return await contacts.page(filters, page_request(query.limit, query.cursor, query.sort))


@router.get(
    "/{contact_id}",
    response_model=ContactRead,
    responses=problems(404),
    summary="Read a contact",
)
async def read_contact(contact_id: ContactId, contacts: Reading, response: Response) -> Contact:
    """The contact, with its version as ETag."""
    contact = await contacts.get(contact_id)
    response.headers["ETag"] = f'"{contact.version}"'
    return contact


@router.patch(
    "/{contact_id}",
    response_model=ContactRead,
    responses=problems(404, 409, 412, 413, 415),
    summary="Change a contact",
)
async def update_contact(
    contact_id: ContactId,
    body: ContactUpdate,
    contacts: Writing,
    if_match: IfMatch,
    response: Response,
) -> Contact:
    """A JSON merge patch: absent fields stay, null clears."""
    contact = await contacts.update(contact_id, body.model_dump(exclude_unset=True), if_match)
    response.headers["ETag"] = f'"{contact.version}"'
    return contact
