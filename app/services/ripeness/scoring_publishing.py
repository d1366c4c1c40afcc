"""Publishing a scoring model: every lead gets a score by it, and then it takes over, at once.

From `begin` on, whoever writes leads and touches keeps scores by the new model as well. Once all
of them know of it (`wait`), the leads are scored in batches (`score`); what happens to a lead
before its batch is seen by the batch, what happens later by whoever makes it happen. `sweep` looks
for leads without a score, `switch` puts the model in the place of the one before, `advance` moves
leads on when that is wanted, and the scores by the old model are removed when nobody keeps them
any more (`settle`, `clean`). How far it is stands in the job's progress and is stored with each
piece, so that a job that is killed goes on where it was.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from app.domain.errors import Conflict, Invalid, NotFound, Unavailable
from app.domain.reach.events import EventType
from app.domain.reach.jobs import AttemptFailed, JobStatus, LeaseLost
from app.domain.ripeness.scoring import ScoringModel
from app.domain.ripeness.scoring_models import LIVE, ModelStatus, StoredModel
from app.platform.db import Database
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import system_caller
from app.services.leads.model_directory import MODELS
from app.services.leads.score_keeping import ScoreKeeper
from app.services.reach.job_runner import Handler, JobContext
from app.services.ripeness.model_rehearsal import Rehearsal
from app.services.ripeness.scoring_models import (
    PUBLISH_MODEL,
    REMOVE_SCORES,
    ScoringModelService,
    released,
    retire,
)

# Well within the time limit of a job; what is left is for its next turn.
TURN_SECONDS = 300.0
# Locks are held for as long as a batch takes, so it is cut down where leads have many touches.
FIRST_BATCH, LARGEST_BATCH = 500, 1_000
QUICK_SECONDS, SLOW_SECONDS = 0.1, 0.5
REMOVED_AT_ONCE = SWEPT_AT_ONCE = 5_000
MARGIN_SECONDS = 0.2
PAUSE_SECONDS = 0.1
_FIRST = UUID(int=0)


def scoring_handlers(database: Database, turn_seconds: float = TURN_SECONDS) -> dict[str, Handler]:
    """The handlers of the jobs of scoring models."""

    async def publish(context: JobContext) -> None:
        await ModelPublishing(context, database, turn_seconds).run()

    async def remove(context: JobContext) -> None:
        await ModelPublishing(context, database, turn_seconds, first="settle").run()

    return {PUBLISH_MODEL: publish, REMOVE_SCORES: remove}


class ModelPublishing:
    """One turn of a job that publishes a model, or removes the scores by one."""

    def __init__(
        self, context: JobContext, database: Database, turn_seconds: float, first: str = "begin"
    ) -> None:
        self._context = context
        self._database = database
        self._until = time.monotonic() + turn_seconds
        self._model_id = UUID(context.payload["model_id"])
        self._batch = FIRST_BATCH
        self._model: ScoringModel | None = None
        if context.payload.get("dry_run"):
            first = "rehearse"
        self._progress: dict[str, Any] = {
            "step": first,
            "last": str(_FIRST),
            "leads": 0,
            **context.job.progress,
        }

    async def run(self) -> None:
        """Go on until it is done, or the turn is over."""
        try:
            await self._run()
        except (LeaseLost, asyncio.CancelledError):
            await self._called_off()
            raise

    async def _run(self) -> None:
        steps: dict[str, Callable[[], Awaitable[None]]] = {
            "begin": self._begin,
            "wait": lambda: self._wait("score"),
            "score": self._score,
            "sweep": self._sweep,
            "switch": self._switch,
            "advance": self._advance,
            "settle": lambda: self._wait("clean"),
            "clean": self._clean,
            "rehearse": self._rehearse,
        }
        while self._progress["step"] != "done":
            if time.monotonic() > self._until:
                async with self._context.unit_of_work() as uow:
                    await uow.jobs.give_back(self._context.job)
                self._context.finished = True
                return
            await steps[self._progress["step"]]()

    async def _told(self, uow: UnitOfWork, **progress: Any) -> None:
        """Keep how far it is, in the transaction of what was done."""
        self._progress |= progress
        await uow.jobs.report(self._context.job, self._progress)

    @property
    def _last(self) -> UUID:
        return UUID(self._progress["last"])

    async def _begin(self) -> None:
        """From now on scores are kept by this model, too."""
        async with self._context.unit_of_work() as uow:
            stored = await self._stored(uow, lock=True)
            if stored.status == ModelStatus.PUBLISHED:
                await self._told(uow, step="done", unchanged=True)
                return
            await self._make_room(uow, stored)
            service = ScoringModelService(uow)
            changes: dict[str, Any] = {}
            if stored.status == ModelStatus.DRAFT:
                try:
                    changes = await service.understood(stored.document, stored)
                except Invalid as invalid:
                    raise AttemptFailed(invalid.detail, final=True) from invalid
            if stored.status != ModelStatus.PUBLISHING:
                changes |= {"version": stored.version + 1, "updated_at": uow.now}
            changes |= {"status": ModelStatus.PUBLISHING.value, "job_id": self._context.job.id}
            await uow.scoring_models.change(stored.id, changes)
            await self._told(uow, step="wait")
        MODELS.forget(self._context.job.workspace_id)

    async def _make_room(self, uow: UnitOfWork, stored: StoredModel) -> None:
        """A model whose publishing was called off gives way; one that goes on does not."""
        try:
            for other in await uow.scoring_models.live():
                if other.status == ModelStatus.PUBLISHING and other.id != stored.id:
                    await released(uow, await uow.scoring_models.get(other.id, lock=True))
        except Conflict as conflict:
            raise AttemptFailed(conflict.detail, final=True) from conflict

    async def _stored(self, uow: UnitOfWork, *, lock: bool = False) -> StoredModel:
        try:
            return await uow.scoring_models.get(self._model_id, lock=lock)
        except NotFound as gone:
            raise AttemptFailed("the scoring model was deleted", final=True) from gone

    async def _wait(self, then: str) -> None:
        """Until every process has asked which models are live, and whoever had asked before has
        come to an end."""
        await asyncio.sleep(MODELS.seconds + MARGIN_SECONDS)
        async with self._context.unit_of_work() as uow:
            moment = await uow.score_recompute.clock()
        while time.monotonic() < self._until:
            async with self._context.unit_of_work() as uow:
                if not await uow.score_recompute.begun_before(moment):
                    await self._told(uow, step=then, last=str(_FIRST))
                    return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _score(self) -> None:
        """Score the next leads by the new model."""
        began = time.monotonic()
        try:
            async with self._context.unit_of_work() as uow:
                model = await self._known(uow)
                found = await uow.score_recompute.leads_after(self._last, self._batch, lock=True)
                ids = [lead.id for lead in found]
                if ids:
                    # A statement of its own, so that it sees what the locks waited for.
                    await uow.score_recompute.store(model, ids)
                    seen = self._progress["leads"] + len(ids)
                    await self._told(uow, last=str(ids[-1]), leads=seen)
                else:
                    await self._told(uow, step="sweep", last=str(_FIRST))
        except Unavailable:
            if self._batch == 1:
                raise
            self._batch = max(1, self._batch // 4)
            return
        self._pace(time.monotonic() - began)

    def _pace(self, seconds: float) -> None:
        if seconds > SLOW_SECONDS:
            self._batch = max(1, self._batch // 2)
        elif seconds < QUICK_SECONDS:
            self._batch = min(LARGEST_BATCH, self._batch * 2)

    async def _known(self, uow: UnitOfWork) -> ScoringModel:
        self._model = self._model or (await self._stored(uow)).model()
        return self._model

    async def _sweep(self) -> None:
        """Score leads that were left out, if there are any."""
        async with self._context.unit_of_work() as uow:
            model = await self._known(uow)
            found = await uow.score_recompute.leads_after(self._last, SWEPT_AT_ONCE, lock=False)
            if not found:
                await self._told(uow, step="switch")
                return
            ids = [lead.id for lead in found]
            missing = await uow.score_recompute.lock_unscored(model.id, ids)
            if missing:
                await uow.score_recompute.store(model, missing)
            seen = self._progress["leads"] + len(missing)
            await self._told(uow, last=str(ids[-1]), leads=seen)

    async def _switch(self) -> None:
        """The model takes the place of the one before."""
        async with self._context.unit_of_work() as uow:
            stored = await self._stored(uow, lock=True)
            before = None
            for other in await uow.scoring_models.live():
                if other.status == ModelStatus.PUBLISHED:
                    before = await uow.scoring_models.get(other.id, lock=True)
            if before is not None:
                await retire(uow, before)
            changes = {
                "status": ModelStatus.PUBLISHED.value,
                "published_at": uow.now,
                "retired_at": None,
                "updated_at": uow.now,
                "version": stored.version + 1,
            }
            await uow.scoring_models.change(stored.id, changes)
            told = {
                "name": stored.name,
                "number": stored.number,
                "leads": self._progress["leads"],
                "replaces": before and before.id,
            }
            uow.record(EventType.SCORING_MODEL_PUBLISHED, "scoring_model", stored.id, told)
            goes_on = "advance" if self._context.payload.get("advance") else "settle"
            retired = str(before.id) if before else None
            await self._told(uow, step=goes_on, last=str(_FIRST), retired=retired)
        MODELS.forget(self._context.job.workspace_id)

    async def _advance(self) -> None:
        """Move on those of the next leads that have come to a stage."""
        async with self._context.unit_of_work() as uow:
            found = await uow.score_recompute.leads_after(self._last, FIRST_BATCH, lock=True)
            if not found:
                await self._told(uow, step="settle", last=str(_FIRST))
                return
            await ScoreKeeper(uow).advance([lead.id for lead in found])
            await self._told(uow, last=str(found[-1].id))

    async def _clean(self) -> None:
        """Remove scores by the model that is not live any more."""
        publishes = self._context.job.kind == PUBLISH_MODEL
        old = self._progress.get("retired") if publishes else str(self._model_id)
        async with self._context.unit_of_work() as uow:
            removed = 0
            if old is not None and await self._is_over(uow, UUID(old)):
                removed = await uow.score_recompute.remove(UUID(old), REMOVED_AT_ONCE)
            await self._told(uow, **({} if removed else {"step": "done"}))

    async def _is_over(self, uow: UnitOfWork, model_id: UUID) -> bool:
        """Whether nobody keeps scores by the model, which nobody can change until we are done."""
        try:
            stored = await uow.scoring_models.get(model_id, lock=True)
        except NotFound:
            return True
        return stored.status not in LIVE

    async def _rehearse(self) -> None:
        """Tell what publishing would change for the next leads."""
        async with self._context.unit_of_work() as uow:
            model = await ScoringModelService(uow).as_published(await self._stored(uow))
            rehearsal = Rehearsal(uow, model, self._progress.get("report"))
            last, count = await rehearsal.go_on(self._last, LARGEST_BATCH)
            await self._told(
                uow,
                step="rehearse" if count else "done",
                last=str(last),
                leads=self._progress["leads"] + count,
                report=rehearsal.report,
            )

    async def _called_off(self) -> None:
        """Put the model back to what it was, if the job was cancelled."""
        async with UnitOfWork(self._database, system_caller(self._context.job.workspace_id)) as uow:
            job = await uow.jobs.get(self._context.job.id)
            if job.status != JobStatus.CANCELLED:
                return
            try:
                stored = await uow.scoring_models.get(self._model_id, lock=True)
            except NotFound:
                return
            if stored.status == ModelStatus.PUBLISHING and stored.job_id == job.id:
                await released(uow, stored)
