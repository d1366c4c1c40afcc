"""Tests of what is known of a lead besides: its standing, its prediction, its segments.

Each asks whether there is a row that passes, which Postgres may begin with when that is quicker.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    FromClause,
    Integer,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION

from app.domain.conditions import Op, Origin, Term, ValueType
from app.domain.ripeness.engagement import DAY_SECONDS, HALVINGS_LIMIT, key_at_least
from app.domain.ripeness.score_conditions import least_fit, least_key
from app.domain.ripeness.scoring import DIGITS, LETTERS, TEMPERATURES, ScoringModel
from app.repositories.condition_tests import Names, test_of
from app.repositories.statements import own
from app.repositories.tables.predictions import lead_predictions
from app.repositories.tables.scoring import lead_scores
from app.repositories.tables.segments import segment_members

_DOUBLE: Any = DOUBLE_PRECISION()
_LOWEST_KEY = -(2**63)


def standing_test(test: Term, lead: FromClause, names: Names) -> ColumnElement[bool]:
    """The test of a field that is no column of the lead and none of its touches."""
    match test.field.origin:
        case Origin.SEGMENTS:
            return _in_segments(test, lead, names)
        case Origin.PREDICTION:
            foretold = lead_predictions.alias("foretold")
            return _row_that_passes(test, foretold, foretold.c.percent, lead, names)
        case _:
            return _scored(test, lead, names)


def standing_values(
    test: Term, names: Names, model: ScoringModel | None, now: datetime
) -> dict[str, Any]:
    """The parameters of a test of a score besides what it is compared with."""
    values: dict[str, Any] = {
        names.of_all("model"): model.id if model else None,
        names.of_all("half_life"): model.half_life_days if model else 1,
        names.of_all("fit_share"): model.fit_share if model else 0,
        names.of_all("fit_max"): model.fit_max if model else 1,
        names.of_all("engagement_max"): model.engagement_max if model else 1,
    }
    values |= {names.of_all(f"letter_{n}"): model.letters[n] if model else 0 for n in range(3)}
    values |= {
        names.of_all(f"digit_{n}"): _key(model, model.digits[n], now) if model else 0
        for n in range(3)
    }
    values |= {
        names.of_all("hot"): model.hot_from if model else 0,
        names.of_all("warm"): model.warm_from if model else 0,
    }
    if test.field.column in _WORKED_OUT:
        key = least_key(test, model, now) if model else None
        fit = least_fit(test, model) if model else None
        values[names.least_key] = _LOWEST_KEY if key is None else key
        values[names.least_fit] = 0 if fit is None else fit
    return values


def level_key(wanted: float, model: ScoringModel | None, now: datetime) -> int:
    """The key that stands for so much engagement now."""
    return _key(model, wanted, now) if model else 0


def _key(model: ScoringModel, value: float, now: datetime) -> int:
    return key_at_least(float(value), now, model.half_life_days)


def _in_segments(test: Term, lead: FromClause, names: Names) -> ColumnElement[bool]:
    member = segment_members.alias("member")
    wanted = bindparam(names.value, type_=ARRAY(Uuid()))
    found = (
        select(1)
        .select_from(member)
        .where(own(member), member.c.lead_id == lead.c.id, member.c.segment_id == func.any(wanted))
        .correlate(lead)
        .exists()
    )
    return ~found if test.op is Op.NOT_IN else found


def _scored(test: Term, lead: FromClause, names: Names) -> ColumnElement[bool]:
    standing = lead_scores.alias("standing")
    field = test.field
    column = {"engagement": "engagement_key"}.get(field.column, field.column)
    missing = test.op in (Op.IS_NULL, Op.IS_NOT_NULL)
    if field.column in _WORKED_OUT:
        # Whoever is scored has a value.
        value = standing.c.fit if missing else _WORKED_OUT[field.column](standing, names)
    else:
        value = standing.c[column]
    further = [standing.c.model_id == bindparam(names.of_all("model"), type_=Uuid())]
    if field.column in _WORKED_OUT and not missing:
        further += [
            standing.c.engagement_key >= bindparam(names.least_key, type_=BigInteger()),
            standing.c.fit >= bindparam(names.least_fit, type_=Integer()),
        ]
    if field.type is ValueType.LEVEL:
        test = replace(test, field=replace(field, type=ValueType.INTEGER))
    return _row_that_passes(test, standing, value, lead, names, *further)


def _row_that_passes(
    test: Term,
    row: FromClause,
    value: ColumnElement[Any],
    lead: FromClause,
    names: Names,
    *further: ColumnElement[bool],
) -> ColumnElement[bool]:
    """Whether the lead has a row whose value passes; a lead without a row has no value."""
    missing = test.op in (Op.IS_NULL, Op.IS_EMPTY)
    opposite = {Op.IS_NULL: Op.IS_NOT_NULL, Op.IS_EMPTY: Op.IS_NOT_EMPTY}
    asked = replace(test, op=opposite[test.op]) if missing else test
    found = (
        select(1)
        .select_from(row)
        .where(own(row), row.c.lead_id == lead.c.id, *further, test_of(asked, value, names))
        .correlate(lead)
        .exists()
    )
    return ~found if missing else found


def _score(standing: FromClause, names: Names) -> ColumnElement[Any]:
    """As `score_of` has it."""

    def told(name: str) -> ColumnElement[Any]:
        return cast(bindparam(names.of_all(name), type_=Integer()), _DOUBLE)

    age = bindparam(f"{names.prefix}_now", type_=DateTime(timezone=True)) - standing.c.engagement_at
    seconds = func.date_part(literal_column("'epoch'"), age, type_=_DOUBLE)
    halvings = seconds / (told("half_life") * _number(DAY_SECONDS))
    bounded = func.least(
        _number(HALVINGS_LIMIT), func.greatest(_number(-HALVINGS_LIMIT), halvings), type_=_DOUBLE
    )
    now = standing.c.engagement * func.power(_number(2.0), -bounded, type_=_DOUBLE)
    # No touch has counted where there is no instant.
    engagement = func.coalesce(now, _number(0.0), type_=_DOUBLE)
    held = func.greatest(
        _number(0.0), func.least(told("engagement_max"), engagement), type_=_DOUBLE
    )
    share = told("fit_share") * cast(standing.c.fit, _DOUBLE) / told("fit_max")
    rest = (_number(100.0) - told("fit_share")) * held / told("engagement_max")
    return cast(func.floor(share + rest + _number(0.5)), BigInteger)


def _grade(standing: FromClause, names: Names) -> ColumnElement[Any]:
    letters = [
        (standing.c.fit >= bindparam(names.of_all(f"letter_{n}"), type_=Integer()), _word(letter))
        for n, letter in enumerate(LETTERS[:-1])
    ]
    digits = [
        (
            standing.c.engagement_key >= bindparam(names.of_all(f"digit_{n}"), type_=BigInteger()),
            _word(digit),
        )
        for n, digit in enumerate(DIGITS[:-1])
    ]
    knocked_out = (standing.c.knocked_out_by.is_not(None), _word(LETTERS[-1]))
    letter = case(knocked_out, *letters, else_=_word(LETTERS[-1]))
    return func.concat(letter, case(*digits, else_=_word(DIGITS[-1])), type_=Text())


def _temperature(standing: FromClause, names: Names) -> ColumnElement[Any]:
    score = _score(standing, names)
    steps = zip(("hot", "warm"), TEMPERATURES, strict=False)
    named = [
        (score >= bindparam(names.of_all(step), type_=Integer()), _word(name))
        for step, name in steps
    ]
    return case(*named, else_=_word(TEMPERATURES[-1]))


def _number(value: float) -> ColumnElement[Any]:
    return literal_column(f"{value!r}::double precision", _DOUBLE)


def _word(word: str) -> ColumnElement[Any]:
    return literal_column(f"'{word}'::text", Text())


_WORKED_OUT: dict[str, Callable[[FromClause, Names], ColumnElement[Any]]] = {
    "score": _score,
    "grade": _grade,
    "temperature": _temperature,
}
