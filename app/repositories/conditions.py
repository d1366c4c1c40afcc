"""Conditions as SQL: the same as `app/domain/conditions.py` says, with every value bound.

SQL knows a third answer, unknown, where a value is missing. Between `all` and `any` unknown does
what false does, and `not` is written `IS NOT true`, which takes unknown for false: so the answers
are those of the domain, and a bare comparison may still use an index.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, func, or_, select, true

from app.domain.condition_texts import CAPITALS, PARTING, SMALLS
from app.domain.condition_times import Relative, Unit
from app.domain.condition_types import WITHOUT_VALUE
from app.domain.conditions import (
    All,
    AnyOf,
    Condition,
    Not,
    Op,
    Origin,
    Picked,
    Term,
    ValueType,
    Window,
    compared,
    counted_since,
)
from app.domain.ripeness.scoring import ScoringModel
from app.repositories.condition_standing import level_key, standing_test, standing_values
from app.repositories.condition_tests import LISTED, Names, column_value, test_of
from app.repositories.condition_touches import aggregate_of, implied_by
from app.repositories.statements import Statement

PREFIX = "condition"
_SOME_TIME = Relative(Unit.DAY, 0)
_COUNTS_FROM_ONE = (Op.EQ, Op.GTE, Op.GT, Op.BETWEEN, Op.IN)

# What goes before a condition on all leads: one plan for all values, as everywhere else, would be
# made without knowing how rare they are, and begin at the wrong end.
PLAN_FOR_THE_VALUES = Statement(
    select(func.set_config("plan_cache_mode", "force_custom_plan", true()))
)


def shape_of(condition: Condition) -> Condition:
    """The condition without its values: those of one shape share a statement.

    Shapes are without number, so whoever keeps statements by shape has to bound how many.
    """
    match condition:
        case All(parts):
            return All(tuple(shape_of(part) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(shape_of(part) for part in parts))
        case Not(part):
            return Not(shape_of(part))
        case Term(field, op, _, window):
            key: Any = field.key if field.key is None else "" if type(field.key) is str else ("",)
            plain = replace(field, name="", key=key, choices=())
            return Term(plain, op, _needs_a_touch(condition), _shape_of_window(window))


def values_for(
    condition: Condition,
    now: datetime,
    prefix: str = PREFIX,
    *,
    model: ScoringModel | None = None,
) -> dict[str, Any]:
    """The parameters of the clause that `clause_for` makes of this condition's shape; `model` is
    the published one, without which no lead has a score."""
    values: dict[str, Any] = {
        f"{prefix}_now": now,
        f"{prefix}_capitals": CAPITALS,
        f"{prefix}_smalls": SMALLS,
        f"{prefix}_parting": PARTING,
        f"{prefix}_parted": " " * len(PARTING),
    }
    for number, test in enumerate(_every_test(condition)):
        names = Names(prefix, number)
        if test.field.key is not None:
            path = test.field.key
            values[names.key] = path if isinstance(path, str) else list(path)
        values |= _window_values(test.window, names, now)
        if test.field.origin is Origin.SCORE:
            values |= standing_values(test, names, model, now)
        if test.op not in WITHOUT_VALUE:
            values |= _compared_values(test, names, now, model)
    return values


def clause_for(shape: Condition, table: FromClause, prefix: str = PREFIX) -> ColumnElement[bool]:
    """What a WHERE says about rows of the table, or of an alias of it. Several conditions in one
    statement need a prefix each, here and in `values_for`."""
    return _Clause(table, prefix, count()).of(shape)


class _Clause:
    """Writes the clause of a condition; the numbers of its tests go through all of it."""

    def __init__(self, table: FromClause, prefix: str, numbers: Iterator[int]) -> None:
        self._table = table
        self._prefix = prefix
        self._numbers = numbers

    def of(self, shape: Condition) -> ColumnElement[bool]:
        match shape:
            case All(parts):
                return and_(*[self.of(part) for part in parts])
            case AnyOf(parts):
                return or_(*[self.of(part) for part in parts])
            case Not(part):
                return self.of(part).self_group().is_not(true())
            case _:
                return self._test(shape, Names(self._prefix, next(self._numbers)))

    def _test(self, test: Term, names: Names) -> ColumnElement[bool]:
        if test.field.origin is Origin.TOUCHES:
            value = aggregate_of(test, self._table, names, self._where)
            clause = test_of(test, value, names)
            if not test.value:
                return clause
            return and_(*implied_by(test.window, self._table, names), clause)
        if test.field.origin is not Origin.RECORD:
            return standing_test(test, self._table, names)
        return test_of(test, column_value(test.field, self._table, names), names)

    def _where(self, shape: Condition, table: FromClause) -> ColumnElement[bool]:
        return _Clause(table, self._prefix, self._numbers).of(shape)


def _shape_of_window(window: Window) -> Window:
    since = window.since
    return Window(
        _shape_of_picked(window.picked),
        None if window.days is None else 0,
        _shape_of_picked(since) if isinstance(since, Picked) else since and _SOME_TIME,
    )


def _shape_of_picked(picked: Picked) -> Picked:
    where = None if picked.where is None else shape_of(picked.where)
    return Picked(("",) if picked.kinds else (), where)


def _needs_a_touch(test: Term) -> bool | None:
    """Whether no lead without a touch in the window can pass; None where touches do not matter."""
    if test.field.origin is not Origin.TOUCHES:
        return None
    if test.field.column != "count":
        return test.op is not Op.IS_NULL
    told = test.value if isinstance(test.value, tuple) else (test.value,)
    return test.op in _COUNTS_FROM_ONE and all(
        each >= (0 if test.op is Op.GT else 1) for each in told
    )


def _every_test(condition: Condition) -> Iterator[Term]:
    """Every test in the order in which clauses number them: those on touches after the test that
    they belong to."""
    match condition:
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from _every_test(part)
        case Not(part):
            yield from _every_test(part)
        case Term():
            yield condition
            for picked in (condition.window.picked, condition.window.since):
                if isinstance(picked, Picked) and picked.where is not None:
                    yield from _every_test(picked.where)


def _window_values(window: Window, names: Names, now: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if window.picked.kinds:
        values[names.kinds] = list(window.picked.kinds)
    if window.days is not None:
        values[names.days] = counted_since(window, now)
    if isinstance(window.since, Picked):
        if window.since.kinds:
            values[names.since_kinds] = list(window.since.kinds)
    elif window.since is not None:
        told = window.since
        values[names.since] = told.at(now) if isinstance(told, Relative) else told
    return values


def _compared_values(
    test: Term, names: Names, now: datetime, model: ScoringModel | None
) -> dict[str, Any]:
    wanted = compared(test, now)
    if test.field.type is ValueType.LEVEL:
        told = wanted if isinstance(wanted, tuple) else (wanted,)
        keys = tuple(level_key(each, model, now) for each in told)
        wanted = keys if isinstance(wanted, tuple) else keys[0]
    if test.field.type is ValueType.NUMBER:
        # By its shortest spelling, which is how JSON stores it.
        wanted = _decimals(wanted)
    if test.op in (Op.BETWEEN, Op.WITHIN_DAYS):
        low, high = wanted
        return {names.low: low, names.high: high}
    if test.op in LISTED and test.field.type not in (ValueType.LIST, ValueType.SET):
        wanted = LISTED[test.op](wanted)
    return {names.value: list(wanted) if isinstance(wanted, tuple) else wanted}


def _decimals(wanted: Any) -> Any:
    if isinstance(wanted, tuple):
        return tuple(map(_decimals, wanted))
    return Decimal(repr(wanted))
