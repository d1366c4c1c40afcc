"""Lines of JSON: an object each. Members of inner objects are columns of their own, `a.b`."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from app.adapters.tables_in.bytes_in import open_bytes
from app.domain.intake.import_files import MOST_COLUMNS, FileFormat, Record, UnreadableFile

LONGEST_LINE = 4 * 1024**2


def json_columns(path: Path, form: FileFormat) -> list[str]:
    """The names of all members in the file, in the order in which they come up."""
    names: dict[str, None] = {}
    for _, line in _lines(path, form):
        try:
            value = orjson.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            names.update(dict.fromkeys(_flat(value)))
        if len(names) > MOST_COLUMNS:
            break
    return list(names)


def json_rows(path: Path, form: FileFormat, columns: list[str]) -> Iterator[Record]:
    """Each object as a row with these columns; a line that is none comes as it is, with why."""
    known = set(columns)
    for number, line in _lines(path, form):
        if not line.strip():
            yield Record(number, [""] * len(columns))
            continue
        try:
            value = orjson.loads(line)
        except ValueError as error:
            yield Record(number, [line[:LONGEST_LINE]], f"is not JSON: {error}")
            continue
        if not isinstance(value, dict):
            yield Record(number, [line], "is no JSON object")
            continue
        flat = _flat(value)
        if flat.keys() <= known:
            yield Record(number, [flat.get(name) for name in columns])
        else:
            further = ", ".join(sorted(flat.keys() - known))
            yield Record(number, [line], f"has members that the file began without: {further}")


def _lines(path: Path, form: FileFormat) -> Iterator[tuple[int, str]]:
    with (
        open_bytes(path, compressed=bool(form.compressed)) as raw,
        io.TextIOWrapper(raw, form.encoding or "utf-8", errors="surrogateescape") as text,
    ):
        number = 0
        while line := text.readline(LONGEST_LINE):
            number += 1
            if len(line) == LONGEST_LINE and not line.endswith("\n"):
                raise UnreadableFile(f"line {number} has more than {LONGEST_LINE:,} characters")
            yield number, line.rstrip("\n")


def _flat(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, inner in value.items():
        if isinstance(inner, dict) and inner and prefix.count(".") < 5:
            flat |= _flat(inner, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = _cell(inner)
    return flat


def _cell(value: Any) -> Any:
    """Lists of plain values as people write them; what is deeper as JSON."""
    if isinstance(value, list):
        plain = all(isinstance(item, str | int | float) for item in value)
        return "; ".join(map(str, value)) if plain else orjson.dumps(value).decode()
    return orjson.dumps(value).decode() if isinstance(value, dict) else value
