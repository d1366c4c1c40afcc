"""Who is in segments."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from app.api.deps import service
from app.api.operations import Operation
from app.api.paging import CursorParameter, Limit, PageOf, page_request
from app.api.responses import problems
from app.api.schemas.ripeness.segment_members import (
    LeadSegment,
    SegmentMemberPage,
    SegmentMemberQuery,
    SegmentPickResults,
    SegmentPicks,
    pick_results,
)
from app.domain.access.api_keys import Scope
from app.domain.paging import Page
from app.domain.ripeness.segments import Membership
from app.services.ripeness.segment_members import MemberList, SegmentMemberService

router = APIRouter(prefix="/v1", tags=["segments"], route_class=Operation)

Reading = Annotated[SegmentMemberService, service(SegmentMemberService, Scope.LEADS_READ)]
Writing = Annotated[SegmentMemberService, service(SegmentMemberService, Scope.LEADS_WRITE)]
SegmentId = Annotated[UUID, Path(description="The segment's id.")]


@router.get(
    "/segments/{segment_id}/members",
    response_model=SegmentMemberPage,
    responses=problems(404),
    summary="List who is in a segment",
)
async def list_segment_members(
    segment_id: SegmentId,
    members: Reading,
    query: Annotated[SegmentMemberQuery, Query()],
) -> MemberList:
    """Who entered last comes first, unless sorted otherwise. `evaluated_at` says as of when."""
    return await members.page(segment_id, page_request(query.limit, query.cursor, query.sort))


@router.post(
    "/segments/{segment_id}/members",
    response_model=SegmentPickResults,
    responses=problems(404, 409, 413, 415),
    summary="Put up to 1,000 leads into a static segment",
)
async def add_segment_members(
    segment_id: SegmentId, body: SegmentPicks, members: Writing
) -> SegmentPickResults:
    """Every item is judged alone and answered in order; a bad one harms no neighbour. A lead that
    was merged is in by the one that stands for it."""
    picked, rejected = body.split()
    return pick_results(rejected + await members.add(segment_id, picked))


@router.post(
    "/segments/{segment_id}/members/remove",
    response_model=SegmentPickResults,
    responses=problems(404, 409, 413, 415),
    summary="Take up to 1,000 leads out of a static segment",
)
async def remove_segment_members(
    segment_id: SegmentId, body: SegmentPicks, members: Writing
) -> SegmentPickResults:
    """Every item is judged alone and answered in order. Whoever was merged into a lead that is
    taken out goes with it."""
    picked, rejected = body.split()
    return pick_results(rejected + await members.remove(segment_id, picked))


@router.get(
    "/leads/{lead_id}/segments",
    response_model=PageOf[LeadSegment],
    responses=problems(404),
    summary="List the segments that a lead is in",
)
async def list_lead_segments(
    lead_id: Annotated[UUID, Path(description="The lead's id.")],
    members: Reading,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> Page[Membership]:
    """Those that it entered last come first; archived ones are left out."""
    return await members.of_lead(lead_id, page_request(limit, cursor, "-entered_at"))
