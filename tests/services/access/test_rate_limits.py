"""Two limits each on a key and an address, in bounded memory."""

from functools import cache
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from app.domain.access.rate_limits import SECOND, Limit, Verdict
from app.platform.config import Settings
from app.services.access.rate_limits import Limits, RateLimits, rate_limits

NOW = 1_000_000 * SECOND


limit = cache(Limit)


def limits(
    key: tuple[int, int] = (50, 100), address: tuple[int, int] = (5, 10), capacity: int = 1_000
) -> RateLimits:
    return RateLimits(
        per_key=Limits(limit("key", key[0]), limit("key", key[1])),
        per_address=Limits(limit("address", address[0]), limit("address", address[1])),
        capacity=capacity,
    )


def test_an_address_is_marked_and_then_refused() -> None:
    found = limits()
    seen = [found.check("k", "192.0.2.1", NOW) for _ in range(11)]
    assert [v.allowed for v in seen] == [True] * 10 + [False]
    assert [v.soft for v in seen[:10]] == [False] * 5 + [True] * 5
    assert [v.remaining for v in seen] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0]
    refused = seen[-1]
    assert refused.limit is not None
    assert refused.limit.name == "address"
    assert refused.retry_after == 6 * SECOND
    assert refused.reset == 60 * SECOND
    assert found.check("k", "192.0.2.1", NOW + refused.retry_after).allowed


def test_a_key_is_refused_from_whatever_address() -> None:
    found = limits()
    seen = [found.check("k", f"192.0.2.{i}", NOW) for i in range(101)]
    assert [v.allowed for v in seen] == [True] * 100 + [False]
    assert not any(v.soft for v in seen[:50])
    assert all(v.soft for v in seen[50:100])
    assert seen[-1].limit is not None
    assert seen[-1].limit.name == "key"
    assert found.check("another", "192.0.2.200", NOW).allowed


def test_the_limit_nearer_to_its_end_is_told() -> None:
    found = limits(key=(50, 8))
    assert found.check("k", "192.0.2.1", NOW).remaining == 7
    assert found.check("k2", "192.0.2.1", NOW).remaining == 7
    told = found.check("k3", "192.0.2.1", NOW)
    assert told.limit is not None
    assert (told.limit.name, told.remaining) == ("key", 7)
    assert found.check("k3", "192.0.2.1", NOW).remaining == 6
    told = found.check("k4", "192.0.2.1", NOW)
    assert told.limit is not None
    assert (told.limit.name, told.remaining) == ("address", 5)


def test_what_the_address_may_not_costs_the_key_nothing() -> None:
    found = limits(key=(50, 20))
    for _ in range(500):
        found.check("k", "192.0.2.1", NOW)
    passed = [found.check("k", f"192.0.2.{i}", NOW).allowed for i in range(2, 20)]
    assert passed == [True] * 10 + [False] * 8


def test_a_flood_of_one_key_leaves_the_others_alone() -> None:
    found = limits()
    for i in range(1_000):
        found.check("flooded", f"192.0.2.{i % 250}", NOW)
    assert found.check("calm", "198.51.100.1", NOW) == limits().check("calm", "198.51.100.1", NOW)


def test_the_second_refusal_is_no_later_than_the_first() -> None:
    found = limits()
    for _ in range(10):
        found.check(None, "192.0.2.1", NOW)
    first = found.check(None, "192.0.2.1", NOW).retry_after
    for _ in range(100):
        assert found.check(None, "192.0.2.1", NOW).retry_after == first


def test_neighbours_of_one_ipv6_site_share_a_bucket() -> None:
    found = limits()
    seen = [found.check(None, f"2001:db8:0:1::{i:x}", NOW).allowed for i in range(11)]
    assert seen == [True] * 10 + [False]
    assert found.check(None, "2001:db8:0:2::1", NOW).allowed


def test_memory_is_bounded_and_what_is_stale_is_forgotten() -> None:
    found = limits(capacity=1_000)
    for i in range(20_000):
        found.check(None, f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}", NOW + i * SECOND // 1_000)
        assert len(found) <= 1_000
    for i in range(3):
        found.check(None, f"192.0.2.{i}", NOW + 200 * (i + 1) * SECOND)
    assert len(found) == 2


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30 * SECOND)), max_size=200))
def test_forgetting_never_changes_a_verdict(requests: list[tuple[int, int]]) -> None:
    forgetful, now = limits(), NOW
    alone = [limits() for _ in range(4)]
    for who, pause in requests:
        now += pause
        address = f"192.0.2.{who}"
        assert forgetful.check(None, address, now) == alone[who].check(None, address, now)


def test_nothing_to_count_passes() -> None:
    assert limits().check(None, None, NOW) == Verdict()
    unlimited = RateLimits(per_key=Limits(), per_address=Limits())
    assert all(unlimited.check("k", "192.0.2.1", NOW) == Verdict() for _ in range(1_000))


def test_the_settings_make_the_limits() -> None:
    found = rate_limits(Settings(intake_rate_per_address=3, intake_rate_per_address_soft=0))
    seen = [found.check(uuid4(), "192.0.2.1", NOW) for _ in range(4)]
    assert [(v.allowed, v.soft) for v in seen] == [(True, False)] * 3 + [(False, False)]
    told = rate_limits(Settings()).check(uuid4(), None, NOW)
    assert told.limit is not None
    assert (told.limit.quota, told.remaining) == (12_000, 11_999)
