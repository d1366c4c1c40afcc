"""Parquet by pyarrow: typed columns, compressed, one row group after the other."""

import io
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from app.domain.conditions import Field, ValueType, fitting

# A group is held in memory, and larger ones are read faster.
GROUP_ROWS = 20_000
GROUP_BYTES = 32 * 1024 * 1024

_TYPES: dict[ValueType, pa.DataType] = {
    ValueType.TEXT: pa.string(),
    ValueType.CODE: pa.string(),
    ValueType.CHOICE: pa.string(),
    ValueType.INTEGER: pa.int64(),
    ValueType.NUMBER: pa.float64(),
    ValueType.BOOLEAN: pa.bool_(),
    ValueType.INSTANT: pa.timestamp("us", tz="UTC"),
    ValueType.DAY: pa.date32(),
    ValueType.ID: pa.string(),
    ValueType.LIST: pa.list_(pa.string()),
    ValueType.OBJECT: pa.string(),
}


class ParquetWriter:
    """Without its end the file cannot be read: half an export is never taken for a whole one."""

    def __init__(self, columns: Sequence[Field]) -> None:
        self._columns = columns
        self._schema = pa.schema([(field.name, _TYPES[field.type]) for field in columns])
        self._file = _Drain()
        self._writer = pq.ParquetWriter(self._file, self._schema, compression="zstd")
        self._waiting: list[pa.RecordBatch] = []

    def begin(self) -> bytes:
        """The signature."""
        return self._file.drained()

    def rows(self, stretch: Sequence[Sequence[Any]]) -> bytes:
        """A row group, when enough rows have come together."""
        arrays = [
            pa.array(_values(field, values), _TYPES[field.type])
            for field, values in zip(self._columns, stretch, strict=True)
        ]
        self._waiting.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        rows = sum(batch.num_rows for batch in self._waiting)
        if rows >= GROUP_ROWS or sum(batch.nbytes for batch in self._waiting) >= GROUP_BYTES:
            self._write_group()
        return self._file.drained()

    def end(self) -> Iterator[bytes]:
        """The last group, and the footer that says where everything is."""
        self._write_group()
        self._writer.close()
        yield self._file.drained()

    def close(self) -> None:
        """Nothing is held but memory."""
        self._waiting = []

    def _write_group(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting))
            self._waiting = []


class _Drain(io.RawIOBase):
    """A file that gives away what was written to it, and knows how much that was."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        data = bytes(piece)
        self._pieces.append(data)
        self._size += len(data)
        return len(data)

    def tell(self) -> int:
        return self._size

    def drained(self) -> bytes:
        """All since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _values(field: Field, values: Sequence[Any]) -> Sequence[Any]:
    """Values of the column's type; a custom field's of another type have no place in it."""
    if field.key is not None:
        values = [fitting(field, value) for value in values]
    match field.type:
        case ValueType.ID:
            return [None if value is None else str(value) for value in values]
        case ValueType.OBJECT:
            return [None if value is None else orjson.dumps(value).decode() for value in values]
        case ValueType.DAY:
            return [_day(value) for value in values]
        case ValueType.NUMBER:
            return [None if value is None else float(value) for value in values]
        case _:
            return values


def _day(value: Any) -> date | None:
    if not isinstance(value, str):
        return value if isinstance(value, date) else None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
