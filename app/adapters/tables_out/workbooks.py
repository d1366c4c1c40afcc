"""A sheet of Excel by xlsxwriter: text stays text, so there are no formulas to neutralise."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import xlsxwriter  # type: ignore[import-untyped]

from app.adapters.tables_out.delimited import instant_text
from app.domain.conditions import Field, ValueType
from app.domain.errors import Invalid

ROWS_LIMIT = 1_048_575  # and the line of names
TEXT_LIMIT = 32_767
# Beyond this Excel forgets the last digits.
EXACT_LIMIT = 10**15
_PIECE = 64 * 1024


class WorkbookWriter:
    """Rows go to the disk as they come; the file is zipped at its end, and only then given out.

    Excel's limits are never met by cutting: what does not fit is an error.
    """

    def __init__(self, columns: Sequence[Field]) -> None:
        self._columns = columns
        self._folder = tempfile.TemporaryDirectory(prefix="touchline-export-")
        self._path = Path(self._folder.name, "export.xlsx")
        options = {
            "constant_memory": True,
            "tmpdir": self._folder.name,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._book = xlsxwriter.Workbook(str(self._path), options)
        self._sheet = self._book.add_worksheet()
        self._next_row = 0

    def begin(self) -> bytes:
        """The line of names, into the file."""
        for place, field in enumerate(self._columns):
            self._sheet.write_string(0, place, field.name)
        self._next_row = 1
        return b""

    def rows(self, stretch: Sequence[Sequence[Any]]) -> bytes:
        """Rows, into the file."""
        for row in zip(*stretch, strict=True):
            if self._next_row > ROWS_LIMIT:
                raise Invalid(f"Excel holds {ROWS_LIMIT:,} rows; export as CSV", code="too_many")
            for place, (field, value) in enumerate(zip(self._columns, row, strict=True)):
                self._write(place, field, value)
            self._next_row += 1
        return b""

    def end(self) -> Iterator[bytes]:
        """The file, in pieces."""
        self._book.close()
        with self._path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece

    def close(self) -> None:
        """Remove what is on the disk."""
        # Of a book that was not ended, the rows so far are in a file that is still open.
        self._sheet.row_data_fh.close()
        self._folder.cleanup()

    def _write(self, place: int, field: Field, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, bool):
            self._sheet.write_boolean(self._next_row, place, value)
        elif isinstance(value, int | float) and abs(value) < EXACT_LIMIT:
            self._sheet.write_number(self._next_row, place, value)
        else:
            text = _text(field, value)
            if len(text) > TEXT_LIMIT:
                raise Invalid(
                    f"{field.name} of row {self._next_row} has more than the {TEXT_LIMIT:,} "
                    "characters of a cell of Excel; export as CSV",
                    code="too_long",
                )
            self._sheet.write_string(self._next_row, place, text)


def _text(field: Field, value: Any) -> str:
    if field.type in (ValueType.LIST, ValueType.OBJECT):
        return orjson.dumps(value).decode()
    if field.type in (ValueType.INSTANT, ValueType.DAY) and not isinstance(value, str):
        return instant_text(value)
    return str(value)
