"""From the JSON of a condition to its tree; what cannot be understood is named by its place."""

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from app.domain.conditions import (
    DAY_TEXT,
    OPERATORS,
    All,
    AnyOf,
    Condition,
    Field,
    Not,
    Op,
    Term,
    ValueType,
)
from app.domain.errors import FieldError, Invalid

DEPTH_LIMIT = 8
TESTS_LIMIT = 100
LIST_LIMIT = 1_000
TEXT_LIMIT = 1_000
DAYS_LIMIT = 36_500
FAULTS_LIMIT = 100
_LARGEST_INTEGER = 2**53
_LARGEST_NUMBER = 1e15
_GROUPS = ("all", "any", "not")
_NO_VALUE = (Op.IS_NULL, Op.IS_NOT_NULL)
_MISSING = object()


class _Wrong(Exception):
    """Why something is not taken, and where it stands unless whoever asked knows that."""

    def __init__(self, detail: str, at: str = "", code: str = "invalid") -> None:
        super().__init__(detail)
        self.detail = detail
        self.at = at
        self.code = code


class _Enough(Exception):
    """As many faults were found as are told."""


def parse_condition(raw: Any, fields: Mapping[str, Field], at: str = "") -> Condition:
    """The tree of a condition over these fields; Invalid names every fault, up to a hundred, by its
    JSON pointer, which begins with `at`."""
    parser = _Parser(fields)
    condition = None
    with suppress(_Enough):
        condition = parser.node(raw, at, 1)
    if parser.problems or condition is None:
        raise Invalid("the condition cannot be understood", errors=parser.problems)
    return condition


class _Parser:
    def __init__(self, fields: Mapping[str, Field]) -> None:
        self.fields = fields
        self.problems: list[FieldError] = []
        self.tests = 0

    def node(self, raw: Any, at: str, depth: int) -> Condition | None:
        """The tree from here on; None, and a problem more, when it cannot be understood."""
        try:
            return self._node(raw, at, depth)
        except _Wrong as wrong:
            self._note(wrong.at, wrong)
            return None

    def _node(self, raw: Any, at: str, depth: int) -> Condition | None:
        if not isinstance(raw, dict):
            raise _Wrong("must be an object with all, any, not or field", at)
        if depth > DEPTH_LIMIT:
            raise _Wrong(f"nested deeper than {DEPTH_LIMIT} levels", at)
        group = next((name for name in _GROUPS if name in raw), None)
        if group is None:
            return self._test(raw, at)
        for name in raw:
            if name != group:
                self._note(_under(at, name), _Wrong(f"cannot stand beside {group}"))
        inner, at = raw[group], _under(at, group)
        if group == "not":
            part = self.node(inner, at, depth + 1)
            return None if part is None else Not(part)
        if not isinstance(inner, list) or not inner:
            raise _Wrong("must be a list of one or more conditions", at)
        parts = [self.node(each, _under(at, place), depth + 1) for place, each in enumerate(inner)]
        sound = tuple(part for part in parts if part is not None)
        return All(sound) if group == "all" else AnyOf(sound)

    def _test(self, raw: Mapping[str, Any], at: str) -> Term | None:
        self.tests += 1
        if self.tests > TESTS_LIMIT:
            if self.tests > TESTS_LIMIT + 1:
                return None  # said once
            raise _Wrong(f"more than {TESTS_LIMIT} tests", at)
        field = self._field(raw, at)
        known = {"field", "op", "value"} | ({"kind", "days"} if field.counts_touches else set())
        for name in raw:
            if name not in known:
                unknown = _Wrong("there is no such member here", code="unknown_field")
                self._note(_under(at, name), unknown)
        op = _op(raw, field, at)
        readers: dict[str, Callable[[Any], Any]] = {
            "value": lambda given: _value(field, op, given),
            "kind": _kind,
            "days": _days,
        }
        told: dict[str, Any] = {}
        for name, read in readers.items():
            if name in raw or name == "value":
                try:
                    told[name] = read(raw.get(name, _MISSING))
                except _Wrong as wrong:
                    self._note(_under(at, name) if name in raw else at, wrong)
        return Term(field, op, **told)

    def _field(self, raw: Mapping[str, Any], at: str) -> Field:
        name = raw.get("field", _MISSING)
        if name is _MISSING:
            raise _Wrong("needs one of: all, any, not, field", at, "missing")
        if not isinstance(name, str) or name not in self.fields:
            raise _Wrong("there is no such field", _under(at, "field"), "unknown_field")
        return self.fields[name]

    def _note(self, at: str, wrong: _Wrong) -> None:
        self.problems.append(FieldError(pointer=at or "/", detail=wrong.detail, code=wrong.code))
        if len(self.problems) == FAULTS_LIMIT:
            raise _Enough


def _op(raw: Mapping[str, Any], field: Field, at: str) -> Op:
    allowed = sorted(OPERATORS[field.type])
    given = raw.get("op", _MISSING)
    if given is _MISSING:
        raise _Wrong(f"needs an op, one of: {', '.join(allowed)}", at, "missing")
    if not isinstance(given, str) or given not in allowed:
        detail = f"a field of type {field.type} is tested by one of: {', '.join(allowed)}"
        raise _Wrong(detail, _under(at, "op"))
    return Op(given)


def _under(at: str, step: str | int) -> str:
    return f"{at}/{str(step).replace('~', '~0').replace('/', '~1')}"


def _value(field: Field, op: Op, given: Any) -> Any:
    if op in _NO_VALUE:
        if given is not _MISSING:
            raise _Wrong(f"{op} takes no value")
        return None
    if given is _MISSING:
        raise _Wrong(f"{op} needs a value")
    if op is Op.WITHIN_DAYS:
        return _whole(given, DAYS_LIMIT, "a whole number of days, negative for the days to come")
    read = _READERS[field.type]
    if op in (Op.IN, Op.NOT_IN):
        if not isinstance(given, list) or not 1 <= len(given) <= LIST_LIMIT:
            raise _Wrong(f"must be a list of 1 to {LIST_LIMIT:,} values")
        return tuple(read(field, each) for each in given)
    if op is Op.BETWEEN:
        if not isinstance(given, list) or len(given) != 2:
            raise _Wrong("must be a list of two values, the lower one first")
        low, high = (read(field, each) for each in given)
        if high < low:
            raise _Wrong("the lower value comes first")
        return (low, high)
    value = read(field, given)
    if op in (Op.CONTAINS, Op.STARTS_WITH) and value == "":
        raise _Wrong("must not be empty")
    return value


def _kind(given: Any) -> str:
    if not isinstance(given, str) or not 1 <= len(given) <= 50:
        raise _Wrong("must be a kind of touchpoint, such as call")
    return given


def _days(given: Any) -> int:
    days = _whole(given, DAYS_LIMIT, "a whole number of days, 1 or more")
    if days < 1:
        raise _Wrong("must be a whole number of days, 1 or more")
    return days


def _whole(given: Any, limit: int, what: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or abs(given) > limit:
        raise _Wrong(f"must be {what}")
    return given


def _text(_: Field, given: Any) -> str:
    if not isinstance(given, str):
        raise _Wrong("must be text")
    if len(given) > TEXT_LIMIT:
        raise _Wrong(f"must have at most {TEXT_LIMIT:,} characters")
    return given


def _choice(field: Field, given: Any) -> str:
    if given not in field.choices:
        raise _Wrong(f"must be one of: {', '.join(field.choices)}")
    return str(given)


def _integer(_: Field, given: Any) -> int:
    return _whole(given, _LARGEST_INTEGER, "a whole number")


def _number(_: Field, given: Any) -> int | float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise _Wrong("must be a number")
    if abs(given) >= _LARGEST_NUMBER:
        raise _Wrong("must be a number below 10^15")
    return given


def _boolean(_: Field, given: Any) -> bool:
    if not isinstance(given, bool):
        raise _Wrong("must be true or false")
    return given


def _instant(_: Field, given: Any) -> datetime:
    try:
        instant = datetime.fromisoformat(given)
        if instant.tzinfo is None or "T" not in given:
            raise ValueError
        instant = instant.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise _Wrong("must be an instant with its time zone: 2026-03-02T09:30:00Z") from None
    if not 1900 <= instant.year < 2200:
        raise _Wrong("must lie between the years 1900 and 2200")
    return instant


def _day(_: Field, given: Any) -> date:
    try:
        if not DAY_TEXT.fullmatch(given):
            raise ValueError
        day = date.fromisoformat(given)
    except (TypeError, ValueError):
        raise _Wrong("must be a date such as 2026-05-31") from None
    if not 1900 <= day.year < 2200:
        raise _Wrong("must lie between the years 1900 and 2200")
    return day


def _id(_: Field, given: Any) -> UUID:
    try:
        return UUID(given)
    except (TypeError, ValueError, AttributeError):
        raise _Wrong("must be an id") from None


_READERS: dict[ValueType, Callable[[Field, Any], Any]] = {
    ValueType.TEXT: _text,
    ValueType.CODE: _text,
    ValueType.CHOICE: _choice,
    ValueType.INTEGER: _integer,
    ValueType.NUMBER: _number,
    ValueType.BOOLEAN: _boolean,
    ValueType.INSTANT: _instant,
    ValueType.DAY: _day,
    ValueType.ID: _id,
    ValueType.LIST: _text,
}
