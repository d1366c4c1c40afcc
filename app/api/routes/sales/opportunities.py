"""Opportunities."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response, status

from app.api.deps import IfMatch, service
from app.api.operations import Operation
from app.api.paging import PageOf, page_request
from app.api.responses import problems
from app.api.schemas.sales.opportunities import (
    OpportunityCreate,
    OpportunityQuery,
    OpportunityRead,
    OpportunityUpdate,
)
from app.domain.access.api_keys import Scope
from app.domain.paging import Page
from app.domain.sales.opportunities import Opportunity
from app.services.sales.opportunities import OpportunityService

router = APIRouter(prefix="/v1/opportunities", tags=["opportunities"], route_class=Operation)

Reading = Annotated[OpportunityService, service(OpportunityService, Scope.SALES_READ)]
Writing = Annotated[OpportunityService, service(OpportunityService, Scope.SALES_WRITE)]
OpportunityId = Annotated[UUID, Path(description="The opportunity's id.")]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=OpportunityRead,
    responses=problems(409, 413, 415),
    summary="Create an opportunity",
)
async def create_opportunity(
    body: OpportunityCreate, opportunities: Writing, response: Response
) -> Opportunity:
    """A deal: in the first stage of the default pipeline, unless told otherwise."""
    opportunity = await opportunities.create(body.model_dump(exclude_unset=True))
    response.headers["Location"] = f"/v1/opportunities/{opportunity.id}"
    response.headers["ETag"] = f'"{opportunity.version}"'
    return opportunity


@router.get("", response_model=PageOf[OpportunityRead], summary="List opportunities")
async def list_opportunities(
    opportunities: Reading, query: Annotated[OpportunityQuery, Query()]
) -> Page[Opportunity]:
    """Newest first unless `sort` says otherwise. There is no total; read on by `next_cursor`."""
    filters = query.model_dump(exclude={"limit", "cursor", "sort"}, exclude_none=True)
    return await opportunities.page(filters, page_request(query.limit, query.cursor, query.sort))


@router.get(
    "/{opportunity_id}",
    response_model=OpportunityRead,
    responses=problems(404),
    summary="Read an opportunity",
)
async def read_opportunity(
    opportunity_id: OpportunityId, opportunities: Reading, response: Response
) -> Opportunity:
    """The opportunity, with its version as ETag."""
    opportunity = await opportunities.get(opportunity_id)
    response.headers["ETag"] = f'"{opportunity.version}"'
    return opportunity


@router.patch(
    "/{opportunity_id}",
    response_model=OpportunityRead,
    responses=problems(404, 409, 412, 413, 415),
    summary="Change an opportunity",
)
async def update_opportunity(
    opportunity_id: OpportunityId,
    body: OpportunityUpdate,
    opportunities: Writing,
    if_match: IfMatch,
    response: Response,
) -> Opportunity:
    """A JSON merge patch. Naming a stage moves the deal there, which may close or reopen it."""
    opportunity = await opportunities.update(
        opportunity_id, body.model_dump(exclude_unset=True), if_match
    )
    response.headers["ETag"] = f'"{opportunity.version}"'
    return opportunity
