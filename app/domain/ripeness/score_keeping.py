"""What touches and changes of leads do to scores that are stored."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol
from uuid import UUID

from app.domain.conditions import terms_of
from app.domain.leads.leads import Lead
from app.domain.leads.status import LifecycleStage, Status, further
from app.domain.record.touchpoints import Touchpoint
from app.domain.ripeness.engagement import Level, combined, order_key
from app.domain.ripeness.scoring import (
    Fit,
    FitRule,
    ScoringModel,
    Standing,
    counting,
    entries_of,
    fit_of,
    level_of,
)
from app.domain.ripeness.scoring_models import LeadScore

_LEFT_ALONE = (Status.CONVERTED, Status.DISQUALIFIED)


class Movable(Protocol):
    """What of a lead decides whether its score moves it on."""

    @property
    def status(self) -> str: ...

    @property
    def lifecycle_stage(self) -> str: ...

    @property
    def is_test(self) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class Gain:
    """What is new about a lead: engagement it gained, and its fit where that may have changed."""

    model: ScoringModel
    lead_id: UUID
    level: Level
    fit: Fit | None


@dataclass(frozen=True, kw_only=True)
class ShownScore:
    """A lead's score as it stands at an instant."""

    model_id: UUID
    fit: int
    engagement: float
    score: int
    grade: str
    temperature: str
    as_of: datetime

    @classmethod
    def of(cls, score: LeadScore, model: ScoringModel, now: datetime) -> "ShownScore":
        """A stored score at `now`."""
        return cls(model_id=model.id, as_of=now, **vars(score.standing(model, now)))


def may_advance(lead: Movable, stage: LifecycleStage) -> bool:
    """Whether a score moves the lead on to this stage: only forward, no trial, and nobody whose
    case is closed."""
    if lead.is_test or lead.status in _LEFT_ALONE:
        return False
    return further(lead.lifecycle_stage, stage)


def score_of_new(
    model: ScoringModel, lead: Lead, touches: Iterable[Touchpoint], now: datetime
) -> LeadScore:
    """The score of a lead of which these are all touches."""
    fit = fit_of(model, lead)
    counted = counting(touches, lead_is_test=lead.is_test)
    level = level_of(model, entries_of(model, counted))
    return LeadScore(
        workspace_id=lead.workspace_id,
        model_id=model.id,
        lead_id=lead.id,
        fit=fit.points,
        knocked_out_by=fit.knocked_out_by,
        engagement=level.value,
        engagement_at=level.at,
        engagement_key=order_key(level, model.half_life_days),
        scored_at=now,
    )


def gained(
    model: ScoringModel, touches: Iterable[Touchpoint]
) -> tuple[dict[UUID, Level], set[UUID]]:
    """The engagement that leads gained by touches which count; and the leads of which all touches
    have to be looked at, for a limit may leave out the new one or an old one in its place."""
    levels: dict[UUID, list[Level]] = {}
    limited = set()
    for touch in touches:
        rules = [rule for rule in model.engagement_rules if rule.takes(touch)]
        if any(rule.limit for rule in rules):
            limited.add(touch.lead_id)
        elif rules:
            points = float(sum(rule.points for rule in rules))
            levels.setdefault(touch.lead_id, []).append(Level(points, touch.occurred_at))
    return {
        lead_id: combined(told, model.half_life_days)
        for lead_id, told in levels.items()
        if lead_id not in limited
    }, limited


@lru_cache(maxsize=64)
def tested_columns(rules: tuple[FitRule, ...]) -> frozenset[str]:
    """The columns of leads that fit rules test."""
    return frozenset(term.field.column for rule in rules for term in terms_of(rule.when))


def concerns(model: ScoringModel, changed: Collection[str]) -> bool:
    """Whether a lead's fit may be another once these columns have changed."""
    return not tested_columns(model.fit_rules).isdisjoint(changed)


def told_of(before: Standing, after: Standing) -> dict[str, dict[str, object]]:
    """What the journal says of a change."""
    return {
        name: {"before": getattr(before, name), "after": getattr(after, name)}
        for name in ("grade", "score", "temperature")
    }
