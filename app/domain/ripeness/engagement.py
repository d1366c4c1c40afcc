"""Engagement: a sum of points, each halving every so many days.

All points of a model share one half-life, so the sum is kept as one value and the instant it is
worth that: a touch more is O(1), whatever the order of arrival. And what is ahead stays ahead as
time passes, so that one key, worked out at the last touch, orders leads by engagement at any time.
`app/repositories/ripeness/engagement_terms.py` says the same in SQL.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAY_SECONDS = 86_400.0
# Beyond so many halvings, or doublings, nothing is told apart: Postgres refuses what is too small
# for a double, and Python what is too large.
HALVINGS_LIMIT = 300.0

# A key is the binary logarithm of what the value would be worth in 1970, moved up until it is
# above zero for every instant from 1900 to 2200, in steps of 2^-34: doubles tell no finer ones
# apart.
KEY_OFFSET = 131_072.0
KEY_SCALE = 17_179_869_184.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Level:
    """So much engagement at that instant; `at` is None when nothing has counted yet."""

    value: float
    at: datetime | None


NOTHING = Level(0.0, None)


def faded(age: timedelta, half_life_days: float) -> float:
    """What is left of one point at this age; more than one before it was earned."""
    halvings = age.total_seconds() / (half_life_days * DAY_SECONDS)
    return math.exp2(min(HALVINGS_LIMIT, -halvings))


def decayed(level: Level, now: datetime, half_life_days: float) -> float:
    """What the level is worth at `now`.

    A touch that lies ahead of `now`, because clocks differ, is worth a trace more than its points
    until then; thereby the order of leads is the same at every instant.
    """
    if level.at is None:
        return 0.0
    return level.value * faded(now - level.at, half_life_days)


def combined(levels: Iterable[Level], half_life_days: float) -> Level:
    """All of them in one, as of the newest; NOTHING for none."""
    given = [(level.value, level.at) for level in levels if level.at is not None]
    if not given:
        return NOTHING
    newest = max(at for _, at in given)
    return Level(
        math.fsum(value * faded(newest - at, half_life_days) for value, at in given), newest
    )


def order_key(level: Level, half_life_days: float) -> int:
    """A whole number that orders leads by engagement, at any time; 0 for no engagement at all."""
    if level.at is None or level.value == 0.0:
        return 0
    since_epoch = (level.at - _EPOCH).total_seconds()
    height = math.log2(abs(level.value)) + since_epoch / (half_life_days * DAY_SECONDS)
    key = round((height + KEY_OFFSET) * KEY_SCALE)
    return key if level.value > 0 else -key


def key_at_least(value: float, now: datetime, half_life_days: float) -> int:
    """The smallest key of a lead whose engagement at `now` is at least this."""
    return order_key(Level(value, now), half_life_days)
