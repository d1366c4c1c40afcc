"""The document of a scoring model, as the OpenAPI document shows it; the domain reads it."""

from typing import Annotated

from pydantic import Field

from app.api.schemas.conditions import Condition
from app.api.schemas.fields import Body, Label, Token, about, optional
from app.domain.ripeness.scoring import GRADES

_Points = Annotated[int, Field(ge=-1000, le=1000)]
_Threshold = Annotated[int, Field(ge=0, le=100_000)]
_Maximum = Annotated[int, Field(ge=1, le=100_000)]
_Share = Annotated[int, Field(ge=0, le=100)]
_A_TEST = {"field": "industry", "op": "eq", "value": "Software"}


class FitRuleBody(Body):
    """Points for leads of which a condition holds."""

    key: Token = about("Its name, once among the fit rules.", "industry")
    label: Label = optional("Its name for people.", "Sells software")
    when: Condition = about(
        "What is told of the lead, its own fields included: no touches, statuses, owners, scores, "
        "and no time counted from now.",
        _A_TEST,
    )
    points: _Points = about("May be negative; 0 only with `knock_out`.", 40)
    group: Token | None = optional("A group whose points are held within bounds.", "role")
    knock_out: bool = about(
        "Where it holds, fit is 0 and the letter D.", example=False, default=False
    )


class BoundsBody(Body):
    """Bounds of a group's points."""

    min: int | None = optional("The fewest.", -40)
    max: int | None = optional("The most.", 30)


class LettersBody(Body):
    """The fit from which on a lead has a letter; below all of them it is D."""

    A: _Threshold = about("For an A.", 75, default=75)
    B: _Threshold = about("For a B.", 50, default=50)
    C: _Threshold = about("For a C.", 25, default=25)


class FitBody(Body):
    """Who leads are, against the customers one would like to have."""

    rules: list[FitRuleBody] = about("At most 100.", [], default_factory=list)
    groups: dict[str, BoundsBody] = about(
        "Groups of rules by name.", {"role": {"min": -40, "max": 30}}, default_factory=dict
    )
    max: _Maximum = about("The most points; the fewest are 0.", 100, default=100)
    letters: LettersBody = about("The letters.", {"A": 75, "B": 50, "C": 25}, default=None)


class LimitBody(Body):
    """Only the first touches count in each stretch of time."""

    count: Annotated[int, Field(ge=1, le=10_000)] = about("How many count.", 3)
    days: Annotated[int, Field(ge=1, le=3650)] | None = optional(
        "The length of a stretch in whole days, counted from 1970-01-01 UTC; null: in all.", 7
    )


class EngagementRuleBody(Body):
    """Points for each touch of a kind."""

    key: Token = about("Its name, once among the engagement rules.", "download")
    label: Label = optional("Its name for people.", "Downloaded something")
    kinds: list[Token] = about(
        "Kinds of touchpoints; any kind when empty.", ["content_downloaded"], default_factory=list
    )
    when: Condition | None = optional(
        "What else has to hold of the touch.",
        {"field": "page_url", "op": "contains", "value": "/pricing"},
    )
    points: _Points = about("May be negative, not 0.", 10)
    limit: LimitBody | None = optional("How many of them count.", {"count": 3, "days": 7})


class DigitsBody(Body):
    """The engagement from which on a lead has a digit; below all of them it is 4."""

    one: _Threshold = about("For a 1.", 60, default=60, alias="1")
    two: _Threshold = about("For a 2.", 30, default=30, alias="2")
    three: _Threshold = about("For a 3.", 10, default=10, alias="3")


class EngagementBody(Body):
    """What leads did, losing half of its worth every so many days."""

    half_life_days: Annotated[int, Field(ge=1, le=3650)] = about(
        "After how many days a point is worth half.", 30, default=30
    )
    rules: list[EngagementRuleBody] = about("At most 100.", [], default_factory=list)
    max: _Maximum = about("What counts as all of it in the score.", 100, default=100)
    digits: DigitsBody = about("The digits.", {"1": 60, "2": 30, "3": 10}, default=None)


class TemperatureBody(Body):
    """The score from which on a lead is hot or warm; below it is cold."""

    hot: _Share = about("For hot.", 60, default=60)
    warm: _Share = about("For warm.", 25, default=25)


class StageBody(Body):
    """When a lead has come to a stage: one of the two."""

    score: _Share = optional("From this score on.", 50)
    grades: list[str] = optional("With one of these grades.", list(GRADES[:2]))


class ScoringDocument(Body):
    """Rules and thresholds; what is absent has a default."""

    fit: FitBody = about("Who leads are.", default=None)
    engagement: EngagementBody = about("What they did.", default=None)
    fit_share: _Share = about(
        "How much of the score is fit, in percent; the rest is engagement.", 50, default=50
    )
    temperature: TemperatureBody = about("Hot, warm, cold.", {"hot": 60, "warm": 25}, default=None)
    mql: StageBody | None = optional("When a lead is marketing-qualified.", {"score": 50})
    sql: StageBody | None = optional("When a lead is sales-qualified.", {"grades": ["A1"]})
