"""Jobs of one workspace and a kind of their own, so that no other test's runner takes them."""

import asyncio
from typing import Any, cast
from uuid import UUID

import httpx
from fastapi import FastAPI

from app.domain.reach.events import EventType
from app.domain.reach.jobs import Job
from app.platform.db import Database
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import system_caller
from app.services.reach.job_runner import Handler, JobContext, JobRunner
from tests.conftest import Client


class Jobs:
    """Adds jobs, works them off, and reads what became of them."""

    def __init__(
        self, database: Database, owner_database: Database, workspace_id: UUID, kind: str = ""
    ) -> None:
        self.database, self._owner_database = database, owner_database
        self.workspace_id = workspace_id
        self.kind = kind or f"test_{new_id().hex}"

    def work(self) -> UnitOfWork:
        """A unit of work in the workspace."""
        return UnitOfWork(self.database, system_caller(self.workspace_id))

    async def add(self, **options: Any) -> UUID:
        """A new job."""
        async with self.work() as uow:
            added = await uow.jobs.add(self.kind, {"n": 1}, **options)
        assert added is not None
        return added

    async def get(self, job_id: UUID) -> Job:
        """The job as stored."""
        async with self.work() as uow:
            return await uow.jobs.get(job_id)

    def runner(self, handler: Handler, **options: Any) -> JobRunner:
        """A worker that knows this kind alone."""
        return JobRunner(self.database, {self.kind: handler}, poll_seconds=0.02, **options)

    async def drain(self, handler: Handler, **options: Any) -> None:
        """Work until nothing of this kind is due."""
        async with asyncio.timeout(30):
            await self.runner(handler, **options).drain()

    async def due_at_once(self) -> None:
        """Let the wait of failed jobs be over."""
        await self.look(
            "UPDATE jobs SET run_at = now() WHERE workspace_id = $1 AND status = 'failed'"
        )

    async def lease_runs_out(self) -> None:
        """Let whoever is at work have slept for too long."""
        await self.look(
            "UPDATE jobs SET locked_until = now() - interval '1 second' "
            "WHERE workspace_id = $1 AND status = 'running'"
        )

    async def effects(self) -> list[UUID]:
        """The jobs that took effect, each as often as it did."""
        rows = await self.look(
            "SELECT subject_id FROM events WHERE workspace_id = $1 AND type = 'team.created'"
        )
        return sorted(row["subject_id"] for row in rows)

    async def look(self, sql: str) -> list[Any]:
        """Behind the scenes; $1 is the workspace."""
        return await self._owner_database.fetch(sql, self.workspace_id)


def leave_effect(uow: UnitOfWork, job: Job) -> None:
    """Something that can be counted."""
    uow.record(EventType.TEAM_CREATED, "job", job.id, {})


async def effective(context: JobContext) -> None:
    """A handler whose effect and end are one."""
    async with context.finishing() as uow:
        leave_effect(uow, context.job)


async def failed_job(client: Client, note: str) -> UUID:
    """A job that waits for its next attempt, of a kind that no worker knows."""
    app = cast(FastAPI, cast(httpx.ASGITransport, client._transport).app)
    kind = "test_unknown"
    async with UnitOfWork(app.state.runtime.database, client.caller) as uow:
        job_id = await uow.jobs.add(kind, {"note": note})
        assert job_id is not None
        await uow.jobs.change(job_id, {"status": "failed", "attempts": 1, "last_error": note})
    return job_id


async def until_leased(jobs: Jobs, job_id: UUID, times: int) -> None:
    """Until the job was claimed for the n-th time."""
    async with asyncio.timeout(30):
        while (await jobs.get(job_id)).generation < times:  # noqa: ASYNC110 - it is in a database
            await asyncio.sleep(0.02)
