"""Touchpoints: added in bulk, never changed."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from uuid import UUID

from sqlalchemy import func, select

from app.domain.errors import NotFound
from app.domain.record.touchpoints import Touchpoint
from app.repositories.bulk import Shape, insert_shaped, shaped
from app.repositories.statements import (
    Statement,
    array_param,
    built,
    get_row,
    own,
)
from app.repositories.tables.record import touchpoints
from app.repositories.transaction import Transaction


class TouchpointRepository:
    """Adds touchpoints and finds them by id or by their own system's id."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add_all(self, new: Sequence[Touchpoint]) -> set[UUID]:
        """Store touchpoints; the ids that were new, without those whose
        (source_system, external_id) was on record already."""
        shape, rows = shaped(touchpoints, [vars(touchpoint) for touchpoint in new])
        stored = await self._transaction.rows(_add(shape), **rows)
        return {row["id"] for row in stored}

    async def get(self, touchpoint_id: UUID) -> Touchpoint:
        """One touchpoint."""
        row = await self._transaction.row(get_row(touchpoints), id=touchpoint_id)
        if row is None:
            raise NotFound("no such touchpoint in this workspace")
        return built(Touchpoint, row)

    async def not_superseded(self, ids: Iterable[UUID]) -> dict[UUID, UUID]:
        """Of these touchpoints, the ones that no other corrects yet, with their leads."""
        rows = await self._transaction.rows(_NOT_SUPERSEDED, ids=sorted(ids))
        return {row["id"]: row["lead_id"] for row in rows}

    async def by_external(
        self, references: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], Touchpoint]:
        """The touchpoints with these (source_system, external_id)."""
        rows = await self._transaction.rows(
            _BY_EXTERNAL,
            systems=[system for system, _ in references],
            external_ids=[external_id for _, external_id in references],
        )
        return {(row["source_system"], row["external_id"]): built(Touchpoint, row) for row in rows}


@lru_cache(maxsize=500)
def _add(shape: Shape) -> Statement:
    return Statement(
        insert_shaped(touchpoints, shape)
        .on_conflict_do_nothing(
            index_elements=["workspace_id", "source_system", "external_id"],
            index_where=touchpoints.c.external_id.is_not(None),
        )
        .returning(touchpoints.c.id)
    )


def _by_external() -> Statement:
    wanted = (
        func.unnest(
            array_param("systems", touchpoints.c.source_system),
            array_param("external_ids", touchpoints.c.external_id),
        )
        .table_valued("source_system", "external_id", name="wanted")
        .render_derived()
    )
    return Statement(
        select(touchpoints).where(
            own(touchpoints),
            touchpoints.c.source_system == wanted.c.source_system,
            touchpoints.c.external_id == wanted.c.external_id,
        )
    )


def _not_superseded() -> Statement:
    correction = touchpoints.alias("correction")
    corrected = (
        select(1)
        .select_from(correction)
        .where(own(correction), correction.c.supersedes_id == touchpoints.c.id)
    )
    return Statement(
        select(touchpoints.c.id, touchpoints.c.lead_id).where(
            own(touchpoints),
            touchpoints.c.id == func.any(array_param("ids", touchpoints.c.id)),
            ~corrected.exists(),
        )
    )


_NOT_SUPERSEDED = _not_superseded()
_BY_EXTERNAL = _by_external()
