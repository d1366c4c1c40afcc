"""Exports: opened in a transaction that notes them, read in many short ones."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from app.adapters.tables_out import MEDIA_TYPES, check_format, open_table
from app.domain.access.api_keys import Caller, Scope
from app.domain.condition_parsing import parse_condition
from app.domain.conditions import Field
from app.domain.errors import Forbidden, Unavailable
from app.domain.leads.exports import (
    IDENTITIES,
    Order,
    Resource,
    Selection,
    checked_sort,
    chosen_columns,
    default_columns,
)
from app.domain.leads.fields import LEAD_COLUMNS, custom_columns, lead_fields
from app.domain.reach.events import EventType
from app.domain.record.fields import TOUCHPOINT_COLUMNS, touchpoint_fields
from app.domain.sales.fields import OPPORTUNITY_COLUMNS
from app.platform.db import Database
from app.platform.ids import new_id
from app.repositories.leads.exports import Mark, Stretch
from app.repositories.unit_of_work import UnitOfWork

# Rows read, held and written at once.
STRETCH_ROWS = 1_000
# How far a statement looks for rows that meet a condition: far enough to find some, never so far
# that it runs into its timeout.
_SHORTEST_LOOK, _FARTHEST_LOOK = 2_000, 32_000
_ATTEMPTS = 6
# Another machine's clock, and so its ids, may be this much ahead.
_CLOCK_SKEW_MS = 60_000
_LAST_BITS = (1 << 80) - 1

_SCOPES: dict[Resource, Scope] = {
    Resource.LEADS: Scope.LEADS_READ,
    Resource.TOUCHPOINTS: Scope.LEADS_READ,
    Resource.OPPORTUNITIES: Scope.SALES_READ,
}


class ExportService:
    """Opens exports; what they hold is read afterwards."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def open(self, order: Order) -> "Export":
        """The export, checked and noted in the journal; Invalid names what cannot be exported."""
        scope = _SCOPES[order.resource]
        if scope not in self._uow.caller.scopes:
            raise Forbidden(f"this API key lacks the scope {scope}", extra={"scope": scope.value})
        check_format(order.format)
        sort_key, descending = checked_sort(order.resource, order.sort)
        tested, columns, custom = await self._fields(order.resource)
        condition = None
        if order.condition is not None:
            condition = parse_condition(order.condition, tested, "/condition")
        default = default_columns(order.resource, order.format, columns, custom)
        selection = Selection(
            resource=order.resource,
            columns=chosen_columns(columns, order.columns, default),
            condition=condition,
            sort_key=sort_key,
            descending=descending,
        )
        last_id = max(_id_to_come(), await self._uow.exports.greatest_id(order.resource))
        export = Export(new_id(), order, selection, self._uow.caller, last_id)
        told = {
            "resource": order.resource.value,
            "format": order.format.value,
            "columns": [field.name for field in selection.columns],
            # Not what it says: names and addresses that it looks for do not belong in the journal.
            "filtered": condition is not None,
        }
        self._uow.record(EventType.EXPORT_MADE, "export", export.id, told)
        await self._uow.flush()
        return export

    async def _fields(
        self, resource: Resource
    ) -> tuple[Mapping[str, Field], Mapping[str, Field], Mapping[str, Field]]:
        """What can be tested, what can be shown, and which of that are custom fields."""
        if resource is Resource.TOUCHPOINTS:
            return touchpoint_fields(), TOUCHPOINT_COLUMNS, {}
        if resource is Resource.OPPORTUNITIES:
            return OPPORTUNITY_COLUMNS, OPPORTUNITY_COLUMNS, {}
        declared = (await self._uow.custom_fields.by_key()).values()
        custom = custom_columns(declared)
        shown = {**LEAD_COLUMNS, **custom, IDENTITIES.name: IDENTITIES}
        return lead_fields(declared), shown, custom


@dataclass(frozen=True)
class Export:
    """An opened export; records with an id beyond `last_id` came later, and are left out, so that
    it ends however many are added meanwhile."""

    id: UUID
    order: Order
    selection: Selection
    caller: Caller
    last_id: UUID

    @property
    def media_type(self) -> str:
        """What the bytes are."""
        return MEDIA_TYPES[self.order.format]

    @property
    def file_name(self) -> str:
        """What to call the file."""
        return f"{self.order.resource.value}.{self.order.format.value}"

    async def pieces(
        self, database: Database, told: Callable[[int], None] = lambda _: None
    ) -> AsyncGenerator[bytes, None]:
        """The file, piece by piece; `told` hears how many rows went into it each time.

        Nothing is held between two pieces: no connection and no more than some thousand rows. The
        first piece comes when rows have been read, so that what fails at once fails before it.
        """
        table = open_table(self.order, self.selection.columns)
        try:
            waiting = await asyncio.to_thread(table.begin)
            async for stretch in self._stretches(database):
                waiting += await asyncio.to_thread(table.rows, stretch.columns)
                told(stretch.count)
                if waiting:
                    yield waiting
                    waiting = b""
            if waiting:
                yield waiting
            ending = table.end()
            while piece := await asyncio.to_thread(next, ending, b""):
                yield piece
        finally:
            table.close()

    async def _stretches(self, database: Database) -> AsyncIterator[Stretch]:
        """Every record that meets the condition, each once, in the order asked for."""
        after: Mark | None = None
        look = _SHORTEST_LOOK
        more = True
        while more:
            found, until, looked = await self._next(database, after, look)
            if found.count == STRETCH_ROWS:
                after = found.last
            else:
                after, more = until, until is not None
            farthest = _FARTHEST_LOOK if found.count < looked / 8 else _SHORTEST_LOOK
            look = min(looked * 2, farthest)
            if found.count:
                yield found

    async def _next(
        self, database: Database, after: Mark | None, look: int
    ) -> tuple[Stretch, Mark | None, int]:
        """The records that come next, where the look for them ended, None at the very end, and how
        far it went: less far when it took too long."""
        attempt = 1
        while True:
            try:
                async with UnitOfWork(database, self.caller) as uow:
                    until = None
                    if self.selection.condition is not None:
                        until = await uow.exports.end_of_stretch(
                            self.selection, self.last_id, after, look
                        )
                    found = await uow.exports.stretch(
                        self.selection,
                        self.last_id,
                        after=after,
                        until=until,
                        limit=STRETCH_ROWS,
                    )
                    return found, until, look
            except Unavailable:
                # Nothing of it was written yet, so it can be read again.
                if attempt == _ATTEMPTS:
                    raise
                look = max(1, look // 2)
                await asyncio.sleep(0.1 * 2**attempt)
                attempt += 1


def _id_to_come() -> UUID:
    """Greater than any id that a clock of ours has given out by now."""
    milliseconds = (new_id().int >> 80) + _CLOCK_SKEW_MS
    return UUID(int=milliseconds << 80 | _LAST_BITS)
