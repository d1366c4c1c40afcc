"""One segment: what is known of it in memory (some 13 bytes a record), and its file."""

import os
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import accumulate, islice
from pathlib import Path
from typing import Self

from app.adapters.spool.frames import (
    FRAME_OVERHEAD,
    FRONT_BYTES,
    HEADER_BYTES,
    Cipher,
    Frame,
    Kind,
    Settled,
    open_frame,
    read_front,
    write_header,
)
from app.adapters.spool.scanning import Damage

_UNSETTLED, _SETTLED, _LOST, _MARK, _MISSING = range(5)
_READ_AHEAD = 4096
_FAR_OFF = 1 << 62


class Segment:
    """Where each record of a segment is, when it was written, and whether Postgres has it.

    The place of a record in the lists is its number in the segment. Marks of what is settled, and
    numbers that a damaged place has swallowed, keep their places.
    """

    def __init__(self, path: Path, number: int, cipher: Cipher) -> None:
        self.path = path
        self.number = number
        self.cipher = cipher
        self.size = 0
        self.records = 0
        self.unsettled = 0
        # How many frames, from the first, are known to be on disk.
        self.durable = 0
        # From when the first record was written to when the last was written or settled.
        self.oldest_ms = _FAR_OFF
        self.newest_ms = 0
        self.damages: list[Damage] = []
        self._states = bytearray()
        self._offsets = array("I")
        # When it was written, and once it is settled, when that was.
        self._times = array("Q")

    def __len__(self) -> int:
        return len(self._states)

    def add(self, kind: int, sequence: int, offset: int, written_ms: int) -> None:
        """Note a frame; numbers between the last one and this are missing."""
        missing = sequence - len(self._states)
        self._states += bytes([_MISSING]) * missing
        self._offsets.extend([offset] * missing)
        self._times.extend([0] * missing)
        self._note(kind, [offset], written_ms)

    def extend(self, kind: Kind, lengths: Iterable[int], written_ms: int) -> range:
        """Note frames that were written at the end, by the lengths of what they hold."""
        first = len(self._states)
        sizes = (length + FRAME_OVERHEAD for length in lengths)
        *offsets, self.size = accumulate(sizes, initial=self.size)
        self._note(kind, offsets, written_ms)
        return range(first, len(self._states))

    def _note(self, kind: int, offsets: list[int], written_ms: int) -> None:
        count = len(offsets)
        if not count:
            return
        if kind == Kind.RECORD:
            self.records += count
            self.unsettled += count
            self.oldest_ms = min(self.oldest_ms, written_ms)
            self.newest_ms = max(self.newest_ms, written_ms)
        self._offsets.extend(offsets)
        self._times.extend([written_ms] * count)
        self._states += bytes([_UNSETTLED if kind == Kind.RECORD else _MARK]) * count

    def settle(self, sequence: int, settled_ms: int) -> bool:
        """Note that Postgres has it; False when that was known."""
        if sequence >= len(self._states) or self._states[sequence] != _UNSETTLED:
            return False
        self._states[sequence] = _SETTLED
        self._times[sequence] = settled_ms
        self.newest_ms = max(self.newest_ms, settled_ms)
        self.unsettled -= 1
        return True

    def lose(self, sequence: int) -> None:
        """Note that a record that was here cannot be read any more."""
        if self._states[sequence] == _UNSETTLED:
            self.unsettled -= 1
        self._states[sequence] = _LOST
        offset = self._offsets[sequence]
        later = islice(self._offsets, sequence + 1, None)
        end = next((after for after in later if after > offset), self.size)
        self.damages.append(Damage(offset, end - offset, "cannot be read any more"))

    def next_unsettled(self, sequence: int) -> int | None:
        """The first unsettled record from here on."""
        found = self._states.find(_UNSETTLED, sequence) if self.unsettled else -1
        return None if found < 0 else found

    @property
    def waiting_since_ms(self) -> int | None:
        """When the first unsettled record was written."""
        found = self.next_unsettled(0)
        return None if found is None else self._times[found]

    def next_since(self, sequence: int, since_ms: int) -> int | None:
        """The first readable record from here on that was written or settled since then."""
        if self.newest_ms < since_ms:
            return None
        for at in range(sequence, len(self._states)):
            if self._times[at] >= since_ms and self._states[at] in {_UNSETTLED, _SETTLED}:
                return at
        return None

    def is_settled(self, sequence: int) -> bool:
        return self._states[sequence] == _SETTLED

    def settled_ranges(self) -> Iterator[Settled]:
        """Its settled records, as ranges."""
        start = self._states.find(_SETTLED)
        while start >= 0:
            stop = start
            # Marks among the records do not end a range. A missing record does: another disk, or
            # the same one tomorrow, may give it back.
            while stop < len(self._states) and self._states[stop] in {_SETTLED, _MARK}:
                stop += 1
            yield Settled(self.number, start, stop)
            start = self._states.find(_SETTLED, stop)

    @contextmanager
    def opened(self) -> Iterator[int]:
        """A descriptor to read the file with."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def read(self, descriptor: int, sequence: int) -> Frame | None:
        """The frame with this number; None when the file does not give it back."""
        offset = self._offsets[sequence]
        try:
            data = os.pread(descriptor, _READ_AHEAD, offset)
            front = read_front(data)
            if front is None or (front.kind, front.sequence) != (Kind.RECORD, sequence):
                return None
            if len(data) < FRONT_BYTES + front.length:
                data += os.pread(
                    descriptor, FRONT_BYTES + front.length - len(data), offset + len(data)
                )
        except OSError:
            return None
        sealed = data[FRONT_BYTES : FRONT_BYTES + front.length]
        return open_frame(self.cipher, offset, front, sealed)


class SegmentWriter:
    """The file of a segment while it grows. The first error is its last write."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def create(cls, path: Path, key: bytes, segment_id: bytes, made_ms: int) -> Self:
        """A new file with a header; OSError leaves none behind."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        writer = cls(os.open(path, flags, 0o600))
        try:
            writer.write(write_header(key, segment_id, made_ms))
        except OSError:
            writer.close()
            path.unlink(missing_ok=True)
            raise
        return writer

    def write(self, data: bytes) -> None:
        """Hand all of it to the kernel: one call, unless the disk fills up on the way."""
        written = os.write(self._descriptor, data)
        while written < len(data):
            written += os.write(self._descriptor, data[written:])

    def sync(self) -> None:
        """Return when everything written is on disk. After an error never to be called again."""
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Let go of the file. What the kernel says then changes nothing: all was synced or not."""
        try:
            os.close(self._descriptor)
        except OSError:
            return


def new_segment(
    directory: Path, number: int, key: bytes, made_ms: int
) -> tuple[Segment, SegmentWriter]:
    """An empty segment and its file."""
    segment_id = os.urandom(16)
    path = directory / f"{number:010d}-{segment_id.hex()}.segment"
    writer = SegmentWriter.create(path, key, segment_id, made_ms)
    segment = Segment(path, number, Cipher(key, segment_id))
    segment.size = HEADER_BYTES
    return segment, writer
