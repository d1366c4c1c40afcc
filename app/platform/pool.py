"""A pool of asyncpg connections that hands the one used last to the next who asks.

asyncpg's own pool shields, times and wraps every hand-over, which takes as long as a statement
does (60 to 75 microseconds, measured; 1 here), and every request pays for one.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import asyncpg


class ConnectionPool:
    """At most `size` connections, made when they are needed and kept while they work."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]], size: int) -> None:
        self._connect = connect
        self._room = size
        self._idle: list[asyncpg.Connection] = []
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
        if not connection.is_closed() and connection.is_in_transaction():
            connection.terminate()
        self._hand_on(None if connection.is_closed() else connection)

    async def close(self) -> None:
        """Close what is idle, and cut off what is still busy."""
        for connection in self._busy:
            connection.terminate()
        while self._idle:
            await self._idle.pop().close(timeout=2)

    async def _free_one(self, patience: float) -> asyncpg.Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._room += 1
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
        return given or await self._made()

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
            self._idle.append(connection)
