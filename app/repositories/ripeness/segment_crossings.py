"""Who enters segments and who leaves them, set by set; and whom people pick.

Whoever changes that holds the lock of the segments' progress. So of two who work out the same lead
the later one has the later view of it, and each entry and exit is one row here and one event.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    delete,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert

from app.domain.ripeness.segments import Crossing, SegmentKind
from app.platform import clock
from app.repositories.conditions import PLAN_FOR_THE_VALUES
from app.repositories.ripeness.segment_conditions import Asked, Meant, meeting
from app.repositories.statements import Statement, array_param, own, param
from app.repositories.tables.leads import leads
from app.repositories.tables.segments import segment_members, segment_picks, segments
from app.repositories.transaction import Transaction

m, k, s = segment_members.c, segment_picks.c, segments.c
LAST_ID = UUID(int=2**128 - 1)

# Of which leads it is worked out who is in: of some, or of those between two ids.
Reach = Literal["some", "between"]


class SegmentCrossingRepository:
    """Entries and exits."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._planned = False

    async def follow(
        self, segment_id: UUID, asked: Asked, lead_ids: Iterable[UUID]
    ) -> list[Crossing]:
        """Let these leads enter the segment, or leave it, as the condition says."""
        return await self._cross("some", segment_id, asked, ids=sorted(lead_ids))

    async def sweep(
        self, segment_id: UUID, asked: Asked, after: UUID, until: UUID
    ) -> list[Crossing]:
        """The same for all leads beyond an id, up to another."""
        return await self._cross("between", segment_id, asked, after=after, until=until)

    async def _cross(
        self, reach: Reach, segment_id: UUID, asked: Asked, **which: Any
    ) -> list[Crossing]:
        if not self._planned:
            await self._transaction.rows(PLAN_FOR_THE_VALUES)
            self._planned = True
        now = clock.now()
        rows = await self._transaction.rows(
            _cross_over(asked.meant, reach),
            segment_id=segment_id,
            entered_at=now,
            **which,
            **asked.values(now),
        )
        return [Crossing(**row) for row in rows]

    async def follow_picks(self, lead_ids: Iterable[UUID]) -> list[Crossing]:
        """Let these leads enter static segments, or leave them, as they were picked."""
        values = {"ids": sorted(set(lead_ids)), "entered_at": clock.now()}
        rows = await self._transaction.rows(_FOLLOW_PICKS, **values)
        return [Crossing(**row) for row in rows]

    async def pick(self, segment_id: UUID, lead_ids: Iterable[UUID]) -> None:
        """Note that people put these leads into a static segment."""
        values = {"ids": sorted(set(lead_ids)), "picked_at": self._transaction.now}
        await self._transaction.rows(_PICK, segment_id=segment_id, **values)

    async def unpick(self, segment_id: UUID, lead_ids: Iterable[UUID]) -> None:
        """Take leads out again, with all that were merged into them."""
        await self._transaction.rows(_UNPICK, segment_id=segment_id, ids=sorted(set(lead_ids)))

    async def pick_members(self, segment_id: UUID, source_id: UUID) -> None:
        """Pick all who are in another segment now."""
        values = {"source_id": source_id, "picked_at": self._transaction.now}
        await self._transaction.rows(_PICK_MEMBERS, segment_id=segment_id, **values)

    async def end_of_stretch(self, after: UUID, size: int) -> UUID:
        """The id where the next so many leads end; the last there can be when there are fewer."""
        row = await self._transaction.row(_END, after=after, skipped=size - 1)
        return row["id"] if row else LAST_ID

    async def concerned(self, segment_id: UUID, after: UUID, limit: int) -> Sequence[UUID]:
        """The next leads that were picked for a segment, or are in it."""
        values = {"segment_id": segment_id, "after": after, "limit": limit}
        return [row["lead_id"] for row in await self._transaction.rows(_CONCERNED, **values)]


_SEGMENT = param("segment_id", m.segment_id)
_ENTERED_AT = param("entered_at", m.entered_at)
_WORKSPACE = param("workspace_id", m.workspace_id)
_NAMES = ["workspace_id", "segment_id", "lead_id", "entered_at"]
_IDS = func.any(array_param("ids", leads.c.id))


def _within(column: Any, reach: Reach) -> ColumnElement[bool]:
    some: ColumnElement[bool] = column == _IDS
    between: ColumnElement[bool] = (column > param("after", column)) & (
        column <= param("until", column)
    )
    return some if reach == "some" else between


# Conditions have shapes without number; what is kept is bounded.
@lru_cache(maxsize=256)
def _cross_over(which: Meant, reach: Reach) -> Statement:
    found = meeting(which, _SEGMENT.label("segment_id"), leads.c.id.label("lead_id"))
    wanted = found.where(_within(leads.c.id, reach)).cte("wanted")
    return _crossing(wanted, (m.segment_id == _SEGMENT) & _within(m.lead_id, reach))


def _crossing(wanted: Any, judged: ColumnElement[bool]) -> Statement:
    """Of the members that are judged, those who are not wanted leave; whoever is wanted and not in
    enters."""
    same = wanted.c.segment_id == m.segment_id, wanted.c.lead_id == m.lead_id
    stays = select(1).select_from(wanted).where(*same).correlate(segment_members).exists()
    gone = (
        delete(segment_members)
        .where(own(segment_members), judged, ~stays)
        .returning(m.segment_id, m.lead_id)
        .cte("gone")
    )
    there = segment_members.alias("there")
    known = select(1).where(
        own(there),
        there.c.segment_id == wanted.c.segment_id,
        there.c.lead_id == wanted.c.lead_id,
    )
    new = select(_WORKSPACE, wanted.c.segment_id, wanted.c.lead_id, _ENTERED_AT)
    come = (
        insert(segment_members)
        .from_select(_NAMES, new.where(~known.correlate(wanted).exists()))
        .on_conflict_do_nothing()
        .returning(m.segment_id, m.lead_id)
        .cte("come")
    )
    return Statement(
        union_all(
            select(come.c.segment_id, come.c.lead_id, true().label("entered")),
            select(gone.c.segment_id, gone.c.lead_id, false().label("entered")),
        )
    )


def _follow_picks() -> Statement:
    """A lead is in where it was picked, or one was that it stands for."""
    head, part = leads.alias("head"), leads.alias("part")
    kept = select(s.id).where(
        own(segments), s.kind == SegmentKind.STATIC.value, s.archived_at.is_(None)
    )
    living = (
        own(segment_picks, head),
        head.c.id == _IDS,
        head.c.deleted_at.is_(None),
        k.segment_id.in_(kept),
    )
    themselves = select(k.segment_id, k.lead_id).where(*living, k.lead_id == head.c.id)
    for_others = select(k.segment_id, head.c.id).where(
        *living, own(part), part.c.merged_into == head.c.id, k.lead_id == part.c.id
    )
    wanted = union(themselves, for_others).cte("wanted")
    return _crossing(wanted, (m.lead_id == _IDS) & m.segment_id.in_(kept))


def _pick() -> Statement:
    picked = func.unnest(array_param("ids", k.lead_id)).table_valued("lead_id").render_derived()
    row = select(_WORKSPACE, _SEGMENT, picked.c.lead_id, param("picked_at", k.picked_at))
    return Statement(insert(segment_picks).from_select(_PICKED, row).on_conflict_do_nothing())


def _pick_members() -> Statement:
    row = select(_WORKSPACE, _SEGMENT, m.lead_id, param("picked_at", k.picked_at)).where(
        own(segment_members), m.segment_id == param("source_id", m.segment_id)
    )
    return Statement(insert(segment_picks).from_select(_PICKED, row).on_conflict_do_nothing())


def _unpick() -> Statement:
    part = leads.alias("part")
    parts = select(part.c.id).where(own(part), part.c.merged_into == _IDS)
    return Statement(
        delete(segment_picks).where(
            own(segment_picks),
            k.segment_id == _SEGMENT,
            or_(k.lead_id == func.any(array_param("ids", k.lead_id)), k.lead_id.in_(parts)),
        )
    )


def _concerned() -> Statement:
    """Picked, in, or standing for one who was picked."""
    after, limit = param("after", k.lead_id), param("limit", Integer)
    picked, inside = (
        select(table.c.lead_id)
        .where(own(table), table.c.segment_id == _SEGMENT, table.c.lead_id > after)
        .order_by(table.c.lead_id)
        .limit(limit)
        .subquery(name)
        for table, name in ((segment_picks, "picked"), (segment_members, "inside"))
    )
    heads = select(leads.c.merged_into).where(
        own(leads, segment_picks),
        k.segment_id == _SEGMENT,
        k.lead_id == leads.c.id,
        leads.c.merged_into > after,
    )
    every = union(select(picked.c.lead_id), select(inside.c.lead_id), heads).subquery("every_one")
    return Statement(select(every.c.lead_id).order_by(every.c.lead_id).limit(limit))


_PICKED = ["workspace_id", "segment_id", "lead_id", "picked_at"]
_FOLLOW_PICKS = _follow_picks()
_PICK = _pick()
_PICK_MEMBERS = _pick_members()
_UNPICK = _unpick()
_CONCERNED = _concerned()
_END = Statement(
    select(leads.c.id)
    .where(own(leads), leads.c.id > param("after", leads.c.id))
    .order_by(leads.c.id)
    .offset(param("skipped", Integer))
    .limit(literal_column("1"))
)
