"""SQLAlchemy Core statements, compiled once and then run by asyncpg as often as needed.

Building and compiling a statement costs more than running it, so statements are module constants
or are cached by their shape; see ADR 0002.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    func,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.sql import Executable

from app.platform.db import Json

E = TypeVar("E")

_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]


class Statement:
    """A statement whose parameters are given by name when it runs."""

    def __init__(self, construct: Executable) -> None:
        self._construct = construct

    @cached_property
    def _compiled(self) -> Any:
        return self._construct.compile(dialect=_DIALECT)  # type: ignore[attr-defined]

    @cached_property
    def sql(self) -> str:
        """The text sent to Postgres, with $1, $2, … in the order of `arguments`."""
        return str(self._compiled.string)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(self._compiled.positiontup or ())

    @cached_property
    def _fixed(self) -> dict[str, Any]:
        named = self._compiled.params
        return {name: named[name] for name in self._names if named[name] is not None}

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order of the placeholders; a missing name is a KeyError."""
        fixed = self._fixed
        return [values[name] if name in values else fixed[name] for name in self._names]


def param(name: str, column_or_type: Any) -> ColumnElement[Any]:
    """A named parameter with the type of a column (or a type)."""
    return bindparam(name, type_=getattr(column_or_type, "type", column_or_type))


def array_param(name: str, column: Any) -> ColumnElement[Any]:
    """A named parameter that takes a list of a column's values, for `= ANY`."""
    return bindparam(name, type_=ARRAY(column.type))


def own(*tables: Any) -> ColumnElement[bool]:
    """`workspace_id = :workspace_id` for each of the tables: no statement goes without."""
    return and_(*(t.c.workspace_id == param("workspace_id", t.c.workspace_id) for t in tables))


@cache
def get_row(table: Table, *, lock: bool = False) -> Statement:
    """One row by `id`, locked against other writers on demand."""
    query: Select[Any] = select(table).where(own(table), table.c.id == param("id", table.c.id))
    if "deleted_at" in table.c:
        query = query.where(table.c.deleted_at.is_(None))
    return Statement(query.with_for_update(key_share=True) if lock else query)


@cache
def existing_ids(table: Table) -> Statement:
    """Which of the `ids` exist in the workspace."""
    query = select(table.c.id).where(
        own(table), table.c.id == func.any(array_param("ids", table.c.id))
    )
    if "deleted_at" in table.c:
        query = query.where(table.c.deleted_at.is_(None))
    return Statement(query)


def rows_of(table: Table, names: Sequence[str], alias: str = "incoming") -> Any:
    """`unnest` of one array parameter a column: many rows in one statement, one row as well."""
    arrays = [array_param(f"{alias}_{name}", table.c[name]) for name in names]
    return func.unnest(*arrays).table_valued(*names, name=alias).render_derived()


def insert_rows(table: Table, names: Sequence[str], alias: str = "incoming") -> Any:
    """`INSERT … SELECT unnest(…)`, for use alone or inside a larger statement."""
    source = rows_of(table, names, alias)
    return insert(table).from_select(list(names), select(*(source.c[name] for name in names)))


@cache
def add_rows(table: Table) -> Statement:
    """Insert rows given as one list a column; see `as_arrays`."""
    return Statement(insert_rows(table, stored_columns(table)))


@cache
def change_row(table: Table, names: frozenset[str]) -> Statement:
    """Set these columns of the row `id` and return the row as stored."""
    assignments = {name: param(f"new_{name}", table.c[name]) for name in sorted(names)}
    return Statement(
        update(table)
        .where(own(table), table.c.id == param("id", table.c.id))
        .values(assignments)
        .returning(*table.c)
    )


@cache
def stored_columns(table: Table) -> tuple[str, ...]:
    """The columns an insert has to give."""
    return tuple(column.name for column in table.c if column.computed is None)


def as_arrays(
    table: Table, rows: Iterable[Mapping[str, Any]], alias: str = "incoming"
) -> dict[str, list[Any]]:
    """Rows turned into one list a column, named for `insert_rows`."""
    given = list(rows)
    documents = _document_columns(table)
    return {
        f"{alias}_{name}": [
            Json(row[name]) if name in documents and row[name] is not None else row[name]
            for row in given
        ]
        for name in stored_columns(table)
    }


def insert_few(table: Table, alias: str, count: int) -> Any:
    """`INSERT … SELECT $1, $2, …` for a handful of rows: cheaper to plan and bind than arrays."""
    names = stored_columns(table)
    each = [
        select(*(param(f"{alias}{row}_{name}", table.c[name]) for name in names))
        for row in range(count)
    ]
    return insert(table).from_select(list(names), union_all(*each) if count > 1 else each[0])


def as_scalars(table: Table, rows: Iterable[Mapping[str, Any]], alias: str) -> dict[str, Any]:
    """Rows as the parameters of `insert_few`."""
    names = stored_columns(table)
    return {f"{alias}{n}_{name}": row[name] for n, row in enumerate(rows) for name in names}


def built(entity: type[E], row: Any) -> E:
    """The entity of a row whose columns are its fields, at a seventh of what __init__ takes."""
    made = object.__new__(entity)
    made.__dict__.update(row.items())
    return made


@cache
def _document_columns(table: Table) -> frozenset[str]:
    return frozenset(column.name for column in table.c if isinstance(column.type, JSONB))
