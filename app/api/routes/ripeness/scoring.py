"""A lead's score: every point of it, now or as it was known."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from app.api.deps import service
from app.api.operations import Operation
from app.api.responses import problems
from app.api.schemas.ripeness.scoring import LeadLedgerRead, LedgerQuery
from app.domain.access.api_keys import Scope
from app.services.ripeness.scoring import ScoringService

router = APIRouter(prefix="/v1/leads", tags=["scoring models"], route_class=Operation)

Reading = Annotated[ScoringService, service(ScoringService, Scope.LEADS_READ)]
LeadId = Annotated[UUID, Path(description="The lead's id.")]


@router.get(
    "/{lead_id}/score",
    response_model=LeadLedgerRead,
    responses=problems(404),
    summary="Read a lead's score, point by point",
)
async def read_score(
    lead_id: LeadId, scoring: Reading, query: Annotated[LedgerQuery, Query()]
) -> LeadLedgerRead:
    """Each point with its rule and version, the touch that earned it, what is left of it now and
    in seven days; and how much is missing to the next steps."""
    ledger = await scoring.ledger(lead_id, as_of=query.as_of, model_id=query.model_id)
    return LeadLedgerRead.of_ledger(ledger, query.limit)
