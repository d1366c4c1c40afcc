"""The service ends at a chosen point of its own code, as if the power were cut exactly there."""

import asyncio
import random
from collections.abc import Sequence

from app.platform.faults import EXIT_CODE, POINTS
from tests.crash.polling import until
from tests.crash.report import Report
from tests.crash.stage import Scene, Stage
from tests.crash.writers import Writers

WRITERS = 8
# These are reached only while Postgres is away, or when it comes back.
AWAY = {"before_sync", "after_sync"}
BACK = {"before_replay_mark", "after_replay_mark"}
# Up to which passage a seed may choose: batches are many, replays are few.
PASSAGES = {"before_enqueue": 200, "after_enqueue": 200} | dict.fromkeys(BACK, 2)
USUAL_PASSAGES = 40
WAIT_SECONDS = 15.0
PATIENCE = 60.0


async def fault_rounds(
    stage: Stage, *, seeds: Sequence[int], points: Sequence[str] = POINTS
) -> Report:
    """Each point with each seed: the process must end there, and nothing may be missing."""
    report = Report("fault points", len(seeds) * len(points), seeds[0])
    not_reached = []
    async with stage.scene("faults", seed=seeds[0]) as scene:
        for point in points:
            for seed in seeds:
                chance = random.Random(f"{point} {seed}")
                passage = chance.randint(1, PASSAGES.get(point, USUAL_PASSAGES))
                async with scene.writers(f"{point.replace('_', '-')}-{seed}") as writers:
                    if not await _one(scene, writers, f"{point}:{passage}"):
                        not_reached.append(f"{point}:{passage}")
                    report.add_writers(writers)
        if not scene.service.alive:
            await scene.service.start()
        report.add(await scene.verdict())
        report.add_statuses(scene.ledger)
    reached = report.cases - len(not_reached)
    report.measured["reached"] = f"{reached} of {report.cases}"
    report.expect(not not_reached, f"the process did not end at {not_reached[:20]}")
    return report


async def _one(scene: Scene, writers: Writers, asked: str) -> bool:
    """Load until the process ends; then start it whole again, under the same load."""
    point = asked.partition(":")[0]
    if point in BACK:
        await _fill_spool(scene, writers)
    elif point in AWAY:
        scene.postgres.kill()
    stop = asyncio.Event()
    scene.service.launch(TOUCHLINE_FAULT=asked)
    load = asyncio.create_task(writers.closed_loop(stop, writers=WRITERS, patience=PATIENCE))
    try:
        reached = await _ended(scene)
        if scene.postgres.process.poll() is not None:
            await scene.postgres.start()
        await scene.service.start()
        await asyncio.sleep(0.2)
    finally:
        stop.set()
        await load
        if scene.postgres.process.poll() is not None:
            await scene.postgres.start()
    scene.service.kill()
    return reached


async def _fill_spool(scene: Scene, writers: Writers) -> None:
    """Some leads that only the spool has, of a process that is gone."""
    scene.postgres.kill()
    await scene.service.start()
    await writers.closed_loop(asyncio.Event(), writers=WRITERS, patience=PATIENCE, most=200)
    scene.service.kill()
    await scene.postgres.start()


async def _ended(scene: Scene) -> bool:
    """Whether it ended at the point that was asked for; if not, it is killed."""
    try:
        await until(lambda: not scene.service.alive, WAIT_SECONDS)
    except TimeoutError:
        scene.service.kill()
        return False
    return scene.service.process.wait() == EXIT_CODE
