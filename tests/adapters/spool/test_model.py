"""A spool against a model of what it owes, through failures, kills and power cuts.

The disk of this test forgets on a power cut what was not synced: bytes of a file, and the names of
new files. It stands for what a kill cannot show.
"""

import errno
import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.adapters.spool import Abandoned, Entry, Spool, SpoolUnavailable, abandoned
from tests.adapters.spool.disk import Disk
from tests.adapters.spool.records import KEY, Clock, crash, owed

TAIL = timedelta(seconds=900)
FAILURES = st.sampled_from(
    [
        ("write", errno.EIO, 0),
        ("write", errno.EIO, 70),
        ("write", errno.ENOSPC, 33),
        ("sync", errno.EIO, 0),
        ("sync directory", errno.EIO, 0),
        ("open", errno.EMFILE, 0),
    ]
)


class SpoolMachine(RuleBasedStateMachine):
    """`acknowledged` and not `settled` is what must never be lost."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="spool-model-"))
        self.disk = Disk(self.root)
        self.disk.__enter__()
        self.clock = Clock()
        self.written: list[bytes] = []
        self.entries: dict[bytes, Entry] = {}
        self.acknowledged: set[bytes] = set()
        self.settled: dict[bytes, datetime] = {}
        self.tail_is_whole = True
        self.spool = self._open()

    def _open(self) -> Spool:
        return Spool.open(self.root, KEY, max_bytes=1 << 20, segment_bytes=1500, clock=self.clock)

    @property
    def must_have(self) -> set[bytes]:
        return self.acknowledged - set(self.settled)

    @rule(sizes=st.lists(st.integers(0, 400), min_size=1, max_size=6))
    def append(self, sizes: list[int]) -> None:
        first = len(self.written)
        batch = [f"{first + n:08d}".encode() + bytes(size) for n, size in enumerate(sizes)]
        self.written += batch
        try:
            entries = self.spool.append(batch)
        except SpoolUnavailable:
            return
        self.entries |= dict(zip(batch, entries, strict=True))

    @rule()
    def sync_everything(self) -> None:
        try:
            self.spool.sync()
        except SpoolUnavailable:
            return
        self.acknowledged |= set(self.entries)

    @rule(data=st.data())
    def sync_some(self, data: st.DataObject) -> None:
        some = self._some(data)
        try:
            self.spool.sync([self.entries[record] for record in some])
        except SpoolUnavailable:
            return
        self.acknowledged |= some

    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        some = self._some(data)
        self.spool.settle([self.entries[record] for record in some])
        self._note_settled(some)

    @rule(share=st.floats(0.2, 1.0))
    def drain(self, share: float) -> None:
        self.disk.heal()
        found = list(self.spool.unsettled())
        found = found[: round(len(found) * share)]
        self.spool.settle([entry for entry, _ in found])
        self._note_settled({record for _, record in found})

    @rule(seconds=st.sampled_from([0.5, 60, 400, 901]))
    def wait(self, seconds: float) -> None:
        self.clock.forward(seconds)

    @rule()
    def trim(self) -> None:
        self.spool.trim()

    @rule(failure=FAILURES, times=st.integers(1, 3))
    def break_disk(self, failure: tuple[str, int, int], times: int) -> None:
        call, number, partial = failure
        self.disk.fail(call, number, times=times, partial=partial)
        # Without room on the disk the tail may go before its time.
        self.tail_is_whole &= number != errno.ENOSPC

    @rule(power=st.booleans(), seed=st.integers(0, 2**32))
    def die(self, power: bool, seed: int) -> None:
        self._end(power=power, seed=seed)

    @rule(share=st.floats(0.2, 1.0), power=st.booleans(), seed=st.integers(0, 2**32))
    def replay(self, share: float, power: bool, seed: int) -> None:
        """What was left behind is settled in part, then that process dies as well."""
        self.disk.heal()
        for left in abandoned(self.root, KEY, clock=self.clock):
            with left:
                found = list(left.unsettled())
                found = found[: round(len(found) * share)]
                left.settle([entry for entry, _ in found])
                self._note_settled({record for _, record in found})
                gone = left.retire()
            if power and not gone:
                self.disk.lose_power(left.directory, Random(seed))
        self._nothing_acknowledged_is_lost()

    @invariant()
    def the_living_spool_knows_what_it_owes(self) -> None:
        with self.disk.resting():
            found = owed(self.spool)
        assert found == [r for r in self.entries if r not in self.settled]

    @precondition(lambda self: self.tail_is_whole)
    @invariant()
    def the_tail_has_what_was_settled_lately(self) -> None:
        horizon = self.clock() - TAIL
        lately = [r for r in self.entries if self.settled.get(r, horizon) > horizon]
        with self.disk.resting():
            found = list(self.spool.tail())
        assert [record for record in found if record in set(lately)] == lately

    def _nothing_acknowledged_is_lost(self) -> None:
        found = owed(self.spool)
        for directory in sorted(self.root.iterdir()):
            if directory != self.spool.directory:
                with Abandoned.open(directory, KEY, clock=self.clock) as left:
                    there = owed(left)
                assert there == sorted(there)
                found += there
        assert self.must_have <= set(found)
        assert set(found) <= set(self.written)

    def teardown(self) -> None:
        """In the end everything is drained, and only what was reported stays on the disk."""
        self._end(power=False, seed=0)
        self.disk.heal()
        self.spool.close()
        for left in abandoned(self.root, KEY, clock=self.clock):
            with left:
                found = list(left.unsettled())
                left.settle([entry for entry, _ in found])
                self._note_settled({record for _, record in found})
        assert not self.must_have
        self.clock.forward(901)
        told: set[Path] = set()
        for left in abandoned(self.root, KEY, clock=self.clock):
            with left:
                left.retire()
                told |= {problem.path for problem in left.problems}
        assert {path for path in self.root.rglob("*") if path.is_file()} == told
        self.disk.__exit__(None, None, None)
        shutil.rmtree(self.root)

    def _end(self, *, power: bool, seed: int) -> None:
        directory = crash(self.spool)
        if power:
            self.disk.lose_power(directory, Random(seed))
        self.disk.heal()
        self.entries.clear()
        self.tail_is_whole = True
        self.spool = self._open()
        self._nothing_acknowledged_is_lost()

    def _note_settled(self, records: set[bytes]) -> None:
        self.settled |= {r: self.clock() for r in records if r not in self.settled}

    def _some(self, data: Any) -> set[bytes]:
        known = sorted(self.entries)
        if not known:
            return set()
        chosen: set[bytes] = data.draw(st.sets(st.sampled_from(known[-20:])))
        return chosen


TestSpoolMachine = SpoolMachine.TestCase
TestSpoolMachine.settings = settings(
    max_examples=200,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
