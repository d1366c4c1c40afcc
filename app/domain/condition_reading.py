"""The values of a condition: read as the type of what they are compared with."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from app.domain.condition_texts import in_words
from app.domain.condition_times import COUNTED, FURTHEST, NAMED, Relative, Unit
from app.domain.condition_types import (
    DAY_TEXT,
    WITH_SEVERAL,
    WITH_SOMETHING,
    WITHOUT_VALUE,
    Op,
    ValueType,
)
from app.domain.conditions import Field

LIST_LIMIT = 1_000
TEXT_LIMIT = 1_000
DAYS_LIMIT = 36_500
MISSING = object()
_LARGEST_INTEGER = 2**53
_LARGEST_NUMBER = 1e15


class Wrong(Exception):
    """Why something is not taken, and where it stands unless whoever asked knows that."""

    def __init__(self, detail: str, at: str = "", code: str = "invalid") -> None:
        super().__init__(detail)
        self.detail = detail
        self.at = at
        self.code = code


def read_value(field: Field, op: Op, given: Any) -> Any:
    """What the field is compared with; Wrong when the operator or the type takes no such thing."""
    if op in WITHOUT_VALUE:
        if given is not MISSING:
            raise Wrong(f"{op} takes no value")
        return None
    if given is MISSING:
        raise Wrong(f"{op} needs a value")
    if op is Op.WITHIN_DAYS:
        return whole(given, DAYS_LIMIT, "a whole number of days, negative for the days to come")
    if op in WITH_SEVERAL:
        if not isinstance(given, list) or not 1 <= len(given) <= LIST_LIMIT:
            raise Wrong(f"must be a list of 1 to {LIST_LIMIT:,} values")
        return tuple(_single(field, op, each) for each in given)
    if op is Op.BETWEEN:
        return _range(field, op, given)
    return _single(field, op, given)


def read_days(given: Any) -> int:
    """A number of days back from now."""
    days = whole(given, DAYS_LIMIT, "a whole number of days, 1 or more")
    if days < 1:
        raise Wrong("must be a whole number of days, 1 or more")
    return days


def read_kind(given: Any) -> str:
    """The kind of a touchpoint."""
    if not isinstance(given, str) or not 1 <= len(given) <= 50:
        raise Wrong("must be a kind of touchpoint, such as call")
    return given


def read_instant(given: Any) -> datetime | Relative:
    """An instant, or a time told from now."""
    found = _relative(given)
    return _absolute_instant(given) if found is None else found


def type_of(given: Any) -> ValueType:
    """As what a value of no declared type is compared: as what it is compared with."""
    first = given[0] if isinstance(given, list) and given else given
    if isinstance(first, bool):
        return ValueType.BOOLEAN
    return ValueType.NUMBER if isinstance(first, int | float) else ValueType.TEXT


def whole(given: Any, limit: int, what: str) -> int:
    """A whole number whose distance from zero is within the limit."""
    if isinstance(given, bool) or not isinstance(given, int) or abs(given) > limit:
        raise Wrong(f"must be {what}")
    return given


def _single(field: Field, op: Op, given: Any) -> Any:
    value = _READERS[field.type](field, given)
    if op in WITH_SOMETHING and value == "":
        raise Wrong("must not be empty")
    if op in (Op.HAS_WORD, Op.HAS_ANY_WORD) and in_words(value) == " ":
        raise Wrong("must have a letter or a digit")
    return value


def _range(field: Field, op: Op, given: Any) -> tuple[Any, Any]:
    if not isinstance(given, list) or len(given) != 2:
        raise Wrong("must be a list of two values, the lower one first")
    low, high = (_single(field, op, each) for each in given)
    # Of times told from now one cannot say it once and for all.
    told = isinstance(low, Relative) or isinstance(high, Relative)
    if not told and high < low:
        raise Wrong("the lower value comes first")
    return (low, high)


def _text(_: Field, given: Any) -> str:
    if not isinstance(given, str):
        raise Wrong("must be text")
    if len(given) > TEXT_LIMIT:
        raise Wrong(f"must have at most {TEXT_LIMIT:,} characters")
    return given


def _choice(field: Field, given: Any) -> str:
    if given not in field.choices:
        raise Wrong(f"must be one of: {', '.join(field.choices)}")
    return str(given)


def _integer(_: Field, given: Any) -> int:
    return whole(given, _LARGEST_INTEGER, "a whole number")


def _number(_: Field, given: Any) -> int | float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise Wrong("must be a number")
    if abs(given) >= _LARGEST_NUMBER:
        raise Wrong("must be a number below 10^15")
    return given


def _boolean(_: Field, given: Any) -> bool:
    if not isinstance(given, bool):
        raise Wrong("must be true or false")
    return given


def _instant(_: Field, given: Any) -> datetime | Relative:
    return read_instant(given)


def _absolute_instant(given: Any) -> datetime:
    try:
        instant = datetime.fromisoformat(given)
        if instant.tzinfo is None or "T" not in given:
            raise ValueError
        instant = instant.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise Wrong(
            "must be an instant with its time zone, such as 2026-03-02T09:30:00Z, or told from "
            'now, such as {"days_ago": 7} or "this_month"'
        ) from None
    if not 1900 <= instant.year < 2200:
        raise Wrong("must lie between the years 1900 and 2200")
    return instant


def _day(_: Field, given: Any) -> date | Relative:
    found = _relative(given)
    if found is not None:
        if found.unit is Unit.HOUR:
            raise Wrong("a day is not told in hours")
        return found
    try:
        if not DAY_TEXT.fullmatch(given):
            raise ValueError
        day = date.fromisoformat(given)
    except (TypeError, ValueError):
        raise Wrong(
            "must be a date such as 2026-05-31, or told from now, "
            'such as {"days_ago": 7} or "today"'
        ) from None
    if not 1900 <= day.year < 2200:
        raise Wrong("must lie between the years 1900 and 2200")
    return day


def _relative(given: Any) -> Relative | None:
    """The time told from now; None for what is none."""
    if isinstance(given, str):
        return NAMED.get(given)
    if not isinstance(given, dict):
        return None
    if len(given) != 1 or (name := str(next(iter(given)))) not in COUNTED:
        raise Wrong(f"must have one of: {', '.join(COUNTED)}")
    unit, sign = COUNTED[name]
    most = FURTHEST[unit]
    count = whole(given[name], most, f"a whole number of {unit}s from 0 to {most:,}")
    if count < 0:
        raise Wrong(f"must be a whole number of {unit}s from 0 to {most:,}")
    return Relative(unit, sign * count)


def _id(_: Field, given: Any) -> UUID:
    try:
        return UUID(given)
    except (TypeError, ValueError, AttributeError):
        raise Wrong("must be an id") from None


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
    ValueType.SET: _id,
    ValueType.LEVEL: _number,
}
