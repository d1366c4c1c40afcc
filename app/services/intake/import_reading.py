"""The file of an import on the disk, and its rows in sets."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from app.adapters.tables_in import open_table
from app.domain.access.api_keys import Caller
from app.domain.intake.import_files import FileFormat, FileKind, UnreadableFile
from app.domain.intake.import_rows import ReadRow, RowReader
from app.domain.intake.imports import Import
from app.platform.db import Database
from app.repositories.unit_of_work import UnitOfWork


@dataclass(slots=True)
class RowSet:
    """Rows that were read, blank ones left out, and the number of rows up to the end of each."""

    rows: list[ReadRow]
    numbers: list[int]
    blank: int
    end: int

    def halves(self) -> tuple["RowSet", "RowSet"]:
        """The set as two, which together are as far in the file."""
        middle = len(self.rows) // 2
        first_end = self.numbers[middle - 1]
        first = RowSet(self.rows[:middle], self.numbers[:middle], 0, first_end)
        return first, RowSet(self.rows[middle:], self.numbers[middle:], self.blank, self.end)


def row_sets(path: Path, import_: Import, reader: RowReader, size: int) -> Iterator[RowSet]:
    """The rows behind those that are dealt with. UnreadableFile when the file is broken."""
    columns = [column["name"] for column in import_.columns]
    told = dict(import_.format)
    table = open_table(path, FileFormat(**told | {"kind": FileKind(told["kind"])}), columns)
    if table.columns != columns:
        raise UnreadableFile("its columns are not those that were found at first")
    number = import_.cursor
    records = islice(table.rows, number, None)
    while several := list(islice(records, size)):
        rows: list[ReadRow] = []
        numbers: list[int] = []
        for place, record in enumerate(several, number + 1):
            row = reader.read(record)
            if row.values or row.problems or not record.is_blank:
                rows.append(row)
                numbers.append(place)
        number += len(several)
        yield RowSet(rows, numbers, len(several) - len(rows), number)


@asynccontextmanager
async def file_of(
    database: Database, caller: Caller, import_: Import, path: Path | None
) -> AsyncIterator[Path]:
    """The file on this machine's disk: where it lies already, or fetched for the while."""
    if path is not None:
        yield path
        return
    folder = Path(tempfile.mkdtemp(prefix="touchline-import-"))
    try:
        fetched = folder / "file"
        with fetched.open("wb") as file:
            number = 0
            while (piece := await _piece(database, caller, import_, number)) is not None:
                file.write(piece)
                number += 1
        if fetched.stat().st_size != import_.file_size:
            raise UnreadableFile("the file is not there any more; send it again")
        yield fetched
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _piece(database: Database, caller: Caller, import_: Import, number: int) -> bytes | None:
    async with UnitOfWork(database, caller) as uow:
        return await uow.imports.piece(import_.id, number)
