"""Mail as it comes over the wire: total on anything, whatever the headers claim.

The parser of the standard library reads the structure, with the lenient policy compat32: the
stricter one parses each header by a grammar and raises on many that strangers write. How much work
a message can make is bounded before it starts.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.utils import collapse_rfc2231_value

from app.adapters import mail_headers
from app.adapters.decoding import decoded
from app.adapters.html_text import text_of

MOST_WORK = 3_000_000
MOST_DELIMITERS = 5_000
MOST_PARTS = 500
DEEPEST = 20
LONGEST_HTML = 1_000_000
_LONGEST_HEAD = 200_000
_STRUCTURE = re.compile(rb"(?i)boundary[ \t]{0,9}=|message/")


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
        elif content or _filename(part):
            attachments.append(_attachment(part, content))
    from_name, from_address = mail_headers.address(message, "from", problems)
    reply_name, reply_address = mail_headers.address(message, "reply-to", problems)
    recipients = mail_headers.addresses(message, ("to", "cc", "delivered-to"), problems)
    return Mail(
        from_name=from_name,
        from_address=from_address,
        reply_to_name=reply_name,
        reply_to_address=reply_address,
        recipients=[one for _, one in recipients][:50],
        subject=mail_headers.header(message, "subject", problems),
        sent_at=mail_headers.date(message),
        message_id=mail_headers.message_id(message),
        text="\n\n".join(text for text in texts if text),
        attachments=attachments,
        is_automatic=mail_headers.is_automatic(message),
        is_spam=mail_headers.plain(message, "x-spam-flag").lower().startswith("yes"),
        problems=sorted(set(problems)),
    )


def _structured(raw: bytes, problems: list[str]) -> Message:
    """The message with its parts; as one text when its structure is out of all proportion."""
    lines = raw.count(b"\n") + raw.count(b"\r")
    levels = 1 + sum(1 for _ in _STRUCTURE.finditer(raw))
    delimiters = raw.count(b"\n--") if levels > 1 else 0
    if lines * levels <= MOST_WORK and delimiters <= MOST_DELIMITERS:
        try:
            return BytesParser(policy=mail_headers.BOUNDED).parsebytes(raw)
        except mail_headers.FAILURES:
            pass
    problems.append("its parts are too many or nested too deep to be taken apart")
    head = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]
    try:
        message = BytesHeaderParser(policy=mail_headers.BOUNDED).parsebytes(head[:_LONGEST_HEAD])
    except mail_headers.FAILURES:
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
    is_file = part.get_content_disposition() == "attachment" or _filename(part) is not None
    return not is_file and part.get_content_subtype() in {"plain", "html", "enriched", "markdown"}


def _content(part: Message) -> bytes:
    if part.is_multipart():
        try:
            inner = part.get_payload(0)
            return inner.as_bytes() if isinstance(inner, Message) else b""
        except mail_headers.FAILURES:
            return b""
    try:
        content = part.get_payload(decode=True)
    except mail_headers.FAILURES:
        content = None
    return content if isinstance(content, bytes) else b""


def _text(part: Message, content: bytes, problems: list[str]) -> str:
    charset = _charset(part)
    if part.get_content_subtype() == "html":
        if len(content) > LONGEST_HTML:
            problems.append(f"its HTML is longer than {LONGEST_HTML:,} bytes and was not read")
            return ""
        return text_of(decoded(content, charset))
    return decoded(content, charset).replace("\r\n", "\n").strip()


def _attachment(part: Message, content: bytes) -> Attachment:
    return Attachment(
        name=mail_headers.one_line(mail_headers.words(_filename(part) or ""))[:255] or None,
        type=mail_headers.one_line(part.get_content_type())[:255],
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
    )


def _filename(part: Message) -> str | None:
    try:
        name = part.get_filename()
        return None if name is None else collapse_rfc2231_value(name)
    except mail_headers.FAILURES:
        return None


def _charset(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except mail_headers.FAILURES:
        return None
