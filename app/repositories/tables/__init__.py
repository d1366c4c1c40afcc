"""Every table, its class, and the conventions they share."""

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

metadata = MetaData()


class TableClass(StrEnum):
    """How a table is kept apart and, one day, spread over machines."""

    TENANT = "tenant"
    REFERENCE = "reference"
    LOCAL = "local"


def tenant_table(
    name: str,
    *parts: Any,
    key: tuple[str, ...] = ("id",),
    append_only: bool = False,
    moves_with_lead: bool = False,
    added_at_intake: bool = False,
) -> Table:
    """A table whose every row belongs to one workspace, which leads its primary key.

    `append_only` rows can be added and read by the service, never changed or removed; where they
    `moves_with_lead`, a merge may yet point them to another lead. Rows `added_at_intake` are added
    by the role touchline_intake alone.
    """
    columns: list[Any] = [Column("workspace_id", Uuid, nullable=False)]
    if "id" in key:
        columns.append(Column("id", Uuid, nullable=False))
    return Table(
        name,
        metadata,
        *columns,
        *parts,
        PrimaryKeyConstraint("workspace_id", *key, name=f"{name}_pkey"),
        info={
            "class": TableClass.TENANT,
            "append_only": append_only,
            "moves_with_lead": moves_with_lead,
            "added_at_intake": added_at_intake,
        },
    )


def reference_table(name: str, *parts: Any) -> Table:
    """A nearly read-only table that all workspaces share."""
    return Table(name, metadata, *parts, info={"class": TableClass.REFERENCE, "append_only": True})


def local_table(name: str, *parts: Any) -> Table:
    """A table of the machinery, beside the workspaces: no row-level security guards it.

    What reads it for a workspace binds workspace_id all the same.
    """
    return Table(
        name,
        metadata,
        Column("workspace_id", Uuid, nullable=False),
        Column("id", Uuid, nullable=False),
        *parts,
        PrimaryKeyConstraint("id", name=f"{name}_pkey"),
        info={"class": TableClass.LOCAL, "append_only": False},
    )


def text(name: str, *, required: bool = False) -> Column[str]:
    """A text column."""
    return Column(name, Text, nullable=not required)


def instant(name: str, *, required: bool = False) -> Column[Any]:
    """A point in time, kept in UTC."""
    return Column(name, DateTime(timezone=True), nullable=not required)


def versioned() -> list[Column[Any]]:
    """What every mutable resource carries."""
    return [
        instant("created_at", required=True),
        instant("updated_at", required=True),
        Column("version", Integer, nullable=False),
    ]


def refers(table: str, column: str, target: str, name: str) -> ForeignKeyConstraint:
    """A foreign key inside the workspace: both sides carry workspace_id."""
    return ForeignKeyConstraint(
        ["workspace_id", column],
        [f"{target}.workspace_id", f"{target}.id"],
        name=f"{table}_{name}_fk",
    )


def unique(table: str, name: str, *columns: str) -> UniqueConstraint:
    """A key that is unique within the workspace."""
    return UniqueConstraint("workspace_id", *columns, name=f"{table}_{name}_key")


def index(table: str, name: str, *columns: str, **options: Any) -> Index:
    """An index led by the workspace."""
    return Index(f"{table}_{name}_idx", "workspace_id", *columns, **options)


def one_of(table: str, column: str, values: Any) -> CheckConstraint:
    """Text that can only be one of an enum's values, without a database enum."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{table}_{column}_check")
