"""Reads a segment from end to end, past places that are damaged."""

import os
from collections.abc import Iterator
from typing import NamedTuple

from app.adapters.spool.frames import (
    FRONT_BYTES,
    HEADER_BYTES,
    MARKER,
    Cipher,
    Frame,
    open_frame,
    read_front,
)

CHUNK_BYTES = 256 * 1024


class Damage(NamedTuple):
    """A stretch of a segment that holds no authentic frame."""

    offset: int
    length: int
    reason: str


def scan(descriptor: int, size: int, cipher: Cipher) -> Iterator[Frame | Damage]:
    """Every authentic frame in order, and what lies between.

    Frames after a damaged place count as well: the seal is bound to segment and number, so that
    nothing can pass for a frame that was not written as one.
    """
    window = _Window(descriptor, size)
    offset, expected = HEADER_BYTES, 0
    while offset < size:
        frame = _frame_at(window, cipher, offset, expected)
        if frame is None:
            reason = _reason(window, offset)
            resumed = _next_frame(window, cipher, offset + 1, expected)
            yield Damage(offset, resumed - offset, reason)
            offset = resumed
        else:
            yield frame
            offset, expected = frame.end, frame.sequence + 1


def _frame_at(window: "_Window", cipher: Cipher, offset: int, expected: int) -> Frame | None:
    front = read_front(window.read(offset, FRONT_BYTES))
    # A number that has been there before is a copy of a frame, which nobody wrote.
    if front is None or front.sequence < expected:
        return None
    if offset + FRONT_BYTES + front.length > window.size:
        return None
    return open_frame(cipher, offset, front, window.read(offset + FRONT_BYTES, front.length))


def _next_frame(window: "_Window", cipher: Cipher, offset: int, expected: int) -> int:
    while (offset := window.find(offset)) < window.size:
        if _frame_at(window, cipher, offset, expected) is not None:
            return offset
        offset += 1
    return window.size


def _reason(window: "_Window", offset: int) -> str:
    data = window.read(offset, FRONT_BYTES)
    if window.failed:
        return "cannot be read"
    front = read_front(data)
    cut = len(data) < FRONT_BYTES and data[:4] == MARKER[: len(data)]
    if cut or (front and offset + FRONT_BYTES + front.length > window.size):
        return "ends within a frame"
    return "does not match its checksum"


class _Window:
    """A file seen through one chunk; what the disk refuses to give reads as nothing."""

    def __init__(self, descriptor: int, size: int) -> None:
        self.size = size
        self.failed = False
        self._descriptor = descriptor
        self._start = 0
        self._data = b""

    def read(self, offset: int, length: int) -> bytes:
        at = offset - self._start
        if at < 0 or at + length > len(self._data):
            self._load(offset, max(length, CHUNK_BYTES))
            at = 0
        return self._data[at : at + length]

    def find(self, offset: int) -> int:
        """Where the next marker is; the size of the file when there is none."""
        while self.size - offset >= len(MARKER):
            at = offset - self._start
            if at < 0 or at + len(MARKER) > len(self._data):
                self._load(offset, CHUNK_BYTES)
                at = 0
            if len(self._data) < len(MARKER):
                break
            found = self._data.find(MARKER, at)
            if found >= 0:
                return self._start + found
            # A marker may lie across the end of the chunk.
            offset = self._start + len(self._data) - len(MARKER) + 1
        return self.size

    def _load(self, offset: int, length: int) -> None:
        self._start = offset
        try:
            self._data = os.pread(self._descriptor, min(length, self.size - offset), offset)
        except OSError:
            self._data, self.failed = b"", True
