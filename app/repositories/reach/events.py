"""The journal's rows, and the positions that make it a feed without gaps."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import asyncpg
from sqlalchemy import BigInteger, Integer, func, select, update
from sqlalchemy.dialects.postgresql import insert

from app.domain.reach.events import Event
from app.repositories.bulk import add_shaped, shaped
from app.repositories.statements import Statement, array_param, own, param
from app.repositories.tables.reach import event_positions, events
from app.repositories.transaction import Transaction

PLACED_AT_ONCE = 5_000


class EventRepository:
    """Adds events, gives the committed ones their position, reads the feed."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add_all(self, new: Sequence[Event]) -> None:
        """Store events in one statement."""
        shape, rows = shaped(events, [vars(event) for event in new])
        await self._transaction.rows(add_shaped(events, shape), **rows)

    async def place(self) -> int:
        """Give positions to committed events that have none; returns how many.

        The counter's row lock lets one transaction at a time do this, so positions become
        visible in order. An event whose transaction commits later is simply placed later: a
        reader that has seen position n can never miss one below it.
        """
        workspace_id = self._transaction.workspace_id
        if not await self._transaction.rows(_ANY_UNPLACED):
            return 0
        await self._transaction.rows(_ENSURE_COUNTER, new_workspace_id=workspace_id)
        counter = await self._transaction.row(_LOCK_COUNTER)
        last = counter["last_position"] if counter else 0
        waiting = await self._transaction.rows(_UNPLACED, limit=PLACED_AT_ONCE)
        if not waiting:
            return 0
        positions = list(range(last + 1, last + 1 + len(waiting)))
        await self._transaction.rows(
            _PLACE, ids=[row["id"] for row in waiting], positions=positions
        )
        await self._transaction.rows(_ADVANCE, new_last_position=positions[-1])
        return len(waiting)

    async def after(self, position: int, types: list[str] | None, limit: int) -> list[Event]:
        """Placed events behind a position, in order."""
        values: dict[str, Any] = {"position": position, "limit": limit}
        if types:
            values["types"] = types
        rows = await self._transaction.rows(_feed(typed=bool(types)), **values)
        return [_event(row) for row in rows]

    async def last_position(self) -> int:
        """The newest position given out; 0 before the first."""
        row = await self._transaction.row(_LAST)
        return int(row["last_position"]) if row else 0


def _event(row: asyncpg.Record) -> Event:
    return Event(**row)


_ANY_UNPLACED = Statement(
    select(events.c.id).where(own(events), events.c.position.is_(None)).limit(1)
)

_ENSURE_COUNTER = Statement(
    insert(event_positions)
    .values(workspace_id=param("new_workspace_id", event_positions.c.workspace_id), last_position=0)
    .on_conflict_do_nothing()
)

_LOCK_COUNTER = Statement(
    select(event_positions.c.last_position).where(own(event_positions)).with_for_update()
)

_LAST = Statement(select(event_positions.c.last_position).where(own(event_positions)))

_UNPLACED = Statement(
    select(events.c.id)
    .where(own(events), events.c.position.is_(None))
    .order_by(events.c.id)
    .limit(param("limit", Integer))
)

_ADVANCE = Statement(
    update(event_positions)
    .where(own(event_positions))
    .values(last_position=param("new_last_position", event_positions.c.last_position))
)


def _place() -> Statement:
    placed = (
        func.unnest(array_param("ids", events.c.id), array_param("positions", events.c.position))
        .table_valued("id", "position", name="placed")
        .render_derived()
    )
    return Statement(
        update(events)
        .where(own(events), events.c.id == placed.c.id)
        .values(position=placed.c.position)
    )


_PLACE = _place()


@lru_cache(maxsize=2)
def _feed(*, typed: bool) -> Statement:
    query = select(events).where(own(events), events.c.position > param("position", BigInteger))
    if typed:
        query = query.where(events.c.type == func.any(array_param("types", events.c.type)))
    return Statement(query.order_by(events.c.position).limit(param("limit", Integer)))
