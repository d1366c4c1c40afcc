"""Jobs: what the service does in the background."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from app.api.deps import service
from app.api.operations import Operation
from app.api.paging import PageOf, page_request
from app.api.responses import problems
from app.api.schemas.reach.jobs import JobQuery, JobRead
from app.domain.access.api_keys import Scope
from app.domain.paging import Page
from app.domain.reach.jobs import Job
from app.services.reach.jobs import JobService

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=Operation)

Reading = Annotated[JobService, service(JobService, Scope.LEADS_READ)]
Acting = Annotated[JobService, service(JobService, Scope.ADMIN)]
JobId = Annotated[UUID, Path(description="The job's id.")]


@router.get("", response_model=PageOf[JobRead], summary="List jobs")
async def list_jobs(jobs: Reading, query: Annotated[JobQuery, Query()]) -> Page[Job]:
    """Newest first. Jobs that are done or cancelled are kept for 30 days, dead ones for 180."""
    filters = query.model_dump(exclude={"limit", "cursor"}, exclude_none=True)
    return await jobs.page(filters, page_request(query.limit, query.cursor))


@router.get("/{job_id}", response_model=JobRead, responses=problems(404), summary="Read a job")
async def read_job(job_id: JobId, jobs: Reading) -> Job:
    """How far it is, and why its last attempt failed."""
    return await jobs.get(job_id)


@router.post(
    "/{job_id}/retry",
    response_model=JobRead,
    responses=problems(404, 409),
    summary="Try a job again",
)
async def retry_job(job_id: JobId, jobs: Acting) -> Job:
    """At once, and with all its attempts, when it failed, is dead or was cancelled."""
    return await jobs.retry(job_id)


@router.post(
    "/{job_id}/cancel",
    response_model=JobRead,
    responses=problems(404, 409),
    summary="Cancel a job",
)
async def cancel_job(job_id: JobId, jobs: Acting) -> Job:
    """It is not begun any more; one that is at work is stopped, and stores nothing further."""
    return await jobs.cancel(job_id)
