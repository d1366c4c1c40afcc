"""From the JSON of a condition to its tree; what cannot be understood is named by its place."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from app.domain.condition_reading import (
    DAYS_LIMIT,
    LIST_LIMIT,
    MISSING,
    TEXT_LIMIT,
    Wrong,
    read_days,
    read_instant,
    read_kind,
    read_value,
    type_of,
)
from app.domain.condition_times import COUNTED, Relative
from app.domain.condition_types import WITHOUT_VALUE
from app.domain.conditions import (
    OPERATORS,
    All,
    AnyOf,
    Condition,
    Field,
    Not,
    Op,
    Origin,
    Picked,
    Term,
    ValueType,
    Window,
)
from app.domain.errors import FieldError, Invalid
from app.domain.record.fields import touchpoint_fields

__all__ = ["DAYS_LIMIT", "DEPTH_LIMIT", "LIST_LIMIT", "TEXT_LIMIT", "parse_condition"]

DEPTH_LIMIT = 8
TESTS_LIMIT = 100
KINDS_LIMIT = 100
FAULTS_LIMIT = 100
_GROUPS = ("all", "any", "not")
_OF_A_TEST = ("field", "op", "value")
_OF_A_PICK = ("kind", "kinds", "where")
_OF_A_WINDOW = (*_OF_A_PICK, "days", "since")

_Fields = Mapping[str, Field]


class _Enough(Exception):
    """As many faults were found as are told."""


def parse_condition(
    raw: Any, fields: _Fields, at: str = "", *, timeless: bool = False
) -> Condition:
    """The tree of a condition over these fields; Invalid names every fault, up to a hundred, by its
    JSON pointer, which begins with `at`. A `timeless` one must not depend on when it is asked."""
    parser = _Parser(timeless=timeless)
    condition = None
    with suppress(_Enough):
        condition = parser.node(raw, fields, at, 1)
    if parser.problems or condition is None:
        raise Invalid("the condition cannot be understood", errors=parser.problems)
    return condition


class _Parser:
    def __init__(self, *, timeless: bool) -> None:
        self.timeless = timeless
        self.problems: list[FieldError] = []
        self.tests = 0

    def node(self, raw: Any, fields: _Fields, at: str, depth: int) -> Condition | None:
        """The tree from here on; None, and a problem more, when it cannot be understood."""
        try:
            return self._node(raw, fields, at, depth)
        except Wrong as wrong:
            self._note(wrong.at, wrong)
            return None

    def _node(self, raw: Any, fields: _Fields, at: str, depth: int) -> Condition | None:
        if not isinstance(raw, dict):
            raise Wrong("must be an object with all, any, not or field", at)
        if depth > DEPTH_LIMIT:
            raise Wrong(f"nested deeper than {DEPTH_LIMIT} levels", at)
        group = next((name for name in _GROUPS if name in raw), None)
        if group is None:
            return self._test(raw, fields, at, depth)
        for name in raw:
            if name != group:
                self._note(_under(at, name), Wrong(f"cannot stand beside {group}"))
        inner, at = raw[group], _under(at, group)
        if group == "not":
            part = self.node(inner, fields, at, depth + 1)
            return None if part is None else Not(part)
        if not isinstance(inner, list) or not inner:
            raise Wrong("must be a list of one or more conditions", at)
        parts = [
            self.node(each, fields, _under(at, place), depth + 1)
            for place, each in enumerate(inner)
        ]
        sound = tuple(part for part in parts if part is not None)
        return All(sound) if group == "all" else AnyOf(sound)

    def _test(self, raw: Mapping[str, Any], fields: _Fields, at: str, depth: int) -> Term | None:
        self.tests += 1
        if self.tests > TESTS_LIMIT:
            if self.tests > TESTS_LIMIT + 1:
                return None  # said once
            raise Wrong(f"more than {TESTS_LIMIT} tests", at)
        field = _field(raw, fields, at)
        windowed = field.origin is Origin.TOUCHES
        self._only(raw, (*_OF_A_TEST, *_OF_A_WINDOW) if windowed else _OF_A_TEST, at)
        op = _op(raw, field, at)
        if field.type is ValueType.ANY and op not in WITHOUT_VALUE:
            field = replace(field, type=type_of(raw.get("value")))
            op = _op(raw, field, at)
        if op is Op.WITHIN_DAYS and self.timeless:
            raise _depends(_under(at, "op"))

        def value(given: Any) -> Any:
            found = read_value(field, op, given)
            self._check_time(found)
            return found

        found = self._read(raw, "value", value, at)
        return Term(field, op, found, self._window(raw, at, depth) if windowed else Window())

    def _window(self, raw: Mapping[str, Any], at: str, depth: int) -> Window:
        picked = self._picked(raw, at, depth)
        days = since = None
        if "days" in raw:
            days = self._read(raw, "days", self._days, at)
        if "since" in raw:
            since = self._since(raw["since"], _under(at, "since"), depth)
        return Window(picked, days, since)

    def _picked(self, raw: Mapping[str, Any], at: str, depth: int) -> Picked:
        kinds: tuple[str, ...] = ()
        if "kind" in raw and "kinds" in raw:
            self._note(_under(at, "kinds"), Wrong("cannot stand beside kind"))
        elif "kind" in raw:
            kind = self._read(raw, "kind", read_kind, at)
            kinds = () if kind is None else (kind,)
        elif "kinds" in raw:
            kinds = self._read(raw, "kinds", _kinds, at) or ()
        where = None
        if "where" in raw:
            where = self.node(raw["where"], touchpoint_fields(), _under(at, "where"), depth + 1)
        return Picked(kinds, where)

    def _since(self, raw: Any, at: str, depth: int) -> Any:
        """An instant, or which touches are meant."""
        if isinstance(raw, dict) and not COUNTED.keys() & raw.keys():
            self._only(raw, _OF_A_PICK, at)
            if not raw:
                self._note(at, Wrong(f"needs one of: {', '.join(_OF_A_PICK)}", code="missing"))
            return self._picked(raw, at, depth)
        try:
            found = read_instant(raw)
            self._check_time(found)
        except Wrong as wrong:
            self._note(at, wrong)
            return None
        return found

    def _days(self, given: Any) -> int:
        if self.timeless:
            raise _depends()
        return read_days(given)

    def _check_time(self, value: Any) -> None:
        told = value if isinstance(value, tuple) else (value,)
        if self.timeless and any(isinstance(each, Relative) for each in told):
            raise _depends()

    def _read(self, raw: Mapping[str, Any], name: str, read: Callable[[Any], Any], at: str) -> Any:
        """What a member says; None, and a problem more, when it is not taken."""
        try:
            return read(raw.get(name, MISSING))
        except Wrong as wrong:
            self._note(_under(at, name) if name in raw else at, wrong)
            return None

    def _only(self, raw: Mapping[str, Any], known: tuple[str, ...], at: str) -> None:
        for name in raw:
            if name not in known:
                unknown = Wrong("there is no such member here", code="unknown_field")
                self._note(_under(at, name), unknown)

    def _note(self, at: str, wrong: Wrong) -> None:
        self.problems.append(FieldError(pointer=at or "/", detail=wrong.detail, code=wrong.code))
        if len(self.problems) == FAULTS_LIMIT:
            raise _Enough


def _depends(at: str = "") -> Wrong:
    return Wrong("must not depend on the present time here", at)


def _field(raw: Mapping[str, Any], fields: _Fields, at: str) -> Field:
    name = raw.get("field", MISSING)
    if name is MISSING:
        raise Wrong("needs one of: all, any, not, field", at, "missing")
    if not isinstance(name, str) or name not in fields:
        raise Wrong("there is no such field", _under(at, "field"), "unknown_field")
    return fields[name]


def _op(raw: Mapping[str, Any], field: Field, at: str) -> Op:
    allowed = sorted(OPERATORS[field.type])
    given = raw.get("op", MISSING)
    if given is MISSING:
        raise Wrong(f"needs an op, one of: {', '.join(allowed)}", at, "missing")
    if not isinstance(given, str) or given not in allowed:
        detail = f"a field of type {field.type} is tested by one of: {', '.join(allowed)}"
        raise Wrong(detail, _under(at, "op"))
    return Op(given)


def _kinds(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list) or not 1 <= len(given) <= KINDS_LIMIT:
        raise Wrong(f"must be a list of 1 to {KINDS_LIMIT} kinds of touchpoint")
    return tuple(read_kind(each) for each in given)


def _under(at: str, step: str | int) -> str:
    return f"{at}/{str(step).replace('~', '~0').replace('/', '~1')}"
