"""The ledger of a score: every point, with the rule and the touch that it comes from.

It is worked out from the touches and not kept: touches are never changed, and what a version of a
model says neither. See ADR 0010.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.domain.leads.leads import Lead
from app.domain.leads.status import LifecycleStage
from app.domain.record.touchpoints import Touchpoint
from app.domain.ripeness.engagement import decayed
from app.domain.ripeness.scoring import (
    DIGITS,
    LETTERS,
    TEMPERATURES,
    Contribution,
    Entry,
    Fit,
    ScoringModel,
    StageRule,
    Standing,
    entries_of,
    fit_of,
    level_of,
    standing,
)

AHEAD = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Cause:
    """The touch that earned points."""

    touchpoint_id: UUID
    kind: str
    occurred_at: datetime


@dataclass(frozen=True, kw_only=True)
class EngagementPoint:
    """Points of a touch by a rule, and what is left of them."""

    rule: str
    label: str
    version: int
    cause: Cause
    points: int
    now: float
    in_7_days: float


@dataclass(frozen=True, kw_only=True)
class FitPoint:
    """Points of a rule that the lead meets."""

    rule: str
    label: str
    version: int
    group: str | None
    points: int
    knock_out: bool


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """The next step of something, and how much is missing to it: 0 when it is reached. Of a stage
    that is tied to grades the grades are told instead."""

    name: str
    step: str
    reached: bool
    missing: float | None = None
    grades: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """A lead's score by a model at an instant, in full."""

    lead_id: UUID
    as_of: datetime
    model: ScoringModel | None
    now: Standing | None = None
    in_7_days: Standing | None = None
    knocked_out_by: str | None = None
    fit_points: tuple[FitPoint, ...] = ()
    # The newest touch first.
    engagement_points: tuple[EngagementPoint, ...] = ()
    thresholds: tuple[Threshold, ...] = ()


def ledger_of(
    model: ScoringModel, lead: Lead, touches: Iterable[Touchpoint], instant: datetime
) -> Ledger:
    """The ledger of a lead with these touches, all of which count."""
    fit, entries = fit_of(model, lead), entries_of(model, touches)
    level = level_of(model, entries)
    now = standing(model, fit, level, instant)
    return Ledger(
        lead_id=lead.id,
        as_of=instant,
        model=model,
        now=now,
        in_7_days=standing(model, fit, level, instant + AHEAD),
        knocked_out_by=fit.knocked_out_by,
        fit_points=tuple(_fit_point(model, each) for each in fit.contributions),
        engagement_points=tuple(_point(model, each, instant) for each in reversed(entries)),
        thresholds=tuple(_thresholds(model, fit, now)),
    )


def _fit_point(model: ScoringModel, contribution: Contribution) -> FitPoint:
    rule = contribution.rule
    return FitPoint(
        rule=rule.key,
        label=rule.label,
        version=model.number,
        group=rule.group,
        points=contribution.points,
        knock_out=rule.knock_out,
    )


def _point(model: ScoringModel, entry: Entry, instant: datetime) -> EngagementPoint:
    half_life = model.half_life_days
    return EngagementPoint(
        rule=entry.rule.key,
        label=entry.rule.label,
        version=model.number,
        cause=Cause(
            touchpoint_id=entry.touchpoint_id, kind=entry.kind, occurred_at=entry.occurred_at
        ),
        points=entry.points,
        now=decayed(entry.level, instant, half_life),
        in_7_days=decayed(entry.level, instant + AHEAD, half_life),
    )


def _thresholds(model: ScoringModel, fit: Fit, now: Standing) -> Iterable[Threshold]:
    for stage, rule in ((LifecycleStage.MQL, model.mql), (LifecycleStage.SQL, model.sql)):
        if rule is not None:
            yield _stage(stage, rule, now)
    if fit.knocked_out_by is None:
        yield from _next_step("fit", LETTERS, model.letters, now.fit)
    yield from _next_step("engagement", DIGITS, model.digits, now.engagement)
    warmth = (model.hot_from, model.warm_from)
    yield from _next_step("temperature", TEMPERATURES, warmth, now.score)


def _stage(stage: LifecycleStage, rule: StageRule, now: Standing) -> Threshold:
    missing = None if rule.score is None else max(0, rule.score - now.score)
    return Threshold(
        name="stage", step=stage.value, reached=rule.met(now), missing=missing, grades=rule.grades
    )


def _next_step(
    name: str, steps: Iterable[str], thresholds: Iterable[int], value: float
) -> Iterable[Threshold]:
    """The lowest step above the value, if there is one."""
    above = [(at, step) for at, step in zip(thresholds, steps, strict=False) if at > value]
    if above:
        at, step = min(above)
        yield Threshold(name=name, step=step, reached=False, missing=at - value)
