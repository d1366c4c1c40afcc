"""What became of the rows of imports: stored in sets, listed, and taken back."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, and_, delete, func, or_, select, update
from sqlalchemy import text as sql

from app.domain.intake.imports import REMARKABLE, ImportRow, Phase, RowOutcome
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import Event, EventType
from app.platform.db import Json
from app.repositories.bulk import add_shaped, shaped
from app.repositories.paging import Cursor
from app.repositories.statements import (
    Statement,
    array_param,
    built,
    own,
    param,
)
from app.repositories.tables.imports import REMARKABLE_ROWS, ROWS_OF_LEADS, import_rows
from app.repositories.tables.reach import events
from app.repositories.transaction import Transaction

c = import_rows.c
e = events.c


class ImportRowRepository:
    """Rows by import, phase and line."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add_all(self, rows: Sequence[ImportRow]) -> None:
        """Store rows; a line that is there already breaks the transaction."""
        shape, given = shaped(import_rows, [vars(row) for row in rows])
        await self._transaction.rows(add_shaped(import_rows, shape), **given)

    async def first_lines(self, import_id: UUID, lead_ids: Iterable[UUID]) -> dict[UUID, int]:
        """For each of these leads the first line of the file that was its."""
        ids = sorted(set(lead_ids))
        if not ids:
            return {}
        rows = await self._transaction.rows(_FIRST_LINES, import_id=import_id, ids=ids)
        return {row["lead_id"]: row["line"] for row in rows}

    async def page(
        self,
        import_id: UUID,
        phase: Phase,
        outcomes: Collection[RowOutcome],
        after: int,
        limit: int,
    ) -> list[ImportRow]:
        """Rows behind a line, in the order of the file; of all outcomes when none is named."""
        remarkable = bool(outcomes) and set(outcomes) <= set(REMARKABLE)
        found = await self._transaction.rows(
            _PAGES["remarkable" if remarkable else "some" if outcomes else "all"],
            import_id=import_id,
            phase=phase.value,
            outcomes=sorted(outcomes),
            after=after,
            limit=limit,
        )
        return [built(ImportRow, row) for row in found]

    async def page_of(
        self,
        import_id: UUID,
        phase: Phase,
        outcomes: Collection[RowOutcome],
        request: PageRequest,
    ) -> Page[ImportRow]:
        """The same with a cursor of this list."""
        now, workspace_id = self._transaction.now, self._transaction.workspace_id
        names = sorted(outcomes)
        cursor = Cursor(workspace_id, now, import_rows.name, import_id, phase.value, names)
        after = -1 if request.cursor is None else cursor.read(request.cursor, int)[0]
        rows = await self.page(import_id, phase, outcomes, after, request.limit + 1)
        shown = rows[: request.limit]
        more = len(rows) > len(shown)
        return Page(shown, cursor.write(shown[-1].line, import_id) if more else None)

    async def clear(self, import_id: UUID, phase: Phase, limit: int) -> int:
        """Forget rows of a phase, so many at a time; how many."""
        return len(
            await self._transaction.rows(
                _CLEAR, import_id=import_id, phase=phase.value, limit=limit
            )
        )

    async def to_undo(self, import_id: UUID, limit: int) -> list[ImportRow]:
        """The last rows that made or changed leads and are not taken back."""
        rows = await self._transaction.rows(_TO_UNDO, import_id=import_id, limit=limit)
        return [built(ImportRow, row) for row in rows]

    async def mark_undone(self, import_id: UUID, told: Mapping[int, Mapping[str, Any]]) -> None:
        """Say of lines what became of taking them back."""
        lines = sorted(told)
        await self._transaction.rows(
            _MARK_UNDONE,
            import_id=import_id,
            lines=lines,
            told=[Json(dict(told[line])) for line in lines],
        )

    async def undone_counts(self, import_id: UUID) -> dict[str, int]:
        """How many rows were taken back, by what became of that."""
        rows = await self._transaction.rows(_UNDONE_COUNTS, import_id=import_id)
        return {row["what"]: row["count"] for row in rows}

    async def touched_by_others(self, import_id: UUID, lead_ids: Iterable[UUID]) -> set[UUID]:
        """Of these leads, those of which the journal has anything that the import did not do."""
        rows = await self._transaction.rows(
            _TOUCHED, import_id=import_id, ids=sorted(set(lead_ids))
        )
        return {row["lead_id"] for row in rows}

    async def changes_made(self, rows: Sequence[ImportRow]) -> list[Event]:
        """What the journal tells of changes to the leads of these rows, at their instants, the
        newest first."""
        found = await self._transaction.rows(
            _CHANGES,
            ids=sorted({row.lead_id for row in rows if row.lead_id}),
            instants=sorted({row.recorded_at for row in rows}),
            types=[
                EventType.LEAD_UPDATED.value,
                EventType.LEAD_OWNER_CHANGED.value,
                EventType.LEAD_STATUS_CHANGED.value,
                EventType.LEAD_STAGE_CHANGED.value,
            ],
        )
        return [built(Event, row) for row in found]


_OF_IMPORT = own(import_rows) & (c.import_id == param("import_id", c.import_id))
_OF_PHASE = _OF_IMPORT & (c.phase == param("phase", c.phase))
_RAN = _OF_IMPORT & (c.phase == Phase.RUN.value)

_FIRST_LINES = Statement(
    select(c.lead_id, func.min(c.line).label("line"))
    .where(_RAN, c.lead_id == func.any(array_param("ids", c.lead_id)))
    .where(sql(ROWS_OF_LEADS))
    .group_by(c.lead_id)
)


def _page(*conditions: Any) -> Statement:
    return Statement(
        select(import_rows)
        .where(_OF_PHASE, c.line > param("after", c.line), *conditions)
        .order_by(c.line)
        .limit(param("limit", Integer))
    )


_SOME = c.outcome == func.any(array_param("outcomes", c.outcome))
_PAGES = {
    "all": _page(),
    "some": _page(_SOME),
    "remarkable": _page(sql(REMARKABLE_ROWS), _SOME),
}


def _clear() -> Statement:
    old = select(c.line).where(_OF_PHASE).order_by(c.line).limit(param("limit", Integer))
    return Statement(delete(import_rows).where(_OF_PHASE, c.line.in_(old)).returning(c.line))


def _mark_undone() -> Statement:
    told = (
        func.unnest(array_param("lines", c.line), array_param("told", c.undone))
        .table_valued("line", "undone", name="told")
        .render_derived()
    )
    return Statement(
        update(import_rows).where(_RAN, c.line == told.c.line).values(undone=told.c.undone)
    )


def _touched() -> Statement:
    ours = select(1).where(_RAN, c.lead_id == e.lead_id, c.recorded_at == e.recorded_at)
    return Statement(
        select(e.lead_id)
        .where(
            own(events),
            e.lead_id == func.any(array_param("ids", e.lead_id)),
            ~ours.exists(),
        )
        .distinct()
    )


def _to_undo() -> Statement:
    made = import_rows.alias("made")
    # A second row of a lead that the import made goes with it.
    its_own = select(1).where(
        own(made),
        made.c.import_id == c.import_id,
        made.c.phase == c.phase,
        made.c.lead_id == c.lead_id,
        made.c.outcome == RowOutcome.CREATED.value,
    )
    changed = or_(c.outcome == RowOutcome.UPDATED.value, c.outcome == RowOutcome.DUPLICATE.value)
    return Statement(
        select(import_rows)
        .where(
            _RAN,
            c.lead_id.is_not(None),
            c.undone.is_(None),
            or_(c.outcome == RowOutcome.CREATED.value, and_(changed, ~its_own.exists())),
        )
        .order_by(c.line.desc())
        .limit(param("limit", Integer))
    )


_CLEAR = _clear()
_TO_UNDO = _to_undo()
_MARK_UNDONE = _mark_undone()
_UNDONE_COUNTS = Statement(
    select(c.undone["outcome"].astext.label("what"), func.count().label("count"))
    .where(_RAN, c.undone.is_not(None))
    .group_by(sql("1"))
)
_TOUCHED = _touched()
_CHANGES = Statement(
    select(events)
    .where(
        own(events),
        e.lead_id == func.any(array_param("ids", e.lead_id)),
        e.recorded_at == func.any(array_param("instants", e.recorded_at)),
        e.type == func.any(array_param("types", e.type)),
    )
    .order_by(e.recorded_at.desc(), e.id.desc())
)
