"""Works out who is in a segment, of all leads, in pieces of one transaction each.

How far it is stands in the job's progress and is stored with each piece, so a refresh that is
killed goes on where it was. When the condition changes meanwhile, it begins anew.
"""

import time
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.errors import Invalid, NotFound
from app.domain.ripeness.segments import Crossing, Segment, next_refresh
from app.repositories.ripeness.segment_crossings import LAST_ID
from app.repositories.unit_of_work import UnitOfWork
from app.services.reach.job_runner import Handler, JobContext
from app.services.ripeness.segment_conditions import SegmentConditions
from app.services.ripeness.segment_keeping import record_crossings

# Well within the time limit of a job; what is left is for its next turn.
TURN_SECONDS = 300.0
# Whoever follows the journal waits for one piece.
LEADS_AT_ONCE = 5_000
_FIRST = UUID(int=0)


def refreshing(turn_seconds: float = TURN_SECONDS, leads_at_once: int = LEADS_AT_ONCE) -> Handler:
    """The handler of refreshes."""

    async def refresh(context: JobContext) -> None:
        await _Refresh(context, turn_seconds, leads_at_once).run()

    return refresh


class _Refresh:
    """One turn of a refresh."""

    def __init__(self, context: JobContext, turn_seconds: float, leads_at_once: int) -> None:
        self._context = context
        self._until = time.monotonic() + turn_seconds
        self._at_once = leads_at_once
        self._segment_id = UUID(context.payload["segment_id"])
        self._progress: dict[str, Any] = dict(context.job.progress)

    async def run(self) -> None:
        """Go on until it is done, or the turn is over."""
        ended = over = False
        while not (ended or over):
            async with self._context.unit_of_work() as uow:
                ended = await self._piece(uow)
                over = not ended and time.monotonic() > self._until
                if over:
                    await uow.jobs.give_back(self._context.job)
        self._context.finished = True

    async def _piece(self, uow: UnitOfWork) -> bool:
        """Judge the next leads; True when there were none left."""
        await uow.segment_progress.lock()
        segment = await self._segment(uow)
        if segment is None or segment.archived_at is not None:
            await uow.jobs.complete(self._context.job)
            return True
        if self._progress.get("edition") != segment.edition:
            self._progress = {
                "edition": segment.edition,
                "began_at": uow.now.isoformat(),
                "last": str(_FIRST),
                "entered": 0,
                "left": 0,
            }
        try:
            crossings, last = await self._judge(uow, segment)
        except Invalid as error:
            reasons = "; ".join(f"{e.pointer}: {e.detail}" for e in error.errors) or error.detail
            await self._end(uow, segment, problem=reasons)
            return True
        if crossings:
            by_id = {each.id: each for each in await uow.segments.every()}
            await record_crossings(uow, by_id, crossings)
        here = [crossing.entered for crossing in crossings if crossing.segment_id == segment.id]
        self._progress["entered"] += here.count(True)
        self._progress["left"] += here.count(False)
        self._progress["last"] = str(last)
        if last == LAST_ID:
            await self._end(uow, segment, problem=None)
            return True
        await uow.jobs.report(self._context.job, self._progress)
        return False

    async def _segment(self, uow: UnitOfWork) -> Segment | None:
        try:
            return await uow.segments.get(self._segment_id, lock=True)
        except NotFound:
            return None

    async def _judge(self, uow: UnitOfWork, segment: Segment) -> tuple[list[Crossing], UUID]:
        """Who enters and leaves of the next leads, and the id where those end."""
        after = UUID(self._progress["last"])
        if segment.dynamic:
            asked = await (await SegmentConditions.of(uow)).read(segment.condition)
            until = await uow.segment_crossings.end_of_stretch(after, self._at_once)
            return await uow.segment_crossings.sweep(segment.id, asked, after, until), until
        ids = await uow.segment_crossings.concerned(segment.id, after, self._at_once)
        crossings = await uow.segment_crossings.follow_picks(ids) if ids else []
        return crossings, ids[-1] if len(ids) == self._at_once else LAST_ID

    async def _end(self, uow: UnitOfWork, segment: Segment, *, problem: str | None) -> None:
        """Note as of when the members are right, and when they are to be worked out again."""
        began = datetime.fromisoformat(self._progress["began_at"])
        due = next_refresh(segment, began, uow.now)
        changes: dict[str, Any] = {"problem": problem, "refresh_due_at": due}
        if problem is None:
            changes["refreshed_at"] = began
        await uow.segments.change(segment.id, changes)
        await uow.jobs.report(self._context.job, self._progress)
        await uow.jobs.complete(self._context.job)
