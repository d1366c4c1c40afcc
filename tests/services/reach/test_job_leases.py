"""Leases: a job has one worker at a time, and one who lost the lease changes nothing any more."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from app.domain.reach.jobs import AttemptFailed, JobStatus, LeaseLost
from app.repositories.reach import job_queue
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import system_caller
from app.services.reach import job_runner
from app.services.reach.job_runner import JobContext
from app.services.reach.jobs import JobService
from tests.factories.jobs import Jobs, effective, leave_effect, until_leased

pytestmark = pytest.mark.anyio

FOREVER = timedelta(hours=1)


async def test_a_zombie_changes_nothing(jobs: Jobs) -> None:
    """One worker sleeps through its lease, another does the job, the first wakes up."""
    job_id = await jobs.add()
    asleep, wake, lost = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def sleeps(context: JobContext) -> None:
        asleep.set()
        await wake.wait()
        try:
            async with context.finishing() as uow:
                leave_effect(uow, context.job)
        except LeaseLost:
            lost.set()
            raise

    # Its heart does not beat either: a lease so long is never renewed in this test.
    zombie = asyncio.create_task(jobs.drain(sleeps, lease=FOREVER))
    await asleep.wait()
    await jobs.lease_runs_out()
    await jobs.drain(effective)
    assert (await jobs.get(job_id)).generation == 2
    wake.set()
    await zombie
    assert lost.is_set()
    assert await jobs.effects() == [job_id]


async def test_a_zombie_does_not_speak_for_the_one_who_took_over(jobs: Jobs) -> None:
    """Neither its success nor its failure counts while the other is still at work."""
    job_id = await jobs.add()
    seen: list[JobContext] = []
    both, wake = asyncio.Event(), asyncio.Event()

    async def waits(context: JobContext) -> None:
        seen.append(context)
        if len(seen) == 2:
            both.set()
        await wake.wait()
        if context is seen[0]:
            raise AttemptFailed("the first one says")
        await effective(context)

    first = asyncio.create_task(jobs.drain(waits, lease=FOREVER))
    await until_leased(jobs, job_id, 1)
    await jobs.lease_runs_out()
    second = asyncio.create_task(jobs.drain(waits, lease=FOREVER))
    await both.wait()
    with pytest.raises(LeaseLost):
        async with seen[0].finishing() as uow:
            leave_effect(uow, seen[0].job)
    with pytest.raises(LeaseLost):
        await seen[0].report(done=1)
    wake.set()
    await asyncio.gather(first, second)
    job = await jobs.get(job_id)
    assert (job.status, job.last_error) == (JobStatus.DONE, job_queue.ABANDONED)
    assert await jobs.effects() == [job_id]


async def test_a_heartbeat_keeps_the_lease(jobs: Jobs) -> None:
    job_id = await jobs.add()

    async def long(context: JobContext) -> None:
        await asyncio.sleep(1.0)
        await effective(context)

    working = asyncio.create_task(jobs.drain(long, lease=timedelta(seconds=0.4)))
    await asyncio.sleep(0.7)
    await jobs.drain(effective)
    assert await jobs.effects() == []
    await working
    job = await jobs.get(job_id)
    assert (job.status, job.attempts) == (JobStatus.DONE, 1)


async def test_a_cancelled_job_is_stopped_and_stores_nothing(jobs: Jobs) -> None:
    job_id = await jobs.add()
    begun, stopped = asyncio.Event(), asyncio.Event()

    async def endless(context: JobContext) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    working = asyncio.create_task(jobs.drain(endless, lease=timedelta(seconds=0.2)))
    await begun.wait()
    async with jobs.work() as uow:
        await JobService(uow).cancel(job_id)
    async with asyncio.timeout(5):
        await stopped.wait()
        await working
    job = await jobs.get(job_id)
    assert job.status == JobStatus.CANCELLED
    assert await jobs.effects() == []


async def test_told_to_stop_a_runner_leaves_its_work_to_others_at_once(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_runner, "FINISH_SECONDS", 0.2)
    slow, quick = await jobs.add(), await jobs.add()
    begun = asyncio.Event()

    async def handle(context: JobContext) -> None:
        begun.set()
        await asyncio.sleep(0.05 if context.job.id == quick else 60)
        await effective(context)

    running = asyncio.create_task(jobs.runner(handle).run())
    await begun.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await jobs.effects() == [quick]
    job = await jobs.get(slow)
    assert (job.status, job.attempts, job.locked_until) == (JobStatus.QUEUED, 0, None)


async def test_a_job_that_takes_its_worker_down_each_time_dies(jobs: Jobs) -> None:
    job_id = await jobs.add(max_attempts=2)
    for _ in range(2):
        async with UnitOfWork(jobs.database, system_caller(UUID(int=0))) as uow:
            assert await uow.job_queue.claim(1, FOREVER, [jobs.kind])
        await jobs.lease_runs_out()
        async with UnitOfWork(jobs.database, system_caller(UUID(int=0))) as uow:
            assert await uow.job_queue.expire()
    await jobs.drain(effective)
    job = await jobs.get(job_id)
    assert (job.status, await jobs.effects()) == (JobStatus.DEAD, [])
