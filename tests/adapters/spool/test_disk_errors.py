"""A disk that refuses: nothing is acknowledged, and a file that failed is never trusted again."""

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.adapters.spool import Abandoned, Spool, SpoolUnavailable, abandoned
from tests.adapters.spool.conftest import OpenSpool
from tests.adapters.spool.disk import Disk
from tests.adapters.spool.records import KEY, ROOT, Clock, crash, numbered, only, owed, segments

NOBODY = 65534
ERRORS = [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EFBIG, errno.EDQUOT]
WRITER = """
import resource, signal, sys
from pathlib import Path
from app.adapters.spool import Spool, SpoolUnavailable
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
spool = Spool.open(Path(sys.argv[1]), bytes(range(32)), max_bytes=1 << 24)
refused = 0
for n in range(300):
    record = f"{n:08d}".encode().ljust(100 + n % 7 * 200, b".")
    try:
        spool.sync(spool.append([record]))
    except SpoolUnavailable:
        refused += 1
    else:
        print(n)
print(refused, file=sys.stderr)
"""


@contextmanager
def unprivileged(directory: Path) -> Iterator[None]:
    """Nobody's rights, for root may write where nobody may."""
    if os.geteuid() != 0:
        yield
        return
    os.chown(directory, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


class TestWrite:
    @pytest.mark.parametrize("partial", [0, 1, 30, 200])
    @pytest.mark.parametrize("number", ERRORS)
    def test_a_failed_append_is_refused_whole_and_the_next_has_a_new_segment(
        self, spool: Spool, disk: Disk, clock: Clock, number: int, partial: int
    ) -> None:
        spool.sync(spool.append(numbered(2)))
        [suspect] = segments(spool.directory)
        disk.fail("write", number, partial=partial)
        with pytest.raises(SpoolUnavailable):
            spool.append(numbered(5, first=900))
        touched = suspect.read_bytes()
        assert owed(spool) == numbered(2)
        spool.sync(spool.append(numbered(2, first=2)))
        assert owed(spool) == numbered(4)
        assert suspect.read_bytes() == touched
        assert len(segments(spool.directory)) == 2
        with Abandoned.open(crash(spool), KEY, clock=clock) as left:
            acknowledged = [r for r in owed(left) if r < numbered(1, first=900)[0]]
            assert acknowledged == numbered(4)

    def test_what_was_not_synced_before_the_failure_is_not_vouched_for(
        self, spool: Spool, disk: Disk
    ) -> None:
        safe = spool.append(numbered(1))
        spool.sync(safe)
        doubtful = spool.append(numbered(1, first=1))
        disk.fail("write")
        with pytest.raises(SpoolUnavailable):
            spool.append(numbered(1, first=2))
        later = spool.append(numbered(1, first=3))
        spool.sync(safe)
        spool.sync(later)
        for _ in range(2):
            with pytest.raises(SpoolUnavailable):
                spool.sync(doubtful)
            with pytest.raises(SpoolUnavailable):
                spool.sync()
        spool.settle(doubtful)
        spool.sync(doubtful)
        spool.sync()

    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
    @pytest.mark.parametrize("after", [0, 1])
    def test_a_disk_that_takes_nothing_is_not_littered(
        self, spool: Spool, disk: Disk, after: int, number: int
    ) -> None:
        """Whether there is room for a header or not."""
        for _ in range(20):
            disk.fail("write", number, after=after)
            with pytest.raises(SpoolUnavailable):
                spool.append(numbered(1))
        assert spool.usage().segments == 0
        assert list(spool.directory.iterdir()) == []
        disk.heal()
        spool.sync(spool.append(numbered(1)))
        assert owed(spool) == numbered(1)

    def test_on_a_full_disk_the_tail_makes_room(self, open_spool: OpenSpool, disk: Disk) -> None:
        spool = open_spool(segment_bytes=1000)
        for n in range(5):
            spool.settle(spool.append(numbered(10, first=10 * n)))
        spool.append(numbered(10, first=50))
        before = len(segments(spool.directory))
        disk.fail("write", errno.ENOSPC, times=3)
        with pytest.raises(SpoolUnavailable):
            spool.append(numbered(10, first=60))
        assert len(segments(spool.directory)) < before - 3
        assert owed(spool) == numbered(10, first=50)

    def test_settling_and_trimming_never_fail(self, spool: Spool, disk: Disk) -> None:
        entries = spool.append(numbered(3))
        disk.fail("write", times=9)
        spool.settle(entries[:2])
        spool.trim()
        assert owed(spool) == numbered(1, first=2)
        disk.heal()
        spool.trim()
        with Abandoned.open(crash(spool), KEY) as left:
            assert owed(left) == numbered(1, first=2)


class TestSync:
    @pytest.mark.parametrize("call", ["sync", "sync directory"])
    def test_after_a_failed_sync_the_file_is_never_written_or_synced_again(
        self, spool: Spool, disk: Disk, call: str
    ) -> None:
        entries = spool.append(numbered(2))
        [suspect] = segments(spool.directory)
        disk.fail(call)
        with pytest.raises(SpoolUnavailable):
            spool.sync(entries)
        disk.calls.clear()
        with pytest.raises(SpoolUnavailable):
            spool.sync(entries)
        assert disk.calls == []
        touched = suspect.read_bytes()
        again = spool.append(numbered(2))
        spool.sync(again)
        assert suspect.read_bytes() == touched
        assert len(segments(spool.directory)) == 2

    def test_what_was_synced_before_stays_acknowledged(self, spool: Spool, disk: Disk) -> None:
        early = spool.append(numbered(2))
        spool.sync(early)
        late = spool.append(numbered(2, first=2))
        disk.fail("sync")
        with pytest.raises(SpoolUnavailable):
            spool.sync(late)
        spool.sync(early)
        assert owed(spool)[:2] == numbered(2)

    def test_a_failure_in_a_full_segment_is_not_hidden_by_the_active_one(
        self, open_spool: OpenSpool, disk: Disk
    ) -> None:
        spool = open_spool(segment_bytes=1000)
        first = spool.append(numbered(10))
        second = spool.append(numbered(10, first=10))
        disk.fail("sync")
        with pytest.raises(SpoolUnavailable):
            spool.sync(first + second)
        spool.sync(second)


class TestLimits:
    def test_a_limit_on_the_size_of_files(self, root: Path, clock: Clock) -> None:
        done = subprocess.run(
            [sys.executable, "-c", WRITER, str(root)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        acknowledged = [int(line) for line in done.stdout.split()]
        refused = int(done.stderr)
        assert refused > 5
        assert len(acknowledged) == 300 - refused
        [left] = abandoned(root, KEY, clock=clock)
        with left:
            found = [int(record[:8]) for record in owed(left)]
        assert [n for n in found if n in set(acknowledged)] == acknowledged
        assert set(found) <= set(range(300))

    def test_no_descriptors_left(self, open_spool: OpenSpool) -> None:
        spool = open_spool(segment_bytes=1000)
        entries = spool.append(numbered(10))
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, hard))
        try:
            with pytest.raises(SpoolUnavailable):
                spool.append(numbered(10, first=10))
            with pytest.raises(SpoolUnavailable):
                owed(spool)
            with pytest.raises(SpoolUnavailable):
                spool.sync(entries)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        spool.sync(spool.append(numbered(10, first=10)))
        assert owed(spool) == numbered(20)

    def test_a_directory_that_may_not_be_written(self, open_spool: OpenSpool) -> None:
        spool = open_spool(segment_bytes=1000)
        spool.sync(spool.append(numbered(10)))
        spool.directory.chmod(0o500)
        try:
            with unprivileged(spool.directory), pytest.raises(SpoolUnavailable):
                spool.append(numbered(10, first=10))
        finally:
            spool.directory.chmod(0o700)
        spool.sync(spool.append(numbered(10, first=10)))
        assert owed(spool) == numbered(20)

    def test_a_root_where_nothing_can_be_made(self) -> None:
        with pytest.raises(SpoolUnavailable):
            Spool.open(Path("/proc/spool"), KEY, max_bytes=1 << 20)

    def test_a_root_that_is_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "spool"
        path.write_text("")
        with pytest.raises(SpoolUnavailable):
            Spool.open(path, KEY, max_bytes=1 << 20)

    def test_what_was_left_behind_is_replayed_from_a_disk_that_takes_nothing(
        self, spool: Spool, disk: Disk, clock: Clock
    ) -> None:
        spool.append(numbered(3))
        crash(spool)
        disk.fail("write", errno.EROFS, times=99)
        with Abandoned.open(spool.directory, KEY, clock=clock) as left:
            left.settle([entry for entry, _ in left.unsettled()])
            assert owed(left) == []
        only(segments(spool.directory))
