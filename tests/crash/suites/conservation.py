"""A row that vanishes after its receipt was given, by whatever cause, raises an alarm."""

import asyncio

from tests.crash import state
from tests.crash.polling import until
from tests.crash.report import Report
from tests.crash.stage import Scene, Stage

ALARM_SECONDS = 60.0
# After which a row was read back, so that only the count of receipts can tell that it is gone.
READ_BACK_SECONDS = 20.0
PATIENCE = 30.0


async def rows_deleted(stage: Stage, *, rounds: int, seed: int) -> Report:
    """The superuser deletes one acknowledged row a round, in every other round an older one; each
    must be found within a minute: put back from the spool's tail, or an alarm."""
    report = Report("rows deleted by hand", rounds, seed)
    took = []
    gone = back = 0
    async with stage.scene("conserve", seed=seed) as scene:
        await scene.service.start()
        for number in range(rounds):
            async with scene.writers(f"d-{number}") as writers:
                await writers.closed_loop(asyncio.Event(), writers=4, patience=PATIENCE, most=20)
                report.add_writers(writers)
            if number % 2:
                await asyncio.sleep(READ_BACK_SECONDS)
            before = scene.service.log_bytes
            receipt = await _delete_one(scene)
            gone += 1
            try:
                took.append(await _noticed(scene, receipt, await _short(scene), before))
            except TimeoutError:
                report.problems.append(f"round {number}: no alarm in {ALARM_SECONDS:g} s")
            back += await _is_back(scene, receipt)
        report.leads = len(scene.ledger.acknowledged)
        short = await _short(scene)
        report.expect(
            short == gone - back,
            f"{gone} were deleted and {back} put back, but the count of receipts says {short}",
        )
    report.measured["found"] = f"{len(took)} of {rounds}"
    report.measured["put back"] = str(back)
    report.measured["slowest"] = f"{max(took, default=0):.0f} s"
    return report


async def _delete_one(scene: Scene) -> str:
    """The receipt of the newest row, which is gone now."""
    rows = await scene.postgres.fetch(
        """
        DELETE FROM submissions
         WHERE workspace_id = $1
           AND id = (SELECT id FROM submissions WHERE workspace_id = $1
                      ORDER BY received_at DESC LIMIT 1)
        RETURNING id
        """,
        scene.workspace_id,
    )
    return str(rows[0]["id"])


async def _noticed(scene: Scene, receipt: str, missing: int, before: int) -> float:
    async def noticed() -> bool:
        said = scene.service.logged_since(before)
        raised = state.alarm_raised(said, receipt, scene.workspace_id, missing)
        return raised or await _is_back(scene, receipt)

    return await until(noticed, ALARM_SECONDS, 0.2)


async def _short(scene: Scene) -> int:
    """By how many the rows fall short of the receipts, as the database counts both."""
    found = await scene.found()
    return (found.issued or 0) - len(found.submissions)


async def _is_back(scene: Scene, receipt: str) -> bool:
    rows = await scene.postgres.fetch(
        "SELECT 1 FROM submissions WHERE workspace_id = $1 AND id = $2",
        scene.workspace_id,
        receipt,
    )
    return bool(rows)
