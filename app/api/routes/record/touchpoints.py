"""Touchpoints: one for a lead, or a thousand at once."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response, status

from app.api.deps import service
from app.api.operations import Operation
from app.api.responses import problems
from app.api.schemas.record.touchpoints import (
    TouchpointBatch,
    TouchpointBatchResult,
    TouchpointCreate,
    TouchpointRead,
    batch_result,
)
from app.domain.access.api_keys import Scope
from app.domain.record.touchpoints import Touchpoint
from app.services.record.touchpoints import TouchpointService

router = APIRouter(prefix="/v1", tags=["touchpoints"], route_class=Operation)

Reading = Annotated[TouchpointService, service(TouchpointService, Scope.LEADS_READ)]
Writing = Annotated[TouchpointService, service(TouchpointService, Scope.LEADS_WRITE)]


@router.post(
    "/leads/{lead_id}/touchpoints",
    status_code=status.HTTP_201_CREATED,
    response_model=TouchpointRead,
    responses={
        200: {"description": "It was on record already", "model": TouchpointRead},
        **problems(404, 409, 413, 415),
    },
    summary="Record a touchpoint",
)
async def record_touchpoint(
    lead_id: Annotated[UUID, Path(description="The lead's id.")],
    body: TouchpointCreate,
    touchpoints: Writing,
    response: Response,
) -> Touchpoint:
    """The same source_system and external_id twice is one touchpoint."""
    touchpoint, new = await touchpoints.record(lead_id, body.to_domain())
    if not new:
        response.status_code = status.HTTP_200_OK
    return touchpoint


@router.post(
    "/touchpoints/batch",
    response_model=TouchpointBatchResult,
    responses=problems(413, 415),
    summary="Record up to 1,000 touchpoints",
)
async def record_touchpoints(body: TouchpointBatch, touchpoints: Writing) -> TouchpointBatchResult:
    """Every item is judged alone and answered in order; a bad one harms no neighbour."""
    readable, rejected = body.split()
    return batch_result(rejected + await touchpoints.record_batch(readable))


@router.get(
    "/touchpoints/{touchpoint_id}",
    response_model=TouchpointRead,
    responses=problems(404),
    summary="Read a touchpoint",
)
async def read_touchpoint(
    touchpoint_id: Annotated[UUID, Path(description="The touchpoint's id.")], touchpoints: Reading
) -> Touchpoint:
    """The touchpoint as it was recorded."""
    return await touchpoints.get(touchpoint_id)
