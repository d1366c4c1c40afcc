"""How long things stay, how much room they take, and what is said about it."""

import pytest

from app.adapters.spool import Spool, SpoolFull, abandoned
from tests.adapters.spool.conftest import OpenSpool
from tests.adapters.spool.records import KEY, Clock, crash, numbered, owed, segments

KB = 1024
MB = 1024 * KB
MINUTE = 60.0


def fill(spool: Spool, first: int, count: int, *, settled: bool = True) -> None:
    """Append as many kilobytes, one record each."""
    for record in numbered(count, KB, first):
        entries = spool.append([record])
        if settled:
            spool.settle(entries)


class TestTail:
    def test_it_has_what_is_settled_too(self, spool: Spool) -> None:
        entries = spool.append(numbered(4))
        spool.settle(entries[:2])
        assert list(spool.tail()) == numbered(4)

    def test_it_ends_after_its_time(self, spool: Spool, clock: Clock) -> None:
        spool.settle(spool.append(numbered(2)))
        clock.forward(10 * MINUTE)
        spool.settle(spool.append(numbered(2, first=2)))
        clock.forward(6 * MINUTE)
        assert list(spool.tail()) == numbered(2, first=2)
        clock.forward(10 * MINUTE)
        assert list(spool.tail()) == []

    def test_a_record_that_waited_for_long_is_in_the_tail_once_it_is_settled(
        self, spool: Spool, clock: Clock
    ) -> None:
        entries = spool.append(numbered(2))
        clock.forward(60 * MINUTE)
        spool.settle(entries[:1])
        clock.forward(14 * MINUTE)
        assert list(spool.tail()) == numbered(1)

    def test_it_survives_the_process(self, spool: Spool, clock: Clock) -> None:
        spool.settle(spool.append(numbered(3)))
        clock.forward(MINUTE)
        spool.close()
        [left] = abandoned(spool.directory.parent, KEY, clock=clock)
        with left:
            assert owed(left) == []
            assert list(left.tail()) == numbered(3)
            clock.forward(16 * MINUTE)
            assert list(left.tail()) == []


class TestTrim:
    def test_what_is_settled_and_old_goes(self, open_spool: OpenSpool, clock: Clock) -> None:
        spool = open_spool(segment_bytes=4 * KB)
        fill(spool, 0, 9)
        clock.forward(14 * MINUTE)
        assert spool.trim() == 0
        clock.forward(2 * MINUTE)
        assert spool.trim() == 3
        assert segments(spool.directory) == []
        assert spool.usage().bytes == 0
        spool.append(numbered(1))
        assert owed(spool) == numbered(1)

    def test_what_is_owed_stays_however_old(self, open_spool: OpenSpool, clock: Clock) -> None:
        spool = open_spool(segment_bytes=4 * KB)
        fill(spool, 0, 3)
        fill(spool, 3, 1, settled=False)
        fill(spool, 4, 9)
        clock.forward(24 * 60 * MINUTE)
        assert spool.trim() > 0
        assert owed(spool) == numbered(1, KB, 3)

    def test_the_time_begins_when_a_record_is_settled(self, spool: Spool, clock: Clock) -> None:
        entries = spool.append(numbered(1))
        clock.forward(60 * MINUTE)
        spool.settle(entries)
        assert spool.trim() == 0
        clock.forward(16 * MINUTE)
        assert spool.trim() == 1

    def test_a_quiet_spool_keeps_no_personal_data(self, spool: Spool, clock: Clock) -> None:
        """Little traffic never fills a segment; it is ended by its age."""
        for n in range(20):
            fill(spool, n, 1)
            clock.forward(5 * MINUTE)
            spool.trim()
        clock.forward(16 * MINUTE)
        spool.trim()
        assert list(spool.directory.iterdir()) == []

    def test_what_was_settled_late_leaves_nothing_behind(self, spool: Spool, clock: Clock) -> None:
        entries = spool.append(numbered(1))
        clock.forward(60 * MINUTE)
        spool.trim()
        spool.settle(entries)
        spool.trim()
        assert len(segments(spool.directory)) == 2, "the note has a segment of its own"
        clock.forward(16 * MINUTE)
        spool.trim()
        spool.trim()
        assert list(spool.directory.iterdir()) == []

    def test_trimming_often_does_not_split_the_log(self, spool: Spool, clock: Clock) -> None:
        for n in range(20):
            fill(spool, n, 1, settled=n % 2 == 0)
            clock.forward(5)
            spool.trim()
        assert len(segments(spool.directory)) == 1

    def test_marks_of_older_segments_outlive_the_segment_they_were_in(
        self, open_spool: OpenSpool, clock: Clock
    ) -> None:
        spool = open_spool(segment_bytes=4 * KB)
        first = spool.append(numbered(3, KB))
        fill(spool, 3, 3)
        spool.settle(first[1:])
        fill(spool, 6, 12)
        clock.forward(16 * MINUTE)
        assert spool.trim() >= 4
        assert owed(spool) == numbered(1, KB)
        crash(spool)
        [left] = abandoned(spool.directory.parent, KEY, clock=clock)
        with left:
            assert owed(left) == numbered(1, KB)

    def test_trimming_again_and_again_writes_nothing_more(
        self, open_spool: OpenSpool, clock: Clock
    ) -> None:
        spool = open_spool(segment_bytes=4 * KB)
        first = spool.append(numbered(3, KB))
        fill(spool, 3, 6)
        spool.settle(first[1:])
        for _ in range(3):
            clock.forward(16 * MINUTE)
            spool.trim()
        before = [(path.name, path.stat().st_size) for path in segments(spool.directory)]
        for _ in range(5):
            clock.forward(16 * MINUTE)
            spool.trim()
        assert [(path.name, path.stat().st_size) for path in segments(spool.directory)] == before
        assert owed(spool) == numbered(1, KB)


class TestRoom:
    def test_near_the_limit_settled_segments_go_before_their_time(
        self, open_spool: OpenSpool
    ) -> None:
        spool = open_spool(max_bytes=MB)
        fill(spool, 0, 3000)
        assert 0.6 < spool.usage().full <= 1.0
        assert list(spool.tail())[-500:] == numbered(500, KB, 2500)

    def test_what_is_owed_never_goes_and_the_next_is_refused(self, open_spool: OpenSpool) -> None:
        spool = open_spool(max_bytes=MB)
        fill(spool, 0, 100)
        with pytest.raises(SpoolFull):
            fill(spool, 100, 3000, settled=False)
        kept = owed(spool)
        assert len(kept) > 800
        assert kept == numbered(len(kept), KB, 100)
        assert spool.usage().full > 0.98
        assert sum(path.stat().st_size for path in segments(spool.directory)) <= MB

    def test_once_settled_there_is_room_again(self, open_spool: OpenSpool) -> None:
        spool = open_spool(max_bytes=MB)
        with pytest.raises(SpoolFull):
            fill(spool, 0, 3000, settled=False)
        spool.settle([entry for entry, _ in spool.unsettled()])
        fill(spool, 5000, 100, settled=False)
        assert owed(spool) == numbered(100, KB, 5000)


class TestUsage:
    def test_an_empty_spool(self, spool: Spool) -> None:
        usage = spool.usage()
        assert (usage.bytes, usage.segments, usage.records, usage.unsettled) == (0, 0, 0, 0)
        assert (usage.oldest_unsettled_seconds, usage.damaged, usage.full) == (None, 0, 0.0)

    def test_it_counts_what_is_there(self, open_spool: OpenSpool, clock: Clock) -> None:
        spool = open_spool(max_bytes=MB, segment_bytes=4 * KB)
        fill(spool, 0, 2)
        clock.forward(30)
        fill(spool, 2, 2, settled=False)
        clock.forward(12.5)
        fill(spool, 4, 3, settled=False)
        usage = spool.usage()
        assert usage.records == 7
        assert usage.unsettled == 5
        assert usage.oldest_unsettled_seconds == 12.5
        assert usage.segments == len(segments(spool.directory)) == 3
        assert usage.bytes == sum(path.stat().st_size for path in segments(spool.directory))
        assert usage.full == usage.bytes / MB
