"""What a spool that is written to and one that was left behind have in common."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from app.adapters.spool.directories import set_aside
from app.adapters.spool.errors import SpoolUnavailable
from app.adapters.spool.frames import Settled
from app.adapters.spool.segments import Segment

Clock = Callable[[], datetime]

TAIL_SECONDS = 900.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Entry(NamedTuple):
    """The place of a record in its directory, and when it was written."""

    segment: int
    sequence: int
    written_at: datetime


class Problem(NamedTuple):
    """Something in a directory that could not be read, and is kept."""

    path: Path
    reason: str
    offset: int = 0
    length: int = 0


@dataclass(frozen=True, kw_only=True)
class Usage:
    """How a spool stands. `damaged` counts what somebody has to look at, `full` goes to 1."""

    bytes: int
    segments: int
    records: int
    unsettled: int
    oldest_unsettled_seconds: float | None
    damaged: int
    full: float


class SegmentLog:
    """The segments of one directory.

    Not locked: use it from one thread at a time, and go on with an iterator in that thread only.
    Iterators may be left alone between two steps while records are appended, settled and trimmed.
    """

    def __init__(
        self, directory: Path, key: bytes, *, tail_seconds: float, max_bytes: int, clock: Clock
    ) -> None:
        self.directory = directory
        self.max_bytes = max_bytes
        self.problems: list[Problem] = []
        self._key = key
        self._tail_ms = round(tail_seconds * 1000)
        self._clock = clock
        self._segments: dict[int, Segment] = {}
        # What was settled since the last marks were written. A lost mark does no harm: its
        # records are sent to Postgres once more, which knows them by their receipt.
        self._marks: list[Settled] = []

    def unsettled(self) -> Iterator[tuple[Entry, bytes]]:
        """What Postgres does not have, oldest first, read from the disk one at a time.

        That includes what was never acknowledged: storing it is harmless, losing it would not be.
        """
        return self._walk(lambda segment, at: segment.next_unsettled(at))

    def tail(self) -> Iterator[bytes]:
        """All records written or settled in the last `tail_seconds`, oldest first.

        A standby that takes over may lack what was committed last; that can be a record that had
        waited here for an hour.
        """
        since_ms = self._now_ms() - self._tail_ms
        return (record for _, record in self._walk(lambda s, at: s.next_since(at, since_ms)))

    def records(self) -> Iterator[tuple[Entry, bytes]]:
        """All records there are, settled or not, oldest first."""
        return self._walk(lambda segment, at: segment.next_since(at, 0))

    def is_settled(self, entry: Entry) -> bool:
        """Whether Postgres has it, as far as this directory knows."""
        segment = self._segments.get(entry.segment)
        return segment is None or segment.is_settled(entry.sequence)

    def settle(self, entries: Iterable[Entry]) -> None:
        """Note that Postgres has these. The note is written with what is written next."""
        now_ms = self._now_ms()
        for number, sequence, _ in entries:
            segment = self._segments.get(number)
            if segment is None or not segment.settle(sequence, now_ms):
                continue
            if self._marks and self._marks[-1][::2] == (number, sequence):
                self._marks[-1] = Settled(number, self._marks[-1].start, sequence + 1)
            else:
                self._marks.append(Settled(number, sequence, sequence + 1))

    def usage(self) -> Usage:
        """How full it is, what is owed to Postgres, what is damaged. From any thread."""
        segments = tuple(self._segments.values())
        waiting = [at for segment in segments if (at := segment.waiting_since_ms) is not None]
        size = self._used()
        return Usage(
            bytes=size,
            segments=len(segments),
            records=sum(segment.records for segment in segments),
            unsettled=sum(segment.unsettled for segment in segments),
            oldest_unsettled_seconds=(
                max(0.0, (self._now_ms() - min(waiting)) / 1000) if waiting else None
            ),
            damaged=len(self.problems) + sum(len(segment.damages) for segment in segments),
            full=size / self.max_bytes if self.max_bytes else 0.0,
        )

    def damaged(self) -> Iterator[Problem]:
        """Every file and every place in a segment that cannot be read."""
        yield from self.problems
        for segment in self._segments.values():
            yield from (
                Problem(segment.path, d.reason, d.offset, d.length) for d in segment.damages
            )

    def _used(self) -> int:
        segments = tuple(self._segments.values())
        return sum(segment.size for segment in segments) + sum(p.length for p in self.problems)

    def _walk(self, find: Callable[[Segment, int], int | None]) -> Iterator[tuple[Entry, bytes]]:
        number = -1
        while (segment := self._segment_after(number)) is not None:
            number = segment.number
            if (at := find(segment, 0)) is None:
                continue
            try:
                with segment.opened() as descriptor:
                    while at is not None:
                        frame = segment.read(descriptor, at)
                        if frame is None:
                            segment.lose(at)
                        else:
                            yield Entry(number, at, instant(frame.written_ms)), frame.payload
                        at = find(segment, at + 1)
            except OSError as error:
                raise SpoolUnavailable(f"{segment.path.name} cannot be read: {error}") from error

    def _segment_after(self, number: int) -> Segment | None:
        later = [segment for segment in self._segments.values() if segment.number > number]
        return min(later, key=lambda segment: segment.number, default=None)

    def _now_ms(self) -> int:
        return (self._clock() - _EPOCH) // _MILLISECOND

    def _past_the_tail(self) -> list[Segment]:
        """Segments of which nothing is owed, all of it written and settled before the tail."""
        horizon = self._now_ms() - self._tail_ms
        return [s for s in self._segments.values() if not s.unsettled and s.newest_ms < horizon]

    def _without_needed_marks(self, done: Iterable[Segment]) -> list[Segment]:
        """Those of the segments that can go.

        One that holds nothing but marks stays as long as there is an older one that they speak of.
        """
        done = list(done)
        numbers = {segment.number for segment in done}
        oldest_kept = min((n for n in self._segments if n not in numbers), default=None)
        return [s for s in done if s.records or oldest_kept is None or s.number < oldest_kept]

    def _remove(self, segments: Iterable[Segment]) -> int:
        """Unlink segments, after what they know of older ones has been written down again."""
        segments = self._without_needed_marks(segments)
        if not segments:
            return 0
        gone = {segment.number for segment in segments}
        older = [s for n, s in self._segments.items() if n < max(gone) and n not in gone]
        restated = gone | {segment.number for segment in older}
        self._marks = [mark for mark in self._marks if mark.segment not in restated]
        for segment in older:
            self._marks += segment.settled_ranges()
        self._write_marks()
        return sum(self._remove_one(segment) for segment in segments)

    def _remove_one(self, segment: Segment) -> bool:
        try:
            for damage in segment.damages:
                copy = set_aside(segment.path, damage)
                self.problems.append(Problem(copy, damage.reason, 0, damage.length))
            segment.path.unlink(missing_ok=True)
        except OSError:
            return False
        del self._segments[segment.number]
        return True

    def _write_marks(self) -> None:
        """Write what was settled, where that is possible; what is not written stays noted.

        Nowhere to write it here: a log that is only looked at.
        """


def instant(milliseconds: int) -> datetime:
    """The time that a frame carries."""
    return _EPOCH + milliseconds * _MILLISECOND
