"""A file in a body of type multipart/form-data, written to the disk as it arrives."""

from typing import IO

from python_multipart.multipart import MultipartParser, parse_options_header

from app.domain.errors import Invalid

_MOST_HEADERS = 16
_LONGEST_HEADER = 8 * 1024


def boundary_of(content_type: str) -> bytes | None:
    """The boundary of a multipart body; None for any other."""
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        return None
    return options.get(b"boundary") or b""


class FilePost:
    """Takes a body piece by piece and writes its first file to a stream. Other parts are passed
    over: what else there is to say stands in the query."""

    def __init__(self, boundary: bytes, stream: IO[bytes]) -> None:
        if not boundary:
            raise _broken("Content-Type names no boundary")
        self.name: str | None = None
        self.size = 0
        self.ended = False
        self._stream = stream
        self._writing = False
        self._header, self._value = bytearray(), bytearray()
        self._disposition = b""
        self._parser = MultipartParser(
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

    def feed(self, piece: bytes) -> None:
        """A piece of the body; Invalid where it is broken."""
        try:
            self._parser.write(piece)
        except ValueError as error:
            raise _broken(str(error)) from None

    def finish(self) -> str:
        """The name of the file; Invalid when there was none, or the body breaks off."""
        if not self.ended:
            raise _broken("it ends before its last boundary")
        if self.name is None:
            raise _broken("no part of it is a file")
        return self.name

    def _begin(self) -> None:
        self._disposition = b""

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _headers_end(self) -> None:
        _, said = parse_options_header(self._disposition)
        name = said.get(b"filename")
        if name is not None and self.name is None:
            self.name = name.decode("utf-8", "replace")
            self._writing = True

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._writing:
            self.size += end - start
            self._stream.write(data[start:end])

    def _end(self) -> None:
        self._writing = False

    def _last(self) -> None:
        self.ended = True


def _broken(reason: str) -> Invalid:
    return Invalid.field("/", f"the multipart body is broken: {reason}", code="malformed_body")
