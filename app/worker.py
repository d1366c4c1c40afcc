"""The background worker: captures submissions, places events, audits, forgets old answers."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from uuid import UUID

import structlog

from app.adapters.enrichment.offline import OfflineEnrichment
from app.domain.errors import Unavailable
from app.platform import clock
from app.platform.db import Database
from app.repositories.intake.inbox import Inbox
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.authentication import Authenticator
from app.services.access.idempotency import RETENTION
from app.services.access.provisioning import system_caller
from app.services.intake.audit import Audit
from app.services.intake.pipeline import Pipeline
from app.services.leads.enrichment_offline import enrich_new
from app.services.reach.events import EventService
from app.services.reach.job_runner import JobRunner
from app.services.ripeness.prediction_drift import watch_drift
from app.services.ripeness.prediction_keeping import keep_predictions
from app.services.ripeness.prediction_training import ask_for_training
from app.services.ripeness.segment_keeping import ask_for_refreshes, keep_members

log = structlog.get_logger("touchline.worker")

# What arrived in this process is captured at once; other processes' submissions are looked for.
CAPTURE_SECONDS = 0.05
PENDING_SECONDS = 0.5
ROUNDS = 20
AUDIT_SECONDS = 25.0
PLACE_SECONDS = 2.0
ENRICH_SECONDS = 2.0
FORETELL_SECONDS = 2.0
TRAIN_SECONDS = 600.0
SEGMENT_SECONDS = 2.0
REFRESH_SECONDS = 30.0
FLUSH_SECONDS = 60.0
PURGE_SECONDS = 3600.0
# A process that is restarted every hour purges as well; not all that start together at once.
FIRST_PURGE_SECONDS = 30.0
FAREWELL_SECONDS = 5.0


class Worker:
    """Loops that each do one thing; a failure is logged and tried again at the next turn."""

    def __init__(
        self,
        database: Database,
        authenticator: Authenticator | None = None,
        *,
        inbox: Inbox | None = None,
        arrived: set[UUID] | None = None,
        audit: Audit | None = None,
        jobs: JobRunner | None = None,
        offline: OfflineEnrichment | None = None,
        every: bool = True,
    ) -> None:
        self._database = database
        self._authenticator = authenticator
        self._inbox = inbox
        # The reception adds the workspaces of what it takes in.
        self._arrived: set[UUID] = set() if arrived is None else arrived
        self._audit = audit or Audit(database)
        self._pipeline = Pipeline(database)
        self._jobs = jobs
        self._offline = offline or OfflineEnrichment()
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
            await _tried(self._farewell)

    async def run(self) -> None:
        """Run until cancelled."""
        async with self.running():
            await asyncio.Event().wait()

    async def capture_arrived(self) -> None:
        """Capture what this process took in since the last time."""
        while self._arrived:
            waiting = [*self._arrived]
            self._arrived.clear()
            self._arrived.update(await self._turns(waiting))

    async def capture_pending(self) -> None:
        """Capture whatever waits, in all workspaces."""
        if self._inbox is None:
            return
        waiting = await self._inbox.pending()
        # Others may have come up meanwhile, so that nobody's backlog is worked off to its end.
        for _ in range(ROUNDS):
            waiting = await self._turns(waiting)
            if not waiting:
                return

    async def _turns(self, workspace_ids: Iterable[UUID]) -> list[UUID]:
        """One batch of each workspace; those where more may wait."""
        more: list[UUID] = []

        async def take(workspace_id: UUID) -> None:
            if await self._pipeline.turn(workspace_id):
                more.append(workspace_id)

        for workspace_id in workspace_ids:
            await _tried(take, workspace_id)
        return more

    async def audit(self) -> None:
        """Compare the receipts that were issued with what is stored."""
        for workspace_id in await self.workspaces():
            await _tried(self._check, workspace_id)

    async def _check(self, workspace_id: UUID) -> None:
        await self._audit.check(workspace_id)

    async def place_events(self) -> None:
        """Give every committed event its position."""

        async def place(workspace_id: UUID) -> None:
            while await self._in(workspace_id, lambda uow: EventService(uow).place()):
                pass

        for workspace_id in await self.workspaces():
            await _tried(place, workspace_id)

    async def enrich_new(self) -> None:
        """Enrich the leads that came, or changed, from what they tell."""

        async def enrich(workspace_id: UUID) -> None:
            while await self._in(workspace_id, lambda uow: enrich_new(uow, self._offline)):
                pass

        for workspace_id in await self.workspaces():
            await _tried(enrich, workspace_id)

    async def keep_segments(self) -> None:
        """Let leads that changed enter segments, or leave them."""

        async def keep(workspace_id: UUID) -> None:
            placed_at = clock.now()
            while await self._in(workspace_id, lambda uow: EventService(uow).place()):
                pass
            while await self._in(workspace_id, lambda uow: keep_members(uow, placed_at)):
                pass

        for workspace_id in await self.workspaces():
            await _tried(keep, workspace_id)

    async def refresh_segments(self) -> None:
        """Have segments worked out anew that are due."""

        async def refresh(workspace_id: UUID) -> None:
            await self._in(workspace_id, ask_for_refreshes)

        for workspace_id in await self.workspaces():
            await _tried(refresh, workspace_id)

    async def keep_predictions(self) -> None:
        """Foretell the leads that came, or changed."""

        async def keep(workspace_id: UUID) -> None:
            while await self._in(workspace_id, keep_predictions):
                pass

        for workspace_id in await self.workspaces():
            await _tried(keep, workspace_id)

    async def train_predictions(self) -> None:
        """Ask for the trainings that are due, and see whether leads have changed since."""

        async def train(workspace_id: UUID) -> None:
            await self._in(workspace_id, ask_for_training)
            await self._in(workspace_id, watch_drift)

        for workspace_id in await self.workspaces():
            await _tried(train, workspace_id)

    async def purge_answers(self) -> None:
        """Forget answers to Idempotency-Keys that are older than their retention."""
        limit = clock.now() - RETENTION

        async def purge(workspace_id: UUID) -> None:
            await self._in(workspace_id, lambda uow: uow.idempotency.purge(limit))

        for workspace_id in await self.workspaces():
            await _tried(purge, workspace_id)

    async def flush_key_use(self) -> None:
        """Store when keys were last used, gathered in memory since the last time."""
        if self._authenticator is None:
            return
        waiting = self._authenticator.take_used()

        async def flush(workspace_id: UUID) -> None:
            used = dict.fromkeys(waiting[workspace_id], clock.now())
            await self._in(workspace_id, lambda uow: uow.api_keys.mark_used(used))
            del waiting[workspace_id]

        try:
            for workspace_id in list(waiting):
                await _tried(flush, workspace_id)
        finally:
            self._authenticator.put_back(waiting)

    async def workspaces(self) -> list[UUID]:
        """Every workspace there is."""
        nowhere = system_caller(UUID(int=0))
        async with UnitOfWork(self._database, nowhere) as uow:
            return await uow.workspaces.ids()

    def _loops(self) -> list[Coroutine[None, None, None]]:
        loops = [_forever(self.flush_key_use, FLUSH_SECONDS)] if self._authenticator else []
        if self._every:
            loops.append(_forever(self.capture_arrived, CAPTURE_SECONDS))
            loops.append(_forever(self.capture_pending, PENDING_SECONDS))
            loops.append(_forever(self.audit, AUDIT_SECONDS))
            loops.append(_forever(self.place_events, PLACE_SECONDS))
            loops.append(_forever(self.enrich_new, ENRICH_SECONDS))
            loops.append(_forever(self.keep_predictions, FORETELL_SECONDS))
            loops.append(_forever(self.keep_segments, SEGMENT_SECONDS))
            loops.append(_forever(self.refresh_segments, REFRESH_SECONDS))
            first = random.uniform(0, FIRST_PURGE_SECONDS)  # noqa: S311 - spreads load
            loops.append(_forever(self.purge_answers, PURGE_SECONDS, first))
            loops.append(_forever(self.train_predictions, TRAIN_SECONDS, first))
            if self._jobs is not None:
                loops.append(self._jobs.run())
                loops.append(_forever(self._jobs.purge, PURGE_SECONDS, first))
        return loops

    async def _farewell(self) -> None:
        async with asyncio.timeout(FAREWELL_SECONDS):
            await self.flush_key_use()

    async def _in(
        self, workspace_id: UUID, work: Callable[[UnitOfWork], Awaitable[int | None]]
    ) -> int | None:
        caller = system_caller(workspace_id)
        async with UnitOfWork(self._database, caller) as uow:
            return await work(uow)


async def _forever(
    work: Callable[[], Awaitable[None]], seconds: float, first: float | None = None
) -> None:
    await asyncio.sleep(seconds if first is None else first)
    while True:
        await _tried(work)
        await asyncio.sleep(seconds)


async def _tried(work: Callable[..., Awaitable[None]], *workspace_id: UUID) -> None:
    """Do the work, in one workspace if one is named; a failure is logged and goes no further."""
    try:
        await work(*workspace_id)
    except Unavailable as error:
        log.warning("background work waits for the database", work=work.__name__, why=error.detail)
    except Exception:
        log.exception(
            "background work failed", work=work.__name__, workspace_id=[*map(str, workspace_id)]
        )
