"""The job of a back-test: leads with a verdict, each scored as it was before it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.domain.errors import NotFound
from app.domain.ripeness.backtests import (
    Backtest,
    BacktestStatus,
    Judgement,
    comparable,
    figures_of,
)
from app.domain.ripeness.lead_snapshots import LeadOutcome, Snapshot, moment_of
from app.domain.ripeness.scoring import ScoringModel
from app.domain.ripeness.scoring_models import ModelStatus, StoredModel
from app.services.reach.job_runner import Handler, JobContext
from app.services.ripeness import lead_snapshots
from app.services.ripeness.model_rehearsal import Rehearsal

SCORED_AT_ONCE = 1_000


def backtesting() -> Handler:
    """The handler of back-tests."""

    async def test(context: JobContext) -> None:
        await BacktestRun(context).run()

    return test


class BacktestRun:
    """One back-test; whoever is killed begins anew, for a run takes seconds."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._id = UUID(context.payload["backtest_id"])

    async def run(self) -> None:
        """Score the leads and store what came of it."""
        begun = await self._begin()
        if begun is None:
            return
        test, published, outcomes = begun
        models = [test.model(), *([published.model()] if published else [])]
        judgement = await self._judged(models, outcomes, timedelta(days=test.horizon_days))
        result = await asyncio.to_thread(_result, judgement, published)
        result["changes"] = await self._changes(models[0], leads=len(outcomes))
        async with self._context.finishing() as uow:
            await uow.backtests.change(
                self._id,
                {
                    "status": BacktestStatus.DONE.value,
                    "result": result,
                    "finished_at": uow.now,
                },
            )

    async def _begin(self) -> tuple[Backtest, StoredModel | None, list[LeadOutcome]] | None:
        """The test, the published model if that is another one, and whom there is to judge by;
        None when the draft was deleted together with its test."""
        async with self._context.unit_of_work() as uow:
            try:
                test = await uow.backtests.get(self._id)
            except NotFound:
                return None
            live = await uow.scoring_models.live()
            published = next((each for each in live if each.status == ModelStatus.PUBLISHED), None)
            if published is not None and published.id == test.model_id:
                published = None
            return test, published, await lead_snapshots.outcomes(uow, test.leads_limit)

    async def _judged(
        self, models: Sequence[ScoringModel], outcomes: Sequence[LeadOutcome], horizon: timedelta
    ) -> Judgement:
        judgement = Judgement(models=models)
        converted = {outcome.lead_id: outcome.converted for outcome in outcomes}
        for start in range(0, len(outcomes), SCORED_AT_ONCE):
            some = outcomes[start : start + SCORED_AT_ONCE]
            moments = {outcome.lead_id: moment_of(outcome, horizon) for outcome in some}
            found = await self._snapshots(moments, scored=start, leads=len(outcomes))
            # A thread, so that what else this process does is not held up.
            await asyncio.to_thread(_judge, judgement, found, converted)
        return judgement

    async def _snapshots(self, moments: Mapping[UUID, datetime], **progress: int) -> list[Snapshot]:
        async with self._context.unit_of_work() as uow:
            await uow.jobs.report(self._context.job, progress)
            return await lead_snapshots.snapshots(uow, moments)

    async def _changes(self, model: ScoringModel, *, leads: int) -> dict[str, Any]:
        """What would be different if the model were published now."""
        last, count, report = UUID(int=0), 1, None
        seen = 0
        while count:
            async with self._context.unit_of_work() as uow:
                rehearsal = Rehearsal(uow, model, report)
                last, count = await rehearsal.go_on(last, SCORED_AT_ONCE)
                report, seen = rehearsal.report, seen + count
                progress = {"scored": leads, "leads": leads, "rehearsed": seen}
                await uow.jobs.report(self._context.job, progress)
        return {"leads": seen, **(report or {})}


def _judge(
    judgement: Judgement, snapshots: Sequence[Snapshot], converted: Mapping[UUID, bool]
) -> None:
    for snapshot in snapshots:
        judgement.judge(snapshot, converted=converted[snapshot.lead.id])


def _result(judgement: Judgement, published: StoredModel | None) -> dict[str, Any]:
    """Every figure of the model that is tested, and of the published one what is compared."""
    result = figures_of(judgement.judged[0])
    result["published"] = None
    if published is not None:
        figures = comparable(figures_of(judgement.judged[1]))
        result["published"] = {
            "model_id": str(published.id),
            "number": published.number,
            "name": published.name,
            **figures,
        }
    return result
