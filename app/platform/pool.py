"""A pool of asyncpg connections that hands the one used last to the next who asks.

asyncpg's own pool shields, times and wraps every hand-over, which takes as long as a statement
does (60 to 75 microseconds, measured; 1 here), and every request pays for one.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic

import asyncpg

IDLE_SECONDS = 300.0


class ConnectionPool:
    """At most `size` connections, made when needed and kept while they work and are used."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[asyncpg.Connection]],
        size: int,
        elapsed: Callable[[], float] = monotonic,
    ) -> None:
        self._connect = connect
        self._room = size
        self._elapsed = elapsed
        # With the time each came back; the one idle longest is first.
        self._idle: deque[tuple[asyncpg.Connection, float]] = deque()
        self._busy: set[asyncpg.Connection] = set()
        # None stands for the right to make a new connection.
        self._waiting: deque[asyncio.Future[asyncpg.Connection | None]] = deque()

    async def acquire(self, patience: float) -> asyncpg.Connection:
        """A connection for the caller alone; TimeoutError after `patience` seconds."""
        connection = await self._free_one(patience)
        self._busy.add(connection)
        return connection

    def release(self, connection: asyncpg.Connection) -> None:
        """Take a connection back; one that is not fit for the next caller is dropped."""
        self._busy.discard(connection)
        fit = False
        try:
            if not connection.is_closed() and connection.is_in_transaction():
                connection.terminate()
            fit = not connection.is_closed()
        finally:
            self._hand_on(connection if fit else None)
        while self._idle and self._is_stale(self._idle[0][1]):
            self._drop(self._idle.popleft()[0])

    async def close(self) -> None:
        """Close what is idle, and cut off what is still busy."""
        for connection in self._busy:
            connection.terminate()
        idle = [connection for connection, _ in self._idle]
        self._idle.clear()
        await asyncio.gather(*map(_close, idle))

    async def _free_one(self, patience: float) -> asyncpg.Connection:
        while self._idle:
            connection, since = self._idle.pop()
            if not connection.is_closed() and not self._is_stale(since):
                return connection
            self._drop(connection)
        if self._room:
            self._room -= 1
            return await self._made()
        turn: asyncio.Future[asyncpg.Connection | None]
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(patience):
                given = await turn
        except BaseException:
            # Given in the very moment of giving up: the next in line shall have it.
            if turn.done() and not turn.cancelled():
                self._hand_on(turn.result())
            raise
        # It may have been lost since it was handed over.
        return await self._made() if given is None or given.is_closed() else given

    async def _made(self) -> asyncpg.Connection:
        try:
            return await self._connect()
        except BaseException:
            self._hand_on(None)
            raise

    def _hand_on(self, connection: asyncpg.Connection | None) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(connection)
                return
        if connection is None:
            self._room += 1
        else:
            self._idle.append((connection, self._elapsed()))

    def _is_stale(self, since: float) -> bool:
        return self._elapsed() - since > IDLE_SECONDS

    def _drop(self, connection: asyncpg.Connection) -> None:
        self._room += 1
        connection.terminate()


async def _close(connection: asyncpg.Connection) -> None:
    try:
        await connection.close(timeout=2)
    except Exception:
        # The server is gone or does not answer: nothing is left to be said to it.
        connection.terminate()
