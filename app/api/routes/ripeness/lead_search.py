"""Searching for leads by a condition."""

from typing import Annotated

from fastapi import APIRouter

from app.api.deps import service
from app.api.openapi import REPEATS
from app.api.operations import Operation
from app.api.responses import problems
from app.api.schemas.ripeness.lead_search import LeadSearch, LeadsFound, leads_found
from app.domain.access.api_keys import Scope
from app.services.ripeness.lead_search import LeadSearchService

router = APIRouter(prefix="/v1/leads", tags=["leads"], route_class=Operation)

# It changes nothing, so there is no answer to keep for a repeat.
Searching = Annotated[
    LeadSearchService, service(LeadSearchService, Scope.LEADS_READ, replays=False)
]


@router.post(
    "/search",
    response_model=LeadsFound,
    responses=problems(413, 415),
    openapi_extra={REPEATS: True},
    summary="Search for leads by a condition",
)
async def search_leads(body: LeadSearch, searching: Searching) -> LeadsFound:
    """Leads that meet a condition on their fields, their touches, their scores and segments. Times
    told from now are counted anew for each page."""
    found = await searching.search(body.condition, body.to_request(), count=body.count)
    return leads_found(found)
