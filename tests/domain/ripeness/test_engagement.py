"""Engagement as one value: the same as the sum over all points, in whatever order they come."""

import math
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.ripeness.engagement import (
    NOTHING,
    Level,
    combined,
    decayed,
    key_at_least,
    order_key,
)

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

half_lives = st.sampled_from([1, 7, 30, 365, 3650])
instants = st.timedeltas(timedelta(days=-2000), timedelta(days=1)).map(lambda age: NOW + age)
points = st.integers(-1000, 1000).filter(bool)
entries = st.lists(st.builds(Level, points.map(float), instants), max_size=30)
later = st.timedeltas(timedelta(days=-30), timedelta(days=800)).map(lambda age: NOW + age)


def naive(levels: list[Level], now: datetime, half_life: int) -> float:
    """The sum as it is defined."""
    return sum(
        level.value * 2 ** (-(now - level.at) / timedelta(days=half_life))
        for level in levels
        if level.at is not None
    )


def near(one: float, other: float, levels: list[Level], now: datetime, half_life: int) -> bool:
    """Equal to 1e-9, or to that part of what was added up where that is more."""
    size = naive([Level(abs(each.value), each.at) for each in levels], now, half_life)
    return math.isclose(one, other, rel_tol=0, abs_tol=1e-9 * max(1.0, size))


@given(entries=entries, half_life=half_lives, now=later, data=st.data())
def test_combining_in_any_order_equals_the_naive_sum_at_any_time(
    entries: list[Level], half_life: int, now: datetime, data: st.DataObject
) -> None:
    kept = NOTHING
    for level in data.draw(st.permutations(entries)):
        kept = combined([kept, level], half_life)
    expected = naive(entries, now, half_life)
    assert near(decayed(kept, now, half_life), expected, entries, now, half_life)
    at_once = decayed(combined(entries, half_life), now, half_life)
    assert near(at_once, expected, entries, now, half_life)
    assert kept.at == max((level.at for level in entries if level.at), default=None)


@given(
    one=st.builds(Level, st.floats(-1e6, 1e6), instants),
    other=st.builds(Level, st.floats(-1e6, 1e6), instants),
    half_life=half_lives,
    now=later,
)
def test_the_key_orders_leads_as_their_engagement_at_any_time(
    one: Level, other: Level, half_life: int, now: datetime
) -> None:
    here, there = decayed(one, now, half_life), decayed(other, now, half_life)
    keys = order_key(one, half_life), order_key(other, half_life)
    if math.isclose(here, there, rel_tol=1e-9) or (here == 0 and there == 0):
        return  # closer than a key tells, or nothing is left of either
    assert (here < there) == (keys[0] < keys[1])
    assert all(abs(key) < 2**63 for key in keys)


def test_negative_engagement_comes_after_none_and_the_stronger_the_later() -> None:
    levels = [Level(value, NOW) for value in (50.0, 1e-30, 0.0, -1e-30, -50.0)]
    keys = [order_key(level, 30) for level in levels]
    assert keys == sorted(keys, reverse=True)
    assert len(set(keys)) == len(keys)
    assert order_key(NOTHING, 30) == keys[2] == 0


@given(
    level=st.builds(Level, st.floats(-1e6, 1e6), instants) | st.just(NOTHING),
    value=st.integers(-1000, 1000),
    half_life=half_lives,
    now=later,
)
def test_a_key_finds_the_leads_of_at_least_so_much_engagement(
    level: Level, value: int, half_life: int, now: datetime
) -> None:
    has = decayed(level, now, half_life)
    if value != 0 and math.isclose(has, value, rel_tol=1e-9):
        return
    if value == 0 and level.value != 0 and has == 0:
        return  # so old that nothing is left
    key = key_at_least(value, now, half_life)
    assert (order_key(level, half_life) >= key) == (has >= value)


@given(half_life=half_lives)
def test_what_is_very_old_or_far_ahead_breaks_nothing(half_life: int) -> None:
    first, last = datetime(1900, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)
    for level in (Level(1000.0, first), Level(-1000.0, last)):
        for now in (first, NOW, last):
            assert math.isfinite(decayed(level, now, half_life))
        assert 0 < abs(order_key(level, half_life)) < 2**63
