"""The keys of records, kept beside them: whoever writes a record's `match_key` writes these."""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import BigInteger, Table, cast, delete, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from app.domain.leads.matching import Record
from app.repositories.resources import Resources
from app.repositories.statements import Statement, own, param, rows_of
from app.repositories.tables.matching import match_keys

E = TypeVar("E")

_COLUMNS = ("workspace_id", "record", "value", "record_id")
_KEYED = ("workspace_id", "id", "match_key")


class KeyedResources(Resources[E]):
    """Resources that are looked up by their keys."""

    record: Record

    async def add(self, entity: E) -> None:
        """Store a new entity and its keys."""
        await super().add(entity)
        await self._sync({vars(entity)["id"]: vars(entity)["match_key"]})

    async def change(self, row_id: UUID, changes: Mapping[str, Any]) -> E:
        """Set these columns; with a new `match_key` the keys follow."""
        if "match_key" in changes:
            await self._sync({row_id: changes["match_key"]})
        return await super().change(row_id, changes)

    async def change_keys(self, keys: Mapping[UUID, str]) -> None:
        """Give records other keys, and change nothing else about them."""
        await self._sync(keys)
        await self._transaction.rows(_set_keys(self.table), **_told(self.table, keys))

    async def _sync(self, keys: Mapping[UUID, str]) -> None:
        # Before the row changes: its present keys tell which have to go.
        workspace_ids = [self._transaction.workspace_id] * len(keys)
        told = _told(self.table, keys) | {f"{self.table.name}_workspace_id": workspace_ids}
        await self._transaction.rows(_sync(self.table, self.record), **told)


def _told(table: Table, keys: Mapping[UUID, str]) -> dict[str, Any]:
    ids = sorted(keys)
    return {
        f"{table.name}_id": ids,
        f"{table.name}_match_key": [keys[record_id] for record_id in ids],
    }


def insert_keys(rows: Any, record: Record) -> Any:
    """An INSERT of the keys of `rows`, which have workspace_id, id and match_key."""
    # A function in FROM sees what stands before it.
    key = (
        func.unnest(func.string_to_array(rows.c.match_key, " "))
        .table_valued("value", name="each_key", joins_implicitly=True)
        .render_derived()
    )
    values = (
        rows.c.workspace_id,
        literal(record.value),
        cast(key.c.value, BigInteger),
        rows.c.id,
    )
    return (
        insert(match_keys)
        .from_select(list(_COLUMNS), select(*values).select_from(rows).select_from(key))
        .on_conflict_do_nothing()
    )


def delete_stale_keys(table: Table, rows: Any, record: Record) -> Any:
    """A DELETE of the keys that rows of the table have and will not have any more."""
    return delete(match_keys).where(
        own(match_keys, table),
        table.c.id == rows.c.id,
        match_keys.c.record == record.value,
        match_keys.c.record_id == table.c.id,
        match_keys.c.value == func.any(_numbers(table.c.match_key)),
        ~(match_keys.c.value == func.any(_numbers(rows.c.match_key))),
    )


def _numbers(key: Any) -> Any:
    return cast(func.string_to_array(key, " "), ARRAY(BigInteger))


@cache
def _sync(table: Table, record: Record) -> Statement:
    rows = rows_of(table, _KEYED, table.name)
    stale = delete_stale_keys(table, rows, record).cte("stale_keys")
    return Statement(insert_keys(rows, record).add_cte(stale))


@cache
def _set_keys(table: Table) -> Statement:
    rows = rows_of(table, _KEYED[1:], table.name)
    return Statement(
        table.update().where(own(table), table.c.id == rows.c.id).values(match_key=rows.c.match_key)
    )


def insert_few_keys(alias: str, table: Table, count: int, record: Record) -> Any:
    """An INSERT of the keys of rows that `insert_few` inserts in the same statement."""
    each = [
        select(*(param(f"{alias}{row}_{name}", table.c[name]).label(name) for name in _KEYED))
        for row in range(count)
    ]
    rows = each[0] if count == 1 else each[0].union_all(*each[1:])
    return insert_keys(rows.subquery(f"{alias}_keyed"), record)
