"""Just enough of Postgres' protocol to know which statement a client is about to run."""

import struct
from dataclasses import dataclass, field

_NO_TYPE = (80877103, 80877104)  # asks for SSL or GSS encryption; the start-up message follows
READY = b"Z\x00\x00\x00\x05"  # ReadyForQuery, but for its last byte


@dataclass
class FrontendReader:
    """Reads what a client sends, piece by piece."""

    _buffer: bytes = b""
    _started: bool = False
    _statements: dict[bytes, str] = field(default_factory=dict)
    _portals: dict[bytes, str] = field(default_factory=dict)

    def feed(self, data: bytes) -> list[tuple[str, str]]:
        """The messages that are whole now: type, and the text of the statement it runs, if any."""
        self._buffer += data
        found = []
        while (message := self._next()) is not None:
            found.append(message)
        return found

    def _next(self) -> tuple[str, str] | None:
        head = 1 if self._started else 0
        if len(self._buffer) < head + 4:
            return None
        (length,) = struct.unpack_from("!i", self._buffer, head)
        if len(self._buffer) < head + length:
            return None
        kind, body = self._buffer[:head], self._buffer[head + 4 : head + length]
        self._buffer = self._buffer[head + length :]
        if not self._started:
            self._started = struct.unpack_from("!i", body)[0] not in _NO_TYPE
            return "", ""
        return kind.decode("latin-1"), self._text(kind, body)

    def _text(self, kind: bytes, body: bytes) -> str:
        first, _, rest = body.partition(b"\0")
        if kind == b"Q":
            return first.decode("utf-8", "replace")
        if kind == b"P":
            self._statements[first] = rest.partition(b"\0")[0].decode("utf-8", "replace")
        elif kind == b"B":
            self._portals[first] = self._statements.get(rest.partition(b"\0")[0], "")
        elif kind == b"E":
            return self._portals.get(first, "")
        return ""
