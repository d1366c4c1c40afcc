"""The service ends at a chosen point of its own code, as if the power were cut exactly there."""

import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from itertools import product

from app.platform.faults import EXIT_CODE, POINTS
from tests.crash.polling import until
from tests.crash.report import Report
from tests.crash.stage import Scene, Stage
from tests.crash.writers import Door, Load

WRITERS = 6
# These are reached only while Postgres is away, or when it comes back.
AWAY = {"before_sync", "after_sync"}
BACK = {"before_replay_mark", "after_replay_mark"}
# Up to which passage a seed may choose: requests are many, batches fewer, replays few.
PASSAGES = {"before_enqueue": 200, "after_enqueue": 200} | dict.fromkeys(BACK, 2)
USUAL_PASSAGES = 40
SPOOLED = 200
WAIT_SECONDS = 30.0
# Longer than Postgres is away for every seed of a point.
PATIENCE = 900.0


async def fault_rounds(
    stage: Stage, *, seeds: Sequence[int], points: Sequence[str] = POINTS
) -> Report:
    """Each point with each seed: the process must end there, and nothing may be missing.

    Each round's process finds what the one before it left, and the clients of that one still ask.
    """
    report = Report("fault points", len(seeds) * len(points), seeds[0])
    not_reached = []
    async with AsyncExitStack() as stack:
        scene = await stack.enter_async_context(stage.scene("faults", seed=seeds[0]))
        loads = []
        for point, seed in product(points, seeds):
            chance = random.Random(f"{point} {seed}")
            asked = f"{point}:{chance.randint(1, PASSAGES.get(point, USUAL_PASSAGES))}"
            name = f"{point.replace('_', '-')}-{seed}"
            # A process that starts without Postgres can check no secret key.
            door = Door.PUBLISHABLE if point in AWAY | BACK else Door.BOTH
            writers = await stack.enter_async_context(scene.writers(name, door=door))
            loads.append(Load(writers, WRITERS, PATIENCE))
            if not await _ends_at(asked, scene, loads[-1]):
                not_reached.append(asked)
            loads[-1].stop()
        await scene.service.start()
        for load in loads:
            await load.finished()
            report.add_writers(load.writers)
        report.add(await scene.verdict())
        report.add_statuses(scene.ledger)
    report.measured["reached"] = f"{report.cases - len(not_reached)} of {report.cases}"
    report.expect(not not_reached, f"the process did not end at {not_reached[:20]}")
    return report


async def _ends_at(asked: str, scene: Scene, load: Load) -> bool:
    """Whether the process ended at the point that was asked for; if not, it is killed."""
    point = asked.partition(":")[0]
    if point in AWAY | BACK:
        scene.postgres.kill()
    # Not awaited: what its predecessor left may bring it to the point before it serves.
    scene.service.launch(TOUCHLINE_FAULT=asked)
    load.start()
    try:
        if point in BACK:
            enough = len(scene.ledger.seconds) + SPOOLED
            await until(
                lambda: len(scene.ledger.seconds) > enough or not scene.service.alive, WAIT_SECONDS
            )
            await scene.postgres.start()
        await until(lambda: not scene.service.alive, WAIT_SECONDS)
    except TimeoutError:
        scene.service.kill()
        return False
    finally:
        if scene.postgres.process.poll() is not None:
            await scene.postgres.start()
    return scene.service.process.wait() == EXIT_CODE
