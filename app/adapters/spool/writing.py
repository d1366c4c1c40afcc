"""A log that is written to: which segment takes frames, and what happens when the disk refuses."""

import os
from collections.abc import Sequence
from pathlib import Path

from app.adapters.spool import directories
from app.adapters.spool.errors import SpoolUnavailable
from app.adapters.spool.frames import FRAME_OVERHEAD, Kind, write_settled
from app.adapters.spool.log import Clock, Entry, SegmentLog, instant
from app.adapters.spool.segments import Segment, SegmentWriter, new_segment

SEGMENT_BYTES = 64 * 1024 * 1024
MOST_SEGMENT_BYTES = 1024 * 1024 * 1024  # offsets are kept in four bytes


class WritableLog(SegmentLog):
    """Segments in a directory that this process holds.

    Every error of the disk makes the segment suspect: it is closed, never written or synced
    again, and vouches for nothing beyond what was synced before. The next write makes a new one.
    """

    def __init__(
        self,
        directory: Path,
        key: bytes,
        *,
        descriptor: int,
        max_bytes: int,
        tail_seconds: float,
        segment_bytes: int,
        clock: Clock,
    ) -> None:
        super().__init__(
            directory, key, max_bytes=max_bytes, tail_seconds=tail_seconds, clock=clock
        )
        self._descriptor: int | None = descriptor
        self._segment_bytes = min(segment_bytes, MOST_SEGMENT_BYTES)
        self._last_number = 0
        self._active: Segment | None = None
        # Besides the active segment these are full ones that hold what may still have to be synced.
        self._writers: dict[int, SegmentWriter] = {}
        # Segments whose names may not be on disk yet.
        self._unnamed: set[int] = set()

    def close(self) -> None:
        """Write down what was settled, and let go of the directory. It stays, with its tail."""
        if self._descriptor is None:
            return
        self._write_marks()
        for number in list(self._writers):
            self._close_writer(number)
        self._active = None
        os.close(self._descriptor)
        self._descriptor = None

    def _check_open(self) -> None:
        if self._descriptor is None:
            raise SpoolUnavailable(f"{self.directory} has been closed")

    def _put(self, records: Sequence[bytes]) -> list[Entry]:
        """Write the marks that wait, then records, in one call; all of them are noted, or none."""
        self._check_open()
        now_ms = self._now_ms()
        segment = self._writable(sum(map(len, records)) + len(records) * FRAME_OVERHEAD, now_ms)
        marks = write_settled(self._marks)
        seal, first = segment.cipher.seal, len(segment)
        pieces = seal(marks, kind=Kind.SETTLED, sequence=first, written_ms=now_ms)
        pieces += seal(records, kind=Kind.RECORD, sequence=first + len(marks), written_ms=now_ms)
        self._write(segment, b"".join(pieces))
        self._marks.clear()
        segment.extend(Kind.SETTLED, map(len, marks), now_ms)
        places = segment.extend(Kind.RECORD, map(len, records), now_ms)
        number, written_at = segment.number, instant(now_ms)
        return [Entry(number, sequence, written_at) for sequence in places]

    def _write_marks(self) -> None:
        if not self._marks:
            return
        try:
            self._put([])
        except SpoolUnavailable:
            return

    def _writable(self, size: int, now_ms: int) -> Segment:
        """The active segment, or a new one when that is full."""
        if self._active is not None and self._active.size + size > self._segment_bytes:
            self._retire_active()
        if self._active is None:
            self._last_number += 1
            try:
                segment, writer = new_segment(self.directory, self._last_number, self._key, now_ms)
            except OSError as error:
                raise SpoolUnavailable(f"no new segment: {error}") from error
            self._segments[segment.number] = segment
            self._writers[segment.number] = writer
            self._unnamed.add(segment.number)
            self._active = segment
        return self._active

    def _retire_active(self) -> None:
        """Write no more to the active segment. It stays open only if it may have to be synced."""
        self._active = None
        for number in list(self._writers):
            segment = self._segments[number]
            if not segment.unsettled or segment.durable == len(segment):
                self._close_writer(number)

    def _write(self, segment: Segment, data: bytes) -> None:
        try:
            self._writers[segment.number].write(data)
        except OSError as error:
            self._distrust(segment)
            raise SpoolUnavailable(f"not written: {error}") from error

    def _sync_segment(self, segment: Segment) -> None:
        """Have all frames of a segment on disk, and its name; OSError makes it suspect."""
        frames = len(segment)
        if segment.durable < frames:
            try:
                self._writers[segment.number].sync()
                if segment.number in self._unnamed:
                    directories.sync(self.directory)
                    self._unnamed.discard(segment.number)
            except OSError:
                self._distrust(segment)
                raise
            segment.durable = frames
        if segment is not self._active:
            self._close_writer(segment.number)

    def _distrust(self, segment: Segment) -> None:
        """Never write to it again. What was synced stays; what never held a frame goes."""
        self._close_writer(segment.number)
        if segment is self._active:
            self._active = None
        try:
            if len(segment):
                segment.size = segment.path.stat().st_size
            else:
                del self._segments[segment.number]
                segment.path.unlink(missing_ok=True)
        except OSError:
            return

    def _remove_one(self, segment: Segment) -> bool:
        if segment.number in self._writers:
            self._close_writer(segment.number)
        return super()._remove_one(segment)

    def _close_writer(self, number: int) -> None:
        self._writers.pop(number).close()
        self._unnamed.discard(number)
