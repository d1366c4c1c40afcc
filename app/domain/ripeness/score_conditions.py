"""What conditions may test beyond the lead itself: its standing, its prediction, its segments."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.conditions import Condition, Field, Op, Origin, Term, ValueType, terms_of
from app.domain.leads.custom_fields import CustomField
from app.domain.leads.fields import lead_fields
from app.domain.ripeness.engagement import key_at_least
from app.domain.ripeness.scoring import (
    DIGITS,
    GRADES,
    LETTERS,
    TEMPERATURES,
    ScoringModel,
    Standing,
)

_SCORE = Origin.SCORE
_FIELDS = (
    Field("fit", ValueType.INTEGER, "fit", origin=_SCORE),
    Field("engagement", ValueType.LEVEL, "engagement", origin=_SCORE),
    Field("score", ValueType.INTEGER, "score", origin=_SCORE),
    Field("grade", ValueType.CHOICE, "grade", choices=GRADES, origin=_SCORE),
    Field("temperature", ValueType.CHOICE, "temperature", choices=TEMPERATURES, origin=_SCORE),
    Field("knocked_out_by", ValueType.CODE, "knocked_out_by", origin=_SCORE),
    Field("prediction", ValueType.INTEGER, "percent", origin=Origin.PREDICTION),
    Field("segment", ValueType.SET, "segment", origin=Origin.SEGMENTS),
)
RIPENESS_FIELDS = {field.name: field for field in _FIELDS}
# What is lost of a double on the way through a logarithm.
_MARGIN = 1e-6
_LOWEST = (Op.EQ, Op.GTE, Op.GT, Op.BETWEEN, Op.IN)


def searched_fields(custom: Iterable[CustomField]) -> dict[str, Field]:
    """Everything a condition on leads may test where scores are known."""
    return {**lead_fields(custom), **RIPENESS_FIELDS}


def tests_scores(condition: Condition) -> bool:
    """Whether it can be answered only with the published model."""
    return any(test.field.origin is Origin.SCORE for test in terms_of(condition))


def derived_values(
    standing: Standing | None,
    knocked_out_by: str | None = None,
    prediction: int | None = None,
    segments: Iterable[UUID] = (),
) -> Mapping[str, Any]:
    """What `values_of` has to be told of a lead, for these fields."""
    told: dict[str, Any] = {} if standing is None else dict(vars(standing))
    return told | {
        "knocked_out_by": knocked_out_by,
        "percent": prediction,
        "segment": frozenset(segments),
    }


def least_key(test: Term, model: ScoringModel, now: datetime) -> int | None:
    """A key of engagement below which no lead can pass a test of score, grade or temperature:
    with it an index finds those that may."""
    needed: float | None = None
    if test.field.column == "grade":
        digit = max(DIGITS.index(grade[1]) for grade in _meant(test, GRADES))
        needed = None if digit == len(model.digits) else float(model.digits[digit])
    else:
        score = _least_score(test, model)
        share = 100 - model.fit_share
        if score is not None and share:
            best_fit = model.fit_share + _MARGIN
            needed = (score - 0.5 - best_fit) * model.engagement_max / share
    if needed is None or needed <= 0:
        return None
    return key_at_least(needed * (1 - _MARGIN), now, model.half_life_days)


def least_fit(test: Term, model: ScoringModel) -> int | None:
    """The fit below which no lead has one of the grades of a test."""
    if test.field.column != "grade":
        return None
    letter = max(LETTERS.index(grade[0]) for grade in _meant(test, GRADES))
    return None if letter == len(model.letters) else model.letters[letter]


def _least_score(test: Term, model: ScoringModel) -> int | None:
    if test.field.column == "temperature":
        least = {"hot": model.hot_from, "warm": model.warm_from, "cold": 0}
        return min(least[each] for each in _meant(test, TEMPERATURES))
    if test.op not in _LOWEST:
        return None
    told = test.value if isinstance(test.value, tuple) else (test.value,)
    return int(min(told)) + (1 if test.op is Op.GT else 0)


def _meant(test: Term, every: tuple[str, ...]) -> tuple[str, ...]:
    """The choices with which the test is passed; all of them where that asks for none."""
    told = test.value if isinstance(test.value, tuple) else (test.value,)
    if test.op in (Op.NE, Op.NOT_IN):
        return tuple(each for each in every if each not in told) or every
    return told if test.op in (Op.EQ, Op.IN) else every
