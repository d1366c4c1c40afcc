"""Leads: create, read, list, change, delete, upsert by external reference."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response, status

from app.api.deps import IfMatch, service
from app.api.operations import Operation
from app.api.paging import PageOf, page_of, page_request
from app.api.responses import problems
from app.api.schemas.fields import ExternalId, Instant, System
from app.api.schemas.leads.leads import LeadCaptured, LeadCreate, LeadQuery, LeadRead, LeadUpdate
from app.api.schemas.leads.provenance import LeadDetail, detailed
from app.domain.access.api_keys import Scope
from app.domain.errors import NotFound
from app.domain.intake.capture import Captured, OnDuplicate, Outcome
from app.domain.leads.identities import Identity, IdentityKind
from app.domain.leads.leads import Lead
from app.services.intake.capture import CaptureService
from app.services.leads.leads import LeadService
from app.services.leads.provenance import ProvenanceService
from app.services.ripeness.gates_keeping import GatedLeadService

router = APIRouter(prefix="/v1/leads", tags=["leads"], route_class=Operation)

Reading = Annotated[LeadService, service(LeadService, Scope.LEADS_READ)]
Viewing = Annotated[ProvenanceService, service(ProvenanceService, Scope.LEADS_READ)]
Writing = Annotated[LeadService, service(LeadService, Scope.LEADS_WRITE)]
Moving = Annotated[GatedLeadService, service(GatedLeadService, Scope.LEADS_WRITE)]
Capturing = Annotated[CaptureService, service(CaptureService, Scope.LEADS_WRITE)]
LeadId = Annotated[UUID, Path(description="The lead's id.")]
SystemName = Annotated[System, Path(description="The other system.", examples=["shop"])]
Reference = Annotated[ExternalId, Path(description="The lead's id there.", examples=["77120"])]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=LeadCaptured,
    responses={
        200: {"description": "A known lead was added to", "model": LeadCaptured},
        **problems(409, 413, 415),
    },
    summary="Create a lead",
)
async def create_lead(
    body: LeadCreate,
    capture: Capturing,
    response: Response,
    on_duplicate: Annotated[
        OnDuplicate,
        Query(
            description="When a lead with this e-mail or reference exists: refuse with 409 and the "
            "candidates, update its fields, or only link the touch and references to it."
        ),
    ] = OnDuplicate.REFUSE,
) -> LeadCaptured:
    """Stores the lead, the touchpoint that brought it and the event, in one transaction."""
    return _captured(await capture.capture(body.to_candidate(), on_duplicate), response)


@router.get("", response_model=PageOf[LeadRead], summary="List leads")
async def list_leads(leads: Reading, query: Annotated[LeadQuery, Query()]) -> PageOf[LeadRead]:
    """Newest first unless `sort` says otherwise. There is no total; read on by `next_cursor`."""
    request = page_request(query.limit, query.cursor, query.sort)
    page = await leads.search(query.to_filter(), query.custom_filters(), request)
    return page_of(LeadRead, page)


@router.put(
    "/external/{system}/{external_id}",
    response_model=LeadCaptured,
    responses={
        201: {"description": "The lead was created", "model": LeadCaptured},
        **problems(409, 413, 415),
    },
    summary="Create or update a lead by its id in another system",
)
async def upsert_lead(
    system: SystemName,
    external_id: Reference,
    body: LeadCreate,
    capture: Capturing,
    response: Response,
) -> LeadCaptured:
    """Fields that are absent stay as they are. A lead with the same e-mail gets the reference."""
    reference = Identity(IdentityKind.EXTERNAL, external_id, system)
    captured = await capture.capture(body.to_candidate(reference), OnDuplicate.UPDATE)
    return _captured(captured, response)


@router.get(
    "/external/{system}/{external_id}",
    response_model=LeadRead,
    responses=problems(404),
    summary="Read a lead by its id in another system",
)
async def read_lead_by_reference(
    system: SystemName, external_id: Reference, leads: Reading, response: Response
) -> Lead:
    """The lead another system knows by this id."""
    lead = await leads.by_reference(Identity(IdentityKind.EXTERNAL, external_id, system))
    if lead is None:
        raise NotFound("no such lead in this workspace")
    response.headers["ETag"] = f'"{lead.version}"'
    return lead


@router.get("/{lead_id}", response_model=LeadDetail, responses=problems(404), summary="Read a lead")
async def read_lead(
    lead_id: LeadId,
    leads: Viewing,
    response: Response,
    as_of: Annotated[
        Instant | None,
        Query(
            description="The lead as it was at this instant, also one that was deleted or merged "
            "since; its touches are those recorded until then.",
            examples=["2026-03-02T09:30:00Z"],
        ),
    ] = None,
    include: Annotated[
        Literal["provenance"] | None,
        Query(description="What to tell besides.", examples=["provenance"]),
    ] = None,
) -> Lead | LeadDetail:
    """The lead, with its version as ETag. As it was at an instant it has none."""
    if as_of is not None:
        then, origins = await leads.as_of(lead_id, as_of, with_origins=include is not None)
        return detailed(then, origins)
    lead = await leads.get(lead_id)
    response.headers["ETag"] = f'"{lead.version}"'
    return detailed(lead, await leads.origins(lead_id)) if include else lead


@router.patch(
    "/{lead_id}",
    response_model=LeadRead,
    responses=problems(404, 409, 412, 413, 415),
    summary="Change a lead",
)
async def update_lead(
    lead_id: LeadId, body: LeadUpdate, leads: Moving, if_match: IfMatch, response: Response
) -> Lead:
    """A JSON merge patch: absent fields stay, null clears. A gate before a status or stage that is
    shut refuses it all with 409 `gate_closed`."""
    lead = await leads.update(lead_id, body.model_dump(exclude_unset=True), if_match)
    response.headers["ETag"] = f'"{lead.version}"'
    return lead


@router.delete(
    "/{lead_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(404, 409, 412),
    summary="Delete a lead",
)
async def delete_lead(lead_id: LeadId, leads: Writing, if_match: IfMatch) -> None:
    """Takes the lead out of every list and frees its e-mail; the record of touches is kept."""
    await leads.delete(lead_id, if_match)


def _captured(captured: Captured, response: Response) -> LeadCaptured:
    lead, touch = captured.lead, captured.touchpoint
    if captured.outcome is Outcome.CREATED:
        response.status_code = status.HTTP_201_CREATED
        response.headers["Location"] = f"/v1/leads/{lead.id}"
    else:
        response.status_code = status.HTTP_200_OK
    response.headers["ETag"] = f'"{lead.version}"'
    seen = LeadRead.of(lead)
    fields = {name: getattr(seen, name) for name in LeadRead.model_fields}
    return LeadCaptured.model_construct(
        **fields, outcome=captured.outcome.value, touchpoint_id=touch.id if touch else None
    )
