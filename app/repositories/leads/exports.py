"""Exports: records read stretch by stretch, by key, so that no statement and no transaction is
long and nothing is held between two of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Integer, Select, Table, func, literal_column, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.domain.conditions import Condition, Field
from app.domain.leads.exports import IDENTITIES, Resource, Selection
from app.repositories.conditions import clause_for, shape_of, values_for
from app.repositories.statements import Statement, own, param
from app.repositories.tables.leads import lead_identities, leads
from app.repositories.tables.record import touchpoints
from app.repositories.tables.sales import opportunities
from app.repositories.transaction import Transaction

TABLES: dict[Resource, Table] = {
    Resource.LEADS: leads,
    Resource.TOUCHPOINTS: touchpoints,
    Resource.OPPORTUNITIES: opportunities,
}

Mark = tuple[Any, UUID]


@dataclass(frozen=True)
class Stretch:
    """Records next to each other: how many, where the last one stands, a list for each column."""

    count: int
    last: Mark | None
    columns: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class _Shape:
    """All that decides the text of a statement."""

    resource: Resource
    columns: tuple[str, ...]
    condition: Condition | None
    sort_key: str
    descending: bool
    after: bool
    until: bool


class ExportRepository:
    """Reads what an export selects."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def greatest_id(self, resource: Resource) -> UUID:
        """The greatest id of all that is there, zero when there is nothing."""
        row = await self._transaction.row(_GREATEST[resource])
        return UUID(int=0) if row is None else row["id"]

    async def end_of_stretch(
        self, selection: Selection, last_id: UUID, after: Mark | None, size: int
    ) -> Mark | None:
        """Where the next `size` records end, whether they meet the condition or not; None when
        there are not so many."""
        shape = _shape(selection, after=after, until=None)
        row = await self._transaction.row(
            _end(shape), last_id=last_id, skipped=size - 1, **_mark("after", after)
        )
        return None if row is None else _mark_of(row)

    async def stretch(
        self,
        selection: Selection,
        last_id: UUID,
        *,
        after: Mark | None,
        until: Mark | None,
        limit: int,
    ) -> Stretch:
        """The next records that meet the condition."""
        shape = _shape(selection, after=after, until=until)
        values: Mapping[str, Any] = {}
        if selection.condition is not None:
            values = values_for(selection.condition, self._transaction.now)
        rows = await self._transaction.rows(
            _stretch(shape),
            last_id=last_id,
            limit=limit,
            **values,
            **_mark("after", after),
            **_mark("until", until),
        )
        columns = [_values(rows, field, shape.columns) for field in selection.columns]
        return Stretch(len(rows), _mark_of(rows[-1]) if rows else None, columns)


def _values(rows: Sequence[asyncpg.Record], field: Field, names: Sequence[str]) -> list[Any]:
    place = 2 + names.index(field.column)
    if field.key is None:
        return [row[place] for row in rows]
    return [row[place].get(field.key) for row in rows]


def _mark_of(row: asyncpg.Record) -> Mark:
    return (row[0], row[1])


def _shape(selection: Selection, *, after: Mark | None, until: Mark | None) -> _Shape:
    condition = selection.condition
    return _Shape(
        selection.resource,
        tuple(dict.fromkeys(field.column for field in selection.columns)),
        None if condition is None else shape_of(condition),
        selection.sort_key,
        selection.descending,
        after is not None,
        until is not None,
    )


def _mark(name: str, mark: Mark | None) -> dict[str, Any]:
    return {} if mark is None else {f"{name}_key": mark[0], f"{name}_id": mark[1]}


# Conditions have shapes without number; what is kept is bounded.
@lru_cache(maxsize=64)
def _stretch(shape: _Shape) -> Statement:
    table = TABLES[shape.resource]
    query = select(*_order_columns(shape), *(_column(table, name) for name in shape.columns))
    query = _within(query, shape)
    if shape.condition is not None:
        query = query.where(clause_for(shape.condition, table))
    return Statement(_ordered(query, shape).limit(param("limit", Integer)))


@lru_cache(maxsize=64)
def _end(shape: _Shape) -> Statement:
    query = _within(select(*_order_columns(shape)), shape)
    skipped = param("skipped", Integer)
    return Statement(_ordered(query, shape).offset(skipped).limit(literal_column("1")))


def _order_columns(shape: _Shape) -> Sequence[Any]:
    table = TABLES[shape.resource]
    return (table.c[shape.sort_key].label("mark_key"), table.c.id.label("mark_id"))


def _within(query: Select[Any], shape: _Shape) -> Select[Any]:
    """The records between two marks that were there when the export began."""
    table = TABLES[shape.resource]
    query = query.where(own(table), table.c.id <= param("last_id", table.c.id))
    if "deleted_at" in table.c:
        query = query.where(table.c.deleted_at.is_(None))
    if shape.resource is Resource.TOUCHPOINTS:
        query = query.where(_of_a_lead_that_is_there())
    by_id = shape.sort_key == "id"
    here: Any = table.c.id if by_id else tuple_(table.c[shape.sort_key], table.c.id)

    def mark(name: str) -> Any:
        mark_id = param(f"{name}_id", table.c.id)
        if by_id:
            return mark_id
        return tuple_(param(f"{name}_key", table.c[shape.sort_key]), mark_id)

    if shape.after:
        query = query.where(here < mark("after") if shape.descending else here > mark("after"))
    if shape.until:
        query = query.where(here >= mark("until") if shape.descending else here <= mark("until"))
    return query


def _ordered(query: Select[Any], shape: _Shape) -> Select[Any]:
    table = TABLES[shape.resource]
    keys = [table.c.id] if shape.sort_key == "id" else [table.c[shape.sort_key], table.c.id]
    return query.order_by(*(key.desc() if shape.descending else key.asc() for key in keys))


def _of_a_lead_that_is_there() -> Any:
    return (
        select(1)
        .select_from(leads)
        .where(own(leads), leads.c.id == touchpoints.c.lead_id, leads.c.deleted_at.is_(None))
        .correlate(touchpoints)
        .exists()
    )


def _column(table: Table, name: str) -> Any:
    if table is leads and name == IDENTITIES.column:
        return _identities()
    return table.c[name]


def _identities() -> Any:
    """The lead's keys as one JSON list; null when it has none."""
    c = lead_identities.c
    each = func.jsonb_build_object("kind", c.kind, "system", c.system, "value", c.value)
    listed = func.jsonb_agg(aggregate_order_by(each, c.kind, c.system, c.value))
    return (
        select(listed)
        .where(own(lead_identities), c.lead_id == leads.c.id)
        .correlate(leads)
        .scalar_subquery()
        .label(IDENTITIES.name)
    )


def _greatest(table: Table) -> Statement:
    query = select(table.c.id).where(own(table)).order_by(table.c.id.desc())
    return Statement(query.limit(literal_column("1")))


_GREATEST = {resource: _greatest(table) for resource, table in TABLES.items()}
