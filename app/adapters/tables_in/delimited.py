"""Text with delimiters: CSV in all its dialects."""

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.adapters.tables_in.bytes_in import open_bytes
from app.domain.intake.import_files import LONGEST_CELL, FileFormat, Record, UnreadableFile

# A cell may hold line breaks; a quote that is never closed would swallow the rest of the file.
MOST_LINES = 200

_WHY = {
    "unexpected end of data": "a quote is opened and never closed",
    "field larger": f"a cell has more than {LONGEST_CELL:,} characters: is a quote not closed?",
    "expected after": "text follows a closing quote: quotes inside of a cell are to be doubled",
}


def delimited_rows(path: Path, form: FileFormat) -> Iterator[Record]:
    """Each row with the line it begins on. Bytes that mean nothing in the encoding become halves
    of surrogate pairs, which no text holds, so that the row can be told apart.

    Of a row that breaks the rules of quoting only the first line is given up; reading goes on
    behind it.
    """
    csv.field_size_limit(LONGEST_CELL)
    encoding = form.encoding or "utf-8"
    # Only one-byte encodings and UTF-8 can keep a byte aside.
    aside = "surrogateescape" if not encoding.startswith(("utf-16", "utf-32")) else "replace"
    with (
        open_bytes(path, compressed=bool(form.compressed)) as raw,
        io.TextIOWrapper(raw, encoding, errors=aside, newline="") as text,
    ):
        try:
            yield from _rows(text, form.delimiter or ",", form.quote or '"')
        except UnicodeError as error:
            raise UnreadableFile(f"it is not in the encoding {encoding}: {error}") from None


def _rows(text: Iterable[str], delimiter: str, quote: str) -> Iterator[Record]:
    lines = _Lines(text)
    line = 1
    reader = csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _TooManyLines) as error:
            first = lines.give_back_all_but_first()
            yield Record(line, [first.rstrip("\r\n")], _explained(error))
            line += 1
            # What the old one had begun to read is forgotten with it.
            reader = csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=True)
            continue
        if line > 1 or not _names_delimiter(cells):
            if line == 1 and cells:
                cells[0] = cells[0].removeprefix("\ufeff")
            yield Record(line, cells)
        line += lines.taken()


class _TooManyLines(Exception):
    """A row goes on and on."""


class _Lines:
    """Hands out lines and remembers those of the present row, so that they can be read again."""

    def __init__(self, text: Iterable[str]) -> None:
        self._text = iter(text)
        self._row: list[str] = []
        self._again: deque[str] = deque()

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if len(self._row) == MOST_LINES:
            raise _TooManyLines
        line = self._again.popleft() if self._again else next(self._text)
        self._row.append(line)
        return line

    def taken(self) -> int:
        """How many lines the row that ends here has; the next begins."""
        count = len(self._row)
        self._row.clear()
        return count

    def give_back_all_but_first(self) -> str:
        """The first line of the present row; those behind it are read again."""
        first, *others = self._row
        self._again.extendleft(reversed(others))
        self._row.clear()
        return first


def _explained(error: Exception) -> str:
    if isinstance(error, _TooManyLines):
        return f"a quote is opened and not closed within {MOST_LINES} lines"
    return next((why for sign, why in _WHY.items() if sign in str(error)), str(error))


def _names_delimiter(cells: list[str]) -> bool:
    """Whether this is Excel's `sep=;`, which is no row."""
    text = "".join(cells).removeprefix("\ufeff").lower()
    return text in ("sep=", "sep=,", "sep=;", "sep=|", "sep=\t")
