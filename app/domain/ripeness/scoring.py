"""Scores: who a lead is (fit) and what it did (engagement), by the rules of a model."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from app.domain.conditions import Condition, holds
from app.domain.leads.fields import touch_values, values_of
from app.domain.leads.leads import Lead
from app.domain.leads.status import LifecycleStage
from app.domain.record.touchpoints import Touchpoint
from app.domain.ripeness.engagement import Level, combined, decayed

LETTERS = "ABCD"
DIGITS = "1234"
GRADES = tuple(f"{letter}{digit}" for letter in LETTERS for digit in DIGITS)
TEMPERATURES = ("hot", "warm", "cold")
# No rule may test relative times, so that every instant gives the same answers.
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class FitRule:
    """Points for leads of which a condition holds; where it is a knock-out, none at all.

    `written` is the condition as its author wrote it.
    """

    key: str
    label: str
    when: Condition
    points: int
    group: str | None = None
    knock_out: bool = False
    written: Any = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What the points of a group are held within."""

    min: int | None = None
    max: int | None = None

    def held(self, points: int) -> int:
        """The points, no more and no less than allowed."""
        if self.min is not None:
            points = max(points, self.min)
        return points if self.max is None else min(points, self.max)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """Only the first `count` touches count in each stretch of `days` days, counted from
    1970-01-01; without days, in all."""

    count: int
    days: int | None = None

    def stretch(self, occurred_at: datetime) -> int:
        """The number of the stretch this instant lies in."""
        if self.days is None:
            return 0
        return (occurred_at.astimezone(UTC).date() - _FIRST_DAY).days // self.days


@dataclass(frozen=True, kw_only=True)
class EngagementRule:
    """Points for a touch of one of these kinds (of any, if none is named), of which the condition
    holds if there is one."""

    key: str
    label: str
    kinds: tuple[str, ...]
    points: int
    when: Condition | None = None
    limit: Limit | None = None
    written: Any = field(default=None, compare=False)

    def takes(self, touch: Touchpoint) -> bool:
        """Whether the touch earns the points, limits aside."""
        if self.kinds and touch.kind not in self.kinds:
            return False
        return self.when is None or holds(self.when, touch_values(touch), _ANY_TIME)


@dataclass(frozen=True, kw_only=True)
class StageRule:
    """When a lead has come to a stage: from a score on, or with one of these grades."""

    score: int | None = None
    grades: tuple[str, ...] = ()

    def met(self, standing: "Standing") -> bool:
        """Whether the lead has come that far."""
        if self.score is not None:
            return standing.score >= self.score
        return standing.grade in self.grades


@dataclass(frozen=True, kw_only=True)
class ScoringModel:
    """One version of a workspace's scoring; what it says never changes once it was published."""

    id: UUID
    number: int
    name: str
    published: bool = False
    fit_rules: tuple[FitRule, ...] = ()
    groups: Mapping[str, Bounds] = field(default_factory=dict)
    fit_max: int = 100
    letters: tuple[int, int, int] = (75, 50, 25)
    engagement_rules: tuple[EngagementRule, ...] = ()
    half_life_days: int = 30
    engagement_max: int = 100
    digits: tuple[int, int, int] = (60, 30, 10)
    fit_share: int = 50
    hot_from: int = 60
    warm_from: int = 25
    mql: StageRule | None = None
    sql: StageRule | None = None

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.name} v{self.number}"


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """A fit rule that holds, and its points before its group and the whole are held in bounds."""

    rule: FitRule
    points: int


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How well the lead fits; the key of the first knock-out that holds, if any does."""

    points: int
    contributions: tuple[Contribution, ...] = ()
    knocked_out_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Points that a touch earned by a rule."""

    rule: EngagementRule
    touchpoint_id: UUID
    kind: str
    occurred_at: datetime
    points: int

    @property
    def level(self) -> Level:
        """The entry as engagement."""
        return Level(float(self.points), self.occurred_at)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a lead stands at an instant."""

    fit: int
    engagement: float
    score: int
    grade: str
    temperature: str


def fit_of(model: ScoringModel, lead: Lead) -> Fit:
    """How well the lead fits: the points of all rules that hold, each group and the whole held
    in bounds."""
    value_of = values_of(lead, (), _ANY_TIME)
    holding = [rule for rule in model.fit_rules if holds(rule.when, value_of, _ANY_TIME)]
    contributions = tuple(Contribution(rule=rule, points=rule.points) for rule in holding)
    knock_out = next((rule.key for rule in holding if rule.knock_out), None)
    sums: Counter[str | None] = Counter()
    for rule in holding:
        sums[rule.group] += rule.points
    # A group of which no rule holds is within its bounds, too.
    points = sums[None] + sum(bounds.held(sums[name]) for name, bounds in model.groups.items())
    held = 0 if knock_out else max(0, min(model.fit_max, points))
    return Fit(points=held, contributions=contributions, knocked_out_by=knock_out)


def counting(touches: Iterable[Touchpoint], *, lead_is_test: bool) -> list[Touchpoint]:
    """The touches that count: without those that were corrected, and without trials unless the
    lead is one. The corrections must be among them."""
    given = list(touches)
    corrected = {touch.supersedes_id for touch in given if touch.supersedes_id is not None}
    return [
        touch
        for touch in given
        if touch.id not in corrected and (lead_is_test or not touch.is_test)
    ]


def entries_of(model: ScoringModel, touches: Iterable[Touchpoint]) -> list[Entry]:
    """Every point that these touches, which all count, have earned; the oldest first."""
    ordered = sorted(touches, key=lambda touch: (touch.occurred_at, touch.id))
    seen: Counter[tuple[str, int]] = Counter()
    entries = []
    for touch in ordered:
        for rule in model.engagement_rules:
            if not rule.takes(touch):
                continue
            if rule.limit is not None:
                place = (rule.key, rule.limit.stretch(touch.occurred_at))
                seen[place] += 1
                if seen[place] > rule.limit.count:
                    continue
            entries.append(
                Entry(
                    rule=rule,
                    touchpoint_id=touch.id,
                    kind=touch.kind,
                    occurred_at=touch.occurred_at,
                    points=rule.points,
                )
            )
    return entries


def level_of(model: ScoringModel, entries: Iterable[Entry]) -> Level:
    """The engagement that entries add up to."""
    return combined((entry.level for entry in entries), model.half_life_days)


def standing(model: ScoringModel, fit: Fit, level: Level, now: datetime) -> Standing:
    """Where a lead stands at `now`."""
    engagement = decayed(level, now, model.half_life_days)
    score = score_of(model, fit.points, engagement)
    return Standing(
        fit=fit.points,
        engagement=engagement,
        score=score,
        grade=letter_of(model, fit) + digit_of(model, engagement),
        temperature=temperature_of(model, score),
    )


def score_of(model: ScoringModel, fit: int, engagement: float) -> int:
    """Fit and engagement in one number from 0 to 100; a half is rounded up."""
    held = max(0.0, min(float(model.engagement_max), engagement))
    share = model.fit_share * fit / model.fit_max
    rest = (100 - model.fit_share) * held / model.engagement_max
    return math.floor(share + rest + 0.5)


def letter_of(model: ScoringModel, fit: Fit) -> str:
    """A, B, C or D."""
    return "D" if fit.knocked_out_by else LETTERS[_step(model.letters, fit.points)]


def digit_of(model: ScoringModel, engagement: float) -> str:
    """1, 2, 3 or 4."""
    return DIGITS[_step(model.digits, engagement)]


def temperature_of(model: ScoringModel, score: int) -> str:
    """Hot, warm or cold."""
    return TEMPERATURES[_step((model.hot_from, model.warm_from), score)]


def _step(thresholds: Sequence[int], value: float) -> int:
    """How many of the thresholds, the highest first, the value does not reach."""
    return next(
        (n for n, threshold in enumerate(thresholds) if value >= threshold), len(thresholds)
    )


def reached(model: ScoringModel, standing: Standing) -> LifecycleStage | None:
    """The furthest stage that the model says a lead of this standing has come to."""
    if model.sql is not None and model.sql.met(standing):
        return LifecycleStage.SQL
    if model.mql is not None and model.mql.met(standing):
        return LifecycleStage.MQL
    return None
