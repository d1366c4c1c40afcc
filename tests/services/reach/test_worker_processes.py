"""Real processes that are killed, or stopped for longer than their lease, amid a job."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.domain.reach.jobs import JobStatus
from tests.conftest import Databases
from tests.factories.jobs import Jobs, effective
from tests.services.reach.worker_process import LEASE

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = Path(__file__).with_name("worker_process.py")


@contextmanager
def worker(url: str, kind: str, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """A worker that has begun a job."""
    process = subprocess.Popen(
        [sys.executable, "-P", PROGRAM, url, kind, str(seconds)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert said(process) == "begun"
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    """The next word it says."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


async def taken_over(jobs: Jobs) -> None:
    """Work on what is due until the lease of the other is over and its job done."""
    async with asyncio.timeout(30):
        while not await jobs.effects():
            await jobs.drain(effective)
            await asyncio.sleep(0.05)


async def test_another_worker_takes_over_from_one_that_was_killed(
    jobs: Jobs, databases: Databases
) -> None:
    job_id = await jobs.add()
    with worker(databases.app_url, jobs.kind, 600) as process:
        await jobs.drain(effective)
        assert await jobs.effects() == []
        process.kill()
        process.wait()
        await taken_over(jobs)
    job = await jobs.get(job_id)
    assert (job.status, job.attempts) == (JobStatus.DONE, 2)
    assert await jobs.effects() == [job_id]


async def test_a_worker_that_was_stopped_for_too_long_wakes_up_in_vain(
    jobs: Jobs, databases: Databases
) -> None:
    job_id = await jobs.add()
    with worker(databases.app_url, jobs.kind, 0.5) as process:
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(LEASE.total_seconds())
        await taken_over(jobs)
        process.send_signal(signal.SIGCONT)
        # Its heart may notice before its hands do.
        assert await asyncio.to_thread(said, process) in ("LeaseLost", "CancelledError")
    assert (await jobs.get(job_id)).status == JobStatus.DONE
    assert await jobs.effects() == [job_id]
