"""Segments: conditions and lists under a name."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response, status

from app.api.deps import IfMatch, service
from app.api.operations import Operation
from app.api.paging import PageOf, page_request
from app.api.responses import problems
from app.api.schemas.reach.jobs import JobRead
from app.api.schemas.ripeness.segments import (
    SegmentCreate,
    SegmentPreview,
    SegmentPreviewBody,
    SegmentQuery,
    SegmentRead,
    SegmentSize,
    SegmentSnapshot,
    SegmentUpdate,
)
from app.domain.access.api_keys import Scope
from app.domain.paging import Page
from app.domain.reach.jobs import Job
from app.domain.ripeness.segments import Segment
from app.services.ripeness.segments import Preview, SegmentService, Size

router = APIRouter(prefix="/v1/segments", tags=["segments"], route_class=Operation)

Reading = Annotated[SegmentService, service(SegmentService, Scope.LEADS_READ)]
Administering = Annotated[SegmentService, service(SegmentService, Scope.ADMIN)]
SegmentId = Annotated[UUID, Path(description="The segment's id.")]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=SegmentRead,
    responses=problems(413, 415),
    summary="Create a segment",
)
async def create_segment(
    body: SegmentCreate, segments: Administering, response: Response
) -> Segment:
    """Who is in a dynamic one is worked out by a job, and kept right from then on."""
    segment = await segments.create(body.told())
    response.headers["Location"] = f"/v1/segments/{segment.id}"
    response.headers["ETag"] = f'"{segment.version}"'
    return segment


@router.get("", response_model=PageOf[SegmentRead], summary="List segments")
async def list_segments(
    segments: Reading, query: Annotated[SegmentQuery, Query()]
) -> Page[Segment]:
    """Newest first, archived ones too."""
    return await segments.page(query.filters(), page_request(query.limit, query.cursor))


@router.post(
    "/preview",
    response_model=SegmentPreview,
    responses=problems(413, 415),
    summary="Try a condition out",
)
async def preview_segment(body: SegmentPreviewBody, segments: Reading) -> Preview:
    """How many leads would be in a segment with this condition, and the newest of them. Nothing is
    stored."""
    return await segments.preview(body.condition, body.limit)


@router.get(
    "/{segment_id}",
    response_model=SegmentRead,
    responses=problems(404),
    summary="Read a segment",
)
async def read_segment(segment_id: SegmentId, segments: Reading, response: Response) -> Segment:
    """The segment, archived or not, with its version as ETag."""
    segment = await segments.get(segment_id)
    response.headers["ETag"] = f'"{segment.version}"'
    return segment


@router.patch(
    "/{segment_id}",
    response_model=SegmentRead,
    responses=problems(404, 409, 412, 413, 415),
    summary="Change a segment",
)
async def update_segment(
    segment_id: SegmentId,
    body: SegmentUpdate,
    segments: Administering,
    if_match: IfMatch,
    response: Response,
) -> Segment:
    """A JSON merge patch. With another condition, a job works out who is in."""
    fields = body.model_dump(exclude_unset=True)
    segment = await segments.update(segment_id, fields, if_match)
    response.headers["ETag"] = f'"{segment.version}"'
    return segment


@router.delete(
    "/{segment_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(404, 409, 412),
    summary="Archive a segment",
)
async def archive_segment(
    segment_id: SegmentId, segments: Administering, if_match: IfMatch
) -> None:
    """It is followed no more; its members stay as they are. Not while another segment names it."""
    await segments.archive(segment_id, if_match)


@router.get(
    "/{segment_id}/size",
    response_model=SegmentSize,
    responses=problems(404, 409),
    summary="Count who is in a segment",
)
async def segment_size(segment_id: SegmentId, segments: Reading) -> Size:
    """Exactly how many leads are in now: of a dynamic segment, those that meet its condition at
    this moment, whatever has been worked out so far."""
    return await segments.size(segment_id)


@router.post(
    "/{segment_id}/refresh",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=JobRead,
    responses=problems(404, 409),
    summary="Work out anew who is in a segment",
)
async def refresh_segment(segment_id: SegmentId, segments: Administering) -> Job:
    """A job that judges every lead; one that is still to be done is answered again. Nobody has to
    ask for this: changes are followed by themselves."""
    return await segments.refresh(segment_id)


@router.post(
    "/{segment_id}/snapshot",
    status_code=status.HTTP_201_CREATED,
    response_model=SegmentRead,
    responses=problems(404, 409, 413, 415),
    summary="Keep who is in a segment today",
)
async def snapshot_segment(
    segment_id: SegmentId, body: SegmentSnapshot, segments: Administering, response: Response
) -> Segment:
    """A static segment of those who are in this one as of its `evaluated_at`. A job lets them
    enter; until it is done, `evaluated_at` of the new one is null."""
    segment = await segments.snapshot(segment_id, body.name, body.description)
    response.headers["Location"] = f"/v1/segments/{segment.id}"
    response.headers["ETag"] = f'"{segment.version}"'
    return segment
