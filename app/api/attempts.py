"""One attempt at answering a request: what it holds, and how it ends before the reply is sent."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, cast
from uuid import UUID

from fastapi import Request

from app.services.access.idempotency import IdempotencyService

_KEY = "touchline.attempt"


class Work(Protocol):
    """The unit of work, as far as its end is concerned."""

    async def end(self, error: BaseException | None) -> None:
        """Commit, or roll back when there was an error."""


@dataclass
class Attempt:
    """A further attempt at the same request starts with a new one."""

    work: Work | None = None
    answers: IdempotencyService | None = None
    shown_once: UUID | None = None
    after_commit: list[Callable[[], None]] = field(default_factory=list)

    async def end(self, error: BaseException | None) -> None:
        """End the unit of work, if the request came so far as to have one."""
        if self.work is not None:
            await self.work.end(error)
        if error is None:
            for act in self.after_commit:
                act()


def begin_attempt(request: Request) -> Attempt:
    """A new attempt at this request."""
    attempt = request.scope[_KEY] = Attempt()
    return attempt


def attempt_of(request: Request) -> Attempt:
    """The present attempt at this request."""
    return cast(Attempt, request.scope[_KEY])


def after_commit(request: Request, act: Callable[[], None]) -> None:
    """Have this done in memory once the request's unit of work has committed, before the reply."""
    attempt_of(request).after_commit.append(act)


def show_once(request: Request, made: UUID) -> None:
    """Keep only the id of what was made: the answer holds a secret, which is stored nowhere."""
    attempt_of(request).shown_once = made
