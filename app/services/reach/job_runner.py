"""Works off the jobs: claims what is due, keeps its leases, and records how each attempt ended."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from app.domain.errors import DomainError, Unavailable
from app.domain.reach.events import EventType
from app.domain.reach.jobs import (
    AttemptFailed,
    Job,
    JobStatus,
    LeaseLost,
    wait_before_retry,
)
from app.platform import clock
from app.platform.db import Database
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import system_caller

log = structlog.get_logger("touchline.jobs")

LEASE = timedelta(seconds=60)
POLL_SECONDS = 0.5
# A handler that takes longer hangs; work of hours is cut into several jobs.
TIME_LIMIT = timedelta(minutes=15)
# What is at work when the process is told to stop may finish within this time.
FINISH_SECONDS = 10.0
KEPT_WHEN_OVER = timedelta(days=30)
KEPT_WHEN_DEAD = timedelta(days=180)


class JobContext:
    """What a handler has: the job, and units of work in its workspace.

    Nothing outside is called while a unit of work is open. A handler reads in one, calls the
    outside world after it, and stores what came of it in `finishing`.
    """

    def __init__(self, database: Database, job: Job) -> None:
        self.job = job
        self.finished = False
        self._database = database

    @property
    def payload(self) -> dict[str, Any]:
        """What the job was given."""
        return self.job.payload

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        """A transaction that takes effect only while the job is ours; LeaseLost otherwise."""
        async with UnitOfWork(self._database, system_caller(self.job.workspace_id)) as uow:
            await uow.jobs.hold(self.job)
            yield uow

    @asynccontextmanager
    async def finishing(self) -> AsyncIterator[UnitOfWork]:
        """The last of them: the job is done when, and only when, its effect is stored."""
        async with self.unit_of_work() as uow:
            yield uow
            await uow.jobs.complete(self.job)
        self.finished = True

    async def report(self, **progress: Any) -> None:
        """Tell those who watch how far it is."""
        async with self.unit_of_work() as uow:
            await uow.jobs.report(self.job, progress)


Handler = Callable[[JobContext], Awaitable[None]]


class JobRunner:
    """Up to `concurrency` jobs at a time, of the kinds that have a handler.

    A handler that just returns has done its job; one that raises has failed, and is tried again
    later. `AttemptFailed` says why in words that the workspace may read.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        *,
        concurrency: int = 8,
        lease: timedelta = LEASE,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._concurrency = concurrency
        self._lease = lease
        self._poll_seconds = poll_seconds
        self._running: dict[asyncio.Task[None], Job] = {}

    async def run(self) -> None:
        """Work until cancelled; then finish what is quick, and leave the rest to others."""
        beating = asyncio.create_task(self._beat())
        try:
            while True:
                more = await self._turn()
                await self._pause(eager=more)
        finally:
            await self._wind_up()
            beating.cancel()

    async def drain(self) -> None:
        """Work until nothing is due any more."""
        beating = asyncio.create_task(self._beat())
        try:
            while await self._turn() or self._running:
                await self._pause(eager=True)
        finally:
            beating.cancel()

    async def purge(self) -> None:
        """Forget the jobs that ended long ago; those that died are kept for longer."""
        now = clock.now()
        over = (JobStatus.DONE, JobStatus.CANCELLED)
        for statuses, kept in ((over, KEPT_WHEN_OVER), ((JobStatus.DEAD,), KEPT_WHEN_DEAD)):
            purged = True
            while purged:
                async with self._anywhere() as uow:
                    purged = bool(await uow.job_queue.purge(now - kept, statuses))

    def _anywhere(self) -> UnitOfWork:
        """A unit of work in no workspace, for the table that serves them all."""
        return UnitOfWork(self._database, system_caller(UUID(int=0)))

    async def _turn(self) -> bool:
        """Start what is due; True when there may be more of it."""
        free = self._concurrency - len(self._running)
        if free == 0:
            return True
        busy = Counter(job.workspace_id for job in self._running.values())
        # A workspace whose jobs are slow leaves places to the others.
        most = max(1, self._concurrency * 3 // 4)
        crowded = [workspace_id for workspace_id, count in busy.items() if count >= most]
        room = most - max((count for count in busy.values() if count < most), default=0)
        try:
            async with self._anywhere() as uow:
                await uow.job_queue.expire()
                claimed = await uow.job_queue.claim(
                    min(free, room), self._lease, self._handlers.keys(), crowded
                )
        except Unavailable as error:
            log.warning("jobs wait for the database", why=error.detail)
            return False
        except Exception:
            log.exception("jobs could not be claimed")
            return False
        for job in claimed:
            task = asyncio.create_task(self._work(job))
            self._running[task] = job
            task.add_done_callback(self._running.pop)
        return bool(claimed or crowded)

    async def _pause(self, *, eager: bool) -> None:
        if eager and self._running:
            await asyncio.wait(
                self._running, timeout=self._poll_seconds, return_when=asyncio.FIRST_COMPLETED
            )
        elif not eager:
            # Not all processes at the same moment.
            await asyncio.sleep(self._poll_seconds * random.uniform(1, 2))  # noqa: S311

    async def _work(self, job: Job) -> None:
        context = JobContext(self._database, job)
        try:
            if job.attempts > job.max_attempts:
                # It has taken a worker down with it at every attempt.
                raise AttemptFailed("no attempt came to an end", final=True)
            async with asyncio.timeout(TIME_LIMIT.total_seconds()):
                await self._handlers[job.kind](context)
            if not context.finished:
                async with context.finishing():
                    pass
            log.info("job done", kind=job.kind, job_id=str(job.id), attempt=job.attempts)
        except LeaseLost:
            log.info("job taken away", kind=job.kind, job_id=str(job.id))
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or not task.cancelling():
                # Nobody told it to stop: something it waited for was cancelled.
                await self._tried(job, self._failed, error)
                return
            await self._tried(job, self._give_back)
            raise
        except Exception as error:
            await self._tried(job, self._failed, error)

    async def _tried(self, job: Job, end: Callable[..., Awaitable[None]], *args: Any) -> None:
        """Record an end; if that fails too, the lease runs out and another worker takes the job."""
        try:
            await end(job, *args)
        except Exception:
            log.exception("the end of a job could not be recorded", job_id=str(job.id))

    async def _failed(self, job: Job, error: BaseException) -> None:
        reason = described(error)
        final = isinstance(error, AttemptFailed) and error.final
        over = final or job.attempts >= job.max_attempts
        log.warning(
            "job failed",
            kind=job.kind,
            job_id=str(job.id),
            attempt=job.attempts,
            reason=reason,
            dead=over,
            exc_info=None if isinstance(error, (AttemptFailed, DomainError)) else error,
        )
        async with UnitOfWork(self._database, system_caller(job.workspace_id)) as uow:
            if not over:
                await uow.jobs.fail(job, reason, _wait(job, error))
            elif await uow.jobs.bury(job, reason):
                told = {"job_kind": job.kind, "reason": reason, "attempts": job.attempts}
                uow.record(EventType.JOB_DIED, "job", job.id, told)

    async def _give_back(self, job: Job) -> None:
        async with UnitOfWork(self._database, system_caller(job.workspace_id)) as uow:
            await uow.jobs.give_back(job)

    async def _beat(self) -> None:
        """Prolong the leases of what is at work, and stop what was taken from us."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 4)
            held = dict(self._running)
            if not held:
                continue
            try:
                async with self._anywhere() as uow:
                    kept = await uow.job_queue.renew(list(held.values()), self._lease)
            except Exception:
                log.exception("leases could not be prolonged")
                continue
            for task, job in held.items():
                if job.id not in kept:
                    task.cancel()

    async def _wind_up(self) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=FINISH_SECONDS)
        left = list(self._running)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


def described(error: BaseException) -> str:
    """The error as the workspace may read it: our own words, or else its class alone, for what
    others write into their messages may be about persons."""
    name = type(error).__name__
    if isinstance(error, AttemptFailed):
        return f"{name}: {error.message}"
    if isinstance(error, DomainError):
        return f"{name}: {error.detail}"
    return name


def _wait(job: Job, error: BaseException) -> timedelta:
    asked = error.retry_after if isinstance(error, AttemptFailed) else None
    spread = wait_before_retry(job.attempts, random.random())  # noqa: S311 - jitter
    return spread if asked is None else max(asked, spread)
