"""Passes over a file: a set of rows and where it ended in one transaction, so that whoever is
killed at any row, and goes on, takes every row once.

The next set is read from the file and prepared, in a thread, while the present one is at the
database.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic
from uuid import UUID

from app.domain.access.api_keys import Caller
from app.domain.errors import Conflict, Invalid, LostRace
from app.domain.intake.import_cells import Known
from app.domain.intake.import_fields import ImportKind
from app.domain.intake.import_rows import RowReader
from app.domain.intake.imports import REMARKABLE, Import, ImportRow, ImportStatus, Phase
from app.domain.reach.events import EventType
from app.platform.db import Database
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.import_conversions import OpportunityRows
from app.services.intake.import_history import AuditRows
from app.services.intake.import_knowledge import knowledge
from app.services.intake.import_leads import LeadRows
from app.services.intake.import_outcomes import Outcomes, counted
from app.services.intake.import_reading import RowSet, file_of, row_sets
from app.services.intake.import_takers import RowTaker
from app.services.intake.import_touches import TouchRows

ROWS_AT_ONCE = 500
ATTEMPTS = 8
_CLEARED_AT_ONCE = 10_000

Hold = Callable[[UnitOfWork], Awaitable[None]]
Watch = Callable[[Import], None]


class Superseded(Exception):
    """The import was called off, or somebody else is at it: stop, and change nothing."""


class _Rehearsed(Exception):
    """Rolls back what was only tried."""


_TAKERS: dict[ImportKind, Callable[[Import, Known], RowTaker]] = {
    ImportKind.LEADS: LeadRows,
    ImportKind.TOUCHPOINTS: TouchRows,
    ImportKind.OPPORTUNITIES: OpportunityRows,
    ImportKind.AUDIT: AuditRows,
}


class ImportRunner:
    """Takes the rows of an import on behalf of who sent it; `hold` proves that it may, `watch` is
    told after every set."""

    def __init__(
        self,
        database: Database,
        workspace_id: UUID,
        *,
        hold: Hold | None = None,
        watch: Watch | None = None,
        rows_at_once: int = ROWS_AT_ONCE,
    ) -> None:
        self._database = database
        self._caller = Caller(workspace_id=workspace_id, api_key_id=None, scopes=frozenset())
        self._hold = hold
        self._watch = watch
        self._rows_at_once = rows_at_once

    async def run(
        self, import_id: UUID, phase: Phase, *, path: Path | None = None, until: float | None = None
    ) -> bool:
        """Go on from where the import stands to its end, or until it is late; whether it is done.

        Superseded when it is not to be gone on with. UnreadableFile when the file is broken.
        """
        async with UnitOfWork(self._database, self._caller) as uow:
            import_ = await uow.imports.get(import_id)
            known = await knowledge(uow, import_.mapping, import_.options)
        wanted = ImportStatus.RUNNING if phase is Phase.RUN else ImportStatus.PREVIEWING
        if import_.status != wanted:
            raise Superseded
        self._caller = replace(self._caller, user_id=import_.user_id, api_key_id=import_.api_key_id)
        if phase is Phase.PREVIEW and import_.cursor == 0:
            await self._forget_preview(import_)
        taker = _TAKERS[ImportKind(import_.kind)](import_, known)
        taker.rehearsed = {} if phase is Phase.PREVIEW else None
        reader = RowReader(import_.columns, import_.mapping, import_.options, known)
        async with file_of(self._database, self._caller, import_, path) as file:
            sets = _prepared(row_sets(file, import_, reader, self._rows_at_once), taker)
            upcoming = asyncio.create_task(asyncio.to_thread(next, sets, None))
            taken = 0
            try:
                while (present := await upcoming) is not None:
                    if taken.bit_count() == 1:
                        # The tables have grown to twice what they were when it was last planned.
                        self._database.replan()
                    taken += 1
                    upcoming = asyncio.create_task(asyncio.to_thread(next, sets, None))
                    await self._take(import_, taker, present, phase)
                    if self._watch:
                        self._watch(import_)
                    if until is not None and monotonic() > until:
                        return False
            finally:
                # A thread cannot be told to stop; it is at its end soon.
                await asyncio.gather(upcoming, return_exceptions=True)
        await self._finish(import_, phase)
        return True

    async def _take(self, import_: Import, taker: RowTaker, rows: RowSet, phase: Phase) -> None:
        """Take a set as a whole; where the database refuses it, look for the row that is why."""
        noted = [len(row.notes) for row in rows.rows]
        for attempt in range(1, ATTEMPTS + 1):
            for row, count in zip(rows.rows, noted, strict=True):
                del row.notes[count:]
            try:
                await self._take_once(import_, taker, rows, phase)
            except LostRace:
                if attempt == ATTEMPTS:
                    raise
                await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter
            except (Invalid, Conflict) as error:
                if len(rows.rows) > 1:
                    for half in rows.halves():
                        await self._take(import_, taker, half, phase)
                else:
                    await self._refuse(import_, rows, error, phase)
                return
            else:
                return

    async def _take_once(
        self, import_: Import, taker: RowTaker, rows: RowSet, phase: Phase
    ) -> None:
        if phase is Phase.RUN:
            async with UnitOfWork(self._database, self._caller) as uow:
                made = await taker.take(uow, rows.rows)
                counts = await self._note(uow, import_, made, rows, phase)
        else:
            made = await self._rehearse(taker, rows)
            async with UnitOfWork(self._database, self._caller) as uow:
                counts = await self._note(uow, import_, made, rows, phase)
        _move(import_, rows.end, counts, phase)

    async def _rehearse(self, taker: RowTaker, rows: RowSet) -> list[ImportRow]:
        """What would become of the rows: everything is done, and then rolled back."""
        made: list[ImportRow] = []
        try:
            async with UnitOfWork(self._database, self._caller) as uow:
                made = await taker.take(uow, rows.rows)
                raise _Rehearsed
        except _Rehearsed:
            return made

    async def _refuse(
        self, import_: Import, rows: RowSet, error: Invalid | Conflict, phase: Phase
    ) -> None:
        async with UnitOfWork(self._database, self._caller) as uow:
            outcomes = Outcomes(import_, uow.now)
            for row in rows.rows:
                outcomes.invalid(row, error.detail)
            counts = await self._note(uow, import_, outcomes.rows, rows, phase)
        _move(import_, rows.end, counts, phase)

    async def _note(
        self, uow: UnitOfWork, import_: Import, made: list[ImportRow], rows: RowSet, phase: Phase
    ) -> dict[str, int]:
        """Store what became of the rows, and how far the import is."""
        if self._hold:
            await self._hold(uow)
        preview = phase is Phase.PREVIEW
        counts = counted(import_.preview if preview else import_.counts, made, rows.blank)
        kept = [row for row in made if row.outcome in REMARKABLE or row.reasons or not preview]
        for row in kept:
            row.phase = phase.value
        if kept:
            await uow.imports.rows.add_all(kept)
        if not await uow.imports.advance(import_, rows.end, counts, preview=preview):
            raise Superseded
        return counts

    async def _forget_preview(self, import_: Import) -> None:
        cleared = _CLEARED_AT_ONCE
        while cleared == _CLEARED_AT_ONCE:
            async with UnitOfWork(self._database, self._caller) as uow:
                rows = uow.imports.rows
                cleared = await rows.clear(import_.id, Phase.PREVIEW, _CLEARED_AT_ONCE)

    async def _finish(self, import_: Import, phase: Phase) -> None:
        async with UnitOfWork(self._database, self._caller) as uow:
            if self._hold:
                await self._hold(uow)
            present = await uow.imports.get(import_.id, lock=True)
            if present.status != import_.status or present.cursor != import_.cursor:
                raise Superseded
            changes = {"updated_at": uow.now, "version": present.version + 1}
            if phase is Phase.PREVIEW:
                changes |= {"status": ImportStatus.READY.value, "cursor": 0}
            else:
                changes |= {"status": ImportStatus.DONE.value, "finished_at": uow.now}
                await uow.imports.drop_file(import_.id)
                told = {"import_kind": import_.kind, "name": import_.name, **present.counts}
                uow.record(EventType.IMPORT_FINISHED, "import", import_.id, told)
            await uow.imports.change(import_.id, changes)


def _prepared(sets: Iterator[RowSet], taker: RowTaker) -> Iterator[RowSet]:
    for each in sets:
        taker.prepare(each.rows)
        yield each


def _move(import_: Import, cursor: int, counts: dict[str, int], phase: Phase) -> None:
    import_.cursor = cursor
    if phase is Phase.PREVIEW:
        import_.preview = counts
    else:
        import_.counts = counts
