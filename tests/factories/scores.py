"""Scores as they are stored, and as they are worked out naively from all touches."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.leads.leads import Lead
from app.domain.record.touchpoints import Touchpoint
from app.domain.ripeness.engagement import Level, decayed, order_key
from app.domain.ripeness.scoring import (
    Fit,
    ScoringModel,
    counting,
    entries_of,
    fit_of,
    level_of,
)
from app.domain.ripeness.scoring_models import LeadScore
from app.platform import clock
from app.platform.db import Database
from app.repositories.statements import built
from app.repositories.unit_of_work import UnitOfWork
from tests.conftest import Client

EXACT = 1e-9


@dataclass
class Ledger:
    """Everything a workspace has: leads, touches, and their scores by a model."""

    model: ScoringModel
    leads: dict[UUID, Lead]
    touches: dict[UUID, list[Touchpoint]]
    scores: dict[UUID, LeadScore]
    from_scratch: dict[UUID, LeadScore]

    def naive(self, lead_id: UUID) -> tuple[Fit, Level]:
        """What a lead has earned, touch by touch."""
        lead = self.leads[lead_id]
        counted = counting(self.touches.get(lead_id, []), lead_is_test=lead.is_test)
        return fit_of(self.model, lead), level_of(self.model, entries_of(self.model, counted))


async def ledger_of(client: Client, owner: Database, model_id: str) -> Ledger:
    """What is stored."""
    database: Database = client.app.state.runtime.database
    workspace = client.workspace_id
    async with UnitOfWork(database, client.caller) as uow:
        model = (await uow.scoring_models.get(UUID(model_id))).model()
        living = "SELECT * FROM leads WHERE workspace_id = $1 AND deleted_at IS NULL"
        leads = {row["id"]: built(Lead, row) for row in await owner.fetch(living, workspace)}
        scratch = await uow.score_recompute.work_out(model, list(leads))
    touches: dict[UUID, list[Touchpoint]] = {}
    for row in await owner.fetch("SELECT * FROM touchpoints WHERE workspace_id = $1", workspace):
        touches.setdefault(row["lead_id"], []).append(built(Touchpoint, row))
    stored = "SELECT * FROM lead_scores WHERE workspace_id = $1 AND model_id = $2"
    rows = await owner.fetch(stored, workspace, model.id)
    return Ledger(
        model=model,
        leads=leads,
        touches=touches,
        scores={row["lead_id"]: built(LeadScore, row) for row in rows},
        from_scratch={score.lead_id: score for score in scratch},
    )


def check(ledger: Ledger) -> None:
    """Every living lead has the score that it has earned, and no other lead has any."""
    assert ledger.scores.keys() == ledger.leads.keys() == ledger.from_scratch.keys()
    now = clock.now()
    for lead_id, score in ledger.scores.items():
        fit, level = ledger.naive(lead_id)
        other = ledger.from_scratch[lead_id]
        for each in (score, other):
            assert (each.fit, each.knocked_out_by) == (fit.points, fit.knocked_out_by)
            told = Level(each.engagement, each.engagement_at)
            assert worth(told, now, ledger.model) == close(worth(level, now, ledger.model))
        _check_key(score, ledger.model, worth(level, now, ledger.model))


def _check_key(score: LeadScore, model: ScoringModel, worth_now: float) -> None:
    level = Level(score.engagement, score.engagement_at)
    key = order_key(level, model.half_life_days)
    # The logarithm of Postgres and that of Python may differ in the last place.
    assert abs(score.engagement_key - key) <= 4
    if abs(worth_now) > EXACT:
        assert math.copysign(1, score.engagement_key) == math.copysign(1, worth_now)


def worth(level: Level, now: datetime, model: ScoringModel) -> float:
    """What a level is worth."""
    return decayed(level, now, model.half_life_days)


class close:  # noqa: N801 - reads like pytest.approx
    """Equal to 1e-9, of the value or of a point, whichever is more."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __eq__(self, other: Any) -> bool:
        return bool(abs(other - self.value) <= EXACT * max(1.0, abs(self.value)))

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return f"about {self.value!r}"
