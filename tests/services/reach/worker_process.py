"""A worker as a process of its own: `worker_process.py <database URL> <kind> <seconds>`.

Its one handler says that it has begun, works for so long, and leaves its effect.
"""

import asyncio
import sys
from datetime import timedelta

from app.platform.db import Database
from app.services.reach.job_runner import JobContext, JobRunner
from tests.factories.jobs import effective

LEASE = timedelta(seconds=1.5)


async def main(url: str, kind: str, seconds: float) -> None:
    """Work until killed."""

    async def slow(context: JobContext) -> None:
        say("begun")
        try:
            await asyncio.sleep(seconds)
            await effective(context)
        except BaseException as error:
            say(type(error).__name__)
            raise
        say("effective")

    database = Database(url, pool_size=3)
    await JobRunner(database, {kind: slow}, lease=LEASE, poll_seconds=0.05).run()


def say(word: str) -> None:
    """Tell the test."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
