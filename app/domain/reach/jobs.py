"""Jobs: work for later, told in the transaction of what asks for it, done by the worker."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

MAX_ATTEMPTS = 8
FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(hours=6)


class JobStatus(StrEnum):
    """Where a job stands. One that failed waits for its next attempt; a dead one has none left."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DEAD = "dead"
    CANCELLED = "cancelled"


CANCELLABLE = frozenset({JobStatus.QUEUED, JobStatus.FAILED, JobStatus.RUNNING})
RETRYABLE = frozenset({JobStatus.FAILED, JobStatus.DEAD, JobStatus.CANCELLED})


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """A job to add. Its payload names things by their ids and holds nothing about persons.

    While a job of the same kind and `dedupe_key` is neither done nor given up, it is not added.
    """

    kind: str
    payload: dict[str, Any] = field(default_factory=dict)
    run_at: datetime | None = None
    dedupe_key: str | None = None
    max_attempts: int = MAX_ATTEMPTS


@dataclass(eq=False, kw_only=True)
class Job:
    """A job as stored.

    Whoever works on it holds a lease until `locked_until`, and knows the `generation` of that
    lease: once another has taken over, nothing of theirs is accepted any more.
    """

    workspace_id: UUID
    id: UUID
    kind: str
    payload: dict[str, Any]
    status: str
    run_at: datetime
    attempts: int
    max_attempts: int
    locked_until: datetime | None
    generation: int
    last_error: str | None
    progress: dict[str, Any]
    dedupe_key: str | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class AttemptFailed(Exception):
    """Why an attempt failed, in words of our own: the workspace reads them, so they name nobody.

    `final` says that no further attempt can help; `retry_after` how long the other side asked us
    to wait.
    """

    def __init__(
        self, message: str, *, final: bool = False, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.final = final
        self.retry_after = retry_after


class LeaseLost(Exception):
    """The job was cancelled, or another worker has taken it over: stop, and change nothing."""


def wait_before_retry(attempts: int, roll: float) -> timedelta:
    """How long to wait after this many attempts; `roll`, from 0 to 1, spreads the retries evenly.

    The eighth attempt comes about six hours after the first.
    """
    factor: int = 4 ** min(attempts - 1, 20)
    return min(LONGEST_WAIT, FIRST_WAIT * factor) * roll
