"""What the repositories of plain resources share: get, lock, add, change and page by key."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Table, func, select

from app.domain.errors import NotFound
from app.domain.paging import Page, PageRequest
from app.repositories.paging import Cursor, arguments_for, in_order, page_of
from app.repositories.statements import (
    Statement,
    add_rows,
    array_param,
    as_arrays,
    built,
    change_row,
    existing_ids,
    get_row,
    own,
)
from app.repositories.transaction import Transaction

E = TypeVar("E")


class Resources(Generic[E]):
    """A repository of one table whose rows become entities of one class."""

    table: Table
    entity: type[E]
    noun: str

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def get(self, row_id: UUID, *, lock: bool = False) -> E:
        """The entity, locked against other writers on demand; NotFound if it is not here."""
        row = await self._transaction.row(get_row(self.table, lock=lock), id=row_id)
        if row is None:
            raise NotFound(f"no such {self.noun} in this workspace")
        return built(self.entity, row)

    async def existing(self, ids: Iterable[UUID]) -> set[UUID]:
        """Which of these exist."""
        rows = await self._transaction.rows(existing_ids(self.table), ids=sorted(ids))
        return {row["id"] for row in rows}

    async def add(self, entity: E) -> None:
        """Store a new entity."""
        await self._transaction.rows(add_rows(self.table), **as_arrays(self.table, [vars(entity)]))

    async def change(self, row_id: UUID, changes: Mapping[str, Any]) -> E:
        """Set these columns and return the entity as stored."""
        values = {f"new_{name}": value for name, value in changes.items()}
        statement = change_row(self.table, frozenset(changes))
        row = await self._transaction.row(statement, id=row_id, **values)
        if row is None:
            raise NotFound(f"no such {self.noun} in this workspace")
        return built(self.entity, row)

    async def page(
        self, request: PageRequest, filters: Mapping[str, Sequence[Any]] | None = None
    ) -> Page[E]:
        """A page in order of creation; of each column in `filters` any of the values will do."""
        given = {name: sorted(values) for name, values in (filters or {}).items()}
        cursor = Cursor(
            self._transaction.workspace_id,
            self._transaction.now,
            self.table.name,
            request.sort,
            sorted(given.items()),
        )
        values = arguments_for(request, cursor)
        statement = _page(
            self.table, frozenset(given), request.descending, request.cursor is not None
        )
        rows = await self._transaction.rows(statement, **given, **values)
        return page_of(rows, request, cursor, lambda row: built(self.entity, row), "created_at")


@cache
def _page(table: Table, filters: frozenset[str], descending: bool, after: bool) -> Statement:
    conditions: list[ColumnElement[bool]] = [own(table)]
    conditions += [
        table.c[name] == func.any(array_param(name, table.c[name])) for name in sorted(filters)
    ]
    query = select(table).where(*conditions)
    return Statement(
        in_order(query, table.c.created_at, table.c.id, descending=descending, after=after)
    )
