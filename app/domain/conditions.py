"""Conditions: a small language that says which records are meant, and what it means.

A condition is a test of one field, or `all`, `any` or `not` of others. A test is either true or
false, never unknown: on a field without a value every test is false except `is_null` and
`is_empty`. So `ne` and `not_in` ask for another value, while `not` around a test takes the records
without one as well. `app/repositories/conditions.py` says the same in SQL.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from app.domain.condition_texts import folded, in_words, is_blank
from app.domain.condition_times import Relative
from app.domain.condition_types import DAY_TEXT, OPERATORS, Op, ValueType

__all__ = [
    "DAY_TEXT",
    "OPERATORS",
    "All",
    "AnyOf",
    "Condition",
    "Field",
    "Not",
    "Op",
    "Origin",
    "Picked",
    "Term",
    "ValueOf",
    "ValueType",
    "Window",
    "compared",
    "counted_since",
    "fitting",
    "holds",
    "terms_of",
]


class Origin(StrEnum):
    """Where the value of a field is to be found."""

    RECORD = "record"  # a column of the record itself
    TOUCHES = "touches"  # worked out from the lead's touches
    SCORE = "score"  # the lead's standing in the published scoring model
    PREDICTION = "prediction"
    SEGMENTS = "segments"


@dataclass(frozen=True)
class Field:
    """Something that can be tested: a column, what stands in a column of JSON under a `key` (or a
    path of them), or `column` of another origin."""

    name: str
    type: ValueType
    column: str
    key: str | tuple[str, ...] | None = None
    choices: tuple[str, ...] = ()
    origin: Origin = Origin.RECORD


@dataclass(frozen=True)
class Picked:
    """Touches of these kinds, of all when there are none, that meet a condition."""

    kinds: tuple[str, ...] = ()
    where: "Condition | None" = None


@dataclass(frozen=True)
class Window:
    """Which touches of a lead a test is about: those picked, of the last so many days, since an
    instant, or after the newest touch that `since` picks: none when there is no such touch."""

    picked: Picked = Picked()
    days: int | None = None
    since: "datetime | Relative | Picked | None" = None


_EVERY_TOUCH = Window()


@dataclass(frozen=True)
class Term:
    """One test. `value` is of the field's type, or a time told from now; a tuple of them where the
    operator takes several; a number of days for within_days; None where it needs none."""

    field: Field
    op: Op
    value: Any = None
    window: Window = _EVERY_TOUCH


@dataclass(frozen=True)
class All:
    """Every part holds."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: "Condition"


Condition = Term | All | AnyOf | Not

# What a record has for a test: the field's value, or what its window of touches comes to.
ValueOf = Callable[[Term], Any]


def terms_of(condition: Condition) -> Iterator[Term]:
    """Every test of a condition, in the order in which they are written, without those that its
    tests put to touches."""
    match condition:
        case Term():
            yield condition
        case Not(part):
            yield from terms_of(part)
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from terms_of(part)


def holds(condition: Condition, value_of: ValueOf, now: datetime) -> bool:
    """Whether the condition holds for the record whose values `value_of` gives."""
    match condition:
        case All(parts):
            return all(holds(part, value_of, now) for part in parts)
        case AnyOf(parts):
            return any(holds(part, value_of, now) for part in parts)
        case Not(part):
            return not holds(part, value_of, now)
        case _:
            return _passes(condition, fitting(condition.field, value_of(condition)), now)


def _passes(test: Term, value: Any, now: datetime) -> bool:
    if test.op is Op.IS_NULL:
        return value is None
    if test.op in (Op.IS_EMPTY, Op.IS_NOT_EMPTY):
        empty = value is None or (is_blank(value) if isinstance(value, str) else not value)
        return empty is (test.op is Op.IS_EMPTY)
    if value is None:
        return False
    if test.op is Op.IS_NOT_NULL:
        return True
    wanted = compared(test, now)
    if test.field.type is ValueType.TEXT:
        value = folded(value)
    if test.field.type in (ValueType.LIST, ValueType.SET):
        return _OF_LISTS[test.op](value, wanted)
    return _COMPARISONS[test.op](value, wanted)


_COMPARISONS: dict[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: lambda value, wanted: bool(value == wanted),
    Op.NE: lambda value, wanted: bool(value != wanted),
    Op.IN: lambda value, wanted: value in wanted,
    Op.NOT_IN: lambda value, wanted: value not in wanted,
    Op.LT: lambda value, wanted: bool(value < wanted),
    Op.LTE: lambda value, wanted: bool(value <= wanted),
    Op.GT: lambda value, wanted: bool(value > wanted),
    Op.GTE: lambda value, wanted: bool(value >= wanted),
    Op.BETWEEN: lambda value, wanted: bool(wanted[0] <= value <= wanted[1]),
    Op.WITHIN_DAYS: lambda value, wanted: bool(wanted[0] <= value <= wanted[1]),
    Op.CONTAINS: lambda value, wanted: wanted in value,
    Op.NOT_CONTAINS: lambda value, wanted: wanted not in value,
    Op.CONTAINS_ANY: lambda value, wanted: any(each in value for each in wanted),
    Op.STARTS_WITH: lambda value, wanted: value.startswith(wanted),
    Op.ENDS_WITH: lambda value, wanted: value.endswith(wanted),
    Op.HAS_WORD: lambda value, wanted: wanted in in_words(value),
    Op.HAS_ANY_WORD: lambda value, wanted: any(each in in_words(value) for each in wanted),
}
_OF_LISTS: dict[Op, Callable[[Any, Any], bool]] = {
    Op.CONTAINS: lambda value, wanted: wanted in value,
    Op.NOT_CONTAINS: lambda value, wanted: wanted not in value,
    Op.CONTAINS_ANY: lambda value, wanted: any(each in value for each in wanted),
    Op.IN: lambda value, wanted: any(each in value for each in wanted),
    Op.NOT_IN: lambda value, wanted: not any(each in value for each in wanted),
}


def fitting(field: Field, value: Any) -> Any:
    """The value, or None where it is of another type: a custom field may have been declared
    anew with another one since the value was stored."""
    if field.key is None or value is None or field.type is ValueType.ANY:
        return value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        ValueType.NUMBER: number,
        ValueType.BOOLEAN: isinstance(value, bool),
        ValueType.DAY: isinstance(value, str) and DAY_TEXT.fullmatch(value) is not None,
    }.get(field.type, isinstance(value, str))
    return value if fits else None


def compared(test: Term, now: datetime) -> Any:
    """What the value is compared with: folded, with relative times counted from `now`, and as
    text where a day is stored as text."""
    wanted = test.value
    if test.op is Op.WITHIN_DAYS:
        wanted = _stretch(test, now)
    if isinstance(wanted, tuple):
        return tuple(_compared(test, each, now) for each in wanted)
    return _compared(test, wanted, now)


def _compared(test: Term, wanted: Any, now: datetime) -> Any:
    if test.op in (Op.HAS_WORD, Op.HAS_ANY_WORD):
        return in_words(folded(wanted))
    if test.field.type is ValueType.TEXT:
        return folded(wanted)
    if isinstance(wanted, Relative):
        wanted = wanted.at(now)
        wanted = wanted.date() if test.field.type is ValueType.DAY else wanted
    if test.field.type is ValueType.DAY and test.field.key is not None:
        day: date = wanted
        return day.isoformat()
    return wanted


def counted_since(window: Window, now: datetime) -> datetime | None:
    """The instant from which touches are counted; None for all of them."""
    return None if window.days is None else now - timedelta(days=window.days)


def _stretch(test: Term, now: datetime) -> tuple[Any, Any]:
    here: Any = now.date() if test.field.type is ValueType.DAY else now
    there = here - timedelta(days=test.value)
    return (there, here) if test.value >= 0 else (here, there)
