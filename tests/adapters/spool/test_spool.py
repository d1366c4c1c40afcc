"""What goes in comes out: append, sync, settle, tail, trim, usage."""

import stat
import tracemalloc
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest

from app.adapters.spool import Entry, Spool, SpoolUnavailable
from tests.adapters.spool.conftest import OpenSpool
from tests.adapters.spool.disk import Disk
from tests.adapters.spool.records import KEY, Clock, numbered, owed, segments

KB = 1024
MINUTE = 60.0


class TestAppend:
    def test_records_come_back_in_order_with_their_entries(
        self, spool: Spool, clock: Clock
    ) -> None:
        first = spool.append(numbered(3))
        clock.forward(1.5)
        second = spool.append(numbered(2, first=3))
        found = list(spool.unsettled())
        assert [record for _, record in found] == numbered(5)
        assert [entry for entry, _ in found] == first + second
        assert second[0].written_at == clock.time
        assert second[0].written_at - first[0].written_at == timedelta(seconds=1.5)

    def test_a_batch_is_one_write(self, spool: Spool, disk: Disk) -> None:
        spool.append(numbered(1))
        disk.calls.clear()
        spool.settle(spool.append(numbered(30, size=1500)))
        spool.append(numbered(30, size=1500, first=30))
        assert disk.calls == ["write", "write"], "what was settled goes along with what comes next"

    @pytest.mark.parametrize("size", [0, 1, 4000, 4096, 300_000])
    def test_any_size_comes_back_whole(self, spool: Spool, size: int) -> None:
        record = bytes(n % 251 for n in range(size))
        spool.append([b"before", record, b"after"])
        assert owed(spool) == [b"before", record, b"after"]

    def test_nothing_appended_is_nothing_written(self, spool: Spool, disk: Disk) -> None:
        assert spool.append([]) == []
        assert disk.calls == []

    def test_a_closed_spool_takes_nothing(self, spool: Spool) -> None:
        spool.close()
        spool.close()
        with pytest.raises(SpoolUnavailable, match="closed"):
            spool.append(numbered(1))
        with pytest.raises(SpoolUnavailable, match="closed"):
            spool.sync()

    def test_nobody_else_can_read_the_files(self, spool: Spool) -> None:
        spool.append(numbered(1))
        assert stat.S_IMODE(spool.directory.stat().st_mode) == 0o700
        assert [stat.S_IMODE(p.stat().st_mode) for p in spool.directory.iterdir()] == [0o600]

    def test_nothing_readable_is_on_the_disk(self, spool: Spool, root: Path) -> None:
        canary = b"canary.person@example.com"
        spool.append([canary, b"x" * 5000 + canary])
        spool.settle([spool.append([canary])[0]])
        spool.close()
        files = [path for path in root.rglob("*") if path.is_file()]
        assert files
        assert [path for path in files if canary in path.read_bytes()] == []
        assert [path for path in files if b"x" * 16 in path.read_bytes()] == []

    def test_equal_records_look_different_on_the_disk(self, spool: Spool) -> None:
        spool.append([b"the same record, sixteen bytes and more"] * 2)
        [path] = segments(spool.directory)
        data = path.read_bytes()
        assert data[-39 - 16 : -16] not in data[: -39 - 16]


class TestSync:
    def test_it_syncs_the_data_then_the_name_of_a_new_segment_and_only_once(
        self, spool: Spool, disk: Disk
    ) -> None:
        spool.append(numbered(1))
        disk.calls.clear()
        spool.sync()
        assert disk.calls == ["sync", "sync directory"]
        spool.append(numbered(1))
        disk.calls.clear()
        spool.sync()
        spool.sync()
        assert disk.calls == ["sync"]

    def test_it_syncs_what_went_to_earlier_segments_too(
        self, open_spool: OpenSpool, disk: Disk
    ) -> None:
        spool = open_spool(segment_bytes=4 * KB)
        for n in range(3):
            spool.append(numbered(3, size=KB, first=3 * n))
        disk.calls.clear()
        spool.sync()
        assert disk.calls.count("sync") == len(segments(spool.directory)) == 3
        disk.calls.clear()
        spool.sync()
        assert disk.calls == []

    def test_full_segments_that_owe_nothing_are_not_synced(
        self, open_spool: OpenSpool, disk: Disk
    ) -> None:
        spool = open_spool(segment_bytes=4 * KB)
        for n in range(5):
            spool.settle(spool.append(numbered(3, size=KB, first=3 * n)))
        spool.append(numbered(3, size=KB, first=15))
        disk.calls.clear()
        spool.sync()
        assert disk.calls.count("sync") == 1

    def test_a_new_directory_has_its_own_name_on_disk(self, root: Path, disk: Disk) -> None:
        root.mkdir()
        spool = Spool.open(root, KEY, max_bytes=1 << 20)
        assert disk.calls == ["sync directory"]
        spool.close()


class TestSettle:
    def test_settled_records_are_not_owed(self, spool: Spool) -> None:
        entries = spool.append(numbered(6))
        spool.settle([entries[4], entries[0], entries[1]])
        assert owed(spool) == [numbered(6)[n] for n in (2, 3, 5)]
        assert spool.usage().unsettled == 3

    def test_settling_twice_or_a_stranger_changes_nothing(self, spool: Spool, clock: Clock) -> None:
        entries = spool.append(numbered(2))
        spool.settle([entries[0], entries[0], Entry(99, 0, clock.time)])
        spool.settle([entries[0], Entry(entries[0].segment, 99, clock.time)])
        assert owed(spool) == numbered(1, first=1)

    def test_many_can_be_settled_while_they_are_read(self, open_spool: OpenSpool) -> None:
        spool = open_spool(segment_bytes=16 * KB)
        for n in range(40):
            spool.append(numbered(50, first=50 * n))
        taken: list[bytes] = []
        while batch := list(islice(spool.unsettled(), 64)):
            taken += [record for _, record in batch]
            spool.settle([entry for entry, _ in batch])
        assert taken == numbered(2000)

    def test_reading_needs_no_memory_for_what_waits(self, spool: Spool) -> None:
        for n in range(100):
            spool.append(numbered(50, 4000, 50 * n))
        tracemalloc.start()
        try:
            count = sum(len(record) for _, record in spool.unsettled())
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert count == 100 * 50 * 4000
        assert peak < count / 50

    def test_an_iterator_goes_on_through_what_happens_meanwhile(
        self, open_spool: OpenSpool, clock: Clock
    ) -> None:
        spool = open_spool(segment_bytes=4 * KB)
        entries = [entry for n in range(5) for entry in spool.append(numbered(3, KB, n * 3))]
        reading = spool.unsettled()
        assert next(reading)[1] == numbered(1, KB)[0]
        spool.settle(entries[:8])
        clock.forward(20 * MINUTE)
        assert spool.trim() == 2
        spool.append(numbered(1, KB, 15))
        assert [record for _, record in reading] == numbered(8, KB, 8)
