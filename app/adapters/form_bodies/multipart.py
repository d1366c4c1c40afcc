"""Posts of type multipart/form-data: small parts are answers, files are told by name and size."""

import logging
import re
from dataclasses import dataclass, field

from python_multipart.multipart import MultipartParser, parse_options_header

from app.adapters.form_bodies.charsets import Decoder
from app.adapters.form_bodies.text_posts import MOST_ANSWERS, Pair, decoded, too_many
from app.domain.intake.form_posts import FormPost, UploadedFile
from app.domain.intake.submissions import Finding

# What is wrong with a post is told in its findings; strangers shall not fill the log.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)

_MOST_HEADERS = 16
_LONGEST_HEADER = 8 * 1024
_FIRST_LINE = re.compile(rb"--([^\r\n]{1,200})\r\n")


def read_multipart(raw: bytes, boundary: str, charset: str) -> FormPost:
    """Every part that ends; a body that breaks off or is broken is held."""
    parts, fault = _read(raw, boundary.encode("latin-1", "replace"))
    notes = []
    if not parts.whole and (guess := _FIRST_LINE.match(raw)):
        # Scripts that set Content-Type by hand leave the boundary out, or make one up.
        again, fault_again = _read(raw, guess[1])
        if again.whole:
            parts, fault = again, fault_again
            detail = "the boundary was taken from the body: Content-Type names another or none"
            notes.append(Finding(code="boundary_guessed", detail=detail))
    holds = []
    if fault:
        holds.append(Finding(code="unreadable_body", detail=fault))
    elif not parts.ended:
        detail = "the body ends before its last boundary; only whole parts were read"
        holds.append(Finding(code="incomplete_body", detail=detail))
    elif not parts.whole:
        holds.append(Finding(code="empty_body", detail="nothing was sent"))
    return _as_post(parts, holds, notes, charset)


def _read(raw: bytes, boundary: bytes) -> "tuple[_Parts, str | None]":
    """The parts up to the first fault, and the fault."""
    parts = _Parts()
    if not boundary:
        return parts, "Content-Type names no boundary"
    try:
        parts.read(raw, boundary)
    except ValueError as error:
        return parts, f"multipart is broken: {error}"
    return parts, None


@dataclass
class _Part:
    """A part as it is being read: of a file only the size is kept."""

    name: bytes = b""
    filename: bytes | None = None
    content_type: bytes = b""
    encoding: bytes = b""
    headers: dict[bytes, bytes] = field(default_factory=dict)
    data: bytearray = field(default_factory=bytearray)
    size: int = 0


class _Parts:
    """Gathers what the parser finds."""

    def __init__(self) -> None:
        self.whole: list[_Part] = []
        self.ended = False
        self._part = _Part()
        self._header, self._value = bytearray(), bytearray()

    def read(self, raw: bytes, boundary: bytes) -> None:
        """Read the body; ValueError where it is broken."""
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._last,
            },
            max_header_count=_MOST_HEADERS,
            max_header_size=_LONGEST_HEADER,
        )
        parser.write(raw)

    def _begin(self) -> None:
        self._part = _Part()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._part.headers[bytes(self._header).lower()] = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _headers_end(self) -> None:
        part = self._part
        _, said = parse_options_header(part.headers.get(b"content-disposition", b""))
        part.name = said.get(b"name", b"")
        part.filename = said.get(b"filename")
        part.content_type = part.headers.get(b"content-type", b"")
        part.encoding = part.headers.get(b"content-transfer-encoding", b"").strip().lower()

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._part.size += end - start
        if self._part.filename is None:
            self._part.data += data[start:end]

    def _end(self) -> None:
        self.whole.append(self._part)

    def _last(self) -> None:
        self.ended = True


def _as_post(parts: _Parts, holds: list[Finding], notes: list[Finding], charset: str) -> FormPost:
    texts = [part for part in parts.whole if part.filename is None]
    pairs: list[Pair] = [(part.name, bytes(part.data)) for part in texts]
    answers, oddities = decoded(pairs[:MOST_ANSWERS], charset)
    notes += oddities
    # An empty file input is sent as a file without name and content.
    sent = [part for part in parts.whole if part.filename is not None]
    files = [_file(part) for part in sent[:MOST_ANSWERS] if part.filename or part.size]
    if any(part.encoding not in (b"", b"7bit", b"8bit", b"binary") for part in parts.whole):
        detail = "a part has a Content-Transfer-Encoding, which was not undone"
        notes.append(Finding(code="encoded_part", detail=detail))
    return FormPost(
        answers=[*answers], files=files, holds=holds + too_many(len(parts.whole)), notes=notes
    )


def _file(part: _Part) -> UploadedFile:
    text = Decoder("").text
    return UploadedFile(
        field=text(part.name),
        filename=text(part.filename or b""),
        content_type=text(part.content_type),
        size=part.size,
    )
