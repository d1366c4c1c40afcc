"""Headers of mail: bounded when they are read, decoded as far as that goes, never an error."""

import re
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from email.utils import getaddresses, parsedate_to_datetime

from app.adapters.decoding import decoded
from app.domain.intake.storable import storable

LONGEST_HEADER = 20_000
# What the library raises on what it does not expect.
FAILURES = (
    MessageError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    OverflowError,
    RecursionError,
)
_WORD = re.compile(r"=\?[^?\s]{1,75}\?[bBqQ]\?")


class _Bounded(Compat32):
    """Headers are cut when they are read: to take one apart takes the square of its length."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[: LONGEST_HEADER + 1]


BOUNDED = _Bounded()


def plain(message: Message, name: str) -> str:
    """A header as it stands, as text, of a length that is safe to work on."""
    return _written(message, name)[:LONGEST_HEADER]


def _written(message: Message, name: str) -> str:
    # Not `message[name]`: that loses the bytes beyond ASCII, which have no place there but come.
    return next((str(value) for key, value in message.raw_items() if key.lower() == name), "")


def header(message: Message, name: str, problems: list[str]) -> str | None:
    """A header as one line of text."""
    if len(_written(message, name)) > LONGEST_HEADER:
        problems.append(f"its {name} is longer than {LONGEST_HEADER:,} characters and was cut")
    return one_line(words(plain(message, name))) or None


def words(value: str) -> str:
    """The text with its encoded words (RFC 2047) decoded; as it stands where that fails."""
    value = unescaped(value)
    if not _WORD.search(value):
        return value
    try:
        pieces = decode_header(value)
    except FAILURES:
        return value
    return "".join(
        decoded(piece, charset) if isinstance(piece, bytes) else unescaped(piece)
        for piece, charset in pieces
    )


def unescaped(value: str) -> str:
    """The text; the parser leaves bytes beyond ASCII in it as halves of surrogate pairs."""
    try:
        return decoded(value.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return str(storable(value))


def one_line(value: str) -> str:
    """The text without line ends and other control characters."""
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in value)).strip()


def addresses(
    message: Message, names: tuple[str, ...], problems: list[str]
) -> list[tuple[str | None, str]]:
    """Name and address of everybody in these headers."""
    values = [plain(message, name) for name in names if name in message]
    try:
        found = getaddresses(values)
    except FAILURES:
        problems.append(f"its {names[0]} cannot be read")
        return []
    return [
        (one_line(words(name)) or None, one_line(unescaped(address)))
        for name, address in found
        if "@" in address
    ]


def address(message: Message, name: str, problems: list[str]) -> tuple[str | None, str | None]:
    """Name and address of the first in a header."""
    found = addresses(message, (name,), problems)
    return found[0] if found else (None, None)


def date(message: Message) -> datetime | None:
    """When it was sent, if that can be told."""
    try:
        found = parsedate_to_datetime(plain(message, "date")[:200])
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except FAILURES:
        return None
    return found if 1970 <= found.year < 2200 else None


def message_id(message: Message) -> str | None:
    """Its id, without the angle brackets."""
    said = one_line(unescaped(plain(message, "message-id")))
    return said.strip("<> ") or None


def is_automatic(message: Message) -> bool:
    """Replies of machines (RFC 3834), bounces and bulk mail: nobody wrote them."""
    said = plain(message, "auto-submitted").partition(";")[0].strip().lower()
    if said and said != "no":
        return True
    if plain(message, "precedence").strip().lower() in {"bulk", "junk", "list", "auto_reply"}:
        return True
    return plain(message, "return-path").strip() == "<>" or "x-autoreply" in message
