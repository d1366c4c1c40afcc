"""The line to Postgres breaks in the very moment of a statement: was it carried out or not?"""

import asyncio
import random

from tests.crash.polling import until
from tests.crash.proxy import When
from tests.crash.report import Report
from tests.crash.stage import Scene, Stage
from tests.crash.writers import Load

WRITERS = 8
PATIENCE = 30.0
# Together 400 leads a second: what one process captures while its line is cut.
REST_SECONDS = 0.02
CUT_SECONDS = 20.0
# The statement that takes submissions in, which commits by itself; and the end of a capture.
STATEMENTS = (r"insert into submissions\b", r"^\s*commit\b")


async def cut_commits(stage: Stage, *, cuts: int, seed: int) -> Report:
    """Cut at one statement after the other; retries of client and service make exactly one row."""
    report = Report("cut commits", cuts, seed)
    chance = random.Random(f"cuts {seed}")
    done = 0
    async with stage.scene("cuts", seed=seed, by_proxy=True) as scene:
        await scene.service.start()
        async with scene.writers("c") as writers:
            async with Load(writers, WRITERS, PATIENCE, REST_SECONDS):
                for number in range(cuts):
                    done += await _cut(scene, STATEMENTS[number % 2], chance)
                    await asyncio.sleep(chance.uniform(0, 0.1))
                scene.proxy.heal()
            report.add_writers(writers)
        report.add(await scene.verdict())
        report.add_statuses(scene.ledger)
    report.measured["cut"] = f"{done} of {cuts}"
    report.expect(done == cuts, f"only {done} of {cuts} lines were cut")
    return report


async def _cut(scene: Scene, statement: str, chance: random.Random) -> int:
    cut = scene.proxy.cut_at(statement, chance.choice(list(When)))
    try:
        await until(lambda: cut.done > 0, CUT_SECONDS)
    except TimeoutError:
        return 0
    return cut.done
