"""An import watched: its state whenever it changes, and its rows as a file."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Collection
from time import monotonic
from typing import Any
from uuid import UUID

from app.domain.access.api_keys import Caller
from app.domain.errors import NotFound
from app.domain.intake.formulas import neutralise
from app.domain.intake.imports import Import, ImportRow, Phase, RowOutcome
from app.platform.db import Database
from app.repositories.unit_of_work import UnitOfWork

POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 15.0
# Whoever still wants to know comes back with the last id that they saw.
LONGEST_SECONDS = 30 * 60.0
_ROWS_AT_ONCE = 1_000


async def follow(
    database: Database, caller: Caller, import_id: UUID, after: int
) -> AsyncIterator[Import | None]:
    """The import each time it has changed, until nothing is at work on it; None now and then, so
    that the line is not taken for dead. No transaction is open in between."""
    started = told_at = monotonic()
    while monotonic() - started < LONGEST_SECONDS:
        try:
            async with UnitOfWork(database, caller) as uow:
                import_ = await uow.imports.get(import_id)
        except NotFound:
            return
        if import_.version > after:
            after, told_at = import_.version, monotonic()
            yield import_
        if not import_.is_at_work:
            return
        if monotonic() - told_at > HEARTBEAT_SECONDS:
            told_at = monotonic()
            yield None
        await asyncio.sleep(POLL_SECONDS)


async def rejects(
    database: Database, caller: Caller, import_: Import, outcomes: Collection[RowOutcome]
) -> AsyncIterator[bytes]:
    """Rows as CSV: the columns of the file, then the line, the outcome and the reasons.

    The file can be put right and sent again. What a spreadsheet would run is made harmless.
    """
    columns = [column["name"] for column in import_.columns]
    yield _line([*columns, "touchline_line", "touchline_outcome", "touchline_reasons"])
    after = -1
    rows: list[ImportRow] = []
    while after < 0 or rows:
        async with UnitOfWork(database, caller) as uow:
            rows = await uow.imports.rows.page(
                import_.id, Phase.RUN, outcomes, after, _ROWS_AT_ONCE
            )
        yield b"".join(_of_row(row, len(columns)) for row in rows)
        after = rows[-1].line if rows else max(after, 0)


def _of_row(row: ImportRow, width: int) -> bytes:
    cells = [*(row.cells or ())]
    # What has more cells than the header keeps them all, in the last of them.
    if len(cells) > width:
        cells[width - 1 :] = [" ".join(_text(cell) for cell in cells[width - 1 :])]
    cells += [""] * (width - len(cells))
    return _line([*cells, row.line, row.outcome, told(row)])


def told(row: ImportRow) -> str:
    """The reasons of a row in one line."""
    return "; ".join(
        f"{reason['column']}: {reason['detail']}" if reason.get("column") else reason["detail"]
        for reason in row.reasons or ()
    )


def _line(cells: list[Any]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow([neutralise(_text(cell)) for cell in cells])
    return line.getvalue().encode()


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell)
