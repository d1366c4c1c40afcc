"""A strict reading of JSON bodies: what cannot be stored exactly as sent is refused, by name."""

import math
from typing import Any

import msgspec

from app.domain.errors import Invalid, UnsupportedMedia

DEPTH_LIMIT = 32
_LARGEST = 2**63 - 1


def parse_json(body: bytes, content_type: str) -> Any:
    """The value of a JSON body; Invalid or UnsupportedMedia says what is wrong with it."""
    essence = content_type.partition(";")[0].strip().lower()
    if essence != "application/json" and not (
        essence.startswith("application/") and essence.endswith("+json")
    ):
        raise UnsupportedMedia("send the body as JSON, with Content-Type: application/json")
    try:
        value = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError:
        raise _malformed(f"it is nested deeper than {DEPTH_LIMIT} levels") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise _malformed(str(error)) from None
    _check(value, "", DEPTH_LIMIT)
    return value


def _malformed(reason: str) -> Invalid:
    return Invalid.field("/", f"the body is not valid JSON: {reason}", code="malformed_json")


def _check(value: Any, pointer: str, depth: int) -> None:
    """Refuse what Postgres or a later reader would change: NUL, huge numbers, depth."""
    kind = type(value)
    if kind is str:
        if "\x00" in value:
            raise Invalid.field(pointer or "/", "text must not contain the character NUL")
    elif kind is int:
        if not -_LARGEST - 1 <= value <= _LARGEST:
            raise Invalid.field(
                pointer or "/", "whole numbers must fit 64 bits; send larger ones as text"
            )
    elif kind is float:
        if not math.isfinite(value):
            raise Invalid.field(pointer or "/", "numbers must be finite")
    elif kind is dict:
        _check_depth(pointer, depth)
        for key, item in value.items():
            if "\x00" in key:
                raise Invalid.field(pointer or "/", "names must not contain the character NUL")
            _check(item, f"{pointer}/{key}", depth - 1)
    elif kind is list:
        _check_depth(pointer, depth)
        for position, item in enumerate(value):
            _check(item, f"{pointer}/{position}", depth - 1)


def _check_depth(pointer: str, depth: int) -> None:
    if depth == 0:
        raise Invalid.field(pointer, f"nested deeper than {DEPTH_LIMIT} levels")
