"""The jobs of one workspace: added, held while they run, and brought to an end."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Interval, func, null, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import insert

from app.domain.errors import NotFound
from app.domain.reach.jobs import MAX_ATTEMPTS, Job, JobStatus, LeaseLost, NewJob
from app.platform.ids import new_id
from app.repositories.resources import Resources
from app.repositories.statements import (
    Statement,
    as_arrays,
    built,
    own,
    param,
    rows_of,
    stored_columns,
)
from app.repositories.tables.reach import LIVE, jobs


class JobRepository(Resources[Job]):
    """Jobs by id and page; what ends one is refused to those whose lease is not the present one.

    Waits go by the clock of the database, which all processes share. Citus, which would not have
    that in an update, leaves this table in one place.
    """

    table = jobs
    entity = Job
    noun = "job"

    async def add(  # type: ignore[override] # told by what is to be done, not as a row
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        run_at: datetime | None = None,
        dedupe_key: str | None = None,
        max_attempts: int = MAX_ATTEMPTS,
    ) -> UUID | None:
        """A job in the transaction of what asks for it; None when its like is still to be done."""
        new = NewJob(
            kind=kind,
            payload=dict(payload),
            run_at=run_at,
            dedupe_key=dedupe_key,
            max_attempts=max_attempts,
        )
        added = await self.add_all([new])
        return added[0] if added else None

    async def add_all(self, new: Sequence[NewJob]) -> list[UUID]:
        """Jobs in one statement; the ids of those whose like is not still to be done."""
        if not new:
            return []
        now = self._transaction.now
        rows = [
            vars(job)
            | {
                "workspace_id": self._transaction.workspace_id,
                "id": new_id(),
                "status": JobStatus.QUEUED.value,
                "attempts": 0,
                "locked_until": None,
                "generation": 0,
                "last_error": None,
                "progress": {},
                "created_at": now,
                "updated_at": now,
                "finished_at": None,
            }
            for job in new
        ]
        added = await self._transaction.rows(_ADD, **as_arrays(jobs, rows))
        return [row["id"] for row in added]

    async def hold(self, job: Job) -> None:
        """Keep the job from everybody else until the transaction ends; LeaseLost if it is theirs.

        Whatever the transaction does is then done by the one who holds the lease.
        """
        if not await self._transaction.rows(_HOLD, **_lease(job)):
            raise LeaseLost

    async def complete(self, job: Job) -> None:
        """It is done, together with what else the transaction does."""
        now = self._transaction.now
        if not await self._transaction.rows(_COMPLETE, **_lease(job), new_finished_at=now):
            raise LeaseLost

    async def report(self, job: Job, progress: Mapping[str, Any]) -> None:
        """How far it is, for those who watch."""
        given = dict(progress)
        if not await self._transaction.rows(_REPORT, **_lease(job), new_progress=given):
            raise LeaseLost

    async def fail(self, job: Job, error: str, wait: timedelta) -> bool:
        """The attempt failed; the next is due after the wait. False when the lease is lost."""
        values = {"new_last_error": error, "wait": wait}
        return bool(await self._transaction.rows(_FAIL, **_lease(job), **values))

    async def bury(self, job: Job, error: str) -> bool:
        """No attempt is left, or none would help. False when the lease is lost."""
        values = {"new_last_error": error, "new_finished_at": self._transaction.now}
        return bool(await self._transaction.rows(_BURY, **_lease(job), **values))

    async def give_back(self, job: Job) -> bool:
        """Leave it to others, as if it had not been tried. False when the lease is lost."""
        return bool(await self._transaction.rows(_GIVE_BACK, **_lease(job)))

    async def requeue(self, job_id: UUID) -> Job:
        """Begin anew with all its attempts, at once."""
        row = await self._transaction.row(_REQUEUE, id=job_id)
        if row is None:
            raise NotFound("no such job in this workspace")
        return built(Job, row)


def _lease(job: Job) -> dict[str, Any]:
    return {"id": job.id, "generation": job.generation}


_MINE: ColumnElement[bool] = (
    own(jobs)
    & (jobs.c.id == param("id", jobs.c.id))
    & (jobs.c.generation == param("generation", jobs.c.generation))
    & (jobs.c.status == JobStatus.RUNNING.value)
)
_LEFT = {"locked_until": null()}


def _add() -> Statement:
    names = stored_columns(jobs)
    given = rows_of(jobs, names)
    values = {name: given.c[name] for name in names}
    values["run_at"] = func.coalesce(given.c.run_at, func.now())
    added = (
        insert(jobs)
        .from_select(list(names), select(*values.values()))
        .on_conflict_do_nothing(
            index_elements=["workspace_id", "kind", "dedupe_key"],
            index_where=sql(f"{LIVE} AND dedupe_key IS NOT NULL"),
        )
    )
    return Statement(added.returning(jobs.c.id))


def _change(**values: Any) -> Statement:
    changes = {**values, "updated_at": func.now()}
    return Statement(update(jobs).where(_MINE).values(changes).returning(jobs.c.id))


_ADD = _add()
_HOLD = Statement(select(jobs.c.id).where(_MINE).with_for_update())
_REPORT = _change(progress=param("new_progress", jobs.c.progress))
_COMPLETE = _change(
    status=JobStatus.DONE.value,
    finished_at=param("new_finished_at", jobs.c.finished_at),
    **_LEFT,
)
_FAIL = _change(
    status=JobStatus.FAILED.value,
    run_at=func.now() + param("wait", Interval),
    last_error=param("new_last_error", jobs.c.last_error),
    **_LEFT,
)
_BURY = _change(
    status=JobStatus.DEAD.value,
    finished_at=param("new_finished_at", jobs.c.finished_at),
    last_error=param("new_last_error", jobs.c.last_error),
    **_LEFT,
)
_REQUEUE = Statement(
    update(jobs)
    .where(own(jobs), jobs.c.id == param("id", jobs.c.id))
    .values(
        status=JobStatus.QUEUED.value,
        attempts=0,
        run_at=func.now(),
        finished_at=null(),
        updated_at=func.now(),
    )
    .returning(*jobs.c)
)
_GIVE_BACK = _change(
    status=JobStatus.QUEUED.value,
    attempts=jobs.c.attempts - 1,
    run_at=func.now(),
    **_LEFT,
)
