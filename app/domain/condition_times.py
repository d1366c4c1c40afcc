"""Times that are told from now: so many days ago, the start of this month. All of it in UTC."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

_MONTHS = {"month": 1, "quarter": 3, "year": 12}


class Unit(StrEnum):
    """A stretch of time."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


# The furthest that anything may lie from now, a hundred years.
FURTHEST = {
    Unit.HOUR: 876_000,
    Unit.DAY: 36_500,
    Unit.WEEK: 5_200,
    Unit.MONTH: 1_200,
    Unit.QUARTER: 400,
    Unit.YEAR: 100,
}


@dataclass(frozen=True)
class Relative:
    """So many units before now, or after it when negative; with `start`, the beginning of the
    unit that holds that moment."""

    unit: Unit
    ago: int
    start: bool = False

    def at(self, now: datetime) -> datetime:
        """The instant that is meant."""
        moment = _shifted(now, self.unit, -self.ago)
        return _start_of(moment, self.unit) if self.start else moment


def _named() -> dict[str, Relative]:
    names = {
        "now": Relative(Unit.DAY, 0),
        "today": Relative(Unit.DAY, 0, start=True),
        "yesterday": Relative(Unit.DAY, 1, start=True),
        "tomorrow": Relative(Unit.DAY, -1, start=True),
    }
    for unit in (Unit.WEEK, Unit.MONTH, Unit.QUARTER, Unit.YEAR):
        for word, ago in (("last", 1), ("this", 0), ("next", -1)):
            names[f"{word}_{unit}"] = Relative(unit, ago, start=True)
    return names


# Each stands for its first instant: a week begins on Monday, a quarter in January, April, …
NAMED = _named()
# `{"days_ago": 7}`, `{"hours_ahead": 4}`
COUNTED = {
    f"{unit}s_{side}": (unit, sign) for unit in Unit for side, sign in (("ago", 1), ("ahead", -1))
}


def _shifted(moment: datetime, unit: Unit, count: int) -> datetime:
    if unit not in _MONTHS:
        hours = {Unit.HOUR: 1, Unit.DAY: 24, Unit.WEEK: 168}[unit]
        return moment + timedelta(hours=hours * count)
    months = moment.year * 12 + moment.month - 1 + _MONTHS[unit] * count
    year, month = divmod(months, 12)
    # A month before the 31st of March is the last of February.
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def _start_of(moment: datetime, unit: Unit) -> datetime:
    if unit is Unit.HOUR:
        return moment.replace(minute=0, second=0, microsecond=0)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit is Unit.WEEK:
        return day - timedelta(days=day.weekday())
    if unit in _MONTHS:
        months = _MONTHS[unit]
        return day.replace(month=(day.month - 1) // months * months + 1, day=1)
    return day
