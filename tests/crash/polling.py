"""Waiting for what tells nobody that it has happened."""

import asyncio
import time
from collections.abc import Awaitable, Callable


async def until(
    holds: Callable[[], bool | Awaitable[bool]], seconds: float, every: float = 0.02
) -> float:
    """The seconds it took; TimeoutError when it does not come true in this time."""
    started = time.monotonic()
    while True:
        found = holds()
        if found if isinstance(found, bool) else await found:
            return time.monotonic() - started
        if time.monotonic() > started + seconds:
            raise TimeoutError(f"it did not come true in {seconds:g} s")
        await asyncio.sleep(every)
