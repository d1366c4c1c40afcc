"""Moves the rows of one lead to another when they are merged, and back."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Text,
    Uuid,
    cast,
    func,
    insert,
    literal,
    select,
    union_all,
    update,
)

from app.repositories.leads.lead_rows import MOVES, Moves, lead_param
from app.repositories.statements import Statement, array_param, own, param
from app.repositories.tables.leads import lead_identities
from app.repositories.tables.merges import lead_merge_moves
from app.repositories.tables.record import touchpoints
from app.repositories.transaction import Transaction

_ENTRY = ["workspace_id", "merge_id", "moved_from", "row_key"]


class MergeMoves:
    """Moves the rows of one lead to another, and back."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def count(self, winner_id: UUID, loser_id: UUID) -> dict[str, int]:
        """How many rows of which table would go from the loser to the winner."""
        return await self._counts(_COUNT, winner_id=winner_id, loser_id=loser_id)

    async def move(self, merge_id: UUID, winner_id: UUID, loser_id: UUID) -> dict[str, int]:
        """Point the loser's rows to the winner, and note which they were."""
        return await self._counts(_MOVE, merge_id=merge_id, winner_id=winner_id, loser_id=loser_id)

    async def pass_anchors(self, winner_id: UUID, loser_id: UUID) -> None:
        """Of keys that both share, let the winner's be the anchor: the loser's stays with it, and
        would stand in everybody's way once the winner's is gone."""
        rows = await self._transaction.rows(_DROP_ANCHORS, winner_id=winner_id, loser_id=loser_id)
        if rows:
            await self._transaction.rows(_TAKE_ANCHORS, ids=[row["id"] for row in rows])

    async def move_back(self, merge_id: UUID, winner_id: UUID, loser_id: UUID) -> dict[str, int]:
        """Point the rows of the ledger to the loser, as far as the winner has them yet.

        What corrects a touch of the loser goes along, whenever it was recorded.
        """
        keys: dict[str, list[Any]] = {moves.name: [] for moves in MOVES}
        for row in await self._transaction.rows(_MOVED, merge_id=merge_id):
            if row["moved_from"] in keys:
                keys[row["moved_from"]].append(row["row_key"])
        back = await self._counts(
            _MOVE_BACK,
            winner_id=winner_id,
            loser_id=loser_id,
            **{f"keys_{moves.name}": _as_keys(moves, keys[moves.name]) for moves in MOVES},
        )
        await self._transaction.rows(
            _CORRECTIONS_BACK, merge_id=merge_id, winner_id=winner_id, loser_id=loser_id
        )
        return back

    async def since(self, winner_id: UUID, instant: datetime) -> dict[str, int]:
        """How many rows the winner has that came after an instant."""
        return await self._counts(_SINCE, winner_id=winner_id, instant=instant)

    async def _counts(self, statement: Statement, **values: Any) -> dict[str, int]:
        rows = await self._transaction.rows(statement, **values)
        found: Mapping[str, int] = {row["name"]: row["count"] for row in rows}
        return {moves.name: n for moves in MOVES if (n := found.get(moves.name, 0))}


def _named(moves: Moves) -> ColumnElement[Any]:
    return literal(moves.name, Text).label("name")


def _count_of(moves: Moves, *conditions: ColumnElement[bool]) -> Any:
    counted = select(_named(moves), func.count().label("count"))
    return counted.select_from(moves.table).where(*conditions)


def _move() -> Statement:
    m = lead_merge_moves.c
    noted = []
    for moves in MOVES:
        moved = (
            update(moves.table)
            .where(moves.going())
            .values(moves.pointed("loser_id", "winner_id"))
            .returning(moves.table.c[moves.key].label("key"))
            .cte(f"moved_{moves.name}")
        )
        noted.append(
            select(
                param("workspace_id", m.workspace_id).label("workspace_id"),
                param("merge_id", m.merge_id).label("merge_id"),
                _named(moves),
                cast(moved.c.key, Text).label("key"),
            )
        )
    ledger = (
        insert(lead_merge_moves)
        .from_select(_ENTRY, union_all(*noted))
        .returning(m.moved_from)
        .cte("ledger")
    )
    return Statement(
        select(ledger.c.moved_from.label("name"), func.count().label("count")).group_by(
            ledger.c.moved_from
        )
    )


def _as_keys(moves: Moves, texts: Iterable[str]) -> list[Any]:
    """Keys as the table has them, in the order in which rows are locked."""
    uuids = isinstance(moves.table.c[moves.key].type, Uuid)
    return sorted(UUID(text) if uuids else text for text in texts)


def _move_back() -> Statement:
    """The keys are bound: compared with those of the ledger's rows, which are texts, no index would
    be of use."""
    counted = []
    for moves in MOVES:
        key = moves.table.c[moves.key]
        back = (
            update(moves.table)
            .where(moves.of("winner_id"), key == func.any(array_param(f"keys_{moves.name}", key)))
            .values(moves.pointed("winner_id", "loser_id"))
            .returning(key.label("key"))
            .cte(f"back_{moves.name}")
        )
        counted.append(select(_named(moves), func.count().label("count")).select_from(back))
    return Statement(union_all(*counted))


def _corrections_back() -> Statement:
    """With an entry in the ledger, so that the past knows whose they were."""
    t, m = touchpoints.c, lead_merge_moves.c
    corrected, further = touchpoints.alias("corrected"), touchpoints.alias("further")
    chain = (
        select(t.id)
        .where(
            own(touchpoints, corrected),
            t.lead_id == lead_param("winner_id"),
            corrected.c.lead_id == lead_param("loser_id"),
            t.supersedes_id == corrected.c.id,
        )
        .cte("chain", recursive=True)
    )
    chain = chain.union_all(
        select(further.c.id).where(
            own(further),
            further.c.lead_id == lead_param("winner_id"),
            further.c.supersedes_id == chain.c.id,
        )
    )
    back = (
        update(touchpoints)
        .where(own(touchpoints), t.id.in_(select(chain.c.id)))
        .values(lead_id=lead_param("loser_id"))
        .returning(t.id)
        .cte("back")
    )
    noted = select(
        param("workspace_id", m.workspace_id),
        param("merge_id", m.merge_id),
        literal(touchpoints.name, Text),
        cast(back.c.id, Text),
    )
    return Statement(insert(lead_merge_moves).from_select(_ENTRY, noted).returning(m.row_key))


def _since() -> Statement:
    dated = [(moves, moves.table.c[moves.since]) for moves in MOVES if moves.since]
    return Statement(
        union_all(
            *(
                _count_of(moves, moves.of("winner_id"), since > param("instant", since))
                for moves, since in dated
            )
        )
    )


def _drop_anchors() -> Statement:
    twin = lead_identities.alias("twin")
    i = lead_identities.c
    return Statement(
        update(lead_identities)
        .where(
            own(lead_identities),
            own(twin),
            i.lead_id == lead_param("loser_id"),
            twin.c.lead_id == lead_param("winner_id"),
            *(twin.c[name] == i[name] for name in ("kind", "system", "value")),
            i.anchor,
            i.shared,
        )
        .values(anchor=False)
        .returning(twin.c.id)
    )


_DROP_ANCHORS = _drop_anchors()
_TAKE_ANCHORS = Statement(
    update(lead_identities)
    .where(
        own(lead_identities),
        lead_identities.c.id == func.any(array_param("ids", lead_identities.c.id)),
    )
    .values(anchor=True)
)
_COUNT = Statement(union_all(*(_count_of(moves, moves.going()) for moves in MOVES)))
_MOVE = _move()
_MOVED = Statement(
    select(lead_merge_moves.c.moved_from, lead_merge_moves.c.row_key).where(
        own(lead_merge_moves),
        lead_merge_moves.c.merge_id == param("merge_id", lead_merge_moves.c.merge_id),
    )
)
_MOVE_BACK = _move_back()
_CORRECTIONS_BACK = _corrections_back()
_SINCE = _since()
