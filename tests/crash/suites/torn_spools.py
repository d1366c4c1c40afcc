"""The disk of a dead process gives back less than was written, or something else."""

import random
from dataclasses import dataclass
from pathlib import Path

from tests.crash import state
from tests.crash.report import Report
from tests.crash.stage import Scene, Stage
from tests.crash.writers import Door, Writers

PATIENCE = 30.0
ADOPT_SECONDS = 60.0
KINDS = ("truncated", "flipped", "zeroed", "appended to")


@dataclass(frozen=True)
class Torn:
    """One dead process's segment: where each lead's record ends, and which stretch was damaged."""

    segment: Path
    ends: dict[str, int]
    kind: str
    start: int
    stop: int

    @property
    def hurt(self) -> set[str]:
        """The leads whose records the damage touches."""
        found, begin = set(), 0
        for key, end in self.ends.items():
            if self.start < end and begin < self.stop:
                found.add(key)
            begin = end
        return found


async def torn_spools(stage: Stage, *, cases: int, leads: int, seed: int) -> Report:
    """Each case is a process killed with leads in its spool, whose file is then damaged. One
    service adopts them all: what the damage did not touch is stored, and the damage is told."""
    report = Report("torn spools", cases, seed)
    chance = random.Random(f"torn {seed}")
    async with stage.scene("torn", seed=seed) as scene:
        torn = [await _die_with_a_spool(scene, n, leads, chance) for n in range(cases)]
        hurt = {key for one in torn for key in one.hurt}
        for key in hurt:
            # Synced, acknowledged, and destroyed afterwards: nobody can promise these.
            scene.ledger.entries[key].outcomes.clear()
            scene.ledger.entries[key].receipts.clear()
        await scene.service.start()
        report.add(await scene.verdict(ADOPT_SECONDS))
        report.measured["records damaged"] = str(len(hurt))
        damaged = [one.segment for one in torn if one.hurt]
        silent = await _untold(scene, damaged)
        report.expect(not silent, f"nothing told of the damage in {len(silent)} of {len(damaged)}")
        report.expect_some("record damaged", [len(hurt)])
    return report


async def _die_with_a_spool(scene: Scene, number: int, leads: int, chance: random.Random) -> Torn:
    scene.postgres.kill()
    before = _segments(scene.spool_dir)
    try:
        await scene.service.start()
        async with scene.writers(f"torn-{number}", door=Door.PUBLISHABLE) as writers:
            ends = await _leads_one_by_one(scene, writers, leads, before)
        scene.service.kill()
    finally:
        await scene.postgres.start()
    [segment] = _segments(scene.spool_dir) - before
    return _damage(segment, ends, KINDS[number % len(KINDS)], chance)


async def _leads_one_by_one(
    scene: Scene, writers: Writers, leads: int, before: set[Path]
) -> dict[str, int]:
    """Where the segment ended when each lead was acknowledged."""
    ends = {}
    for _ in range(leads):
        key = writers.next_key()
        await writers.send(key, PATIENCE)
        [segment] = _segments(scene.spool_dir) - before
        ends[key] = segment.stat().st_size
    return ends


def _damage(segment: Path, ends: dict[str, int], kind: str, chance: random.Random) -> Torn:
    data = bytearray(segment.read_bytes())
    first = next(iter(ends.values()))
    at = chance.randrange(first, len(data))
    stop = at + 1
    if kind == "truncated":
        stop = len(data)
        del data[at:]
    elif kind == "flipped":
        data[at] ^= 1 << chance.randrange(8)
    elif kind == "zeroed":
        stop = min(len(data), at + chance.randrange(1, 400))
        data[at:stop] = bytes(stop - at)
    else:  # what a file system may leave behind the end of a file
        at, stop = len(data), len(data) + 300
        data += chance.randbytes(300)
    segment.write_bytes(data)
    return Torn(segment, ends, kind, at, stop)


def _segments(root: Path) -> set[Path]:
    return set(root.rglob("*.segment"))


async def _untold(scene: Scene, damaged: list[Path]) -> list[Path]:
    """Those of which neither the log, nor a file that was set aside, nor the metrics tell."""
    if await state.metric(scene.service, "touchline_spool_damaged") >= len(damaged):
        return []
    aside = " ".join(path.name for path in scene.spool_dir.rglob("*.damaged"))
    told = aside + scene.service.said
    return [one for one in damaged if one.stem not in told and one.parent.name not in told]
