"""The Postgres of the crash suite really dies, really freezes, and keeps what it committed."""

import asyncio

import asyncpg
import pytest

from tests.crash.stage import Stage


def test_it_syncs_what_it_commits(stage: Stage) -> None:
    async def told() -> list[str]:
        names = ("fsync", "full_page_writes", "synchronous_commit")
        return [
            (await stage.postgres.fetch("SELECT current_setting($1) AS value", name))[0]["value"]
            for name in names
        ]

    assert asyncio.run(told()) == ["on", "on", "on"]


def test_killed_wholly_and_started_again_it_has_what_was_committed(stage: Stage) -> None:
    postgres = stage.postgres

    async def run() -> list[int]:
        await postgres.fetch("CREATE TABLE kept (n INTEGER)")
        owner = await asyncpg.connect(postgres.owner_url)
        await owner.execute("INSERT INTO kept VALUES (1)")
        await owner.execute("BEGIN")
        await owner.execute("INSERT INTO kept VALUES (2)")
        assert postgres.kill() > 5
        with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            await owner.fetchval("SELECT 1")
        with pytest.raises(ConnectionRefusedError):
            await asyncpg.connect(postgres.app_url(), timeout=2)
        await postgres.start()
        owner.terminate()
        rows = await postgres.fetch("SELECT n FROM kept")
        await postgres.fetch("DROP TABLE kept")
        return [row["n"] for row in rows]

    assert asyncio.run(run()) == [1]


def test_frozen_it_accepts_and_does_not_answer(stage: Stage) -> None:
    postgres = stage.postgres

    async def run() -> None:
        connection = await asyncpg.connect(postgres.app_url())
        postgres.freeze()
        try:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await connection.fetchval("SELECT 1")
        finally:
            postgres.thaw()
        connection.terminate()
        assert (await postgres.fetch("SELECT 1 AS one"))[0]["one"] == 1

    asyncio.run(run())


def test_the_service_comes_with_a_password(stage: Stage) -> None:
    async def run() -> None:
        url = stage.postgres.app_url()
        head, _, tail = url.partition("@")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(f"{head}x@{tail}")

    asyncio.run(run())
