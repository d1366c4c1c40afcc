"""Jobs: each takes effect once, a failure is told and tried again, and harms no other."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.domain.errors import AlreadyExists, IllegalMove, NotFound
from app.domain.paging import PageRequest
from app.domain.reach.jobs import AttemptFailed, Job, JobStatus, NewJob
from app.platform import clock
from app.platform.db import Database
from app.platform.ids import new_id
from app.repositories.reach import job_queue
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import create_workspace, system_caller
from app.services.reach import job_runner
from app.services.reach.job_runner import Handler, JobContext
from app.services.reach.jobs import JobService
from tests.factories.jobs import Jobs, effective, leave_effect

pytestmark = pytest.mark.anyio


async def silent(_: JobContext) -> None:
    """A handler that leaves the end to the runner."""


def failing(error: BaseException) -> Handler:
    async def fail(_: JobContext) -> None:
        raise error

    return fail


async def test_a_job_is_done_with_its_effect(jobs: Jobs) -> None:
    job_id = await jobs.add()
    await jobs.drain(effective)
    job = await jobs.get(job_id)
    assert (job.status, job.attempts, job.locked_until) == (JobStatus.DONE, 1, None)
    assert job.finished_at is not None
    assert await jobs.effects() == [job_id]


async def test_a_handler_that_returns_has_done_its_job(jobs: Jobs) -> None:
    job_id = await jobs.add()
    await jobs.drain(silent)
    assert (await jobs.get(job_id)).status == JobStatus.DONE


async def test_a_job_is_added_with_what_asks_for_it_or_not_at_all(jobs: Jobs) -> None:
    uow = jobs.work()
    await uow.jobs.add(jobs.kind, {})
    await uow.end(RuntimeError())
    await jobs.drain(effective)
    assert await jobs.effects() == []


async def test_a_job_waits_for_its_time(jobs: Jobs) -> None:
    later = await jobs.add(run_at=clock.now() + timedelta(minutes=5))
    await jobs.add(run_at=clock.now() - timedelta(minutes=5))
    await jobs.drain(effective)
    assert len(await jobs.effects()) == 1
    assert (await jobs.get(later)).status == JobStatus.QUEUED


async def test_what_is_still_to_be_done_is_not_added_twice(jobs: Jobs) -> None:
    first = await jobs.add(dedupe_key="x")
    async with jobs.work() as uow:
        assert await uow.jobs.add(jobs.kind, {}, dedupe_key="x") is None
        assert await uow.jobs.add(jobs.kind, {}, dedupe_key="y") is not None
        assert await uow.jobs.add("test_other", {}, dedupe_key="x") is not None
    await jobs.drain(effective)
    again = await jobs.add(dedupe_key="x")
    assert again != first


async def test_a_failure_is_told_in_our_own_words(jobs: Jobs) -> None:
    ours, theirs = await jobs.add(), await jobs.add()

    async def fail(context: JobContext) -> None:
        if context.job.id == ours:
            raise AttemptFailed("the server is away")
        raise ValueError("ada@example.com is no number")

    await jobs.drain(fail)
    assert (await jobs.get(ours)).last_error == "AttemptFailed: the server is away"
    assert (await jobs.get(theirs)).last_error == "ValueError"


async def test_an_attempt_that_failed_leaves_nothing_behind_and_is_repeated_later(
    jobs: Jobs,
) -> None:
    job_id = await jobs.add()

    async def fail(context: JobContext) -> None:
        async with context.finishing() as uow:
            leave_effect(uow, context.job)
            raise AttemptFailed("too early")

    await jobs.drain(fail)
    job = await jobs.get(job_id)
    assert (job.status, job.attempts, job.finished_at) == (JobStatus.FAILED, 1, None)
    assert job.run_at <= clock.now() + timedelta(seconds=16)
    assert await jobs.effects() == []
    await jobs.due_at_once()
    await jobs.drain(effective)
    assert await jobs.effects() == [job_id]


async def test_the_wait_is_as_long_as_the_other_side_asks(jobs: Jobs) -> None:
    job_id = await jobs.add()
    await jobs.drain(failing(AttemptFailed("later", retry_after=timedelta(hours=2))))
    assert (await jobs.get(job_id)).run_at > clock.now() + timedelta(minutes=119)


async def test_after_its_last_attempt_a_job_is_dead_and_can_be_begun_anew(jobs: Jobs) -> None:
    job_id = await jobs.add(max_attempts=3)
    for attempt in range(1, 4):
        assert (await jobs.get(job_id)).status != JobStatus.DEAD
        await jobs.drain(failing(RuntimeError()))
        assert (await jobs.get(job_id)).attempts == attempt
        await jobs.due_at_once()
    assert (await jobs.get(job_id)).status == JobStatus.DEAD
    await jobs.drain(effective)
    assert await jobs.effects() == []
    async with jobs.work() as uow:
        revived = await JobService(uow).retry(job_id)
    assert (revived.status, revived.attempts, revived.finished_at) == (JobStatus.QUEUED, 0, None)
    await jobs.drain(effective)
    assert await jobs.effects() == [job_id]


async def test_a_final_failure_is_not_repeated(jobs: Jobs) -> None:
    job_id = await jobs.add()
    await jobs.drain(failing(AttemptFailed("there is no such address", final=True)))
    job = await jobs.get(job_id)
    assert (job.status, job.attempts) == (JobStatus.DEAD, 1)
    rows = await jobs.look("SELECT data FROM events WHERE workspace_id = $1 AND type = 'job.died'")
    assert [row["data"]["reason"] for row in rows] == ["AttemptFailed: there is no such address"]


async def test_a_handler_that_raises_harms_no_other(jobs: Jobs) -> None:
    bad, good = [await jobs.add() for _ in range(20)], [await jobs.add() for _ in range(20)]
    errors: list[BaseException] = [
        RuntimeError(),
        asyncio.CancelledError(),
        TimeoutError(),
        RecursionError(),
        NotFound("gone"),
    ]

    async def handle(context: JobContext) -> None:
        if context.job.id in bad:
            raise errors[bad.index(context.job.id) % len(errors)]
        await effective(context)

    await jobs.drain(handle, concurrency=3)
    assert sorted(await jobs.effects()) == sorted(good)
    assert {(await jobs.get(job_id)).status for job_id in bad} == {JobStatus.FAILED}


async def test_a_handler_that_hangs_is_stopped(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_runner, "TIME_LIMIT", timedelta(seconds=0.05))
    job_id = await jobs.add()

    async def hang(_: JobContext) -> None:
        await asyncio.Event().wait()

    await jobs.drain(hang)
    job = await jobs.get(job_id)
    assert (job.status, job.last_error) == (JobStatus.FAILED, "TimeoutError")


async def test_a_thousand_jobs_over_four_workers_take_effect_once_each(jobs: Jobs) -> None:
    async with jobs.work() as uow:
        added = await uow.jobs.add_all([NewJob(kind=jobs.kind) for _ in range(1_000)])
    runs: Counter[UUID] = Counter()

    async def handle(context: JobContext) -> None:
        runs[context.job.id] += 1
        await effective(context)

    async with asyncio.timeout(60):
        await asyncio.gather(
            *(jobs.runner(handle, lease=job_runner.LEASE).drain() for _ in range(4))
        )
    assert sorted(await jobs.effects()) == sorted(added)
    assert set(runs.values()) == {1}


async def test_a_workspace_never_takes_every_place(
    jobs: Jobs, database: Database, owner_database: Database
) -> None:
    second = await create_workspace(owner_database, f"w-{new_id().hex}", "B")
    other = Jobs(database, owner_database, second, jobs.kind)
    for _ in range(50):
        await jobs.add()
    late = await other.add()
    served = asyncio.Event()

    async def slow(context: JobContext) -> None:
        if context.job.id == late:
            served.set()
        await served.wait()

    await jobs.drain(slow, concurrency=4)
    assert (await other.get(late)).status == JobStatus.DONE


async def test_what_is_queued_or_over_can_not_be_retried_and_what_is_over_not_cancelled(
    jobs: Jobs,
) -> None:
    queued = await jobs.add()
    async with jobs.work() as uow:
        with pytest.raises(IllegalMove):
            await JobService(uow).retry(queued)
    await jobs.drain(effective)
    async with jobs.work() as uow:
        for act in (JobService(uow).retry, JobService(uow).cancel):
            with pytest.raises(IllegalMove):
                await act(queued)


async def test_a_runner_goes_on_when_the_database_does_not(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    await jobs.add()
    calls = 0
    claim = job_queue.JobQueue.claim

    async def flaky(self: Any, *given: Any) -> list[Job]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ConnectionResetError
        return await claim(self, *given)

    monkeypatch.setattr(job_queue.JobQueue, "claim", flaky)
    worked = asyncio.Event()

    async def handle(context: JobContext) -> None:
        await effective(context)
        worked.set()

    running = asyncio.create_task(jobs.runner(handle).run())
    async with asyncio.timeout(10):
        await worked.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert calls > 1


async def test_jobs_that_ended_long_ago_are_forgotten(jobs: Jobs) -> None:
    done, dead, queued = [await jobs.add() for _ in range(3)]
    for job_id, status in ((done, "done"), (dead, "dead")):
        await jobs.look(
            f"UPDATE jobs SET status = '{status}', finished_at = now() - interval '31 days' "
            f"WHERE workspace_id = $1 AND id = '{job_id}'"
        )
    await jobs.runner(effective).purge()
    assert (await jobs.get(dead)).status == JobStatus.DEAD
    assert (await jobs.get(queued)).status == JobStatus.QUEUED
    with pytest.raises(NotFound):
        await jobs.get(done)


async def test_a_workspace_sees_its_own_jobs_alone(
    jobs: Jobs, database: Database, owner_database: Database
) -> None:
    theirs = await jobs.add()
    ours = await create_workspace(owner_database, f"w-{new_id().hex}", "Other")
    async with UnitOfWork(database, system_caller(ours)) as uow:
        service = JobService(uow)
        assert (await service.page({}, PageRequest())).data == []
        for act in (service.get, service.retry, service.cancel):
            with pytest.raises(NotFound):
                await act(theirs)
    assert (await jobs.get(theirs)).status == JobStatus.QUEUED


async def test_a_job_is_not_begun_anew_while_its_like_is_to_be_done(jobs: Jobs) -> None:
    first = await jobs.add(dedupe_key="x")
    await jobs.drain(failing(AttemptFailed("no", final=True)))
    await jobs.add(dedupe_key="x")
    with pytest.raises(AlreadyExists):
        async with jobs.work() as uow:
            await JobService(uow).retry(first)
