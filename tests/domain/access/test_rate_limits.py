"""The cell rate algorithm, held against what it promises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.access.rate_limits import (
    SECOND,
    Limit,
    Verdict,
    network_of,
    room,
    spend,
    wait_for_room,
)

LIMITS = st.builds(
    Limit,
    st.just("a"),
    st.integers(1, 1_500),
    st.sampled_from([1, 60, 3_600]),
)
CLOCKS = st.integers(0, 2**62)


def let_through(times: list[int], limit: Limit) -> list[int]:
    """The requests that pass; those that do not leave no trace."""
    full_at, passed = 0, []
    for now in times:
        after = spend(full_at, now, limit)
        if after is not None:
            full_at = after
            passed.append(now)
    return passed


def emptied(limit: Limit, now: int, times: int) -> int:
    """A bucket from which so many have been taken."""
    full_at: int | None = 0
    for _ in range(times):
        assert full_at is not None
        full_at = spend(full_at, now, limit)
    assert full_at is not None
    return full_at


@given(LIMITS, CLOCKS)
def test_the_whole_quota_passes_at_once_and_no_more(limit: Limit, now: int) -> None:
    assert len(let_through([now] * (limit.quota + 5), limit)) == limit.quota


@given(LIMITS, st.lists(st.integers(0, 200 * SECOND), max_size=200))
def test_no_stretch_of_time_lets_more_through_than_its_share(
    limit: Limit, offsets: list[int]
) -> None:
    passed = let_through(sorted(offsets), limit)
    for i, first in enumerate(passed):
        for n, last in enumerate(passed[i:], start=1):
            assert n <= limit.quota + (last - first) // limit.interval


@given(LIMITS, CLOCKS, st.integers(0, 50))
def test_what_is_said_to_remain_is_what_then_passes(limit: Limit, now: int, used: int) -> None:
    full_at = emptied(limit, now, min(used, limit.quota))
    left = room(full_at, now, limit)
    for _ in range(left):
        after = spend(full_at, now, limit)
        assert after is not None
        full_at = after
    assert spend(full_at, now, limit) is None
    assert room(full_at, now, limit) == 0


@given(LIMITS, CLOCKS)
def test_who_waits_as_told_gets_in_and_not_before(limit: Limit, now: int) -> None:
    full_at = emptied(limit, now, limit.quota)
    wait = wait_for_room(full_at, now, limit)
    assert 0 < wait <= limit.window
    assert spend(full_at, now + wait - 1, limit) is None
    assert spend(full_at, now + wait, limit) is not None


@given(LIMITS, st.integers(SECOND, 2**62))
def test_a_clock_set_back_locks_nobody_out(limit: Limit, now: int) -> None:
    full_at = emptied(limit, now, limit.quota)
    assert spend(full_at, now - SECOND, limit) is not None


@pytest.mark.parametrize(("quota", "seconds"), [(0, 60), (-1, 60), (1, 0)])
def test_a_limit_that_lets_nothing_through_cannot_be_made(quota: int, seconds: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Limit("none", quota, seconds)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("not:an:address", "not:an:address", True),
    ],
)
def test_who_counts_as_one_sender(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same


def test_a_refusal_names_its_limit_and_whole_seconds() -> None:
    limit = Limit("address", 600)
    error = Verdict(allowed=False, limit=limit, retry_after=1).refusal()
    assert (error.policy, error.quota, error.window, error.retry_after) == ("address", 600, 60, 1)
    assert Verdict(allowed=False, limit=limit, retry_after=SECOND + 1).refusal().retry_after == 2
