"""What happens in the demo: a heat pump maker's last months, step by step, drawn from one seed.

Nothing is stored here. Every step says when it happens, so that whoever performs them in order
leaves a record as if it had grown day by day.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.domain.record.touchpoints import NewTouchpoint
from app.services.demo.people import USERS, Casting
from app.services.demo.touches import CAMPAIGNS, TouchWriter

SEED = 20_260_301
LEADS = 300
DAYS = 200

# How far a lead gets, given time enough, and how many of a hundred get so far.
FATES = {
    "unnoticed": 14,
    "working": 20,
    "nurturing": 18,
    "disqualified": 13,
    "returned": 4,
    "qualified": 12,
    "converted": 19,
}
REASONS = (
    ("no_budget", "Refurbishment moved to next year's budget"),
    ("bad_timing", "The boiler was replaced two winters ago"),
    ("competitor", "Signed with another maker in spring"),
    ("not_a_fit", "A detached house; we serve buildings from 20 flats"),
    ("unreachable", "Four calls and two mails without an answer"),
    ("no_need", "On district heating, wanted figures for a study"),
    ("spam", "Filled in by a robot"),
)
OPEN_STAGES = ("Discovery", "Proposal", "Negotiation", "Commitment")
_REPS = [number for number, (_, role, _, _) in enumerate(USERS) if role == "rep"]
_MANAGERS = {team: number for number, (_, role, team, _) in enumerate(USERS) if role == "manager"}


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that happens to the lead with this number; `by` is the number of a user."""

    at: datetime
    lead: int
    by: int | None = None


@dataclass(frozen=True, kw_only=True)
class Arrives(Step):
    """A person leaves a name."""

    fields: dict[str, Any]
    campaign: int
    touch: NewTouchpoint


@dataclass(frozen=True, kw_only=True)
class Touches(Step):
    """An interaction we learn of now; it may have happened before."""

    campaign: int | None
    touch: NewTouchpoint


@dataclass(frozen=True, kw_only=True)
class Changes(Step):
    """A patch; `owner` is the number of a user."""

    fields: dict[str, Any]
    owner: int | None = None


@dataclass(frozen=True, kw_only=True)
class Assesses(Step):
    """The four questions are answered; `warmth` 0 to 2 says how well."""

    warmth: int
    amount_minor: int
    decides_in_days: int


@dataclass(frozen=True, kw_only=True)
class Qualifies(Step):
    """Sales accepts the lead."""


@dataclass(frozen=True, kw_only=True)
class Disqualifies(Step):
    """The lead is given up, for a reason."""

    reason: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Returns(Step):
    """A lead that was given up is heard of again."""


@dataclass(frozen=True, kw_only=True)
class Converts(Step):
    """The lead becomes account, contact and opportunity."""

    amount_minor: int
    closes_in_days: int


@dataclass(frozen=True, kw_only=True)
class DealMoves(Step):
    """The opportunity reaches a stage of the default pipeline."""

    stage: str
    lost_reason: str | None = None


class History:
    """The whole story up to `end`."""

    def __init__(self, end: datetime, seed: int = SEED) -> None:
        self._end = end
        self._chance = random.Random(seed)  # noqa: S311 - a story, not a secret
        self._casting = Casting(self._chance)
        self._writer = TouchWriter(self._chance)

    def steps(self) -> list[Step]:
        """Every step that has happened by now, in order; what is still to come is left out."""
        told = [step for number in range(LEADS) for step in self._life(number)]
        return sorted((s for s in told if s.at <= self._end), key=lambda s: (s.at, s.lead))

    def _life(self, lead: int) -> Iterator[Step]:
        chance = self._chance
        arrived = self._end - timedelta(days=DAYS * chance.random() ** 1.2)
        running = [n for n, plan in enumerate(CAMPAIGNS) if plan.runs(arrived, self._end)]
        campaign = chance.choices(running, [CAMPAIGNS[n].weight for n in running])[0]
        plan = CAMPAIGNS[campaign]
        if plan.in_person:
            arrived = min(_office_hours(arrived, chance), self._end)
        fields = self._casting.lead() | {"source": plan.source}
        touch = self._writer.first(plan, arrived)
        yield Arrives(at=arrived, lead=lead, fields=fields, campaign=campaign, touch=touch)
        for early in self._writer.before(plan, arrived):
            yield Touches(at=arrived, lead=lead, campaign=campaign, touch=early)
        fate = chance.choices(list(FATES), list(FATES.values()))[0]
        visits = {"unnoticed": 2, "disqualified": 3, "working": 5, "returned": 6}.get(fate, 9)
        for touch in self._writer.after(arrived, chance.randrange(visits, 2 * visits)):
            yield Touches(at=touch.occurred_at or arrived, lead=lead, campaign=None, touch=touch)
        if fate != "unnoticed":
            yield from self._work(lead, fate, arrived)

    def _work(self, lead: int, fate: str, arrived: datetime) -> Iterator[Step]:
        """What the sales team does with a lead."""
        chance = self._chance
        rep = chance.choice(_REPS)
        who: dict[str, Any] = {"lead": lead, "by": rep}
        at = _office_hours(arrived + timedelta(hours=chance.expovariate(1 / 9)), chance)
        yield Changes(at=at, fields={}, owner=rep, lead=lead, by=_MANAGERS[USERS[rep][2]])
        at += timedelta(hours=chance.expovariate(1 / 6), minutes=3)
        yield Changes(at=at, fields={"status": "working"}, **who)
        for _ in range(chance.randrange(1, 3)):
            at = self._later(at, 4)
            yield Touches(at=at, campaign=None, touch=self._writer.talk(at), **who)
        if fate in ("disqualified", "returned"):
            at = self._later(at, 5)
            reason, note = chance.choice(REASONS[: 5 if fate == "returned" else None])
            yield Disqualifies(at=at, reason=reason, note=note, **who)
        if fate == "returned":
            yield Returns(at=self._later(at, 40), **who)
        if fate == "nurturing":
            at = self._later(at, 3)
            yield self._assessment(at, 0, who)
            yield Changes(at=self._later(at, 1), fields={"status": "nurturing"}, **who)
        if fate in ("qualified", "converted"):
            yield from self._ripen(at, who, convert=fate == "converted")

    def _ripen(self, at: datetime, who: dict[str, Any], *, convert: bool) -> Iterator[Step]:
        at = self._later(at, 3)
        yield Changes(at=at, fields={"lifecycle_stage": "mql"}, **who)
        if self._chance.random() < 0.5:
            at = self._later(at, 6)
            yield self._assessment(at, 1, who)
        at = self._later(at, 9)
        assessment = self._assessment(at, 2, who)
        yield assessment
        at = self._later(at, 1)
        yield Qualifies(at=at, **who)
        if convert:
            at = self._later(at, 4)
            days = self._chance.randrange(20, 120)
            amount = assessment.amount_minor
            yield Converts(at=at, amount_minor=amount, closes_in_days=days, **who)
            yield from self._deal(at, who)

    def _deal(self, at: datetime, who: dict[str, Any]) -> Iterator[Step]:
        chance = self._chance
        for stage in OPEN_STAGES[: chance.randrange(1, 5)]:
            at = self._later(at, 9)
            yield DealMoves(at=at, stage=stage, **who)
        ending = chance.random()
        at = self._later(at, 12)
        if ending < 0.45:
            yield DealMoves(at=at, stage="Closed won", **who)
        elif ending < 0.65:
            lost = chance.choice(("Price", "Chose a competitor", "Project was stopped"))
            yield DealMoves(at=at, stage="Closed lost", lost_reason=lost, **who)

    def _assessment(self, at: datetime, warmth: int, who: dict[str, Any]) -> Assesses:
        chance = self._chance
        amount = chance.randrange(180, 9_000) * 10_000
        days = chance.randrange(20, 80) if warmth == 2 else chance.randrange(120, 400)
        return Assesses(at=at, warmth=warmth, amount_minor=amount, decides_in_days=days, **who)

    def _later(self, at: datetime, days: float) -> datetime:
        """Some days on, on a working day."""
        return _office_hours(at + timedelta(days=self._chance.expovariate(1 / days)), self._chance)


def _office_hours(at: datetime, chance: random.Random) -> datetime:
    """The same instant, or the next working morning after it."""
    if at.weekday() < 5 and 7 <= at.hour < 16:
        return at
    if at.hour >= 16 or at.weekday() >= 5:
        at += timedelta(days=1)
    while at.weekday() >= 5:
        at += timedelta(days=1)
    return at.replace(hour=7, minute=chance.randrange(60))
