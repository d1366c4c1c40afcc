"""Visitors, and their touches until somebody is known."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, func, null, select, update
from sqlalchemy.dialects.postgresql import insert

from app.domain.errors import NotFound
from app.domain.intake.visitors import Visitor, VisitorTouch
from app.domain.paging import Page, PageRequest
from app.repositories.paging import Cursor, arguments_for, in_order, page_of
from app.repositories.statements import (
    Statement,
    add_rows,
    array_param,
    as_arrays,
    built,
    own,
    param,
    rows_of,
)
from app.repositories.tables.intake_visitors import visitor_touches, visitors
from app.repositories.transaction import Transaction

c = visitors.c


class VisitorRepository:
    """Visitors by the id that their device keeps."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def get(self, visitor_id: str) -> Visitor:
        """One visitor; NotFound when nothing is known of it."""
        found = await self._transaction.row(_GET, visitor_id=visitor_id)
        if found is None:
            raise NotFound("no such visitor in this workspace")
        return built(Visitor, found)

    async def seen(self, spans: Mapping[str, tuple[datetime, datetime]]) -> dict[str, Visitor]:
        """Note when visitors were seen, and return them as they are now, locked."""
        ids = sorted(spans)
        rows = [
            {
                "workspace_id": self._transaction.workspace_id,
                "visitor_id": visitor_id,
                "lead_id": None,
                "shared": False,
                "first_seen_at": spans[visitor_id][0],
                "last_seen_at": spans[visitor_id][1],
                "identified_at": None,
            }
            for visitor_id in ids
        ]
        found = await self._transaction.rows(_SEEN, **as_arrays(visitors, rows))
        return {row["visitor_id"]: built(Visitor, row) for row in found}

    async def identify(self, owners: Mapping[str, UUID]) -> None:
        """Say whose device each visitor's is."""
        ids = sorted(owners)
        await self._transaction.rows(
            _IDENTIFY, ids=ids, leads=[owners[v] for v in ids], now=self._transaction.now
        )

    async def forget(self, visitor_id: str) -> None:
        """Take back whose device it is; what is on a timeline stays there."""
        await self._transaction.rows(_FORGET, visitor_id=visitor_id)

    async def share(self, visitor_ids: Iterable[str]) -> None:
        """Note that more than one person uses these devices."""
        await self._transaction.rows(_SHARE, ids=sorted(visitor_ids))

    async def add_touches(self, touches: Sequence[VisitorTouch]) -> None:
        """Store what visitors did."""
        rows = [vars(touch) for touch in touches]
        await self._transaction.rows(add_rows(visitor_touches), **as_arrays(visitor_touches, rows))

    async def take_touches(self, owners: Mapping[str, UUID], most: int) -> list[VisitorTouch]:
        """Give the touches of these visitors that are nobody's yet to a lead each, the oldest
        first."""
        ids = sorted(owners)
        leads = [owners[visitor_id] for visitor_id in ids]
        rows = await self._transaction.rows(_TAKE, ids=ids, leads=leads, most=most)
        return [built(VisitorTouch, row) for row in rows]

    async def touches(self, visitor_id: str, request: PageRequest) -> Page[VisitorTouch]:
        """A page of what a visitor did."""
        cursor = Cursor(
            self._transaction.workspace_id,
            self._transaction.now,
            "visitor",
            visitor_id,
            request.sort,
        )
        statement = _PAGES[request.descending, request.cursor is not None]
        rows = await self._transaction.rows(
            statement, visitor_id=visitor_id, **arguments_for(request, cursor)
        )
        return page_of(rows, request, cursor, lambda row: built(VisitorTouch, row), "occurred_at")


def _seen() -> Statement:
    names = tuple(column.name for column in visitors.c)
    incoming = rows_of(visitors, names)
    add = insert(visitors).from_select(list(names), select(*(incoming.c[n] for n in names)))
    return Statement(
        add.on_conflict_do_update(
            index_elements=["workspace_id", "visitor_id"],
            set_={
                "first_seen_at": func.least(c.first_seen_at, add.excluded.first_seen_at),
                "last_seen_at": func.greatest(c.last_seen_at, add.excluded.last_seen_at),
            },
        ).returning(*visitors.c)
    )


def _owned() -> Any:
    return (
        func.unnest(array_param("ids", c.visitor_id), array_param("leads", c.lead_id))
        .table_valued("visitor_id", "lead_id", name="owned")
        .render_derived()
    )


def _identify() -> Statement:
    owned = _owned()
    return Statement(
        update(visitors)
        .where(own(visitors), c.visitor_id == owned.c.visitor_id)
        .values(lead_id=owned.c.lead_id, identified_at=param("now", c.identified_at))
    )


def _take() -> Statement:
    owned = _owned()
    t = visitor_touches.c
    waiting = visitor_touches.alias("waiting")
    oldest = (
        select(waiting.c.id)
        .where(
            own(waiting),
            waiting.c.visitor_id == func.any(array_param("ids", waiting.c.visitor_id)),
            waiting.c.lead_id.is_(None),
            ~waiting.c.is_test,
        )
        .order_by(waiting.c.occurred_at, waiting.c.id)
        .limit(param("most", Integer))
    )
    return Statement(
        update(visitor_touches)
        .where(own(visitor_touches), t.visitor_id == owned.c.visitor_id, t.id.in_(oldest))
        .values(lead_id=owned.c.lead_id)
        .returning(*visitor_touches.c)
    )


def _page(*, descending: bool, after: bool) -> Statement:
    t = visitor_touches.c
    query = select(visitor_touches).where(
        own(visitor_touches), t.visitor_id == param("visitor_id", t.visitor_id)
    )
    return Statement(in_order(query, t.occurred_at, t.id, descending=descending, after=after))


_GET = Statement(
    select(visitors).where(own(visitors), c.visitor_id == param("visitor_id", c.visitor_id))
)
_SEEN = _seen()
_IDENTIFY = _identify()
_SHARE = Statement(
    update(visitors)
    .where(own(visitors), c.visitor_id == func.any(array_param("ids", c.visitor_id)))
    .values(shared=True)
)
_FORGET = Statement(
    update(visitors)
    .where(own(visitors), c.visitor_id == param("visitor_id", c.visitor_id))
    .values(lead_id=null(), identified_at=null())
)
_TAKE = _take()
_PAGES = {
    (descending, after): _page(descending=descending, after=after)
    for descending in (True, False)
    for after in (True, False)
}
