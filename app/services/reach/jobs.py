"""Jobs as the workspace sees them: listed, read, tried again, called off."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.domain.errors import IllegalMove
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType
from app.domain.reach.jobs import CANCELLABLE, RETRYABLE, Job, JobStatus
from app.repositories.unit_of_work import UnitOfWork


class JobService:
    """Use cases of jobs."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def get(self, job_id: UUID) -> Job:
        """One job."""
        return await self._uow.jobs.get(job_id)

    async def page(self, filters: Mapping[str, Sequence[Any]], request: PageRequest) -> Page[Job]:
        """A page of jobs, narrowed to these values of columns."""
        return await self._uow.jobs.page(request, filters)

    async def retry(self, job_id: UUID) -> Job:
        """Begin a job anew that failed, died or was cancelled, with all its attempts."""
        job = await self._in_status(job_id, RETRYABLE, "be tried again")
        stored = await self._uow.jobs.requeue(job_id)
        self._record(EventType.JOB_RETRIED, job)
        await self._uow.flush()
        return stored

    async def cancel(self, job_id: UUID) -> Job:
        """Call a job off; one that is at work is stopped within seconds."""
        job = await self._in_status(job_id, CANCELLABLE, "be cancelled")
        now = self._uow.now
        stored = await self._uow.jobs.change(
            job_id,
            {
                "status": JobStatus.CANCELLED.value,
                "locked_until": None,
                "updated_at": now,
                "finished_at": now,
            },
        )
        self._record(EventType.JOB_CANCELLED, job)
        await self._uow.flush()
        return stored

    async def _in_status(self, job_id: UUID, statuses: frozenset[JobStatus], what: str) -> Job:
        job = await self._uow.jobs.get(job_id, lock=True)
        if job.status not in statuses:
            allowed = ", ".join(sorted(statuses))
            raise IllegalMove(
                f"a job that is {job.status} cannot {what}; only one that is {allowed} can",
                extra={"status": job.status},
            )
        return job

    def _record(self, event: EventType, job: Job) -> None:
        self._uow.record(event, "job", job.id, {"job_kind": job.kind, "status": job.status})
