"""Looks once a day whether leads are still like those that the model in force was learnt from."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from app.domain.ripeness.prediction import PredictionModel
from app.domain.ripeness.prediction_facts import Facts, complete
from app.domain.ripeness.prediction_quality import (
    PREDICTIONS,
    Drift,
    drift_of,
    shares_of,
    verdict_of,
)
from app.platform import clock
from app.repositories.unit_of_work import UnitOfWork
from app.services.ripeness.lead_snapshots import snapshots
from app.services.ripeness.prediction_keeping import fact_reader, forecaster_of

LOOKED_AT = 1_000
EVERY = timedelta(days=1)
_AT_ONCE = 500


async def watch_drift(uow: UnitOfWork) -> int:
    """Compare the newest leads with those learnt from, when that was not done today; how many."""
    model = await uow.prediction_models.published()
    if model is None or (model.drift and _instant(model.drift["at"]) > uow.now - EVERY):
        return 0
    settings = await uow.predictions.settings()
    if not settings.enabled:
        return 0
    horizon = settings.horizon
    # Those that have been there for as long as the leads that were learnt from had.
    created = await uow.predictions.newest(
        model.trained_at - horizon, clock.now() - horizon, LOOKED_AT
    )
    facts = await _facts(uow, {lead_id: at + horizon for lead_id, at in created.items()})
    drifts = await asyncio.to_thread(_drifts, model, facts)
    told = {
        "at": clock.now().isoformat(),
        "leads": len(facts),
        "verdict": verdict_of(drifts).value,
        "features": [asdict(drift) for drift in sorted(drifts, key=lambda each: -each.index)],
    }
    await uow.prediction_models.change(model.id, {"drift": told})
    return len(facts)


async def _facts(uow: UnitOfWork, moments: dict[UUID, datetime]) -> list[Facts]:
    reader = await fact_reader(uow)
    facts: list[Facts] = []
    rest = iter(moments.items())
    while some := dict(islice(rest, _AT_ONCE)):
        found = await snapshots(uow, some)
        facts += [reader.facts_of(each.lead, each.touches, each.moment) for each in found]
    return facts


def _drifts(model: PredictionModel, facts: Sequence[Facts]) -> list[Drift]:
    forecaster = forecaster_of(model)
    told = [complete(each, forecaster.left_out) for each in facts]
    trained, seen = model.converted + model.disqualified, max(1, len(facts))
    said = shares_of([forecaster.probability(each) for each in facts])
    found = [drift_of(PREDICTIONS, model.report["shares"], trained, said, seen)]
    for feature in forecaster.features:
        groups = shares_of([feature.encoder.group(each.get(feature.name)) for each in told])
        found.append(drift_of(feature.name, feature.shares, trained, groups, seen))
    return found


def _instant(text: Any) -> datetime:
    return datetime.fromisoformat(text)
