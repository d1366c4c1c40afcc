"""Keeps what is foretold of leads right: of every lead that came or changed, shortly after.

The journal says which those are, so whoever captures a lead pays nothing for it. What time alone
changes is looked at again when it is due, and a new model foretells every lead anew. The weights
are plain numbers, so none of this needs the extra that learning does.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from uuid import UUID

import orjson

from app.adapters.free_mail import FREE_MAIL
from app.domain.leads.leads import Lead
from app.domain.reach.events import EventType
from app.domain.record.touchpoints import Touchpoint
from app.domain.ripeness.prediction import (
    LeadPrediction,
    PredictionModel,
    is_foretold,
    next_look,
    percent_of,
)
from app.domain.ripeness.prediction_facts import FactReader, Facts
from app.domain.ripeness.prediction_scoring import Forecaster
from app.platform import clock
from app.repositories.unit_of_work import UnitOfWork
from app.services.reach.job_runner import Handler, JobContext

FORETELL_LEADS = "foretell_leads"
AT_ONCE = 500
_FIRST = UUID(int=0)
_TYPES = [
    each.value
    for each in (
        EventType.LEAD_CREATED,
        EventType.LEAD_UPDATED,
        EventType.LEAD_STATUS_CHANGED,
        EventType.LEAD_REACTIVATED,
        EventType.LEAD_MERGED,
        EventType.LEAD_UNMERGED,
        EventType.LEAD_ENRICHED,
        EventType.IDENTITY_ADDED,
        EventType.TOUCHPOINT_RECORDED,
    )
]


async def keep_predictions(uow: UnitOfWork) -> int:
    """Foretell the leads of the next events, and some that are due; how many those were."""
    if not await uow.predictions.behind():
        return 0
    position = await uow.predictions.lock()
    model = await uow.prediction_models.published()
    if model is None:
        return 0
    last = await uow.events.last_position()
    found = await uow.events.after(position, _TYPES, AT_ONCE)
    due = await uow.predictions.due(AT_ONCE)
    changed = {event.lead_id for event in found if event.lead_id is not None}
    await foretell(uow, model, changed | {*due})
    full = len(found) == AT_ONCE
    await uow.predictions.advance((found[-1].position or last) if full else last)
    return len(found) + len(due)


async def foretell(uow: UnitOfWork, model: PredictionModel, lead_ids: Iterable[UUID]) -> None:
    """Store what a model says of leads as they are now; the caller holds the progress."""
    wanted = sorted({*lead_ids})
    if not wanted:
        return
    # After the lock: whatever is changed from here on has an event that is looked at later.
    now = clock.now()
    leads = [lead for lead in await uow.field_history.leads_ever(wanted) if lead.deleted_at is None]
    told = [lead for lead in leads if is_foretold(lead)]
    facts = await facts_now(uow, told, now)
    forecaster = forecaster_of(model)
    probabilities = await asyncio.to_thread(lambda: [forecaster.probability(f) for f in facts])
    if told:
        await uow.predictions.put(
            [
                LeadPrediction(
                    workspace_id=uow.workspace_id,
                    lead_id=lead.id,
                    model_id=model.id,
                    percent=percent_of(probability),
                    probability=probability,
                    predicted_at=now,
                    due_at=next_look(now, lead.last_touch_at),
                )
                for lead, probability in zip(told, probabilities, strict=True)
            ]
        )
    if over := {*wanted} - {lead.id for lead in told}:
        await uow.predictions.leave(over)


async def facts_now(uow: UnitOfWork, leads: Sequence[Lead], now: datetime) -> list[Facts]:
    """The facts of leads as they are."""
    if not leads:
        return []
    reader = await fact_reader(uow)
    touches: dict[UUID, list[Touchpoint]] = {lead.id: [] for lead in leads}
    moments, trials = dict.fromkeys(touches, now), dict.fromkeys(touches, False)
    for touch in await uow.lead_snapshots.touches_until(moments, trials):
        touches[touch.lead_id].append(touch)
    return await asyncio.to_thread(
        lambda: [reader.facts_of(lead, touches[lead.id], now) for lead in leads]
    )


async def fact_reader(uow: UnitOfWork) -> FactReader:
    """What reads the facts of this workspace's leads."""
    return FactReader(await uow.custom_fields.by_key(), FREE_MAIL)


def forecaster_of(model: PredictionModel) -> Forecaster:
    """What the model foretells with; a model's document never changes."""
    return _forecaster(model.id, orjson.dumps(model.document))


@lru_cache(maxsize=32)
def _forecaster(model_id: UUID, document: bytes) -> Forecaster:  # noqa: ARG001 - the key
    return Forecaster.of(orjson.loads(document))


def foretelling() -> Handler:
    """The handler that has the model in force foretell every lead."""

    async def foretell_leads(context: JobContext) -> None:
        await foretell_all(context)
        async with context.finishing() as uow:
            model = await uow.prediction_models.published()
            if model is not None and not context.payload.get("silent"):
                tell_trained(uow, model, reverted=True)

    return foretell_leads


async def foretell_all(context: JobContext) -> None:
    """Let the model in force foretell every lead that it has not yet, in order of their ids."""
    progress = {"foretold": 0, **context.job.progress}
    last = UUID(progress.get("last") or str(_FIRST))
    while True:
        async with context.unit_of_work() as uow:
            await uow.predictions.lock()
            model = await uow.prediction_models.published()
            settings = await uow.predictions.settings()
            if model is None or not settings.enabled:
                return
            if progress.get("by") not in (None, str(model.id)):
                # Another model was put in force meanwhile: it has to foretell the first ones too.
                last = _FIRST
            lead_ids = await uow.predictions.lacking(model.id, last, AT_ONCE)
            if not lead_ids:
                return
            await foretell(uow, model, lead_ids)
            last = lead_ids[-1]
            foretold = progress["foretold"] + len(lead_ids)
            progress |= {"by": str(model.id), "last": str(last), "foretold": foretold}
            await uow.jobs.report(context.job, progress)


def tell_trained(uow: UnitOfWork, model: PredictionModel, *, reverted: bool) -> None:
    """Tell the journal that every lead is foretold by another model."""
    told = {
        "number": model.number,
        "converted": model.converted,
        "disqualified": model.disqualified,
        "auc": model.auc,
        "reverted": reverted,
    }
    uow.record(EventType.PREDICTION_TRAINED, "prediction_model", model.id, told)
