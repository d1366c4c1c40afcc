"""Plans that were made while tables were empty are not kept for long."""

import asyncpg
import pytest

from app.platform.db import Database
from app.platform.plans import PlanAges

pytestmark = pytest.mark.anyio


class Clock:
    """Seconds that pass when told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Line:
    """Stands for a connection: only which one it is matters here."""


def test_the_younger_a_connection_the_sooner_it_plans_anew() -> None:
    clock = Clock()
    ages, line = PlanAges(clock), Line()
    old: list[float] = []
    for _ in range(520):
        if ages.are_old(line):  # type: ignore[arg-type]
            old.append(clock.now - 100)
        clock.now += 0.5
    assert old == [1, 3, 7, 15, 31, 63, 127, 191, 255]


def test_every_connection_plans_anew_when_told() -> None:
    clock = Clock()
    ages, lines = PlanAges(clock), [Line(), Line()]
    assert not any(ages.are_old(line) for line in lines)  # type: ignore[arg-type]
    clock.now += 0.5
    ages.void()
    assert all(ages.are_old(line) for line in lines)  # type: ignore[arg-type]
    clock.now += 0.5
    assert not any(ages.are_old(line) for line in lines)  # type: ignore[arg-type]


async def test_the_service_may_discard_plans(database: Database) -> None:
    async with database.connection() as connection:
        assert isinstance(connection, asyncpg.Connection)
        assert await connection.fetchval("SELECT 1 + $1::int", 1) == 2
        await connection.execute("BEGIN; DISCARD PLANS")
        assert await connection.fetchval("SELECT 1 + $1::int", 1) == 2
        await connection.execute("ROLLBACK")
