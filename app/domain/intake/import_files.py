"""Files of rows: how one is written, and what a row of it is. Pure data; `adapters` reads them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

MOST_COLUMNS = 500
LONGEST_CELL = 131_072
LONGEST_NAME = 200


class FileKind(StrEnum):
    """How the rows are written."""

    CSV = "csv"
    XLSX = "xlsx"
    NDJSON = "ndjson"


class UnreadableFile(Exception):
    """Why a file cannot be read, in words for whoever sent it."""


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    """How a file is to be read. What is None is found out from its bytes."""

    kind: FileKind | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    sheet: str | None = None
    compressed: bool | None = None

    def told(self) -> dict[str, Any]:
        """As it is stored."""
        return {name: value for name, value in vars(self).items() if value is not None}


class Record(NamedTuple):
    """One row: where it begins, its cells in the order of the columns, and what is wrong with it.

    Cells are text, or what a workbook or JSON says they are. `fault` tells why the row cannot be
    taken apart; its cells are then what could be read.
    """

    line: int
    cells: list[Any]
    fault: str | None = None

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing in it."""
        return self.fault is None and all(
            cell is None or (isinstance(cell, str) and not cell.strip()) for cell in self.cells
        )


def column_names(header: list[Any]) -> list[str]:
    """Names for the columns: blank ones get their number, repeated ones are told apart."""
    names: list[str] = []
    taken: set[str] = set()
    for number, cell in enumerate(header, 1):
        base = " ".join(str("" if cell is None else cell).split())[:LONGEST_NAME]
        base = base or f"column {number}"
        name, count = base, 1
        while name in taken:
            count += 1
            name = f"{base} ({count})"
        taken.add(name)
        names.append(name)
    return names
