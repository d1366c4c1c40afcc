"""Mail as it comes over the wire: total on anything, whatever the headers claim.

The parser of the standard library reads the structure, with the lenient policy compat32: the
stricter one parses each header by a grammar and raises on many that strangers write. How much work
a message can make is bounded before it starts.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32
from email.utils import collapse_rfc2231_value, getaddresses, parsedate_to_datetime

from app.adapters.decoding import decoded
from app.adapters.html_text import text_of
from app.domain.intake.storable import storable

MOST_WORK = 3_000_000
MOST_PARTS = 500
DEEPEST = 20
LONGEST_HEADER = 20_000
LONGEST_HTML = 1_000_000
_STRUCTURE = re.compile(rb"(?i)boundary[ \t]{0,9}=|message/")
# What the library raises on what it does not expect.
_FAILURES = (
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


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file in a message. Name and type are the sender's claims."""

    name: str | None
    type: str
    size: int
    sha256: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Mail:
    """What a message says; None and empty where it says nothing that can be read."""

    from_name: str | None = None
    from_address: str | None = None
    reply_to_name: str | None = None
    reply_to_address: str | None = None
    recipients: list[str] = field(default_factory=list)
    subject: str | None = None
    sent_at: datetime | None = None
    message_id: str | None = None
    text: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    is_automatic: bool = False
    is_spam: bool = False
    problems: list[str] = field(default_factory=list)


def parse_mail(raw: bytes) -> Mail:
    """The message; what is wrong with it is told in `problems`."""
    problems: list[str] = []
    message = _structured(raw, problems)
    texts: list[str] = []
    attachments: list[Attachment] = []
    for part in _leaves(message, problems):
        content = _content(part)
        if _is_text(part):
            texts.append(_text(part, content, problems))
        elif content or part.get_filename():
            attachments.append(_attachment(part, content))
    from_name, from_address = _address(message, "from", problems)
    reply_name, reply_address = _address(message, "reply-to", problems)
    return Mail(
        from_name=from_name,
        from_address=from_address,
        reply_to_name=reply_name,
        reply_to_address=reply_address,
        recipients=[a for _, a in _addresses(message, ("to", "cc", "delivered-to"), problems)][:50],
        subject=_header(message, "subject", problems),
        sent_at=_date(message),
        message_id=_message_id(message),
        text="\n\n".join(text for text in texts if text),
        attachments=attachments,
        is_automatic=_is_automatic(message),
        is_spam=_plain(message, "x-spam-flag").lower().startswith("yes"),
        problems=sorted(set(problems)),
    )


def _structured(raw: bytes, problems: list[str]) -> Message:
    """The message with its parts; as one text when its structure is out of all proportion."""
    lines = raw.count(b"\n") + raw.count(b"\r")
    levels = 1 + sum(1 for _ in _STRUCTURE.finditer(raw))
    if lines * levels <= MOST_WORK:
        try:
            return BytesParser(policy=compat32).parsebytes(raw)
        except _FAILURES:
            pass
    problems.append("its parts are too many or nested too deep to be taken apart")
    head = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]
    try:
        message = BytesHeaderParser(policy=compat32).parsebytes(head[: 10 * LONGEST_HEADER])
    except _FAILURES:
        return Message()
    del message["content-type"]
    return message


def _leaves(message: Message, problems: list[str]) -> Iterator[Message]:
    """The parts that hold something; of alternatives the one to read, and what is no text."""
    pending: list[tuple[Message, int]] = [(message, 0)]
    seen = 0
    while pending:
        part, depth = pending.pop()
        seen += 1
        if seen > MOST_PARTS:
            problems.append(f"it has more than {MOST_PARTS} parts")
            return
        payload = part.get_payload()
        if not isinstance(payload, list) or part.get_content_maintype() == "message":
            yield part
        elif depth >= DEEPEST:
            problems.append(f"it is nested deeper than {DEEPEST} levels")
        else:
            inner = [one for one in payload if isinstance(one, Message)]
            if part.get_content_subtype() == "alternative":
                inner = _to_read(inner)
            pending += [(one, depth + 1) for one in reversed(inner)]


def _to_read(parts: list[Message]) -> list[Message]:
    """Without the other texts: plain text before HTML, if there is anything in it."""
    texts = [part for part in parts if _is_text(part)]
    plain = [p for p in texts if p.get_content_subtype() != "html" and _content(p).strip()]
    best = plain[:1] or texts[-1:]
    # A multipart among the alternatives, such as HTML with its pictures, goes when there is text.
    return [
        part
        for part in parts
        if part in best or (part not in texts and not (best and part.is_multipart()))
    ]


def _is_text(part: Message) -> bool:
    if part.is_multipart() or part.get_content_maintype() != "text":
        return False
    is_file = part.get_content_disposition() == "attachment" or part.get_filename() is not None
    return not is_file and part.get_content_subtype() in {"plain", "html", "enriched", "markdown"}


def _content(part: Message) -> bytes:
    if part.is_multipart():
        try:
            inner = part.get_payload(0)
            return inner.as_bytes() if isinstance(inner, Message) else b""
        except _FAILURES:
            return b""
    try:
        content = part.get_payload(decode=True)
    except _FAILURES:
        content = None
    return content if isinstance(content, bytes) else b""


def _text(part: Message, content: bytes, problems: list[str]) -> str:
    charset = part.get_content_charset()
    if part.get_content_subtype() == "html":
        if len(content) > LONGEST_HTML:
            problems.append(f"its HTML is longer than {LONGEST_HTML:,} bytes and was not read")
            return ""
        return text_of(decoded(content, charset))
    return decoded(content, charset).replace("\r\n", "\n").strip()


def _attachment(part: Message, content: bytes) -> Attachment:
    name = part.get_filename()
    if name is not None:
        name = _one_line(_words(collapse_rfc2231_value(name)))[:255] or None
    return Attachment(
        name=name,
        type=_one_line(part.get_content_type())[:255],
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
    )


def _plain(message: Message, name: str) -> str:
    """A header as it stands, as text, of a length that is safe to work on."""
    return _written(message, name)[:LONGEST_HEADER]


def _written(message: Message, name: str) -> str:
    # Not `message[name]`: that loses the bytes beyond ASCII, which have no place there but come.
    return next((str(value) for key, value in message.raw_items() if key.lower() == name), "")


def _header(message: Message, name: str, problems: list[str]) -> str | None:
    if len(_written(message, name)) > LONGEST_HEADER:
        problems.append(f"its {name} is longer than {LONGEST_HEADER:,} characters and was cut")
    return _one_line(_words(_plain(message, name))) or None


def _words(value: str) -> str:
    """The text with its encoded words (RFC 2047) decoded; as it stands where that fails."""
    value = _unescaped(value)
    if not _WORD.search(value):
        return value
    try:
        pieces = decode_header(value)
    except _FAILURES:
        return value
    return "".join(
        decoded(piece, charset) if isinstance(piece, bytes) else _unescaped(piece)
        for piece, charset in pieces
    )


def _unescaped(value: str) -> str:
    """The text; the parser leaves bytes beyond ASCII in it as halves of surrogate pairs."""
    try:
        return decoded(value.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return str(storable(value))


def _one_line(value: str) -> str:
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in value)).strip()


def _addresses(
    message: Message, names: tuple[str, ...], problems: list[str]
) -> list[tuple[str | None, str]]:
    values = [_plain(message, name) for name in names if name in message]
    try:
        found = getaddresses(values)
    except _FAILURES:
        problems.append(f"its {names[0]} cannot be read")
        return []
    return [
        (_one_line(_words(name)) or None, _one_line(_unescaped(address)))
        for name, address in found
        if "@" in address
    ]


def _address(message: Message, name: str, problems: list[str]) -> tuple[str | None, str | None]:
    found = _addresses(message, (name,), problems)
    return found[0] if found else (None, None)


def _date(message: Message) -> datetime | None:
    try:
        found = parsedate_to_datetime(_plain(message, "date")[:200])
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except _FAILURES:
        return None
    return found if 1970 <= found.year < 2200 else None


def _message_id(message: Message) -> str | None:
    said = _one_line(_unescaped(_plain(message, "message-id")))
    return said.strip("<> ") or None


def _is_automatic(message: Message) -> bool:
    """Replies of machines (RFC 3834), bounces and bulk mail: nobody wrote them."""
    said = _plain(message, "auto-submitted").partition(";")[0].strip().lower()
    if said and said != "no":
        return True
    if _plain(message, "precedence").strip().lower() in {"bulk", "junk", "list", "auto_reply"}:
        return True
    return _plain(message, "return-path").strip() == "<>" or "x-autoreply" in message
