"""Connections are handed on, replaced and dropped; the limit is kept whatever happens."""

import asyncio
from typing import Any, cast

import pytest

from app.platform.pool import IDLE_SECONDS, ConnectionPool

pytestmark = pytest.mark.anyio


class Fake:
    """As much of a connection as the pool looks at."""

    def __init__(self, *, fails_to_close: bool = False) -> None:
        self.closed = False
        self.in_transaction = False
        self.fails_to_close = fails_to_close

    def is_closed(self) -> bool:
        return self.closed

    def is_in_transaction(self) -> bool:
        return self.in_transaction

    def terminate(self) -> None:
        self.closed = True

    async def close(self, **_: float) -> None:
        if self.fails_to_close:
            raise OSError("gone")
        self.closed = True


class Bench:
    """A pool of fakes with a clock that stands still."""

    def __init__(self, size: int) -> None:
        self.now = 0.0
        self.made: list[Fake] = []
        self.refuses = False
        self.pool = ConnectionPool(cast(Any, self._connect), size, lambda: self.now)

    async def _connect(self) -> Fake:
        if self.refuses:
            raise ConnectionRefusedError
        self.made.append(Fake())
        return self.made[-1]

    async def take(self) -> Fake:
        return cast(Fake, await self.pool.acquire(0.05))

    def give(self, connection: Fake) -> None:
        self.pool.release(cast(Any, connection))

    async def assert_room_for(self, count: int) -> None:
        """So many can be taken, and not one more."""
        taken = [await self.take() for _ in range(count)]
        with pytest.raises(TimeoutError):
            await self.take()
        for connection in taken:
            self.give(connection)


async def test_the_one_used_last_is_used_next() -> None:
    bench = Bench(2)
    first, second = await bench.take(), await bench.take()
    bench.give(first)
    bench.give(second)
    assert await bench.take() is second


async def test_the_limit_is_kept() -> None:
    bench = Bench(2)
    await bench.assert_room_for(2)
    await bench.assert_room_for(2)
    assert len(bench.made) == 2


async def test_the_next_in_line_gets_what_is_given_back() -> None:
    bench = Bench(1)
    held = await bench.take()
    first, second = (asyncio.create_task(bench.take()) for _ in range(2))
    await asyncio.sleep(0)
    bench.give(held)
    assert await first is held
    assert not second.done()
    bench.give(held)
    assert await second is held


async def test_who_gives_up_waiting_takes_nothing_along() -> None:
    bench = Bench(1)
    held = await bench.take()
    waiting = asyncio.create_task(bench.take())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    bench.give(held)
    await bench.assert_room_for(1)


async def test_who_gives_up_in_the_moment_of_being_served_hands_it_on() -> None:
    bench = Bench(1)
    held = await bench.take()
    hasty, patient = (asyncio.create_task(bench.take()) for _ in range(2))
    await asyncio.sleep(0)
    bench.give(held)
    hasty.cancel()
    assert await patient is held
    assert hasty.cancelled()


async def test_a_closed_connection_is_replaced() -> None:
    bench = Bench(1)
    held = await bench.take()
    bench.give(held)
    held.terminate()
    assert await bench.take() is bench.made[1]
    bench.give(bench.made[1])
    await bench.assert_room_for(1)


async def test_one_lost_in_the_moment_of_hand_over_is_replaced() -> None:
    bench = Bench(1)
    held = await bench.take()
    waiting = asyncio.create_task(bench.take())
    await asyncio.sleep(0)
    bench.give(held)
    held.terminate()
    assert not (await waiting).closed


async def test_one_given_back_amid_a_transaction_is_cut_off() -> None:
    bench = Bench(1)
    held = await bench.take()
    held.in_transaction = True
    bench.give(held)
    assert held.closed
    assert await bench.take() is not held


async def test_one_that_cannot_be_examined_is_not_kept_and_its_place_is_not_lost() -> None:
    bench = Bench(1)
    held = await bench.take()
    held.is_in_transaction = lambda: 1 / 0  # type: ignore[method-assign, assignment, return-value]
    with pytest.raises(ZeroDivisionError):
        bench.give(held)
    assert await bench.take() is not held


async def test_a_refused_connection_leaves_its_place_to_the_next() -> None:
    bench = Bench(1)
    bench.refuses = True
    with pytest.raises(ConnectionRefusedError):
        await bench.take()
    bench.refuses = False
    await bench.assert_room_for(1)


async def test_one_idle_for_long_is_dropped_when_it_comes_up() -> None:
    bench = Bench(1)
    held = await bench.take()
    bench.give(held)
    bench.now = IDLE_SECONDS + 1
    assert await bench.take() is not held
    assert held.closed


async def test_one_idle_for_long_is_dropped_when_another_is_given_back() -> None:
    bench = Bench(2)
    busy, idle = await bench.take(), await bench.take()
    bench.give(idle)
    bench.now = IDLE_SECONDS + 1
    bench.give(busy)
    assert (idle.closed, busy.closed) == (True, False)
    await bench.assert_room_for(2)


async def test_one_that_fails_to_close_leaves_no_other_open() -> None:
    bench = Bench(3)
    taken = [await bench.take() for _ in range(3)]
    for connection in taken:
        bench.give(connection)
    taken[2].fails_to_close = True
    await bench.pool.close()
    assert [connection.closed for connection in taken] == [True, True, True]
