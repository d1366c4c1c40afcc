"""Clients that hang up as soon as they have sent everything."""

import asyncio
import contextlib
import random

from tests.crash.ledger import Found
from tests.crash.polling import until
from tests.crash.raw_http import HttpClient, request_bytes
from tests.crash.report import Report
from tests.crash.stage import Scene, Stage
from tests.crash.writers import PATH, Writers

LONGEST_DELAY = 0.05
AT_ONCE = 20
ARRIVAL_SECONDS = 20.0


async def hang_ups(stage: Stage, *, clients: int, seed: int) -> Report:
    """The body was sent whole and the line closed; every one of them must become a lead."""
    report = Report("clients that hang up", clients, seed)
    chance = random.Random(f"hang up {seed}")
    async with stage.scene("hangup", seed=seed) as scene:
        await scene.service.start()
        async with scene.writers("h") as writers:
            keys = [writers.next_key() for _ in range(clients)]
            for at in range(0, clients, AT_ONCE):
                delays = [
                    (key, chance.uniform(0, LONGEST_DELAY)) for key in keys[at : at + AT_ONCE]
                ]
                await asyncio.gather(*(_hang_up(scene, writers, *one) for one in delays))
        found = await _arrived(scene, clients)
        stored = {key for _, key in found.submissions}
        missing = [key for key in keys if key not in stored]
        no_lead = [key for key in keys if key in stored and found.leads[key] != 1]
        twice = len(found.submissions) - len(stored)
        report.leads = len(stored)
        report.measured |= {"kept": f"{len(stored)} of {clients}", "duplicates": str(twice)}
        report.expect(not missing, f"{len(missing)} were lost: {missing[:5]}")
        report.expect(not no_lead, f"{len(no_lead)} have not one lead: {no_lead[:5]}")
        report.expect(twice == 0, f"{twice} were stored twice")
    return report


async def _hang_up(scene: Scene, writers: Writers, key: str, delay: float) -> None:
    headers, body = writers.request(key)
    client = HttpClient(scene.service.port)
    line = await client.open()
    line.writer.write(request_bytes("POST", PATH, client.host, headers, body))
    await line.writer.drain()
    await asyncio.sleep(delay)
    line.close()


async def _arrived(scene: Scene, clients: int) -> Found:
    """What is stored when all of them are captured, or the time is over."""

    async def all_of_them() -> bool:
        found = await scene.found()
        return len(found.submissions) >= clients and not found.uncaptured

    with contextlib.suppress(TimeoutError):
        await until(all_of_them, ARRIVAL_SECONDS, 0.2)
    return await scene.found()
