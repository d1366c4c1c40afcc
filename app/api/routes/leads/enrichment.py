"""Enriching a lead, and what is proposed for it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response, status

from app.api.deps import service
from app.api.operations import Operation
from app.api.paging import CursorParameter, Limit, PageOf, page_request
from app.api.responses import problems
from app.api.schemas.leads.enrichment import EnrichmentPlanRead, EnrichmentRequest, ProposalRead
from app.domain.access.api_keys import Scope
from app.domain.leads.enrichment import Proposal, ProposalStatus
from app.domain.paging import Page
from app.services.leads.enrichment import EnrichmentPlan, EnrichmentService

router = APIRouter(prefix="/v1/leads", tags=["enrichment"], route_class=Operation)

Reading = Annotated[EnrichmentService, service(EnrichmentService, Scope.LEADS_READ)]
Writing = Annotated[EnrichmentService, service(EnrichmentService, Scope.LEADS_WRITE)]
LeadId = Annotated[UUID, Path(description="The lead's id.")]
DryRun = Annotated[
    bool, Query(description="Only tell what would be asked, and of what an answer is known.")
]
ProposalId = Annotated[UUID, Path(description="The proposal's id.")]


@router.post(
    "/{lead_id}/enrich",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=EnrichmentPlanRead,
    responses={
        200: {"description": "A rehearsal: nothing is asked", "model": EnrichmentPlanRead},
        **problems(404, 413, 415),
    },
    summary="Enrich a lead",
)
async def enrich_lead(
    lead_id: LeadId,
    enrichment: Writing,
    response: Response,
    body: Annotated[EnrichmentRequest, Body(default_factory=EnrichmentRequest)],
    *,
    dry_run: DryRun = False,
) -> EnrichmentPlan:
    """Fills what can be known at once, and asks the providers, in a job."""
    plan = await enrichment.enrich(
        lead_id, body.provider_id, overwrite=body.overwrite, rehearse=dry_run
    )
    if plan.job is None:
        response.status_code = status.HTTP_200_OK
    else:
        response.headers["Location"] = f"/v1/jobs/{plan.job.id}"
    return plan


@router.get(
    "/{lead_id}/proposals",
    response_model=PageOf[ProposalRead],
    responses=problems(404),
    summary="List what is proposed for a lead",
)
async def list_proposals(
    lead_id: LeadId,
    enrichment: Reading,
    proposal_status: Annotated[
        list[ProposalStatus] | None,
        Query(alias="status", description="Where they stand.", examples=[["open"]]),
    ] = None,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> Page[Proposal]:
    """Newest first, decided ones too unless `status` says otherwise."""
    wanted = [found.value for found in proposal_status] if proposal_status else None
    return await enrichment.proposals(lead_id, wanted, page_request(limit, cursor))


@router.post(
    "/{lead_id}/proposals/{proposal_id}/accept",
    response_model=ProposalRead,
    responses=problems(404, 409),
    summary="Accept a proposal",
)
async def accept_proposal(
    lead_id: LeadId, proposal_id: ProposalId, enrichment: Writing
) -> Proposal:
    """The lead gets the value; its history names the provider and who accepted."""
    return await enrichment.accept(lead_id, proposal_id)


@router.post(
    "/{lead_id}/proposals/{proposal_id}/reject",
    response_model=ProposalRead,
    responses=problems(404, 409),
    summary="Reject a proposal",
)
async def reject_proposal(
    lead_id: LeadId, proposal_id: ProposalId, enrichment: Writing
) -> Proposal:
    """The lead stays as it is, and the same value is not proposed again."""
    return await enrichment.reject(lead_id, proposal_id)
