"""A table of any kind: its columns, and its rows one after the other, however long it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.adapters.tables_in.bytes_in import BROKEN
from app.adapters.tables_in.delimited import delimited_rows
from app.adapters.tables_in.json_lines import json_columns, json_rows
from app.adapters.tables_in.workbooks import sheet_names, sheet_rows
from app.domain.intake.import_files import (
    MOST_COLUMNS,
    FileFormat,
    FileKind,
    Record,
    UnreadableFile,
    column_names,
)


@dataclass(frozen=True)
class Table:
    """The columns of a file, and its rows; blank rows are among them."""

    columns: list[str]
    rows: Iterator[Record]
    sheets: list[str]


def open_table(path: Path, form: FileFormat, columns: list[str] | None = None) -> Table:
    """The table in a file whose format is known; UnreadableFile when there is none.

    Lines of JSON have no header: their columns are gathered from all of them, unless told.
    """
    try:
        if form.kind is FileKind.NDJSON:
            names = columns or json_columns(path, form)
            return Table(_not_too_many(names), _careful(json_rows(path, form, names)), [])
        sheets = sheet_names(path) if form.kind is FileKind.XLSX else []
        rows = sheet_rows(path, form) if form.kind is FileKind.XLSX else delimited_rows(path, form)
        header = next((row for row in rows if row.fault or not row.is_blank), None)
    except BROKEN as error:
        raise UnreadableFile(f"the file is broken: {error}") from None
    if header is None:
        raise UnreadableFile("there is no row in it" + (", on this sheet" if sheets else ""))
    if header.fault:
        raise UnreadableFile(f"its first row cannot be read: {header.fault}")
    while header.cells and header.cells[-1] in ("", None):
        header.cells.pop()
    names = _not_too_many(column_names(header.cells))
    return Table(names, _careful(_of_width(rows, len(names))), sheets)


def _not_too_many(names: list[str]) -> list[str]:
    if len(names) > MOST_COLUMNS:
        raise UnreadableFile(f"it has {len(names):,} columns, at most {MOST_COLUMNS} are read")
    if not names:
        raise UnreadableFile("there is no row in it")
    return names


def _of_width(rows: Iterator[Record], width: int) -> Iterator[Record]:
    """The rows, those that have too many or too few cells with what is wrong with them."""
    for row in rows:
        count = len(row.cells)
        if count == width or row.fault:
            yield row
        elif count > width:
            beyond = [cell for cell in row.cells[width:] if cell not in ("", None)]
            if beyond:
                detail = f"has {count} cells, the header has {width}: is a delimiter not quoted?"
                yield row._replace(fault=detail)
            else:
                yield row._replace(cells=row.cells[:width])
        elif row.is_blank:
            yield row._replace(cells=[""] * width)
        else:
            detail = f"has {count} of {width} cells: is it cut off, or a line break not quoted?"
            yield row._replace(fault=detail)


def _careful(rows: Iterator[Record]) -> Iterator[Record]:
    try:
        yield from rows
    except BROKEN as error:
        raise UnreadableFile(f"the file is broken: {error}") from None
