"""Training: leads with a verdict are read as they were before it, and a model is learnt from them.

What takes long, the learning, is done in a process of its own while no unit of work is open.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.adapters.learning import Lesson, Task, is_installed, learn_apart
from app.domain.errors import Conflict, NotInstalled
from app.domain.reach.jobs import AttemptFailed
from app.domain.ripeness.lead_snapshots import LeadOutcome, Snapshot, moment_of
from app.domain.ripeness.prediction import (
    LOOKS,
    MOST_LEARNT_FROM,
    ModelStatus,
    PredictionModel,
    PredictionSettings,
    Verdicts,
)
from app.domain.ripeness.prediction_facts import (
    FIRST_LOOK,
    KNOWN,
    FactKind,
    FactReader,
    Facts,
    fact_of,
    kind_of,
)
from app.domain.ripeness.prediction_samples import Sample
from app.platform import clock
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.reach.job_runner import Handler, JobContext
from app.services.ripeness.lead_snapshots import outcomes, snapshots
from app.services.ripeness.prediction_keeping import fact_reader, foretell_all, tell_trained

TRAIN_PREDICTION = "train_prediction"
READ_AT_ONCE = 500
# How soon the schedule asks again for a training that did not come about.
ASK_AGAIN = timedelta(days=1)


def training() -> Handler:
    """The handler of trainings."""

    async def train(context: JobContext) -> None:
        if "model_id" not in context.job.progress:
            try:
                await _train(context)
            except (NotInstalled, Conflict) as error:
                raise AttemptFailed(error.detail, final=True) from error
        if context.finished:
            return
        await foretell_all(context)
        async with context.finishing() as uow:
            model = await uow.prediction_models.published()
            if model is not None:
                tell_trained(uow, model, reverted=False)

    return train


async def _train(context: JobContext) -> None:
    async with context.unit_of_work() as uow:
        settings = await uow.predictions.settings()
        reader = await fact_reader(uow)
        known = sorted(await outcomes(uow, MOST_LEARNT_FROM), key=lambda each: each.lead_id)
    await context.report(step="read", leads=len(known))
    sample = await _sample(context, reader, known, settings)
    last = sample.last_looks()
    won = sum(sample.converted[place] for place in last)
    Verdicts(converted=won, disqualified=len(last) - won).check()
    await context.report(step="learn", leads=len(last))
    lesson = await learn_apart(
        Task(sample=sample, exclude=settings.exclude, include=settings.include)
    )
    report = {
        **lesson.report,
        "sample": {
            "leads": len(last),
            "converted": won,
            "disqualified": len(last) - won,
            "looks": len(sample.lead),
            "back_filled": sum(sample.back_filled[place] for place in last),
            "horizon_days": settings.horizon_days,
        },
    }
    if context.payload.get("dry_run"):
        async with context.finishing() as uow:
            await uow.jobs.report(context.job, {"step": "done", "dry_run": True, "report": report})
        return
    async with context.unit_of_work() as uow:
        model = await _published(uow, Lesson(document=lesson.document, report=report))
        told = {"step": "foretell", "model_id": str(model.id), "number": model.number}
        await uow.jobs.report(context.job, told)
        context.job.progress = told


async def _sample(
    context: JobContext,
    reader: FactReader,
    known: Sequence[LeadOutcome],
    settings: PredictionSettings,
) -> Sample:
    """Every look at the leads with a verdict, as they were then."""
    looks: dict[UUID, list[_Look]] = {each.lead_id: [] for each in known}
    for start in range(0, len(known), READ_AT_ONCE):
        some = {e.lead_id: _moments(e, settings) for e in known[start : start + READ_AT_ONCE]}
        for turn in range(max(map(len, some.values()))):
            moments = {lead_id: own[turn] for lead_id, own in some.items() if turn < len(own)}
            async with context.unit_of_work() as uow:
                found = await snapshots(uow, moments)
            for look in await asyncio.to_thread(_looks, reader, found):
                looks[look.lead_id].append(look)
    won = {each.lead_id: each.converted for each in known}
    every = [(place, look) for place, own in enumerate(looks.values()) for look in own]
    names = {name for _, look in every for name in look.facts if name != KNOWN}
    kinds = {name: kind_of(name, reader.custom).value for name in sorted(names)}
    return Sample(
        facts=[look.facts for _, look in every],
        converted=[won[look.lead_id] for _, look in every],
        lead=[place for place, _ in every],
        created=[look.created for _, look in every],
        back_filled=[look.back_filled for _, look in every],
        late=[look.late for _, look in every],
        kinds={**kinds, "completeness": FactKind.NUMBER.value},
    )


def _moments(outcome: LeadOutcome, settings: PredictionSettings) -> list[datetime]:
    """When to look at a lead: at fixed ages as long as its verdict is open, so that its age tells
    nothing of when the verdict fell; just before it where it fell at once."""
    ages = [FIRST_LOOK, *(settings.horizon * part for part in LOOKS)]
    moments = [outcome.created_at + age for age in ages]
    return [at for at in moments if at < outcome.at] or [moment_of(outcome, settings.horizon)]


@dataclass(frozen=True, kw_only=True)
class _Look:
    """What is needed of a snapshot: thousands of leads with their touches are many."""

    lead_id: UUID
    facts: Facts
    created: float
    back_filled: bool
    late: list[str]


def _looks(reader: FactReader, found: Sequence[Snapshot]) -> list[_Look]:
    return [
        _Look(
            lead_id=each.lead.id,
            facts=reader.facts_of(each.lead, each.touches, each.moment),
            created=each.lead.created_at.timestamp(),
            # Whoever decides at once may have told all of it because of the verdict.
            back_filled=each.back_filled or each.moment < each.lead.created_at + FIRST_LOOK,
            late=sorted(fact_of(name) for name in each.known_late),
        )
        for each in found
    ]


async def _published(uow: UnitOfWork, lesson: Lesson) -> PredictionModel:
    """The model, stored and put in force."""
    await uow.predictions.lock()
    now = clock.now()
    judged: dict[str, Any] = lesson.report["validation"]
    counted: dict[str, Any] = lesson.report["sample"]
    model = PredictionModel(
        workspace_id=uow.workspace_id,
        id=new_id(),
        number=await uow.prediction_models.last_number() + 1,
        status=ModelStatus.PUBLISHED.value,
        converted=counted["converted"],
        disqualified=counted["disqualified"],
        auc=judged["auc"],
        brier=judged["brier"],
        log_loss=judged["log_loss"],
        document=lesson.document,
        report=lesson.report,
        drift=None,
        trained_at=now,
        published_at=now,
        created_at=now,
    )
    await uow.prediction_models.retire_all()
    await uow.prediction_models.add(model)
    settings = await uow.predictions.settings(lock=True)
    if settings.retrain_days is not None:
        settings.next_training_at = now + timedelta(days=settings.retrain_days)
        await uow.predictions.store_settings(settings)
    # Every lead is foretold anew from here; what happens later is read in the journal.
    await uow.predictions.advance(await uow.events.last_position())
    return model


async def ask_for_training(uow: UnitOfWork) -> int:
    """Have a model trained when the schedule says so and there is enough to learn from."""
    if not is_installed():
        return 0
    settings = await uow.predictions.settings()
    when = settings.next_training_at
    if not settings.enabled or settings.retrain_days is None or (when and when > uow.now):
        return 0
    settings = await uow.predictions.settings(lock=True)
    settings.next_training_at = uow.now + ASK_AGAIN
    await uow.predictions.store_settings(settings)
    if not (await uow.predictions.verdicts()).enough:
        return 0
    added = await uow.jobs.add(TRAIN_PREDICTION, {}, dedupe_key="scheduled", max_attempts=3)
    return 0 if added is None else 1
