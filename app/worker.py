"""The background worker: places events, flushes when keys were used, forgets old answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from uuid import UUID

import structlog

from app.platform import clock
from app.platform.db import Database
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.authentication import Authenticator
from app.services.access.idempotency import RETENTION
from app.services.access.provisioning import system_caller
from app.services.reach.events import EventService

log = structlog.get_logger("touchline.worker")

PLACE_SECONDS = 2.0
FLUSH_SECONDS = 60.0
PURGE_SECONDS = 3600.0


class Worker:
    """Loops that each do one thing; a failure is logged and tried again at the next turn."""

    def __init__(
        self, database: Database, authenticator: Authenticator | None = None, *, every: bool = True
    ) -> None:
        self._database = database
        self._authenticator = authenticator
        self._every = every

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the loops for as long as the block lasts."""
        tasks = [asyncio.create_task(loop) for loop in self._loops()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.flush_key_use()

    async def run(self) -> None:
        """Run until cancelled."""
        async with self.running():
            await asyncio.Event().wait()

    async def place_events(self) -> None:
        """Give every committed event its position."""
        for workspace_id in await self.workspaces():
            while await self._in(workspace_id, lambda uow: EventService(uow).place()):
                pass

    async def purge_answers(self) -> None:
        """Forget answers to Idempotency-Keys that are older than their retention."""
        limit = clock.now() - RETENTION
        for workspace_id in await self.workspaces():
            await self._in(workspace_id, lambda uow: uow.idempotency.purge(limit))

    async def flush_key_use(self) -> None:
        """Store when keys were last used, gathered in memory since the last time."""
        if self._authenticator is None:
            return
        for workspace_id, keys in self._authenticator.take_used().items():
            used = dict.fromkeys(keys, clock.now())
            await self._in(workspace_id, lambda uow, used=used: uow.api_keys.mark_used(used))  # type: ignore[misc]

    async def workspaces(self) -> list[UUID]:
        """Every workspace there is."""
        nowhere = system_caller(UUID(int=0))
        async with UnitOfWork(self._database, nowhere) as uow:
            return await uow.workspaces.ids()

    def _loops(self) -> list[Coroutine[None, None, None]]:
        loops = [_forever(self.flush_key_use, FLUSH_SECONDS)] if self._authenticator else []
        if self._every:
            loops.append(_forever(self.place_events, PLACE_SECONDS))
            loops.append(_forever(self.purge_answers, PURGE_SECONDS))
        return loops

    async def _in(
        self, workspace_id: UUID, work: Callable[[UnitOfWork], Awaitable[int | None]]
    ) -> int | None:
        caller = system_caller(workspace_id)
        async with UnitOfWork(self._database, caller) as uow:
            return await work(uow)


async def _forever(work: Callable[[], Awaitable[None]], seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except Exception:
            log.exception("background work failed", work=work.__name__)
