"""Assessments of leads."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, status

from app.api.deps import service
from app.api.operations import Operation
from app.api.paging import CursorParameter, Limit, PageOf, page_request
from app.api.responses import problems
from app.api.schemas.ripeness.assessments import AssessmentCreate, AssessmentRead
from app.api.schemas.ripeness.qualification import AssessmentCreated
from app.domain.access.api_keys import Scope
from app.domain.paging import Page
from app.domain.ripeness.assessments import Assessment
from app.services.ripeness.assessments import Assessed, AssessmentService

router = APIRouter(
    prefix="/v1/leads/{lead_id}/assessments", tags=["qualification"], route_class=Operation
)

Reading = Annotated[AssessmentService, service(AssessmentService, Scope.LEADS_READ)]
Writing = Annotated[AssessmentService, service(AssessmentService, Scope.LEADS_WRITE)]
LeadId = Annotated[UUID, Path(description="The lead's id.")]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=AssessmentCreated,
    # Of a framework's answers those that there are; see `AnswersRead`.
    response_model_exclude_unset=True,
    responses=problems(404, 413, 415),
    summary="Record an assessment",
)
async def create_assessment(
    lead_id: LeadId, body: AssessmentCreate, assessments: Writing
) -> Assessed:
    """Assessments are versions: to each criterion the newest answer counts, by `assessed_at`."""
    return await assessments.assess(lead_id, body.to_domain())


@router.get(
    "",
    response_model=PageOf[AssessmentRead],
    response_model_exclude_unset=True,
    responses=problems(404),
    summary="List a lead's assessments",
)
async def list_assessments(
    lead_id: LeadId, assessments: Reading, limit: Limit = 50, cursor: CursorParameter = None
) -> Page[Assessment]:
    """Newest first, by `assessed_at`."""
    return await assessments.page(lead_id, page_request(limit, cursor, "-assessed_at"))
