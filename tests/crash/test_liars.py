"""The suite notices a service that breaks its word: else a clean report would mean nothing."""

import asyncio
import sys
from dataclasses import replace

from tests.crash.ledger import Verdict, check
from tests.crash.stage import Stage
from tests.crash.writers import Load

WRITERS = 8


async def killed(stage: Stage, how: str) -> Verdict:
    async with stage.scene(f"liar-{how}") as scene:
        scene.service.command = [sys.executable, "-m", "tests.crash.liar", how]
        scene.service.env["LIAR_DATABASE_URL"] = stage.postgres.owner_url
        await scene.service.start(LIAR_DIE_AT="25")
        async with scene.writers("liar") as writers, Load(writers, WRITERS):
            await asyncio.sleep(0.8)
            if how == "early":
                scene.service.kill()
            await scene.service.ended(5)
            await scene.service.start()
            await asyncio.sleep(0.2)
        await asyncio.sleep(0.5)
        found = replace(await scene.found(), issued=None)
        return check(scene.ledger, found, captured=False)


def test_one_that_answers_before_it_stores_is_caught(stage: Stage) -> None:
    verdict = asyncio.run(killed(stage, "early"))
    assert verdict.acknowledged > 50
    assert set(verdict.problems) == {"lost"}


def test_one_that_stores_every_attempt_is_caught(stage: Stage) -> None:
    verdict = asyncio.run(killed(stage, "twice"))
    assert verdict.acknowledged > 20
    assert set(verdict.problems) <= {"stored_twice", "changed_receipt"}
    assert verdict.duplicate_count >= 1
    assert verdict.lost_count == 0
