"""Many rows in one INSERT, where what is the same in every row is sent and bound once.

Of the fifty columns of a lead most are empty or equal in all rows of an import. As elements of
arrays each of them would be looked at, encoded and decoded for every row.

A column goes as an array from the first set on in which it differs between two rows, for as long
as the process lives: so a table has a few shapes, each compiled and planned once, and not one for
every set of rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.dialects.postgresql import JSONB, insert

from app.platform.db import Json
from app.repositories.statements import Statement, param, rows_of, stored_columns

# By table: the columns that differ, in the order of the table.
Shape = tuple[str, ...]


def shaped(
    table: Table, rows: Iterable[Mapping[str, Any]], alias: str = "incoming"
) -> tuple[Shape, dict[str, Any]]:
    """What differs between rows, and the parameters for `insert_shaped`."""
    given = list(rows)
    names, documents = stored_columns(table), _documents(table)
    arrays = _differing(table)
    columns = {name: [row[name] for row in given] for name in names}
    for name, values in columns.items():
        if name not in arrays and not _all_equal(values, is_document=name in documents):
            arrays.add(name)
    arguments: dict[str, Any] = {}
    for name, values in columns.items():
        if name not in arrays:
            arguments[f"{alias}_{name}"] = values[0] if values else None
        elif name in documents:
            # Bare lists would be taken for further dimensions of the array.
            arguments[f"{alias}_{name}"] = [v if v is None else Json(v) for v in values]
        else:
            arguments[f"{alias}_{name}"] = values
    return tuple(name for name in names if name in arrays), arguments


def incoming(
    table: Table, shape: Shape, alias: str = "incoming", names: Sequence[str] | None = None
) -> Any:
    """The rows, with these of their columns, or all."""
    wanted = names or stored_columns(table)
    source = rows_of(table, [name for name in wanted if name in shape], alias)
    return select(
        *(
            source.c[name] if name in shape else param(f"{alias}_{name}", table.c[name]).label(name)
            for name in wanted
        )
    )


def insert_shaped(table: Table, shape: Shape, alias: str = "incoming") -> Any:
    """`INSERT … SELECT` of rows of this shape, for use alone or inside a larger statement."""
    return insert(table).from_select(list(stored_columns(table)), incoming(table, shape, alias))


@lru_cache(maxsize=500)
def add_shaped(table: Table, shape: Shape) -> Statement:
    """The same, alone."""
    return Statement(insert_shaped(table, shape))


def _all_equal(values: list[Any], *, is_document: bool) -> bool:
    first = values[0] if values else None
    if is_document and first:
        # In documents 1 equals True, and is not the same.
        return False
    return values.count(first) == len(values)


@cache
def _differing(table: Table) -> set[str]:
    """The columns found to differ so far. There has to be one: the last of the primary key."""
    return {[column.name for column in table.primary_key][-1]}


@cache
def _documents(table: Table) -> frozenset[str]:
    return frozenset(column.name for column in table.c if isinstance(column.type, JSONB))
