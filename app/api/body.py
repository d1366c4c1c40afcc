"""A strict reading of bodies: what is too large or cannot be stored as sent is refused, by name."""

import json
import math
from collections.abc import Iterable
from typing import Any

import msgspec
from fastapi import Request

from app.api.runtime import runtime_of
from app.domain.errors import Invalid, TooLarge, UnsupportedMedia

DEPTH_LIMIT = 32
_LARGEST = 2**63 - 1
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_TOO_DEEP = f"nested deeper than {DEPTH_LIMIT} levels"


async def read_body(request: Request, limit: int | None = None) -> bytes:
    """The whole body, once and for all who ask later; TooLarge as soon as that is known."""
    if hasattr(request, "_body"):
        return await request.body()
    if limit is None:
        limit = runtime_of(request).settings.max_body_bytes
    declared = request.headers.get("content-length", "")
    size = int(declared[:20]) if declared.isdecimal() else 0
    chunks: list[bytes] = []
    if size <= limit:
        size = 0
        async for chunk in request.stream():
            chunks.append(chunk)
            size += len(chunk)
            if size > limit:
                break
    if size > limit:
        raise TooLarge(f"the body has more than {limit:,} bytes")
    # Where Request.body() keeps it.
    request._body = b"".join(chunks)
    return request._body


def parse_json(body: bytes, content_type: str) -> Any:
    """The value of a JSON body; Invalid or UnsupportedMedia says what is wrong with it."""
    essence = content_type.partition(";")[0].strip().lower()
    if essence != "application/json" and not (
        essence.startswith("application/") and essence.endswith("+json")
    ):
        raise UnsupportedMedia("send the body as JSON, with Content-Type: application/json")
    text = body.removeprefix(_BYTE_ORDER_MARK)
    try:
        value = msgspec.json.decode(text)
    except RecursionError:
        raise _malformed(_TOO_DEEP) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise _first_fault(text) or _malformed(str(error)) from None
    try:
        names = _check(value, DEPTH_LIMIT)
    except _Refused as refused:
        raise refused.as_invalid() from None
    if _may_repeat_a_name(text, names) and (fault := _first_fault(text)):
        raise fault
    return value


def _may_repeat_a_name(text: bytes, names: int) -> bool:
    """Whether the reader, which keeps the last of two equal names, may have dropped one.

    Each name ends in a quote and a colon. To count those is much cheaper than to read the names
    once more, which is done when the count differs or the text is written unusually.
    """
    written = text.count(b'":')
    if b"\\" in text:
        if b'\\\\":' in text:
            return True
        written -= text.count(b'\\":')
    if b"\n" in text or b"\t" in text or b"\r" in text:
        return True
    return written != names or b" :" in text


def _malformed(reason: str) -> Invalid:
    return Invalid.field("/", f"the body is not valid JSON: {reason}", code="malformed_json")


class _Refused(Exception):
    """A value that is not taken; its path is gathered on the way up, from the inside out."""

    def __init__(self, reason: str, *path: str | int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = list(path)

    def as_invalid(self) -> Invalid:
        """The error that names the field."""
        steps = (str(step).replace("~", "~0").replace("/", "~1") for step in reversed(self.path))
        return Invalid.field("".join(f"/{step}" for step in steps) or "/", self.reason)


def _check(value: Any, depth: int) -> int:
    """Refuse what Postgres or a later reader would change: NUL, huge numbers, depth.

    Returns how many names there are in the value.
    """
    kind = type(value)
    if kind is str:
        if "\x00" in value:
            raise _Refused("text must not contain the character NUL")
    elif kind is int:
        if not -_LARGEST - 1 <= value <= _LARGEST:
            raise _Refused("whole numbers must fit 64 bits; send larger ones as text")
    elif kind is float:
        if not math.isfinite(value):
            raise _Refused("numbers must be finite")
    elif kind is dict:
        if "\x00" in "".join(value):
            raise _Refused("names must not contain the character NUL")
        return len(value) + _check_each(value.items(), depth)
    elif kind is list:
        return _check_each(enumerate(value), depth)
    return 0


def _check_each(members: Iterable[tuple[str | int, Any]], depth: int) -> int:
    if depth == 0:
        raise _Refused(_TOO_DEEP)
    names = 0
    step: str | int = ""
    try:
        for step, item in members:  # noqa: B007 - the error names it
            # Most values are text; asking here spares them a call.
            if type(item) is not str or "\x00" in item:
                names += _check(item, depth - 1)
    except _Refused as refused:
        refused.path.append(step)
        raise
    return names


class _Members(list[tuple[str, Any]]):
    """The members of an object as they were written, repeated names included."""


def _first_fault(text: bytes) -> Invalid | None:
    """Read again, slowly and leniently, to name the field that is at fault."""
    try:
        written = json.loads(text, object_pairs_hook=_Members, parse_int=_short_number)
        _find_fault(written)
    except _Refused as refused:
        return refused.as_invalid()
    except (ValueError, RecursionError):
        pass
    return None


def _short_number(digits: str) -> float:
    # int() refuses thousands of digits; so many are not taken anyway.
    return float(digits) if len(digits) < 300 else math.inf


def _find_fault(value: Any) -> None:
    if isinstance(value, str) and not _encodes(value):
        raise _Refused("text must not contain half of a surrogate pair")
    if isinstance(value, float) and not math.isfinite(value):
        raise _Refused("numbers must be finite and fit 64 bits")
    if isinstance(value, _Members):
        names: set[str] = set()
        for name, item in value:
            if name in names:
                raise _Refused("this name comes twice", name)
            names.add(name)
            if not _encodes(name):
                raise _Refused("names must not contain half of a surrogate pair")
            _find_in(name, item)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            _find_in(position, item)


def _find_in(step: str | int, item: Any) -> None:
    try:
        _find_fault(item)
    except _Refused as refused:
        refused.path.append(step)
        raise


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
