"""Data quality: of one lead, and of all by where they came from."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from app.api.deps import service
from app.api.operations import Operation
from app.api.responses import problems
from app.api.schemas.leads.data_quality import (
    DataQualityRead,
    GroupQualityRead,
    LeadQualityRead,
)
from app.domain.access.api_keys import Scope
from app.domain.leads.data_quality import GroupBy, LeadQuality
from app.services.leads.data_quality import DataQualityService

router = APIRouter(prefix="/v1", tags=["data quality"], route_class=Operation)

Reading = Annotated[DataQualityService, service(DataQualityService, Scope.LEADS_READ)]


@router.get(
    "/leads/{lead_id}/data-quality",
    response_model=LeadQualityRead,
    responses=problems(404),
    summary="Read the data quality of a lead",
)
async def read_lead_quality(
    lead_id: Annotated[UUID, Path(description="The lead's id.")], quality: Reading
) -> LeadQuality:
    """Field by field: whether there is a value, whether it is valid, where it comes from."""
    return await quality.of_lead(lead_id)


@router.get(
    "/data-quality", response_model=DataQualityRead, summary="Read the data quality of all leads"
)
async def read_data_quality(
    quality: Reading,
    group_by: Annotated[
        GroupBy, Query(description="What leads are grouped by.", examples=["source"])
    ] = GroupBy.SOURCE,
) -> DataQualityRead:
    """By what brought them; trials are not counted."""
    groups = await quality.by_group(group_by)
    return DataQualityRead(data=[GroupQualityRead.of_group(found) for found in groups])
