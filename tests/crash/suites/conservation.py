"""A row that vanishes after its receipt was given, by whatever cause, raises an alarm."""

import asyncio

from tests.crash import state
from tests.crash.polling import until
from tests.crash.report import Report
from tests.crash.stage import Scene, Stage

ALARM_SECONDS = 60.0
PATIENCE = 30.0


async def rows_deleted(stage: Stage, *, rounds: int, seed: int) -> Report:
    """The superuser deletes one acknowledged row a round; each must be found within a minute."""
    report = Report("rows deleted by hand", rounds, seed)
    found_after = []
    async with stage.scene("conserve", seed=seed) as scene:
        await scene.service.start()
        for number in range(rounds):
            async with scene.writers(f"d-{number}") as writers:
                await writers.closed_loop(asyncio.Event(), writers=4, patience=PATIENCE, most=20)
            before = await state.alarms(scene.service)
            await _delete_one(scene)
            seconds = await _alarm_after(scene, before)
            if seconds is None:
                report.problems.append(f"round {number}: no alarm in {ALARM_SECONDS:g} s")
            else:
                found_after.append(seconds)
    report.measured["found"] = f"{len(found_after)} of {rounds}"
    report.measured["slowest"] = f"{max(found_after, default=0):.0f} s"
    return report


async def _delete_one(scene: Scene) -> None:
    await scene.postgres.fetch(
        """
        DELETE FROM submissions
         WHERE workspace_id = $1
           AND id = (SELECT id FROM submissions WHERE workspace_id = $1
                      ORDER BY received_at DESC LIMIT 1)
        """,
        scene.workspace_id,
    )


async def _alarm_after(scene: Scene, before: int) -> float | None:
    async def raised() -> bool:
        return await state.alarms(scene.service) > before

    try:
        return await until(raised, ALARM_SECONDS, 0.2)
    except TimeoutError:
        return None
