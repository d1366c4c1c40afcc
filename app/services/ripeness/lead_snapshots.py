"""Many leads as they were, each at a moment of its own, and what became of them."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from uuid import UUID

from app.domain.reach.events import Event
from app.domain.record.touchpoints import Touchpoint
from app.domain.ripeness.lead_snapshots import LeadOutcome, Snapshot, snapshot_of
from app.repositories.unit_of_work import UnitOfWork

# Bounds the memory: a lead brings its events and its touches.
READ_AT_ONCE = 5_000


async def outcomes(uow: UnitOfWork, limit: int) -> list[LeadOutcome]:
    """Up to so many leads with a verdict, the newest first; without trials and deleted ones."""
    return await uow.lead_snapshots.outcomes(limit)


async def snapshots(uow: UnitOfWork, moments: Mapping[UUID, datetime]) -> list[Snapshot]:
    """The leads as they were, in the order in which they are named, three statements for some
    thousands of them.

    Leads that are unknown are left out, and so are those that were deleted at their moment.
    """
    found: list[Snapshot] = []
    rest = iter(moments.items())
    while some := dict(islice(rest, READ_AT_ONCE)):
        found += await _read(uow, some)
    return found


async def _read(uow: UnitOfWork, moments: Mapping[UUID, datetime]) -> list[Snapshot]:
    present = {lead.id: lead for lead in await uow.field_history.leads_ever(sorted(moments))}
    events: dict[UUID, list[Event]] = defaultdict(list)
    for event in await uow.field_history.events_of(present):
        events[event.subject_id].append(event)
    trials = {lead_id: lead.is_test for lead_id, lead in present.items()}
    there = {lead_id: at for lead_id, at in moments.items() if lead_id in present}
    touches: dict[UUID, list[Touchpoint]] = defaultdict(list)
    for touch in await uow.lead_snapshots.touches_until(there, trials):
        touches[touch.lead_id].append(touch)
    read = (
        snapshot_of(present[lead_id], events[lead_id], touches[lead_id], moment)
        for lead_id, moment in there.items()
    )
    return [snapshot for snapshot in read if snapshot is not None]
