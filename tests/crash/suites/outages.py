"""Postgres is down, frozen, cut off or busy with something else; leads come in all the same."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg

from tests.crash import state
from tests.crash.ledger import Ledger
from tests.crash.report import Report
from tests.crash.stage import Scene, Stage
from tests.crash.writers import Writers

WORST_SECONDS = 1.0
# What our own client and a busy machine may add to a figure, stated with it.
ALLOWANCE_SECONDS = 0.25
P99_SECONDS = 0.05
WARM_SECONDS = 3.0
DRAIN_SECONDS = 120.0
DESCRIPTORS_MORE = 30
BYTES_MORE = 60 * 1024 * 1024


async def down(stage: Stage, *, seconds: float, rate: float, seed: int) -> Report:
    """Postgres is killed and stays away; every lead is taken, and stored in order afterwards."""
    report = Report(f"Postgres down for {seconds:g} s at {rate:g}/s", 1, seed)
    async with stage.scene("down", seed=seed) as scene:
        await _warm(scene, rate)
        scene.postgres.kill()
        meanwhile = Ledger()
        async with _writers_into(scene, meanwhile, "while") as writers:
            await writers.open_loop(rate=rate, seconds=seconds)
            report.add_writers(writers)
        await scene.postgres.start()
        back = time.monotonic()
        _join(scene.ledger, meanwhile)
        await scene.settled(DRAIN_SECONDS)
        report.measured["drained after"] = f"{time.monotonic() - back:.1f} s"
        report.add(await scene.verdict())
        report.measured["statuses"] = _statuses(meanwhile)
        report.expect(set(meanwhile.statuses) == {202}, f"not all were 202: {_statuses(meanwhile)}")
        p99 = meanwhile.percentile(0.99)
        report.measured |= _latencies(meanwhile)
        # Of a short run on a busy machine the hundredth request says nothing.
        few = rate * WORST_SECONDS / max(1, len(meanwhile.seconds)) >= 0.01
        p99_limit = WORST_SECONDS + ALLOWANCE_SECONDS if few else P99_SECONDS
        report.expect(p99 < p99_limit, f"p99 {p99:.3f} s is over {p99_limit} s")
        await _check_order(scene, meanwhile, report)
    return report


async def frozen(
    stage: Stage, how: str, *, rounds: int, seconds: float, rate: float, seed: int
) -> Report:
    """Postgres is there and says nothing; the service must neither wait nor pile anything up."""
    report = Report(f"Postgres {how}", rounds, seed)
    async with stage.scene("frozen", seed=seed, by_proxy=True) as scene:
        await _warm(scene, rate)
        before = scene.service.descriptors, scene.service.resident_bytes
        silence, most = Ledger(), 0
        for number in range(rounds):
            meanwhile = Ledger()
            async with (
                _silent(scene, how),
                _writers_into(scene, meanwhile, f"silent-{number}") as writers,
            ):
                await writers.open_loop(rate=rate, seconds=seconds)
                most = max(most, scene.service.descriptors)
                report.add_writers(writers)
            _join(scene.ledger, meanwhile)
            silence.seconds += meanwhile.seconds
            wrong = {s: n for s, n in meanwhile.statuses.items() if s not in (200, 201, 202)}
            report.expect(not wrong, f"round {number}: answers that were not 2xx: {wrong}")
            await scene.settled(DRAIN_SECONDS)
        worst = silence.percentile(1.0)
        report.measured |= _latencies(silence)
        limit = WORST_SECONDS + ALLOWANCE_SECONDS
        report.expect(worst < limit, f"the slowest answer took {worst:.2f} s, over {limit} s")
        _check_pile(scene, before, most, report)
        report.add(await scene.verdict())
        report.add_statuses(scene.ledger)
    return report


async def _warm(scene: Scene, rate: float) -> None:
    """In the first seconds a process still loads its tables; those are not what is measured."""
    await scene.service.start()
    async with scene.writers("warm") as writers:
        await writers.open_loop(rate=rate, seconds=WARM_SECONDS)


@asynccontextmanager
async def _silent(scene: Scene, how: str) -> AsyncIterator[None]:
    proxy, postgres = scene.proxy, scene.postgres
    if how == "locked":
        async with _locked(postgres.owner_url):
            yield
        return
    begin: dict[str, Callable[[], None]] = {
        "stopped": postgres.freeze,
        "black-holed": proxy.black_hole,
        "deaf": lambda: proxy.freeze("to_server"),
        "mute": lambda: proxy.freeze("to_client"),
        "slow": lambda: proxy.delay(0.5),
    }
    begin[how]()
    try:
        yield
    finally:
        postgres.thaw()
        proxy.heal()


@asynccontextmanager
async def _locked(owner_url: str) -> AsyncIterator[None]:
    """As a migration does it: the server answers everything but what concerns this table."""
    connection = await asyncpg.connect(owner_url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE submissions IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


@asynccontextmanager
async def _writers_into(scene: Scene, ledger: Ledger, prefix: str) -> AsyncIterator[Writers]:
    """Clients that write into a ledger of their own, for figures of this phase alone."""
    async with scene.writers(prefix) as writers:
        writers.ledger = ledger
        yield writers


def _join(whole: Ledger, part: Ledger) -> None:
    whole.entries |= part.entries
    whole.seconds += part.seconds
    whole.reasons += part.reasons


def _latencies(ledger: Ledger) -> dict[str, str]:
    shares = {"p50": 0.5, "p99": 0.99, "worst": 1.0}
    return {name: f"{ledger.percentile(at) * 1000:.1f} ms" for name, at in shares.items()}


def _statuses(ledger: Ledger) -> str:
    return " ".join(f"{status}:{count}" for status, count in sorted(ledger.statuses.items()))


def _check_pile(scene: Scene, before: tuple[int, int], most: int, report: Report) -> None:
    files, size = before
    files_now, size_now = scene.service.descriptors, scene.service.resident_bytes
    report.measured["descriptors"] = f"{files} before, {most} at most, {files_now} after"
    report.measured["memory"] = f"{(size_now - size) / 1024 / 1024:+.0f} MiB"
    report.expect(
        files_now <= files + DESCRIPTORS_MORE, f"descriptors grew from {files} to {files_now}"
    )
    report.expect(size_now <= size + BYTES_MORE, f"memory grew by {size_now - size} bytes")


async def _check_order(scene: Scene, meanwhile: Ledger, report: Report) -> None:
    """What the spool held is captured in the order in which it was received, but for moments."""
    wanted = {receipt for entry in meanwhile.entries.values() for receipt in entry.receipts}
    late = await state.out_of_order(scene.postgres, scene.workspace_id, wanted)
    report.measured["out of order"] = str(late)
    report.expect(late == 0, f"{late} were captured before one that was received earlier")
