"""Rate limits: how many requests fit into a window, counted without remembering any of them.

The generic cell rate algorithm: each request takes a slice of the window (`interval`), and all that
is kept of a bucket is the instant at which it will be full again. A bucket that is full again is
one that never was, so it can be forgotten.
"""

from ipaddress import AddressValueError, IPv6Address
from typing import NamedTuple

from app.domain.errors import TooMany

SITE_PREFIX = 64
SECOND = 1_000_000_000


class Limit:
    """`quota` requests in `seconds`, all at once if need be.

    Instants and spans are whole nanoseconds: floats would add up to one request too few or many.
    """

    __slots__ = ("interval", "name", "quota", "seconds", "window")

    def __init__(self, name: str, quota: int, seconds: int = 60) -> None:
        if quota < 1 or seconds < 1:
            raise ValueError("a limit allows at least one request in at least one second")
        self.name = name
        self.quota = quota
        self.seconds = seconds
        self.interval = max(1, seconds * SECOND // quota)
        self.window = self.interval * quota


class Verdict(NamedTuple):
    """Whether a request may pass, and what its sender may be told of the limit nearest to it.

    `soft`: it passes, and is more than is usual. `remaining` requests may follow at once; the next
    one fits in `retry_after` nanoseconds, the whole quota in `reset`. No limit, no figures.
    """

    allowed: bool = True
    soft: bool = False
    limit: Limit | None = None
    remaining: int = 0
    retry_after: int = 0
    reset: int = 0

    def refusal(self) -> TooMany:
        """The error for a request that may not pass."""
        wait = max(1, whole_seconds(self.retry_after))
        detail = f"too many requests; try again in {wait} s"
        if self.limit is None:
            return TooMany(detail, retry_after=wait)
        return TooMany(
            detail,
            retry_after=wait,
            policy=self.limit.name,
            quota=self.limit.quota,
            window=self.limit.seconds,
        )


def spend(full_at: int, now: int, limit: Limit) -> int | None:
    """When the bucket will be full again if one more request passes now; None if it may not."""
    ahead = full_at - now
    if ahead <= 0 or ahead > limit.window:
        # It is full. No bucket is ever further than a window from being so: the clock was set back,
        # and that must lock nobody out.
        return now + limit.interval
    return full_at + limit.interval if ahead + limit.interval <= limit.window else None


def room(full_at: int, now: int, limit: Limit) -> int:
    """How many further requests may pass at once."""
    return max(0, (limit.window - max(0, full_at - now)) // limit.interval)


def wait_for_room(full_at: int, now: int, limit: Limit) -> int:
    """How long until the next request passes."""
    return max(0, full_at + limit.interval - now - limit.window)


def whole_seconds(nanoseconds: int) -> int:
    """Rounded up: who waits so long does not come too early."""
    return -(-nanoseconds // SECOND)


def network_of(address: str) -> str:
    """What counts as one sender: an IPv4 address, or the /64 that an IPv6 customer gets."""
    if ":" not in address:
        return address
    try:
        whole = IPv6Address(address)
    except AddressValueError:
        return address
    if whole.ipv4_mapped is not None:
        return str(whole.ipv4_mapped)
    return whole.packed[: SITE_PREFIX // 8].hex()
