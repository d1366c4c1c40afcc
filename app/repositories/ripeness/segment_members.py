"""Who is in segments: listed and counted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Integer, func, select

from app.domain.errors import Invalid
from app.domain.paging import Page, PageRequest
from app.domain.ripeness.segments import Member, Membership
from app.platform import clock
from app.repositories.conditions import PLAN_FOR_THE_VALUES
from app.repositories.paging import Cursor, arguments_for, in_order, page_of
from app.repositories.ripeness.segment_conditions import Asked, Meant, meeting
from app.repositories.statements import Statement, own, param
from app.repositories.tables.leads import leads
from app.repositories.tables.segments import segment_members, segment_picks, segments
from app.repositories.transaction import Transaction

m, k = segment_members.c, segment_picks.c
_SHOWN = [
    leads.c[name]
    for name in ("full_name", "company", "email", "phone", "status", "lifecycle_stage", "owner_id")
]


class SegmentMemberRepository:
    """Members of segments."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def page(self, segment_id: UUID, request: PageRequest) -> Page[Member]:
        """A page of members by `entered_at` or `lead_id`."""
        transaction = self._transaction
        cursor = Cursor(
            transaction.workspace_id, transaction.now, "segment_members", segment_id, request.sort
        )
        by_lead = request.sort_key == "lead_id"
        values = arguments_for(request, cursor, UUID if by_lead else datetime.fromisoformat)
        statement = _page(request.sort_key, request.descending, request.cursor is not None)
        rows = await transaction.rows(statement, segment_id=segment_id, **values)
        shown = [Member(**row) for row in rows[: request.limit]]
        if len(rows) == len(shown):
            return Page(shown, None)
        last = shown[-1]
        mark = str(last.id) if by_lead else last.entered_at
        return Page(shown, cursor.write(mark, last.id))

    async def of_lead(self, lead_id: UUID, request: PageRequest) -> Page[Membership]:
        """A page of the segments that a lead is in."""
        transaction = self._transaction
        cursor = Cursor(transaction.workspace_id, transaction.now, "lead_segments", lead_id)
        statement = _of_lead(request.descending, request.cursor is not None)
        values = arguments_for(request, cursor)
        rows = await transaction.rows(statement, lead_id=lead_id, **values)
        return page_of(rows, request, cursor, lambda row: Membership(**row), "entered_at")

    async def count(self, asked: Asked) -> int:
        """How many leads meet a condition now; Invalid when that takes too long."""
        [row] = await self._asked(_count(asked.meant), asked.values(clock.now()))
        return int(row["size"])

    async def count_picked(self, segment_id: UUID) -> int:
        """How many leads are in a static segment now, by whom people picked."""
        row = await self._transaction.row(_COUNT_PICKED, segment_id=segment_id)
        return int(row["size"]) if row else 0

    async def first(self, asked: Asked, limit: int) -> list[Member]:
        """The newest leads that meet a condition, as if they entered now."""
        now = clock.now()
        rows = await self._asked(_first(asked.meant), {"limit": limit, **asked.values(now)})
        return [Member(entered_at=now, **row) for row in rows]

    async def _asked(
        self, statement: Statement, values: Mapping[str, Any]
    ) -> Sequence[asyncpg.Record]:
        await self._transaction.rows(PLAN_FOR_THE_VALUES)
        try:
            return await self._transaction.rows(statement, **values)
        except asyncpg.QueryCanceledError as error:
            detail = "too many leads have to be looked at to answer this in time"
            raise Invalid.field("/condition", detail, code="too_broad") from error


@lru_cache(maxsize=64)
def _count(which: Meant) -> Statement:
    return Statement(meeting(which, func.count().label("size")))


@lru_cache(maxsize=64)
def _first(which: Meant) -> Statement:
    query = meeting(which, leads.c.id, *_SHOWN)
    newest = query.order_by(leads.c.created_at.desc(), leads.c.id.desc())
    return Statement(newest.limit(param("limit", Integer)))


@cache
def _page(sort_key: str, descending: bool, after: bool) -> Statement:
    query = select(m.lead_id.label("id"), m.entered_at, *_SHOWN).where(
        own(segment_members, leads),
        m.segment_id == param("segment_id", m.segment_id),
        leads.c.id == m.lead_id,
        # Whoever was just deleted leaves in a moment.
        leads.c.deleted_at.is_(None),
    )
    column = m[sort_key]
    return Statement(in_order(query, column, m.lead_id, descending=descending, after=after))


@cache
def _of_lead(descending: bool, after: bool) -> Statement:
    c = segments.c
    query = select(c.id, c.name, c.kind, m.entered_at).where(
        own(segment_members, segments),
        m.lead_id == param("lead_id", m.lead_id),
        c.id == m.segment_id,
        c.archived_at.is_(None),
    )
    return Statement(
        in_order(query, m.entered_at, m.segment_id, descending=descending, after=after)
    )


def _count_picked() -> Statement:
    """Leads that were picked, or stand for one who was."""
    part, head = leads.alias("part"), leads.alias("head")
    return Statement(
        select(func.count(head.c.id.distinct()).label("size")).where(
            own(segment_picks, part, head),
            k.segment_id == param("segment_id", k.segment_id),
            part.c.id == k.lead_id,
            head.c.id == func.coalesce(part.c.merged_into, part.c.id),
            head.c.deleted_at.is_(None),
        )
    )


_COUNT_PICKED = _count_picked()
