"""The worker goes on when a workspace, or the whole database, does not."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import UUID

import pytest

from app import worker as module
from app.platform.db import Database
from app.platform.ids import new_id
from app.platform.secrets import Secrets
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.authentication import Authenticator
from app.services.access.revocations import Revocations
from app.worker import Worker
from tests.conftest import SECRET

pytestmark = pytest.mark.anyio

FIRST, SECOND, THIRD = (new_id() for _ in range(3))
NOWHERE = cast(Any, None)


class Failing(Worker):
    """A worker that notes where it works; some workspaces fail."""

    def __init__(self, *failing: UUID, authenticator: Authenticator | None = None) -> None:
        super().__init__(cast(Database, NOWHERE), authenticator)
        self.failing = failing
        self.seen: list[UUID] = []

    async def workspaces(self) -> list[UUID]:
        return [FIRST, SECOND, THIRD]

    async def _in(
        self,
        workspace_id: UUID,
        work: Callable[[UnitOfWork], Awaitable[int | None]],  # noqa: ARG002
    ) -> int | None:
        self.seen.append(workspace_id)
        if workspace_id in self.failing:
            raise ConnectionRefusedError
        return None


def with_used(used: dict[UUID, set[UUID]]) -> Authenticator:
    """An authenticator that saw these keys used."""
    authenticator = Authenticator(NOWHERE, NOWHERE, Secrets(SECRET), Revocations(None))
    authenticator.put_back(used)
    return authenticator


@pytest.mark.parametrize("work", ["place_events", "purge_answers"])
async def test_one_workspace_that_fails_does_not_end_the_turn(work: str) -> None:
    worker = Failing(FIRST)
    await getattr(worker, work)()
    assert worker.seen == [FIRST, SECOND, THIRD]


async def test_uses_that_cannot_be_stored_are_kept_for_the_next_time() -> None:
    kept, stored = new_id(), new_id()
    authenticator = with_used({FIRST: {kept}, SECOND: {stored}})
    worker = Failing(FIRST, authenticator=authenticator)
    await worker.flush_key_use()
    assert worker.seen == [FIRST, SECOND]
    assert authenticator.take_used() == {FIRST: {kept}}


async def test_uses_are_kept_when_the_flush_is_cut_short() -> None:
    authenticator = with_used({FIRST: {FIRST}, SECOND: {SECOND}})
    worker = Failing(authenticator=authenticator)

    async def hangs(*_: Any) -> None:
        await asyncio.Event().wait()

    worker._in = hangs  # type: ignore[method-assign, assignment]
    flush = asyncio.create_task(worker.flush_key_use())
    await asyncio.sleep(0)
    flush.cancel()
    await asyncio.gather(flush, return_exceptions=True)
    assert authenticator.take_used() == {FIRST: {FIRST}, SECOND: {SECOND}}


async def test_it_stops_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FAREWELL_SECONDS", 0.05)
    nobody = Database("postgresql://nobody@127.0.0.1:1/none", pool_size=1)
    async with Worker(nobody, with_used({FIRST: {FIRST}}), every=False).running():
        pass

    async def hangs(_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Worker, "flush_key_use", hangs)
    async with asyncio.timeout(2), Worker(nobody, every=False).running():
        pass


async def test_the_first_purge_comes_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PURGE_SECONDS", 0.01)
    purged = asyncio.Event()

    async def purge(_: Any) -> None:
        purged.set()

    monkeypatch.setattr(Worker, "purge_answers", purge)
    async with asyncio.timeout(2), Failing().running():
        await purged.wait()


@pytest.mark.parametrize("every", [True, False])
async def test_jobs_are_worked_off_where_the_worker_runs(
    monkeypatch: pytest.MonkeyPatch, every: bool
) -> None:
    monkeypatch.setattr(module, "FIRST_PURGE_SECONDS", 0.01)
    ran, purged = asyncio.Event(), asyncio.Event()

    class Jobs:
        async def run(self) -> None:
            ran.set()

        async def purge(self) -> None:
            purged.set()

    worker = Worker(NOWHERE, jobs=cast(Any, Jobs()), every=every)
    async with worker.running():
        await asyncio.sleep(0.1)
    assert (ran.is_set(), purged.is_set()) == (every, every)
