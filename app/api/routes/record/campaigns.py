"""Campaigns."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response, status

from app.api.deps import IfMatch, service
from app.api.operations import Operation
from app.api.paging import PageOf, page_request
from app.api.responses import problems
from app.api.schemas.record.campaigns import (
    CampaignCreate,
    CampaignQuery,
    CampaignRead,
    CampaignUpdate,
)
from app.domain.access.api_keys import Scope
from app.domain.paging import Page
from app.domain.record.campaigns import Campaign
from app.services.record.campaigns import CampaignService

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"], route_class=Operation)

Reading = Annotated[CampaignService, service(CampaignService, Scope.LEADS_READ)]
Writing = Annotated[CampaignService, service(CampaignService, Scope.LEADS_WRITE)]
CampaignId = Annotated[UUID, Path(description="The campaign's id.")]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=CampaignRead,
    responses=problems(409, 413, 415),
    summary="Create a campaign",
)
async def create_campaign(body: CampaignCreate, campaigns: Writing, response: Response) -> Campaign:
    """Anything that causes touches; costs and an end are not needed."""
    campaign = await campaigns.create(dict(body))
    response.headers["Location"] = f"/v1/campaigns/{campaign.id}"
    response.headers["ETag"] = f'"{campaign.version}"'
    return campaign


@router.get("", response_model=PageOf[CampaignRead], summary="List campaigns")
async def list_campaigns(
    campaigns: Reading, query: Annotated[CampaignQuery, Query()]
) -> Page[Campaign]:
    """Newest first."""
    filters = query.model_dump(exclude={"limit", "cursor"}, exclude_none=True)
    return await campaigns.page(filters, page_request(query.limit, query.cursor))


@router.get(
    "/{campaign_id}",
    response_model=CampaignRead,
    responses=problems(404),
    summary="Read a campaign",
)
async def read_campaign(
    campaign_id: CampaignId, campaigns: Reading, response: Response
) -> Campaign:
    """The campaign, with its version as ETag."""
    campaign = await campaigns.get(campaign_id)
    response.headers["ETag"] = f'"{campaign.version}"'
    return campaign


@router.patch(
    "/{campaign_id}",
    response_model=CampaignRead,
    responses=problems(404, 409, 412, 413, 415),
    summary="Change a campaign",
)
async def update_campaign(
    campaign_id: CampaignId,
    body: CampaignUpdate,
    campaigns: Writing,
    if_match: IfMatch,
    response: Response,
) -> Campaign:
    """A JSON merge patch: absent fields stay, null clears."""
    fields = body.model_dump(exclude_unset=True)
    campaign = await campaigns.update(campaign_id, fields, if_match)
    response.headers["ETag"] = f'"{campaign.version}"'
    return campaign
