"""What a process leaves behind is found, read, settled and at last removed."""

import fcntl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.adapters.spool import (
    Abandoned,
    Spool,
    SpoolInUse,
    SpoolUnavailable,
    Survey,
    abandoned,
    instances,
)
from app.adapters.spool.segments import new_segment
from tests.adapters.spool.conftest import OpenSpool
from tests.adapters.spool.records import (
    KEY,
    OTHER_KEY,
    ROOT,
    Clock,
    crash,
    numbered,
    only,
    owed,
    segments,
)

MINUTE = 60.0
HOLDER = """
import sys
from pathlib import Path
from typing import Any
from app.adapters.spool import Spool
spool = Spool.open(Path(sys.argv[1]), bytes(range(32)), max_bytes=1 << 20, instance="held")
spool.append([b"one"])
spool.sync()
print("open", flush=True)
sys.stdin.read()
"""


class TestHolding:
    def test_a_living_process_is_left_alone_and_a_killed_one_is_not(self, root: Path) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(root)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "open\n"
            try:
                with pytest.raises(SpoolInUse):
                    Spool.open(root, KEY, max_bytes=1 << 20, instance="held")
                with pytest.raises(SpoolInUse):
                    Abandoned.open(root / "held", KEY)
                assert list(abandoned(root, KEY)) == []
                assert Survey(root / "held", KEY).live
            finally:
                holder.kill()
        [left] = abandoned(root, KEY)
        with left:
            assert owed(left) == [b"one"]
            with pytest.raises(SpoolInUse):
                Abandoned.open(root / "held", KEY)
        assert not Survey(root / "held", KEY).live

    def test_a_name_serves_once(self, open_spool: OpenSpool) -> None:
        open_spool(instance="web-1").close()
        with pytest.raises(SpoolInUse):
            open_spool(instance="web-1")

    def test_each_start_has_a_directory_of_its_own(self, open_spool: OpenSpool) -> None:
        assert open_spool().directory != open_spool().directory

    def test_a_directory_taken_away_between_making_and_locking_is_made_anew(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made: list[Path] = []
        real = Path.mkdir

        def mkdir(path: Path, **options: Any) -> None:
            real(path, **options)
            if path.parent == root:
                made.append(path)
                if len(made) == 1:
                    path.rmdir()

        monkeypatch.setattr(Path, "mkdir", mkdir)
        spool = Spool.open(root, KEY, max_bytes=1 << 20)
        assert made == [made[0], spool.directory]
        spool.close()

    def test_a_directory_replaced_before_it_is_locked_is_not_ours(
        self, spool: Spool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        crash(spool)
        real = fcntl.flock

        def flock(descriptor: int, operation: int) -> None:
            spool.directory.rmdir()
            spool.directory.mkdir()
            real(descriptor, operation)

        monkeypatch.setattr(fcntl, "flock", flock)
        with pytest.raises(SpoolInUse):
            Abandoned.open(spool.directory, KEY)

    def test_other_things_below_the_root_are_not_touched(self, root: Path, clock: Clock) -> None:
        for name in ("lost+found", "notes"):
            (root / name).mkdir(parents=True)
        (root / "file").write_text("")
        assert instances(root) == []
        assert list(abandoned(root, KEY, clock=clock)) == []
        assert sorted(path.name for path in root.iterdir()) == ["file", "lost+found", "notes"]

    def test_no_root_is_nothing_abandoned(self, root: Path) -> None:
        assert list(abandoned(root, KEY)) == []


class TestReplay:
    def test_what_is_owed_comes_oldest_first_over_all_segments(
        self, open_spool: OpenSpool, clock: Clock
    ) -> None:
        spool = open_spool(segment_bytes=1000)
        entries = [entry for n in range(10) for entry in spool.append(numbered(7, first=7 * n))]
        spool.settle(entries[:20])
        spool.append(numbered(1, first=70))
        assert len(segments(crash(spool))) > 3
        [left] = abandoned(spool.directory.parent, KEY, clock=clock)
        with left:
            assert owed(left) == numbered(51, first=20)
            assert left.usage().unsettled == 51

    def test_progress_is_kept_when_the_replaying_process_ends_too(
        self, spool: Spool, clock: Clock
    ) -> None:
        spool.append(numbered(5))
        crash(spool)
        for settled in range(5):
            with Abandoned.open(spool.directory, KEY, clock=clock) as left:
                assert owed(left) == numbered(5)[settled:]
                left.settle([next(left.unsettled())[0]])
        with Abandoned.open(spool.directory, KEY, clock=clock) as left:
            assert owed(left) == []

    def test_it_is_removed_when_all_is_settled_and_the_tail_is_over(
        self, spool: Spool, clock: Clock, root: Path
    ) -> None:
        spool.append(numbered(5))
        crash(spool)
        with Abandoned.open(spool.directory, KEY, clock=clock) as left:
            clock.forward(60 * MINUTE)
            assert not left.retire()
            left.settle([entry for entry, _ in left.unsettled()])
            assert not left.retire(), "what was stored just now may yet be lost by Postgres"
            clock.forward(14 * MINUTE)
            assert not left.retire()
            assert list(left.tail()) == numbered(5)
        clock.forward(2 * MINUTE)
        [left] = abandoned(root, KEY, clock=clock)
        assert left.retire()
        assert list(root.iterdir()) == []

    def test_a_directory_that_never_had_a_record_goes_at_once(
        self, spool: Spool, clock: Clock, root: Path
    ) -> None:
        spool.close()
        [left] = abandoned(root, KEY, clock=clock)
        assert left.retire()
        assert list(root.iterdir()) == []
        with pytest.raises(SpoolUnavailable):
            left.retire()

    def test_settled_segments_go_before_the_rest_is_settled(
        self, open_spool: OpenSpool, clock: Clock
    ) -> None:
        spool = open_spool(segment_bytes=1000)
        for n in range(10):
            spool.append(numbered(7, first=7 * n))
        before = len(segments(crash(spool)))
        with Abandoned.open(spool.directory, KEY, clock=clock) as left:
            entries = [entry for entry, _ in left.unsettled()]
            left.settle(entries[1:])
            clock.forward(16 * MINUTE)
            assert not left.retire()
            assert len(segments(spool.directory)) < before / 2
        with Abandoned.open(spool.directory, KEY, clock=clock) as left:
            assert owed(left) == numbered(1)


class TestNotOurs:
    def test_another_key_is_kept_and_reported(self, spool: Spool, clock: Clock) -> None:
        spool.append(numbered(3))
        crash(spool)
        clock.forward(60 * MINUTE)
        with Abandoned.open(spool.directory, OTHER_KEY, clock=clock) as left:
            assert owed(left) == []
            assert "another key" in only_reason(left)
            assert left.usage().damaged == 1
            assert not left.retire()
        with Abandoned.open(spool.directory, KEY, clock=clock) as left:
            assert owed(left) == numbered(3)

    def test_a_damaged_header_with_another_key_is_not_taken_for_rot(
        self, spool: Spool, clock: Clock
    ) -> None:
        spool.append(numbered(3))
        path = only(segments(crash(spool)))
        data = bytearray(path.read_bytes())
        data[20] ^= 1
        path.write_bytes(data)
        with Abandoned.open(spool.directory, OTHER_KEY, clock=clock) as left:
            assert "nothing in it" in only_reason(left)
            clock.forward(60 * MINUTE)
            assert not left.retire()
        with Abandoned.open(spool.directory, KEY, clock=clock) as left:
            assert owed(left) == numbered(3)

    def test_a_newer_format_is_kept_and_reported_and_its_neighbours_are_read(
        self, open_spool: OpenSpool, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spool = open_spool(segment_bytes=1000)
        spool.append(numbered(10))
        monkeypatch.setattr("app.adapters.spool.frames.FORMAT", 2)
        spool.append(numbered(15, first=10))
        monkeypatch.undo()
        spool.append(numbered(10, first=25))
        crash(spool)
        newer = segments(spool.directory)[1]
        with Abandoned.open(spool.directory, KEY, clock=clock) as left:
            assert owed(left) == numbered(10) + numbered(10, first=25)
            assert "newer" in only_reason(left)
            left.settle([entry for entry, _ in left.unsettled()])
            clock.forward(60 * MINUTE)
            assert not left.retire()
            assert segments(spool.directory) == [newer]

    def test_a_kind_of_frame_that_is_not_known_here_is_kept_and_reported(
        self, spool: Spool, clock: Clock
    ) -> None:
        crash(spool)
        segment, writer = new_segment(spool.directory, 1, KEY, 0)
        writer.write(b"".join(segment.cipher.seal([b"?"], kind=9, sequence=0, written_ms=0)))
        writer.close()
        with Abandoned.open(spool.directory, KEY, clock=clock) as left:
            assert "newer" in only_reason(left)
            assert not left.retire()
        only(segments(spool.directory))


def only_reason(left: Abandoned) -> str:
    [problem] = left.problems
    return problem.reason
