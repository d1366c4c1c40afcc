"""kill -9 at random moments while leads come in: the service, Postgres, or both."""

import asyncio
import random
from collections.abc import Callable
from typing import Literal

from tests.crash.report import Report
from tests.crash.stage import Scene, Stage
from tests.crash.writers import Load

Victim = Literal["service", "postgres", "both"]
WRITERS = 16
PATIENCE = 60.0
# Together 400 leads a second at most: what one process captures besides.
REST_SECONDS = 0.04


async def kill_rounds(
    stage: Stage, victim: Victim, *, rounds: int, seed: int, load_seconds: float = 1.0
) -> Report:
    """So many kills, each after up to `load_seconds` of load; then everything must be there."""
    report = Report(f"kill -9 of {victim}", rounds, seed)
    chance = random.Random(f"kills {victim} {seed}")
    async with stage.scene(f"kill-{victim}", seed=seed) as scene:
        await scene.service.start()
        async with scene.writers("k") as writers:
            async with Load(writers, WRITERS, PATIENCE, REST_SECONDS):
                for _ in range(rounds):
                    await asyncio.sleep(chance.uniform(0.2, 1.0) * load_seconds)
                    await _kill_and_start(scene, victim, chance)
                await asyncio.sleep(load_seconds / 2)
            report.add_writers(writers)
        report.add(await scene.verdict())
        report.add_statuses(scene.ledger)
        report.expect_some("lead acknowledged", [report.leads])
    return report


async def _kill_and_start(scene: Scene, victim: Victim, chance: random.Random) -> None:
    kills: list[Callable[[], object]] = []
    if victim != "postgres":
        kills.append(scene.service.kill)
    if victim != "service":
        kills.append(scene.postgres.kill)
    chance.shuffle(kills)
    for kill in kills:
        kill()
    # Mostly at once; sometimes Postgres stays away, so that the spool has work, or comes back
    # while the service has already started without it.
    away = chance.choice([0.0, 0.0, 0.5, 2.0])
    if victim == "postgres":
        await asyncio.sleep(away)
        await scene.postgres.start()
    elif victim == "service":
        await scene.service.start()
    else:
        starting = asyncio.create_task(scene.service.start())
        await asyncio.sleep(away)
        await scene.postgres.start()
        await starting
