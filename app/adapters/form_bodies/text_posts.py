"""Posts of type application/x-www-form-urlencoded and text/plain."""

import re
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from app.adapters.form_bodies.charsets import Decoder
from app.domain.intake.form_posts import FormPost
from app.domain.intake.submissions import Finding

MOST_ANSWERS = 2_000

_CHARSET_NAME = b"_charset_"
# One line in the alphabet of URLs that has at least one name and value.
_URLENCODED = re.compile(rb"(?=[^=]*=)[A-Za-z0-9*._~!'()$,:@/?\[\]+&=%-]+")

Pair = tuple[bytes, bytes]


def looks_urlencoded(raw: bytes) -> bool:
    """Whether text is a form in the alphabet of URLs, as a script sends it."""
    return _URLENCODED.fullmatch(raw) is not None


def read_urlencoded(raw: bytes, charset: str) -> FormPost:
    """Names and values with `&` between; a `%` that starts no pair of digits stays."""
    parts = [part for part in raw.split(b"&") if part]
    pairs: list[Pair] = []
    for part in parts[:MOST_ANSWERS]:
        name, _, value = part.replace(b"+", b" ").partition(b"=")
        pairs.append((unquote_to_bytes(name), unquote_to_bytes(value)))
    holds = too_many(len(parts))
    if not pairs:
        holds.append(Finding(code="empty_body", detail="nothing was sent"))
    answers, notes = decoded(pairs, charset)
    return FormPost(answers=[*answers], holds=holds, notes=notes)


def read_text_lines(raw: bytes, charset: str) -> FormPost:
    """A line each; a line without `=` belongs to the value before it."""
    lines = raw.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")
    pairs: list[Pair] = []
    for line in lines[: 10 * MOST_ANSWERS]:
        name, sign, value = line.partition(b"=")
        if sign and name:
            pairs.append((name, value))
        elif pairs:
            pairs[-1] = (pairs[-1][0], pairs[-1][1] + b"\n" + line)
        elif line:
            pairs.append((b"", line))
    if not any(name for name, _ in pairs):
        detail = "the text has no lines such as name=value"
        return FormPost(holds=[Finding(code="unreadable_body", detail=detail)])
    answers, notes = decoded(pairs[:MOST_ANSWERS], charset)
    detail = "read line by line; what follows a line feed and has an = was taken for a new name"
    notes.append(Finding(code="plain_text_form", detail=detail))
    return FormPost(
        answers=[*answers], holds=too_many(max(len(pairs), len(lines) // 10)), notes=notes
    )


def decoded(pairs: Sequence[Pair], charset: str) -> tuple[list[tuple[str, str]], list[Finding]]:
    """The pairs as text; the form may name its own encoding in a hidden field."""
    told = next((value for name, value in pairs if name == _CHARSET_NAME), b"")
    decoder = Decoder(charset or told.decode("latin-1"))
    answers = [
        (decoder.text(name), decoder.text(value)) for name, value in pairs if name != _CHARSET_NAME
    ]
    return answers, decoder.notes


def too_many(count: int) -> list[Finding]:
    """A hold when not all of so many answers are read."""
    if count <= MOST_ANSWERS:
        return []
    detail = f"has {count:,} values; the first {MOST_ANSWERS:,} were read"
    return [Finding(code="too_many_answers", detail=detail)]
