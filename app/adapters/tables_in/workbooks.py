"""Workbooks: the rows of one sheet, its dates and numbers as they are."""

import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from app.domain.intake.import_files import FileFormat, Record, UnreadableFile

# Unpacked, as XML. A sheet lies in memory while it is read; this is about 300,000 rows.
LARGEST_SHEET = 400 * 1024**2


def sheet_names(path: Path) -> list[str]:
    """The sheets of a workbook, in its order."""
    return list(_opened(path).sheet_names)


def sheet_rows(path: Path, form: FileFormat) -> Iterator[Record]:
    """The rows of the sheet that is named, or else of the first."""
    book = _opened(path)
    names = list(book.sheet_names)
    if form.sheet is not None and form.sheet not in names:
        raise UnreadableFile(f"there is no sheet {form.sheet!r}; there are {', '.join(names)}")
    try:
        sheet = book.get_sheet_by_name(form.sheet or names[0])
    except (CalamineError, OSError) as error:
        raise UnreadableFile(f"the sheet cannot be read: {error}") from None
    for number, cells in enumerate(sheet.iter_rows(), 1):
        yield Record(number, [_plain(cell) for cell in cells])


def _opened(path: Path) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = [entry.file_size for entry in archive.infolist()]
    except (zipfile.BadZipFile, OSError):
        raise UnreadableFile("the workbook is broken") from None
    if sum(parts) > LARGEST_SHEET:
        raise UnreadableFile(
            f"the workbook unpacks to {sum(parts):,} bytes, at most {LARGEST_SHEET:,} are read; "
            "save the sheet as CSV, which has no such limit"
        )
    try:
        book = CalamineWorkbook.from_path(path)
    except (CalamineError, OSError) as error:
        raise UnreadableFile(f"the workbook cannot be read: {error}") from None
    if not book.sheet_names:
        raise UnreadableFile("the workbook has no sheet")
    return book


def _plain(cell: Any) -> Any:
    """Whole numbers as such: a workbook knows no other than floating ones."""
    if type(cell) is float and cell.is_integer() and abs(cell) < 2**53:
        return int(cell)
    if isinstance(cell, timedelta):
        return str(cell)
    return cell
