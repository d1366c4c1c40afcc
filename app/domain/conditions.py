"""Conditions: a small language that says which records are meant, and what it means.

A condition is a test of one field, or `all`, `any` or `not` of others. A test is either true or
false, never unknown: on a field without a value every test is false except `is_null`. So `ne` and
`not_in` ask for another value, while `not` around a test takes the records without one as well.
`app/repositories/conditions.py` says the same in SQL.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

DAY_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class ValueType(StrEnum):
    """What a field holds; it decides how values are compared."""

    TEXT = "text"  # in people's words: upper and lower case are the same
    CODE = "code"  # in a machine's words: every character counts
    CHOICE = "choice"  # one of a few
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    DAY = "day"
    ID = "id"
    LIST = "list"  # of texts
    OBJECT = "object"  # anything else; can be shown and not compared


class Op(StrEnum):
    """How a field is tested."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    NOT_IN = "not_in"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    BETWEEN = "between"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    IS_NULL = "is_null"
    IS_NOT_NULL = "is_not_null"
    WITHIN_DAYS = "within_days"


_EQUAL = frozenset({Op.EQ, Op.NE, Op.IN, Op.NOT_IN})
_ORDER = frozenset({Op.LT, Op.LTE, Op.GT, Op.GTE, Op.BETWEEN})
_WORDS = frozenset({Op.CONTAINS, Op.STARTS_WITH})
_NULLS = frozenset({Op.IS_NULL, Op.IS_NOT_NULL})

OPERATORS: dict[ValueType, frozenset[Op]] = {
    ValueType.TEXT: _EQUAL | _WORDS | _NULLS,
    ValueType.CODE: _EQUAL | _WORDS | _NULLS,
    ValueType.CHOICE: _EQUAL | _NULLS,
    ValueType.INTEGER: _EQUAL | _ORDER | _NULLS,
    ValueType.NUMBER: _EQUAL | _ORDER | _NULLS,
    ValueType.BOOLEAN: frozenset({Op.EQ, Op.NE}) | _NULLS,
    ValueType.INSTANT: _ORDER | _NULLS | {Op.WITHIN_DAYS},
    ValueType.DAY: _EQUAL | _ORDER | _NULLS | {Op.WITHIN_DAYS},
    ValueType.ID: _EQUAL | _NULLS,
    ValueType.LIST: _NULLS | {Op.CONTAINS},
    ValueType.OBJECT: _NULLS,
}


@dataclass(frozen=True)
class Field:
    """Something that can be tested: a column, a `key` in a column of JSON, or a count of touches,
    which a test may narrow to a kind and to the last so many days."""

    name: str
    type: ValueType
    column: str
    key: str | None = None
    choices: tuple[str, ...] = ()
    counts_touches: bool = False


@dataclass(frozen=True)
class Term:
    """One test. `value` is of the field's type; a tuple of them for in, not_in and between; a
    number of days for within_days; None where the operator needs none."""

    field: Field
    op: Op
    value: Any = None
    kind: str | None = None
    days: int | None = None


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

# What a record has for a test: the field's value, or how many touches the test counts.
ValueOf = Callable[[Term], Any]


def terms_of(condition: Condition) -> Iterator[Term]:
    """Every test of a condition, in the order in which they are written."""
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
    if value is None:
        return False
    if test.op is Op.IS_NOT_NULL:
        return True
    wanted = compared(test, now)
    if test.field.type is ValueType.TEXT:
        value = folded(value)
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
    Op.STARTS_WITH: lambda value, wanted: value.startswith(wanted),
}


def fitting(field: Field, value: Any) -> Any:
    """The value, or None where it is of another type: a custom field may have been declared
    anew with another one since the value was stored."""
    if field.key is None or value is None:
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
    if test.field.type is ValueType.TEXT:
        return tuple(map(folded, wanted)) if isinstance(wanted, tuple) else folded(wanted)
    if test.field.type is ValueType.DAY and test.field.key is not None:
        return tuple(map(_day_text, wanted)) if isinstance(wanted, tuple) else _day_text(wanted)
    return wanted


def counted_since(test: Term, now: datetime) -> datetime | None:
    """The instant from which touches are counted; None for all of them."""
    return None if test.days is None else now - timedelta(days=test.days)


def _stretch(test: Term, now: datetime) -> tuple[Any, Any]:
    here: Any = now.date() if test.field.type is ValueType.DAY else now
    there = here - timedelta(days=test.value)
    return (there, here) if test.value >= 0 else (here, there)


def _day_text(day: date) -> str:
    return day.isoformat()


def _simple_pairs() -> tuple[str, str]:
    """Capitals of Latin, Greek and Cyrillic beyond ASCII with the small letter of each, where
    both are one character: a table of our own, for databases differ in what they call a capital."""
    capitals, smalls = [], []
    for code in (*range(0xC0, 0x180), *range(0x370, 0x530), *range(0x1E00, 0x1F00)):
        letter = chr(code)
        small = letter.lower()
        if small != letter and len(small) == 1:
            capitals.append(letter)
            smalls.append(small)
    return "".join(capitals), "".join(smalls)


CAPITALS, SMALLS = _simple_pairs()
_ASCII = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_FOLDED = _ASCII | str.maketrans(CAPITALS, SMALLS)


def folded(text: str) -> str:
    """The text in small letters, the same on every machine and in every database."""
    return text.translate(_FOLDED)
