"""The bad network, tried on plain connections to Postgres."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest

from tests.crash.proxy import Proxy, When
from tests.crash.stage import Stage

LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
Run = Callable[[asyncpg.Connection, Proxy], Awaitable[None]]


@asynccontextmanager
async def connected(stage: Stage) -> AsyncIterator[tuple[asyncpg.Connection, Proxy]]:
    proxy = Proxy(stage.postgres.port)
    async with proxy.running():
        connection = await asyncpg.connect(stage.postgres.app_url(proxy.port))
        try:
            yield connection, proxy
        finally:
            connection.terminate()


def run(stage: Stage, test: Run) -> None:
    async def running() -> None:
        async with connected(stage) as (connection, proxy):
            await test(connection, proxy)

    asyncio.run(running())


async def store(connection: asyncpg.Connection, insert: str, *, in_transaction: bool) -> None:
    if not in_transaction:
        await connection.execute(insert, 1)
        return
    async with connection.transaction():
        await connection.execute(insert, 1)


def test_it_passes_everything_on(stage: Stage) -> None:
    async def test(connection: asyncpg.Connection, _: Proxy) -> None:
        big = "x" * 1_000_000
        assert await connection.fetchval("SELECT $1::text", big) == big
        assert len(await connection.fetch("SELECT generate_series(1, 50000)")) == 50_000

    run(stage, test)


def test_a_delay_holds_up_both_directions(stage: Stage) -> None:
    async def test(connection: asyncpg.Connection, proxy: Proxy) -> None:
        proxy.delay(0.1)
        started = time.monotonic()
        await connection.execute("SELECT 1")
        assert time.monotonic() - started >= 0.2
        proxy.heal()
        started = time.monotonic()
        await connection.execute("SELECT 1")
        assert time.monotonic() - started < 0.2

    run(stage, test)


@pytest.mark.parametrize("direction", ["to_server", "to_client"])
def test_a_frozen_direction_goes_on_where_it_stopped(stage: Stage, direction: str) -> None:
    async def test(connection: asyncpg.Connection, proxy: Proxy) -> None:
        proxy.freeze(direction)
        answer = asyncio.create_task(connection.fetchval("SELECT 7"))
        await asyncio.sleep(0.2)
        assert not answer.done()
        proxy.heal()
        assert await answer == 7

    run(stage, test)


def test_a_black_hole_accepts_and_says_nothing(stage: Stage) -> None:
    async def test(connection: asyncpg.Connection, proxy: Proxy) -> None:
        proxy.black_hole()
        before = proxy.accepted
        with pytest.raises(TimeoutError):
            await asyncpg.connect(stage.postgres.app_url(proxy.port), timeout=0.3)
        assert proxy.accepted == before + 1
        proxy.reset_all()
        with pytest.raises(LOST):
            await connection.fetchval("SELECT 1")

    run(stage, test)


@pytest.mark.parametrize(
    ("when", "stored"), [(When.BEFORE, [0]), (When.AT_ONCE, [0, 1]), (When.AFTER_ANSWER, [1])]
)
@pytest.mark.parametrize("style", ["one statement", "transaction"])
def test_a_cut_leaves_the_client_in_doubt(
    stage: Stage, when: When, stored: list[int], style: str
) -> None:
    """Whether the statement was carried out, only the proxy knows."""
    table = f"cut_{when}_{style.replace(' ', '_')}"

    async def test(connection: asyncpg.Connection, proxy: Proxy) -> None:
        await stage.postgres.fetch(f"CREATE TABLE {table} (n INTEGER)")
        await stage.postgres.fetch(f"GRANT INSERT ON {table} TO touchline_app")
        insert = f"INSERT INTO {table} VALUES ($1)"
        cut = proxy.cut_at("^commit" if style == "transaction" else f"INTO {table}", when)
        with pytest.raises(LOST):
            await store(connection, insert, in_transaction=style == "transaction")
        assert (cut.done, cut.left) == (1, 0)
        await asyncio.sleep(0.1)  # a statement that was sent on is carried out by itself
        rows = await stage.postgres.fetch(f"SELECT count(*) AS n FROM {table}")
        assert rows[0]["n"] in stored
        again = await asyncpg.connect(stage.postgres.app_url(proxy.port))
        assert await again.execute(insert, 2)
        await again.close()
        await stage.postgres.fetch(f"DROP TABLE {table}")

    run(stage, test)


def test_a_half_closed_line_ends_for_the_client(stage: Stage) -> None:
    async def test(connection: asyncpg.Connection, proxy: Proxy) -> None:
        assert proxy.open == 1
        proxy.half_close()
        with pytest.raises(LOST):
            async with asyncio.timeout(5):
                await connection.fetchval("SELECT 1")

    run(stage, test)


def test_nobody_listens_behind_it(stage: Stage) -> None:
    async def refused() -> None:
        proxy = Proxy(1)
        async with proxy.running():
            with pytest.raises(LOST):
                await asyncpg.connect(stage.postgres.app_url(proxy.port), timeout=2)

    asyncio.run(refused())
