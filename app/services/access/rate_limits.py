"""How often a key and an address may knock, counted in this process's memory."""

from collections.abc import Hashable
from functools import lru_cache
from typing import NamedTuple

from app.domain.access.rate_limits import Limit, Verdict, network_of, room, spend, wait_for_room
from app.platform.config import Settings

CAPACITY = 100_000
PASSED = Verdict()

# Parsing an IPv6 address takes longer than all the rest of a check.
_network_of = lru_cache(maxsize=8_192)(network_of)


class Limits(NamedTuple):
    """Over `soft` a request passes and is marked, over `hard` it is refused; None is no limit."""

    soft: Limit | None = None
    hard: Limit | None = None


class RateLimits:
    """One for a process: n processes let n times as much through.

    A request that is refused costs nothing, so who keeps knocking is let in as soon as there is
    room. Nothing here waits, so no lock is needed.
    """

    def __init__(self, *, per_key: Limits, per_address: Limits, capacity: int = CAPACITY) -> None:
        self._keys = _Buckets(per_key, capacity)
        self._addresses = _Buckets(per_address, capacity)

    def check(self, key_id: Hashable | None, address: str | None, now: int) -> Verdict:
        """Count one request at `now`, in nanoseconds of a clock that is never set, and judge it.

        None for what is not to be counted: a server that passes on the requests of many people
        has one address.
        """
        if address is None:
            return PASSED if key_id is None else self._keys.take(key_id, now)
        sender = _network_of(address)
        by_address = self._addresses.take(sender, now)
        if key_id is None or not by_address.allowed:
            return by_address
        by_key = self._keys.take(key_id, now)
        if not by_key.allowed:
            self._addresses.give_back(sender, by_address)
            return by_key
        return _nearer(by_key, by_address)

    def __len__(self) -> int:
        """How many buckets are remembered."""
        return len(self._keys) + len(self._addresses)


def rate_limits(settings: Settings) -> RateLimits:
    """The limits of the intake, in requests a minute; 0 stands for none."""

    def limit(name: str, quota: int) -> Limit | None:
        return Limit(name, quota) if quota else None

    return RateLimits(
        per_key=Limits(
            limit("key", settings.intake_rate_per_key_soft),
            limit("key", settings.intake_rate_per_key),
        ),
        per_address=Limits(
            limit("address", settings.intake_rate_per_address_soft),
            limit("address", settings.intake_rate_per_address),
        ),
    )


def _nearer(one: Verdict, other: Verdict) -> Verdict:
    """The one whose limit is closer, marked if either is."""
    if one.limit is None or (other.limit is not None and other.remaining < one.remaining):
        one, other = other, one
    return one._replace(soft=True) if other.soft and not one.soft else one


class _Buckets:
    """When each sender's bucket will be full, for the soft and for the hard limit.

    In two generations: whom nobody has seen for a whole window has full buckets, and is dropped.
    When too many come within one window the younger half stays, and the others start anew.
    """

    def __init__(self, limits: Limits, capacity: int) -> None:
        self._soft, self._hard = limits
        self._window = max((limit.window for limit in limits if limit), default=0)
        self._generation = max(1, capacity // 2)
        self._next_generation = 0
        self._young: dict[Hashable, list[int]] = {}
        self._old: dict[Hashable, list[int]] = {}

    def take(self, sender: Hashable, now: int) -> Verdict:
        bucket = self._young.get(sender) or self._remember(sender, now)
        hard, soft = self._hard, self._soft
        if hard is not None:
            full_at = spend(bucket[1], now, hard)
            if full_at is None:
                wait = wait_for_room(bucket[1], now, hard)
                reset = bucket[1] - now
                return Verdict(allowed=False, limit=hard, retry_after=wait, reset=reset)
            bucket[1] = full_at
        marked = False
        if soft is not None:
            full_at = spend(bucket[0], now, soft)
            marked = full_at is None
            bucket[0] = full_at or bucket[0]
        if hard is None:
            return Verdict(soft=marked)
        left, reset = room(bucket[1], now, hard), bucket[1] - now
        return Verdict(soft=marked, limit=hard, remaining=left, reset=reset)

    def give_back(self, sender: Hashable, taken: Verdict) -> None:
        bucket = self._young[sender]
        if self._hard is not None:
            bucket[1] -= self._hard.interval
        if self._soft is not None and not taken.soft:
            bucket[0] -= self._soft.interval

    def _remember(self, sender: Hashable, now: int) -> list[int]:
        if now >= self._next_generation or len(self._young) >= self._generation:
            self._old, self._young = self._young, {}
            self._next_generation = now + self._window
        bucket = self._young[sender] = self._old.pop(sender, [0, 0])
        return bucket

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
