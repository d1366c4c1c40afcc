"""A row for any table, made from its declaration alone, so that new tables are covered unasked."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.platform.ids import new_id
from app.repositories.tables import TableClass, metadata
from app.repositories.unit_of_work import UnitOfWork  # noqa: F401 - declares every table

_VALUES: dict[type, Any] = {
    BigInteger: lambda: new_id().int % 2**62,
    Integer: lambda: new_id().int % 2**30,
    Boolean: lambda: True,
    Float: lambda: 0.5,
    Date: lambda: date(2026, 3, 2),
    DateTime: lambda: datetime(2026, 3, 2, tzinfo=UTC),
    LargeBinary: lambda: new_id().bytes,
    JSONB: dict,
    Uuid: new_id,
    Text: lambda: f"t{new_id().hex}",
}


def tenant_tables() -> list[Table]:
    """Every table whose rows belong to a workspace, each after those it refers to."""
    return [t for t in metadata.sorted_tables if t.info["class"] is TableClass.TENANT]


def references(table: Table) -> list[tuple[str, Table]]:
    """The columns that point to another tenant table, and that table, in the order of names."""
    found = (
        (columns[1], constraint.referred_table)
        for constraint in table.constraints
        if isinstance(constraint, ForeignKeyConstraint)
        and len(columns := list(constraint.column_keys)) == 2
    )
    return sorted(found, key=lambda reference: reference[0])


def row_for(table: Table, workspace_id: UUID, ids: Mapping[str, UUID]) -> dict[str, Any]:
    """A new row; `ids` names the row of each table that required references point to."""
    targets = {column: ids.get(target.name) for column, target in references(table)}
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.computed is not None:
            continue
        if column.name == "workspace_id":
            row[column.name] = workspace_id
        elif column.name in targets:
            row[column.name] = None if column.nullable else targets[column.name]
        else:
            row[column.name] = None if column.nullable else _value(column)
    return row


def insert_sql(table: Table, row: Mapping[str, Any]) -> str:
    """An INSERT of the row with one parameter a column."""
    marks = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    return f"INSERT INTO {table.name} ({', '.join(row)}) VALUES ({marks})"


def _value(column: Column[Any]) -> Any:
    allowed = _allowed(column)
    if allowed:
        return allowed[0]
    made = next(make for kind, make in _VALUES.items() if isinstance(column.type, kind))
    return made()


def _allowed(column: Column[Any]) -> list[str]:
    """The values a CHECK lists for the column."""
    for constraint in column.table.constraints:
        if isinstance(constraint, CheckConstraint):
            text = str(constraint.sqltext)
            if re.match(rf"{column.name} IN \(", text):
                return re.findall(r"'([^']*)'", text)
    return []
