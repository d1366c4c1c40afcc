"""When a connection has to forget its plans.

Postgres keeps the plan of a statement, and those of the checks behind foreign keys, until ANALYZE
has looked at a table again, which takes up to a minute. What was planned while a table was empty
reads all of it: measured over the first 30,000 leads of an import, storing took 1.7 times as long.
So a connection plans anew after a second, after two more, after four more, and then each minute.
"""

from collections.abc import Callable
from time import monotonic
from weakref import WeakKeyDictionary

import asyncpg

_FIRST_SECONDS, _LAST_SECONDS = 1.0, 64.0


class PlanAges:
    """Since when each connection has planned, and for how long its plans are good."""

    def __init__(self, elapsed: Callable[[], float] = monotonic) -> None:
        self._elapsed = elapsed
        self._void_until = 0.0
        self._since: WeakKeyDictionary[asyncpg.Connection, tuple[float, float]]
        self._since = WeakKeyDictionary()

    def void(self) -> None:
        """Every plan made up to now is old."""
        self._void_until = self._elapsed()

    def are_old(self, connection: asyncpg.Connection) -> bool:
        """Whether they are; from then on the connection counts as having planned anew."""
        now = self._elapsed()
        if connection not in self._since:
            self._since[connection] = (now, _FIRST_SECONDS)
            return False
        since, good_for = self._since[connection]
        if now - since < good_for and since >= self._void_until:
            return False
        self._since[connection] = (now, min(2 * good_for, _LAST_SECONDS))
        return True
