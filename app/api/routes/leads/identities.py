"""Identities: the keys that point to a lead."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response, status

from app.api.deps import service
from app.api.operations import Operation
from app.api.paging import CursorParameter, Limit, PageOf, page_request
from app.api.responses import problems
from app.api.schemas.leads.identities import IdentityCreate, IdentityRead, IdentityUpdate
from app.domain.access.api_keys import Scope
from app.domain.leads.identities import LeadIdentity
from app.domain.paging import Page
from app.services.intake.visitor_identities import LeadKeys

router = APIRouter(
    prefix="/v1/leads/{lead_id}/identities", tags=["identities"], route_class=Operation
)

Reading = Annotated[LeadKeys, service(LeadKeys, Scope.LEADS_READ)]
Writing = Annotated[LeadKeys, service(LeadKeys, Scope.LEADS_WRITE)]
LeadId = Annotated[UUID, Path(description="The lead's id.")]
IdentityId = Annotated[UUID, Path(description="The identity's id.")]


@router.get(
    "",
    response_model=PageOf[IdentityRead],
    responses=problems(404),
    summary="List the identities of a lead",
)
async def list_identities(
    lead_id: LeadId,
    identities: Reading,
    limit: Limit = 50,
    cursor: CursorParameter = None,
    sort: Annotated[
        str, Query(pattern="^-?created_at$", description="By time.", examples=["created_at"])
    ] = "created_at",
) -> Page[LeadIdentity]:
    """E-mail addresses, phone numbers, ids in other systems, and devices."""
    return await identities.page(lead_id, page_request(limit, cursor, sort))


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=IdentityRead,
    responses={
        200: {"description": "The lead has it already", "model": IdentityRead},
        **problems(404, 409, 413, 415),
    },
    summary="Add an identity to a lead",
)
async def add_identity(
    lead_id: LeadId, body: IdentityCreate, identities: Writing, response: Response
) -> LeadIdentity:
    """409 with the holder's `lead_id` when it is another lead's alone, unless `shared` is true."""
    identity, new = await identities.add(lead_id, body.to_domain())
    if not new:
        response.status_code = status.HTTP_200_OK
    return identity


@router.patch(
    "/{identity_id}",
    response_model=IdentityRead,
    responses=problems(404, 409, 413, 415),
    summary="Say that an identity is verified or shared",
)
async def update_identity(
    lead_id: LeadId, identity_id: IdentityId, body: IdentityUpdate, identities: Writing
) -> LeadIdentity:
    """A key that other leads have as well stays shared."""
    return await identities.change(lead_id, identity_id, verified=body.verified, shared=body.shared)


@router.delete(
    "/{identity_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(404, 409),
    summary="Remove an identity from a lead",
)
async def remove_identity(lead_id: LeadId, identity_id: IdentityId, identities: Writing) -> None:
    """Sets the key free. The lead's own e-mail and phone go by a change of those fields."""
    await identities.remove(lead_id, identity_id)
