"""The jobs of all workspaces, as the worker sees them: what is due, and whose lease has ended."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Integer,
    Interval,
    Uuid,
    column,
    delete,
    func,
    null,
    select,
    update,
)
from sqlalchemy import text as sql

from app.domain.reach.jobs import Job, JobStatus
from app.repositories.statements import Statement, array_param, built, param
from app.repositories.tables.reach import OVER, RUNNING, WAITING, jobs
from app.repositories.transaction import Transaction

ABANDONED = "WorkerLost: the worker stopped answering while it was at this"


class JobQueue:
    """Leases go by the clock of the database, so that no process' own clock matters."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def claim(
        self,
        limit: int,
        lease: timedelta,
        kinds: Collection[str],
        crowded: Collection[UUID] = (),
    ) -> list[Job]:
        """Take up to `limit` jobs that are due, oldest first, none of a crowded workspace."""
        rows = await self._transaction.rows(
            _CLAIM, limit=limit, lease=lease, kinds=sorted(kinds), crowded=sorted(crowded)
        )
        return sorted((built(Job, row) for row in rows), key=lambda job: (job.run_at, job.id))

    async def expire(self) -> int:
        """Take jobs from workers that have let their lease run out; how many."""
        return len(await self._transaction.rows(_EXPIRE, new_last_error=ABANDONED))

    async def renew(self, held: Sequence[Job], lease: timedelta) -> set[UUID]:
        """Prolong these leases; the ids of the jobs that are still ours.

        A job whose row is locked is at the end of its work or is being cancelled: it is skipped
        and not waited for.
        """
        mine = {
            "ids": [job.id for job in held],
            "generations": [job.generation for job in held],
        }
        await self._transaction.rows(_RENEW, lease=lease, **mine)
        return {row["id"] for row in await self._transaction.rows(_STILL_HELD, **mine)}

    async def purge(self, finished_before: datetime, statuses: Collection[JobStatus]) -> int:
        """Forget jobs of these statuses that ended long ago; how many, a batch at a time."""
        rows = await self._transaction.rows(
            _PURGE, finished_before=finished_before, statuses=sorted(statuses), limit=1_000
        )
        return len(rows)


def _claim() -> Statement:
    due = (
        select(jobs.c.id)
        .where(
            sql(WAITING),
            jobs.c.run_at <= func.now(),
            jobs.c.kind == func.any(array_param("kinds", jobs.c.kind)),
            ~(jobs.c.workspace_id == func.any(array_param("crowded", jobs.c.workspace_id))),
        )
        .order_by(jobs.c.run_at, jobs.c.id)
        .limit(param("limit", Integer))
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    return Statement(
        update(jobs)
        .where(jobs.c.id == due.c.id)
        .values(
            status=JobStatus.RUNNING.value,
            attempts=jobs.c.attempts + 1,
            generation=jobs.c.generation + 1,
            locked_until=func.now() + param("lease", Interval),
            updated_at=func.now(),
        )
        .returning(*jobs.c)
    )


def _expire() -> Statement:
    left = (
        select(jobs.c.id)
        .where(sql(RUNNING), jobs.c.locked_until < func.now())
        .order_by(jobs.c.id)
        .with_for_update(skip_locked=True)
        .cte("left_behind")
    )
    return Statement(
        update(jobs)
        .where(jobs.c.id == left.c.id)
        .values(
            status=JobStatus.FAILED.value,
            run_at=func.now(),
            locked_until=null(),
            last_error=param("new_last_error", jobs.c.last_error),
            updated_at=func.now(),
        )
        .returning(jobs.c.id)
    )


def _mine() -> Any:
    return (
        func.unnest(array_param("ids", jobs.c.id), array_param("generations", jobs.c.generation))
        .table_valued(column("id", Uuid), column("generation", BigInteger), name="mine")
        .render_derived()
    )


def _still_held() -> Any:
    mine = _mine()
    return select(jobs.c.id).where(
        jobs.c.id == mine.c.id, jobs.c.generation == mine.c.generation, sql(RUNNING)
    )


def _renew() -> Statement:
    found = _still_held().order_by(jobs.c.id).with_for_update(of=jobs, skip_locked=True)
    held = found.cte("held")
    return Statement(
        update(jobs)
        .where(jobs.c.id == held.c.id)
        .values(locked_until=func.now() + param("lease", Interval))
        .returning(jobs.c.id)
    )


def _purge() -> Statement:
    old = (
        select(jobs.c.id)
        .where(
            sql(OVER),
            jobs.c.finished_at < param("finished_before", jobs.c.finished_at),
            jobs.c.status == func.any(array_param("statuses", jobs.c.status)),
        )
        .order_by(jobs.c.finished_at)
        .limit(param("limit", Integer))
        .cte("old")
    )
    return Statement(delete(jobs).where(jobs.c.id == old.c.id).returning(jobs.c.id))


_CLAIM = _claim()
_EXPIRE = _expire()
_RENEW = _renew()
_STILL_HELD = Statement(_still_held())
_PURGE = _purge()
