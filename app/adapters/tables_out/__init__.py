"""Tables as files: rows go in piece by piece, bytes come out piece by piece."""

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from app.adapters.tables_out.delimited import CsvWriter
from app.adapters.tables_out.json_lines import JsonLinesWriter
from app.domain.conditions import Field
from app.domain.errors import Invalid
from app.domain.leads.exports import Format, Order

Columns = Sequence[Field]
# One list of values a column, all of the same length.
Stretch = Sequence[Sequence[Any]]

MEDIA_TYPES: dict[Format, str] = {
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.NDJSON: "application/x-ndjson",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class TableWriter(Protocol):
    """Writes one file. Its methods may take long, and are called from a thread."""

    def begin(self) -> bytes:
        """What stands before the first row."""

    def rows(self, stretch: Stretch) -> bytes:
        """These rows; empty while they are gathered."""

    def end(self) -> Iterator[bytes]:
        """What is left, and what stands behind the last row."""

    def close(self) -> None:
        """Leave nothing behind, however it ended."""


def check_format(form: Format) -> None:
    """Raise Invalid unless files of this format can be made here."""
    # It takes a second to load and 100 MB of disk, so it is not always there.
    if form is Format.PARQUET and importlib.util.find_spec("pyarrow") is None:
        raise Invalid.field(
            "/format",
            "Parquet needs pyarrow: pip install 'touchline[parquet]'",
            code="not_installed",
        )


def open_table(order: Order, columns: Columns) -> TableWriter:
    """The writer of a file in the order's format, which has been checked."""
    return _WRITERS[order.format](order, columns)


def _csv(order: Order, columns: Columns) -> TableWriter:
    return CsvWriter(columns, formulas=order.formulas, byte_order_mark=order.byte_order_mark)


def _ndjson(_: Order, columns: Columns) -> TableWriter:
    return JsonLinesWriter(columns)


def _parquet(_: Order, columns: Columns) -> TableWriter:
    # pyarrow is an extra, and large.
    from app.adapters.tables_out.parquet import ParquetWriter  # noqa: PLC0415

    return ParquetWriter(columns)


def _xlsx(_: Order, columns: Columns) -> TableWriter:
    # Few export workbooks; nobody else has to load what writes them.
    from app.adapters.tables_out.workbooks import WorkbookWriter  # noqa: PLC0415

    return WorkbookWriter(columns)


_WRITERS: dict[Format, Callable[[Order, Columns], TableWriter]] = {
    Format.CSV: _csv,
    Format.NDJSON: _ndjson,
    Format.PARQUET: _parquet,
    Format.XLSX: _xlsx,
}
