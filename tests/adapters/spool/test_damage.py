"""Torn writes and rotten bits: what was whole comes back, the rest is kept and told."""

import os
from itertools import accumulate
from pathlib import Path
from random import Random

import pytest

from app.adapters.spool import Abandoned, Spool
from app.adapters.spool.frames import FRAME_OVERHEAD, HEADER_BYTES
from tests.adapters.spool.conftest import OpenSpool
from tests.adapters.spool.records import KEY, Clock, crash, numbered, only, owed, segments

COUNT = 200
TRUNCATIONS = 2000
FLIPS = 1000
MINUTE = 60.0


def written(spool: Spool) -> tuple[list[bytes], list[int]]:
    """200 records of many sizes, and where each begins and ends in their one segment."""
    random = Random(20)
    records = [f"{n:04d}".encode() + random.randbytes(random.randint(0, 90)) for n in range(COUNT)]
    for at in range(0, COUNT, 8):
        spool.append(records[at : at + 8])
    sizes = (len(record) + FRAME_OVERHEAD for record in records)
    crash(spool)
    return records, list(accumulate(sizes, initial=HEADER_BYTES))


def left_behind(directory: Path, clock: Clock) -> tuple[list[bytes], int]:
    """What is recovered, and how many places are reported as damaged."""
    with Abandoned.open(directory, KEY, clock=clock) as left:
        return owed(left), left.usage().damaged


def test_a_log_cut_anywhere_gives_back_every_whole_record(spool: Spool, clock: Clock) -> None:
    records, ends = written(spool)
    path = only(segments(spool.directory))
    size = path.stat().st_size
    assert size == ends[-1]
    chosen = {round(n * size / TRUNCATIONS) for n in range(TRUNCATIONS)}
    boundaries = {end + near for end in ends for near in (-1, 0, 1)}
    for offset in sorted({o for o in chosen | boundaries if o <= size}, reverse=True):
        os.truncate(path, offset)
        found, damaged = left_behind(spool.directory, clock)
        whole = sum(end <= offset for end in ends[1:])
        assert found == records[:whole], offset
        assert damaged == (offset not in {0, *ends}), offset


def test_one_rotten_bit_costs_one_record_at_most(spool: Spool, clock: Clock) -> None:
    records, ends = written(spool)
    path = only(segments(spool.directory))
    sound = path.read_bytes()
    random = Random(21)
    header = range(HEADER_BYTES * 8)
    for bit in [*random.sample(header, 50), *random.choices(range(len(sound) * 8), k=FLIPS - 50)]:
        rotten = bytearray(sound)
        rotten[bit // 8] ^= 1 << bit % 8
        path.write_bytes(rotten)
        found, damaged = left_behind(spool.directory, clock)
        hit = sum(end <= bit // 8 for end in ends) - 1
        expected = [record for n, record in enumerate(records) if n != hit]
        assert (found, damaged) == (expected, 1), bit


@pytest.mark.parametrize("chunk", [30, 61, 64, 100])
def test_the_way_on_is_found_wherever_a_chunk_of_the_file_ends(
    spool: Spool, clock: Clock, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr("app.adapters.spool.scanning.CHUNK_BYTES", chunk)
    records, ends = written(spool)
    path = only(segments(spool.directory))
    rotten = bytearray(path.read_bytes())
    for start in ends[:-1:2]:
        rotten[start + 30] ^= 1
    path.write_bytes(rotten)
    assert left_behind(spool.directory, clock) == (records[1::2], COUNT // 2)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_to_the_bytes_nothing_is_invented(
    open_spool: OpenSpool, clock: Clock, seed: int
) -> None:
    random = Random(seed)
    spool = open_spool(segment_bytes=6000)
    records = numbered(COUNT, 60)
    for at in range(0, COUNT, 10):
        spool.append(records[at : at + 10])
    crash(spool)
    for path in random.sample(segments(spool.directory), 2):
        data = bytearray(path.read_bytes())
        start = random.randrange(len(data))
        stop = random.randint(start, len(data))
        part = bytes(data[start:stop])
        data[start:stop] = random.choice(
            [b"", bytes(len(part)), random.randbytes(len(part)), part * 2, part[::-1]]
        )
        path.write_bytes(data)
    found, _ = left_behind(spool.directory, clock)
    assert found == sorted(set(found))
    assert set(found) <= set(records)
    assert len(found) > COUNT / 4


def test_a_frame_of_one_segment_is_no_frame_of_another(open_spool: OpenSpool, clock: Clock) -> None:
    spool = open_spool(segment_bytes=1000)
    spool.append(numbered(10))
    spool.append(numbered(10, first=10))
    crash(spool)
    first, second = segments(spool.directory)
    first.write_bytes(first.read_bytes() + second.read_bytes()[HEADER_BYTES:])
    second.unlink()
    found, damaged = left_behind(spool.directory, clock)
    assert (found, damaged) == (numbered(10), 1)


def test_a_frame_that_is_there_twice_counts_once(spool: Spool, clock: Clock) -> None:
    spool.append(numbered(3))
    path = only(segments(crash(spool)))
    with path.open("r+b") as file:
        again = file.read()[-2 * (40 + FRAME_OVERHEAD) :]
        file.write(again)
    assert left_behind(spool.directory, clock) == (numbered(3), 1)


class TestSetAside:
    @pytest.fixture
    def damaged(self, spool: Spool) -> Spool:
        """Twenty records, the eleventh of them rotten, a beginning of another at the end."""
        spool.append(numbered(20))
        crash(spool)
        path = only(segments(spool.directory))
        data = bytearray(path.read_bytes())
        frame = 40 + FRAME_OVERHEAD
        data[HEADER_BYTES + 10 * frame + 30] ^= 1
        path.write_bytes(data + data[-frame:][:50])
        return spool

    def test_damage_is_reported_and_the_rest_is_read(self, damaged: Spool, clock: Clock) -> None:
        with Abandoned.open(damaged.directory, KEY, clock=clock) as left:
            assert owed(left) == numbered(10) + numbered(9, first=11)
            assert left.usage().damaged == 2
            assert not left.problems

    def test_the_damaged_places_outlive_the_segment(self, damaged: Spool, clock: Clock) -> None:
        path = only(segments(damaged.directory))
        data = path.read_bytes()
        frame = 40 + FRAME_OVERHEAD
        with Abandoned.open(damaged.directory, KEY, clock=clock) as left:
            left.settle([entry for entry, _ in left.unsettled()])
            clock.forward(16 * MINUTE)
            assert not left.retire()
            assert left.usage().damaged == 2
        kept = sorted(damaged.directory.iterdir())
        assert [path.suffix for path in kept] == [".damaged", ".damaged"]
        assert {path.read_bytes() for path in kept} == {
            data[HEADER_BYTES + 10 * frame :][:frame],
            data[-50:],
        }
        clock.forward(365 * 24 * 60 * MINUTE)
        with Abandoned.open(damaged.directory, KEY, clock=clock) as left:
            assert left.usage().damaged == 2
            assert left.usage().bytes == frame + 50
            assert not left.retire()
        assert sorted(damaged.directory.iterdir()) == kept

    def test_a_segment_whose_damage_cannot_be_copied_is_kept(
        self, damaged: Spool, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> Path:
            raise OSError(5, "Input/output error")

        path = only(segments(damaged.directory))
        with Abandoned.open(damaged.directory, KEY, clock=clock) as left:
            left.settle([entry for entry, _ in left.unsettled()])
            clock.forward(16 * MINUTE)
            monkeypatch.setattr("app.adapters.spool.log.set_aside", refuse)
            assert not left.retire()
        assert path in segments(damaged.directory)


def test_a_record_that_rots_while_the_process_lives_is_counted_and_its_bytes_are_kept(
    spool: Spool, clock: Clock
) -> None:
    spool.append(numbered(3))
    path = only(segments(spool.directory))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    found = list(spool.unsettled())
    assert [record for _, record in found] == numbered(2)
    usage = spool.usage()
    assert (usage.unsettled, usage.damaged) == (2, 1)
    spool.settle([entry for entry, _ in found])
    clock.forward(16 * MINUTE)
    spool.trim()
    kept = only(spool.directory.glob("*.damaged"))
    assert kept.read_bytes() == bytes(data[-40 - FRAME_OVERHEAD :])
    assert spool.usage().damaged == 1


def test_a_record_that_becomes_readable_again_is_still_owed(
    open_spool: OpenSpool, clock: Clock
) -> None:
    """Writing down again what is settled must not cover what could not be read meanwhile."""
    spool = open_spool(segment_bytes=1000)
    spool.append(numbered(10))
    spool.append(numbered(10, first=10))
    path = segments(crash(spool))[0]
    sound = path.read_bytes()
    rotten = bytearray(sound)
    rotten[HEADER_BYTES + 5 * (40 + FRAME_OVERHEAD) + 30] ^= 1
    path.write_bytes(rotten)
    with Abandoned.open(spool.directory, KEY, clock=clock) as left:
        left.settle([entry for entry, record in left.unsettled() if record != numbered(1)[0]])
        clock.forward(16 * MINUTE)
        assert not left.retire()
    assert path in segments(spool.directory)
    path.write_bytes(sound)
    with Abandoned.open(spool.directory, KEY, clock=clock) as left:
        assert owed(left) == [numbered(10)[0], numbered(10)[5]]


def test_a_mark_that_rots_sends_its_records_once_more(spool: Spool, clock: Clock) -> None:
    entries = spool.append(numbered(4))
    spool.settle(entries)
    spool.append(numbered(1, first=4))
    crash(spool)
    path = only(segments(spool.directory))
    data = bytearray(path.read_bytes())
    data[HEADER_BYTES + 4 * (40 + FRAME_OVERHEAD) + 30] ^= 1
    path.write_bytes(data)
    assert left_behind(spool.directory, clock) == (numbered(5), 1)
