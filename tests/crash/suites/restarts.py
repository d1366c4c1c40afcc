"""A deploy under load: SIGTERM to one replica after the other; and a start without Postgres."""

import asyncio
import random

from tests.crash.ledger import Outcome
from tests.crash.postgres import free_port
from tests.crash.report import Report
from tests.crash.service import Service
from tests.crash.stage import Scene, Stage
from tests.crash.writers import Door, Load, Writers

WRITERS = 8
PATIENCE = 30.0


async def rolling(stage: Stage, *, restarts: int, seed: int) -> Report:
    """Two replicas, one of them always there; whoever finds a door shut goes to the other."""
    report = Report("rolling restarts", restarts, seed)
    chance = random.Random(f"rolling {seed}")
    async with stage.scene("rolling", seed=seed) as scene:
        other = Service(scene.folder, scene.service.env, free_port())
        replicas = [scene.service, other]
        try:
            await asyncio.gather(*(replica.start() for replica in replicas))
            async with scene.writers("r", other.port, keep_alive=False) as writers:
                await _restart_under_load(writers, replicas, restarts, chance, report)
                report.add_writers(writers)
            report.add(await scene.verdict())
        finally:
            other.kill()
        _count_failures(scene, report)
    return report


async def _restart_under_load(
    writers: Writers, replicas: list[Service], restarts: int, chance: random.Random, report: Report
) -> None:
    async with Load(writers, WRITERS, PATIENCE):
        for number in range(restarts):
            await asyncio.sleep(chance.uniform(0.1, 0.4))
            replica = replicas[number % 2]
            code = await replica.terminate()
            report.expect(code == 0, f"restart {number} ended with {code}: {replica.said[-300:]}")
            await replica.start()


def _count_failures(scene: Scene, report: Report) -> None:
    outcomes = [o for entry in scene.ledger.entries.values() for o in entry.outcomes]
    failed = outcomes.count(Outcome.INFO) + outcomes.count(Outcome.FAIL)
    report.measured["requests"] = str(len(outcomes))
    report.measured["failed"] = str(failed)
    report.measured["door shut"] = str(outcomes.count(Outcome.REFUSED))
    report.expect(failed == 0, f"{failed} requests failed: {scene.ledger.reasons[:5]}")
    report.expect_some("request", [len(outcomes)])


async def cold_start(stage: Stage, *, leads: int, seed: int) -> Report:
    """The service starts while Postgres is away, takes leads from web pages, and stores them."""
    report = Report("start without Postgres", leads, seed)
    async with stage.scene("cold", seed=seed) as scene:
        scene.postgres.kill()
        try:
            took = await scene.service.start()
            report.measured["started in"] = f"{took:.1f} s"
            async with scene.writers("cold", door=Door.PUBLISHABLE) as writers:
                await writers.closed_loop(asyncio.Event(), writers=4, patience=PATIENCE, most=leads)
                report.add_writers(writers)
        finally:
            await scene.postgres.start()
        statuses = scene.ledger.statuses
        report.expect(statuses == {202: leads}, f"not all were 202: {dict(statuses)}")
        report.add(await scene.verdict())
        report.expect(report.leads == leads, f"{report.leads} of {leads} were taken")
    return report
