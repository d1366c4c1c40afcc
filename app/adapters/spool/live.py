"""The spool of this process: append, sync, and give back when Postgres is there again."""

import errno
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

from app.adapters.spool import directories
from app.adapters.spool.errors import SpoolFull, SpoolInUse, SpoolUnavailable
from app.adapters.spool.frames import FRAME_OVERHEAD, LONGEST_RECORD
from app.adapters.spool.log import TAIL_SECONDS, Clock, Entry
from app.adapters.spool.segments import Segment
from app.adapters.spool.writing import SEGMENT_BYTES, WritableLog
from app.platform import clock as platform_clock
from app.platform.ids import new_id

_NEARLY_FULL = 0.9
# So that to give up one segment makes room and leaves most of the tail.
_LEAST_SEGMENTS = 8
_ATTEMPTS = 5
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class Spool(WritableLog):
    """An append-only log in a directory that no other process writes to.

    `append` hands records to the kernel, `sync` has them on disk: only after both may a record be
    acknowledged. A record whose append or sync failed may still come back from `unsettled`, here
    or after a crash; it was not acknowledged, and to store it is harmless, because Postgres knows
    every record by its receipt and takes it once.

    Not locked: append, sync, settle, trim, close and the iterators belong to one thread at a time
    (an executor with one thread). `usage` may be asked from any.
    """

    @classmethod
    def open(
        cls,
        root: Path,
        key: bytes,
        *,
        max_bytes: int,
        tail_seconds: float = TAIL_SECONDS,
        segment_bytes: int = SEGMENT_BYTES,
        clock: Clock = platform_clock.now,
        instance: str | None = None,
    ) -> Self:
        """A new directory below the root, held until `close` or the end of the process.

        Without a name it gets one that no other has; a name that was there before is SpoolInUse.
        """
        directory, descriptor = _claim(root, instance)
        return cls(
            directory,
            key,
            descriptor=descriptor,
            max_bytes=max_bytes,
            tail_seconds=tail_seconds,
            segment_bytes=min(segment_bytes, max_bytes // _LEAST_SEGMENTS),
            clock=clock,
        )

    def append(self, records: Sequence[bytes]) -> list[Entry]:
        """Write records in order, in one call to the kernel, unsynced; all are taken, or none."""
        if not records:
            return []
        if max(map(len, records)) > LONGEST_RECORD:
            raise ValueError(f"a record has more than {LONGEST_RECORD} bytes")
        size = sum(map(len, records)) + len(records) * FRAME_OVERHEAD
        self._make_room(size)
        if self._used() + size > self.max_bytes:
            raise SpoolFull(f"{self.directory} holds {self.max_bytes} bytes that are still owed")
        try:
            return self._put(records)
        except SpoolUnavailable as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno in _NO_ROOM:
                self._remove(self._settled())
            raise

    def sync(self, entries: Iterable[Entry] | None = None) -> None:
        """Return when the entries are on disk; without any, when everything unsettled is.

        With SpoolUnavailable they may not be, and no later `sync` of the same entries says
        otherwise: only when they are appended once more can they be acknowledged.
        """
        self._check_open()
        problem: OSError | None = None
        for number in sorted(self._writers):
            try:
                self._sync_segment(self._segments[number])
            except OSError as error:
                problem = error
        if self._doubtful(entries):
            raise SpoolUnavailable(f"not on disk: {problem or 'an earlier write failed'}")

    def trim(self) -> int:
        """Unlink what is settled and older than the tail; returns how many segments went.

        Near `max_bytes` what is settled goes before its time; what is unsettled never does. To be
        called every now and then: it also writes down what was settled.
        """
        self._check_open()
        self._write_marks()
        # Little traffic never fills a segment: what is in it must not stay for ever.
        active = self._active
        if active is not None:
            too_old = active.oldest_ms < self._now_ms() - self._tail_ms
            if too_old or (not active.records and len(self._segments) == 1):
                self._retire_active()
        leaving = [s for s in self._past_the_tail() if s is not self._active]
        return self._remove(leaving) + self._make_room(0)

    def _doubtful(self, entries: Iterable[Entry] | None) -> bool:
        if entries is None:
            segments = self._segments.values()
            return any(s.next_unsettled(s.durable) is not None for s in segments)
        for number, sequence, _ in entries:
            segment = self._segments.get(number)
            # One that is no longer there was wholly settled.
            if segment and sequence >= segment.durable and not segment.is_settled(sequence):
                return True
        return False

    def _settled(self) -> list[Segment]:
        segments = self._segments.values()
        return [s for s in segments if not s.unsettled and s is not self._active]

    def _make_room(self, size: int) -> int:
        excess = self._used() + size - _NEARLY_FULL * self.max_bytes
        if excess <= 0:
            return 0
        leaving = []
        for segment in self._settled():
            if excess <= 0:
                break
            leaving.append(segment)
            excess -= segment.size
        return self._remove(leaving)


def _claim(root: Path, instance: str | None) -> tuple[Path, int]:
    """A new directory and the descriptor that holds it."""
    for _ in range(_ATTEMPTS):
        try:
            directory = directories.make(root, instance or new_id().hex)
            return directory, directories.lock(directory)
        except (SpoolInUse, FileNotFoundError):
            # Between the two, somebody who removes empty directories was there.
            if instance is not None:
                raise SpoolInUse(f"{root / instance} is not ours alone") from None
        except OSError as error:
            raise SpoolUnavailable(f"{root} cannot be used: {error}") from error
    raise SpoolInUse(f"directories in {root} are taken away as soon as they are made")
