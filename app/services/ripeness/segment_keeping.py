"""Keeps the members of segments right: of every lead that changed or was touched, shortly after.

The journal says which leads those are, so whoever captures or changes one pays nothing for it.
Each turn judges them for all segments, a statement a segment. What changes for many leads at once,
such as a new scoring model, has the segments it concerns worked out anew by a job.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from app.domain.errors import Invalid
from app.domain.reach.jobs import NewJob
from app.domain.ripeness.segments import (
    BROAD,
    EVERY,
    Crossing,
    Segment,
    concerned,
    in_order,
    segments_in,
)
from app.platform import clock
from app.repositories.unit_of_work import UnitOfWork
from app.services.ripeness.segment_conditions import SegmentConditions

REFRESH_SEGMENT = "refresh_segment"
MOST_CHANGES = 2_000


async def keep_members(uow: UnitOfWork, placed_at: datetime) -> int:
    """Judge the leads of the next changes; how many changes those were, so 0 at the end.

    All events from before `placed_at` have their position in the journal.
    """
    if not await uow.segment_progress.behind():
        return 0
    position = await uow.segment_progress.lock()
    last = await uow.events.last_position()
    segments = [segment for segment in await uow.segments.every() if not segment.archived_at]
    named = {each for segment in segments for each in segments_in(segment.condition)}
    changes = await uow.segment_progress.changes(position, last, named, MOST_CHANGES)
    broad = {change.type for change in changes} & set(BROAD)
    if due := concerned(segments, broad):
        await uow.segments.make_due(due)
    lead_ids = {change.lead_id for change in changes if change.lead_id is not None}
    if lead_ids:
        await _judge(uow, segments, lead_ids)
    if len(changes) == MOST_CHANGES:
        await uow.segment_progress.advance(changes[-1].position, None)
    else:
        await uow.segment_progress.advance(last, placed_at)
    return len(changes)


async def _judge(uow: UnitOfWork, segments: Sequence[Segment], lead_ids: set[UUID]) -> None:
    """Let leads enter and leave; segments that others name come first."""
    by_id = {segment.id: segment for segment in segments}
    crossings = await uow.segment_crossings.follow_picks(lead_ids)
    conditions = await SegmentConditions.of(uow)
    for segment in in_order(segments):
        if segment.dynamic:
            try:
                asked = await conditions.read(segment.condition)
            except Invalid:
                continue  # its refresh says what is wrong
            crossings += await uow.segment_crossings.follow(segment.id, asked, lead_ids)
    await record_crossings(uow, by_id, crossings)


async def record_crossings(
    uow: UnitOfWork, segments: Mapping[UUID, Segment], crossings: Iterable[Crossing]
) -> None:
    """Tell the journal who entered and who left."""
    now = clock.now()
    for crossing in sorted(crossings, key=lambda each: (each.segment_id, each.lead_id)):
        told = {"segment_id": crossing.segment_id, "name": segments[crossing.segment_id].name}
        uow.record(
            crossing.event_type,
            "segment",
            crossing.segment_id,
            told,
            lead_id=crossing.lead_id,
            occurred_at=now,
        )
    await uow.flush()


async def ask_for_refreshes(uow: UnitOfWork) -> int:
    """Add a job for every segment that is due, unless it has one; how many were added."""
    due = await uow.segments.due()
    if not due:
        return 0
    # If its job is cancelled, it is not asked for again at once.
    await uow.segments.postpone(due, uow.now + EVERY)
    return len(await uow.jobs.add_all([refresh_of(segment_id) for segment_id in due]))


def refresh_of(segment_id: UUID) -> NewJob:
    """The job that works out who is in a segment."""
    payload = {"segment_id": str(segment_id)}
    return NewJob(kind=REFRESH_SEGMENT, payload=payload, dedupe_key=str(segment_id))
