"""Pairs of which somebody said that they are not one."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert

from app.domain.leads.duplicates import Dismissal, Pair, pair_of
from app.domain.leads.matching import Record
from app.repositories.resources import Resources
from app.repositories.statements import (
    Statement,
    array_param,
    as_arrays,
    built,
    own,
    param,
    rows_of,
    stored_columns,
)
from app.repositories.tables.matching import duplicate_dismissals

d = duplicate_dismissals.c


class DismissalRepository(Resources[Dismissal]):
    """Pairs of which somebody said that they are not one."""

    table = duplicate_dismissals
    entity = Dismissal
    noun = "dismissal"

    async def keep(self, dismissal: Dismissal) -> Dismissal:
        """The dismissal, or the one of the same pair that was there before."""
        row = await self._transaction.row(
            _KEEP, **as_arrays(duplicate_dismissals, [vars(dismissal)])
        )
        if row is None:
            raise AssertionError("an upsert returns its row")
        return built(Dismissal, row)

    async def remove(self, dismissal_id: UUID) -> None:
        """Take one back."""
        await self._transaction.rows(_REMOVE, id=dismissal_id)

    async def among(self, record: Record, ids: Collection[UUID]) -> set[Pair]:
        """The dismissed pairs with one of these records."""
        rows = await self._transaction.rows(_AMONG, record=record.value, ids=sorted(ids))
        return {pair_of(row["lead_a"], row["lead_b"]) for row in rows}

    async def every(self, record: Record) -> set[Pair]:
        """Every dismissed pair."""
        rows = await self._transaction.rows(_EVERY, record=record.value)
        return {pair_of(row["lead_a"], row["lead_b"]) for row in rows}


def _keep() -> Statement:
    names = stored_columns(duplicate_dismissals)
    kept = insert(duplicate_dismissals).from_select(
        list(names), select(*rows_of(duplicate_dismissals, names).c)
    )
    # A repeat changes nothing, and is answered with what was there.
    return Statement(
        kept.on_conflict_do_update(
            index_elements=["workspace_id", "record", "lead_a", "lead_b"],
            set_={"lead_a": kept.excluded.lead_a},
        ).returning(*duplicate_dismissals.c)
    )


def _dismissed(*conditions: Any) -> Statement:
    return Statement(
        select(d.lead_a, d.lead_b).where(
            own(duplicate_dismissals), d.record == param("record", d.record), *conditions
        )
    )


_IDS = func.any(array_param("ids", d.lead_a))
_KEEP = _keep()
_AMONG = _dismissed(or_(d.lead_a == _IDS, d.lead_b == _IDS))
_EVERY = _dismissed()
_REMOVE = Statement(
    duplicate_dismissals.delete().where(own(duplicate_dismissals), d.id == param("id", d.id))
)
