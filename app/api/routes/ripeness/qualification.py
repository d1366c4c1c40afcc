"""Qualification of leads."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from app.api.deps import IfMatch, service
from app.api.operations import Operation
from app.api.responses import problems
from app.api.schemas.fields import Token
from app.api.schemas.leads.leads import LeadRead
from app.api.schemas.ripeness.qualification import (
    LeadDisqualify,
    LeadQualify,
    LeadReactivate,
    QualificationRead,
)
from app.domain.access.api_keys import Scope
from app.domain.leads.leads import Lead
from app.domain.ripeness.assessments import Qualification
from app.services.ripeness.qualification import QualificationService

router = APIRouter(prefix="/v1/leads/{lead_id}", tags=["qualification"], route_class=Operation)

Reading = Annotated[QualificationService, service(QualificationService, Scope.LEADS_READ)]
Writing = Annotated[QualificationService, service(QualificationService, Scope.LEADS_WRITE)]
LeadId = Annotated[UUID, Path(description="The lead's id.")]


@router.get(
    "/qualification",
    response_model=QualificationRead,
    # Of a framework's answers those that there are; see `AnswersRead`.
    response_model_exclude_unset=True,
    responses=problems(404),
    summary="Read a lead's qualification",
)
async def read_qualification(
    lead_id: LeadId,
    qualification: Reading,
    framework: Annotated[
        Token | None,
        Query(
            description="The framework; by default the workspace's `default_framework`.",
            examples=["meddic"],
        ),
    ] = None,
) -> Qualification:
    """The answers in force, the verdict, what is missing, too old or disputed, and what to ask."""
    return await qualification.of_lead(lead_id, framework)


@router.post(
    "/qualify",
    response_model=LeadRead,
    responses=problems(404, 409, 412, 413, 415),
    summary="Qualify a lead",
)
async def qualify_lead(
    lead_id: LeadId,
    qualification: Writing,
    if_match: IfMatch,
    response: Response,
    body: LeadQualify = LeadQualify(),
) -> Lead:
    """Needs the verdict `qualified` or an `override_reason`; 409 `not_qualified` says what is
    missing, and 409 `gate_closed` what a gate asks for. The lead becomes sales-qualified as
    well."""
    lead = await qualification.qualify(lead_id, body.override_reason, if_match)
    response.headers["ETag"] = f'"{lead.version}"'
    return lead


@router.post(
    "/disqualify",
    response_model=LeadRead,
    responses=problems(404, 409, 412, 413, 415),
    summary="Disqualify a lead",
)
async def disqualify_lead(
    lead_id: LeadId,
    body: LeadDisqualify,
    qualification: Writing,
    if_match: IfMatch,
    response: Response,
) -> Lead:
    """For a reason of the workspace's list. Nothing is lost, and the lead can come back."""
    lead = await qualification.disqualify(
        lead_id, body.reason, body.note, if_match, body.override_reason
    )
    response.headers["ETag"] = f'"{lead.version}"'
    return lead


@router.post(
    "/reactivate",
    response_model=LeadRead,
    responses=problems(404, 409, 412, 413, 415),
    summary="Reactivate a disqualified lead",
)
async def reactivate_lead(
    lead_id: LeadId,
    qualification: Writing,
    if_match: IfMatch,
    response: Response,
    body: LeadReactivate = LeadReactivate(),
) -> Lead:
    """Why it was disqualified stays in its timeline."""
    lead = await qualification.reactivate(
        lead_id, body.status, body.note, if_match, body.override_reason
    )
    response.headers["ETag"] = f'"{lead.version}"'
    return lead
