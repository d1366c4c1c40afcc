"""Bodies as vendors send them: JSON, forms, and forms that hold JSON; hostile until read."""

import json
import math
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, create_form_parser

from app.adapters.decoding import decoded
from app.domain.intake.storable import storable

DEEPEST = 32
MOST_FIELDS = 2_000
_LONGEST_NUMBER = 20


class UnreadableBody(ValueError):
    """Why a body cannot be read."""


def parse_json(raw: bytes) -> Any:
    """The value; whole numbers beyond 64 bits, and what is no number in JSON, become text."""
    try:
        value = json.loads(
            raw.removeprefix(b"\xef\xbb\xbf").decode(),
            parse_int=_whole,
            parse_float=_fraction,
            parse_constant=str,
        )
        _check_depth(value, DEEPEST)
        return storable(value)
    except RecursionError:
        raise UnreadableBody("nested too deep") from None
    except UnicodeDecodeError:
        raise UnreadableBody("is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise UnreadableBody(f"is not JSON: {error.msg} at character {error.pos}") from None


def parse_object(raw: bytes) -> dict[str, Any]:
    """The value, if it is an object."""
    value = parse_json(raw)
    if not isinstance(value, dict):
        raise UnreadableBody("is not a JSON object")
    return value


def parse_pairs(raw: bytes, content_type: str, charset: str | None = None) -> list[tuple[str, str]]:
    """The fields of a form in their order, files left out."""
    return [
        (decoded(name, charset), decoded(value, charset))
        for name, value, is_file in parse_form(raw, content_type)
        if not is_file
    ]


def parse_form(raw: bytes, content_type: str) -> list[tuple[bytes, bytes, bool]]:
    """Name, content, and whether it is a file, of each field of a form."""
    if essence(content_type) == "multipart/form-data":
        return _parse_multipart(raw, content_type)
    if raw.count(b"&") >= MOST_FIELDS:
        raise UnreadableBody(f"has more than {MOST_FIELDS} fields")
    pieces = (piece.partition(b"=") for piece in raw.strip().split(b"&") if piece)
    return [(_unquoted(name), _unquoted(value), False) for name, _, value in pieces]


def _parse_multipart(raw: bytes, content_type: str) -> list[tuple[bytes, bytes, bool]]:
    found: list[tuple[bytes, bytes, bool]] = []

    def take_field(field: Field) -> None:
        _take(field.field_name, field.value, is_file=False)

    def take_file(file: File) -> None:
        file.file_object.seek(0)
        _take(file.field_name, file.file_object.read(), is_file=True)

    def _take(name: bytes | None, content: bytes | None, *, is_file: bool) -> None:
        if len(found) >= MOST_FIELDS:
            raise UnreadableBody(f"has more than {MOST_FIELDS} fields")
        found.append((name or b"", content or b"", is_file))

    headers = {"Content-Type": content_type.encode("latin-1", "replace")}
    # Whatever fits a body fits into memory: no file goes to the disk on the way.
    config = {"MAX_MEMORY_FILE_SIZE": len(raw) + 1}
    try:
        parser = create_form_parser(headers, take_field, take_file, config)
        parser.write(raw)
        parser.finalize()
    except (FormParserError, ValueError, TypeError, KeyError, IndexError) as error:
        raise UnreadableBody(f"is not a readable multipart form: {error}"[:300]) from None
    return found


def parse_answers(raw: bytes, content_type: str, charset: str | None = None) -> dict[str, Any]:
    """A form's fields or a JSON object, whichever it is; a repeated field becomes a list."""
    kind = essence(content_type)
    looks_like_json = raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}
    if kind.endswith("json") or (looks_like_json and not kind.startswith("multipart/")):
        return parse_object(raw)
    if not raw.strip():
        raise UnreadableBody("is empty")
    return gathered(parse_pairs(raw, content_type, charset))


def gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`a=1&a=2&b[]=3` as {"a": ["1", "2"], "b": ["3"]}."""
    found: dict[str, Any] = {}
    for written, value in pairs:
        name = written.removesuffix("[]")
        if name not in found:
            found[name] = [value] if name != written else value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`a[b][c]=1` as PHP reads it: {"a": {"b": {"c": "1"}}}; the last of two equal names counts."""
    found: dict[str, Any] = {}
    for written, value in pairs:
        head, bracket, tail = written.partition("[")
        steps = [head]
        if bracket and head and tail.endswith("]"):
            steps += tail[:-1].split("][")
        if len(steps) > DEEPEST:
            raise UnreadableBody("nested too deep")
        place = found
        for step in steps[:-1]:
            inner = place.get(step)
            if not isinstance(inner, dict):
                inner = place[step] = {}
            place = inner
        last = steps[-1] or str(len(place))
        place[last] = value
    return found


def query_of(query: str) -> dict[str, str]:
    """The parameters of a query; the first of two equal names counts."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=1_000, errors="replace")
    except ValueError:
        return {}
    return dict(reversed(pairs))


def essence(content_type: str) -> str:
    """The media type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def _whole(digits: str) -> int | str:
    # Also spares int() from thousands of digits, which it refuses.
    if len(digits) > _LONGEST_NUMBER:
        return digits
    value = int(digits)
    return value if -(2**63) <= value < 2**63 else digits


def _fraction(digits: str) -> float | str:
    value = float(digits)
    return value if math.isfinite(value) else digits


def _check_depth(value: Any, depth: int) -> None:
    if depth < 0:
        raise UnreadableBody(f"is nested deeper than {DEEPEST} levels")
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            _check_depth(item, depth - 1)


def _unquoted(piece: bytes) -> bytes:
    return unquote_to_bytes(piece.replace(b"+", b" "))
