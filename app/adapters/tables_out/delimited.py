"""CSV after RFC 4180: UTF-8, commas, CRLF, one line of names."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import orjson

from app.domain.conditions import Field, ValueType
from app.domain.intake.formulas import neutralise
from app.domain.leads.exports import ExportFormulas

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_JSON = orjson.OPT_UTC_Z | orjson.OPT_SORT_KEYS

_WORDS = {True: "true", False: "false", None: None}

Cells = Callable[[Sequence[Any]], Sequence[Any]]


class CsvWriter:
    """A null is an empty cell; lists and objects are JSON."""

    def __init__(
        self, columns: Sequence[Field], *, formulas: ExportFormulas, byte_order_mark: bool
    ) -> None:
        self._names = [field.name for field in columns]
        self._cells = [_cells_of(field, formulas) for field in columns]
        self._byte_order_mark = byte_order_mark

    def begin(self) -> bytes:
        """The line of names."""
        line = _lines([self._names])
        return _BYTE_ORDER_MARK + line if self._byte_order_mark else line

    def rows(self, stretch: Sequence[Sequence[Any]]) -> bytes:
        """A line for each row."""
        columns = [cells(values) for cells, values in zip(self._cells, stretch, strict=True)]
        return _lines(zip(*columns, strict=True))

    def end(self) -> Iterator[bytes]:
        """Nothing: the lines are all there is."""
        return iter(())

    def close(self) -> None:
        """Nothing is held."""


def _lines(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _cells_of(field: Field, formulas: ExportFormulas) -> Cells:
    if field.key is not None:
        return partial(_mixed, formulas)
    match field.type:
        case ValueType.TEXT | ValueType.CODE | ValueType.CHOICE | ValueType.DAY:
            return _neutralised if formulas is ExportFormulas.NEUTRALISE else _as_they_are
        case ValueType.LIST | ValueType.OBJECT:
            return _documents
        case ValueType.BOOLEAN:
            return _booleans
        case ValueType.INSTANT:
            return _instants
        case _:
            return _as_they_are


def _neutralised(values: Sequence[Any]) -> Sequence[Any]:
    # No letter and no digit starts a formula, and nearly every text starts with one.
    return [
        neutralise(value) if isinstance(value, str) and not value[:1].isalnum() else value
        for value in values
    ]


def _mixed(formulas: ExportFormulas, values: Sequence[Any]) -> Sequence[Any]:
    """Of a custom field: it may have been declared anew, with another type, since."""
    if formulas is ExportFormulas.NEUTRALISE:
        values = _neutralised(values)
    return [_WORDS[v] if isinstance(v, bool) else v for v in values]


def _as_they_are(values: Sequence[Any]) -> Sequence[Any]:
    return values


def _documents(values: Sequence[Any]) -> Sequence[Any]:
    return [None if v is None else orjson.dumps(v, option=_JSON).decode() for v in values]


def _booleans(values: Sequence[Any]) -> Sequence[Any]:
    return [_WORDS[value] for value in values]


def _instants(values: Sequence[Any]) -> Sequence[Any]:
    return [None if value is None else instant_text(value) for value in values]


def instant_text(value: datetime | date) -> str:
    """As the API writes it: 2026-03-02T09:30:00Z."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
    return value.isoformat()
