"""How a unit of work ends when the connection goes: nothing takes effect twice."""

from typing import Any, cast

import asyncpg
import pytest
from sqlalchemy import select, text

from app.domain.errors import LostRace, OutcomeUnknown
from app.platform.db import Database
from app.platform.ids import new_id
from app.repositories.database_errors import sqlstate_of
from app.repositories.statements import Statement
from app.repositories.tables.access import users
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import system_caller

pytestmark = pytest.mark.anyio

LOST = [
    asyncpg.InternalClientError("cannot switch to state 12; another operation is in progress"),
    asyncpg.AdminShutdownError("terminating connection"),
    ConnectionResetError("reset"),
]
READ = Statement(select(users.c.id))
WRITES = [
    Statement(cast(Any, text(sql)))
    for sql in ("UPDATE users SET name = ''", "WITH made AS (INSERT …) SELECT 1")
]


class Fake:
    """A connection and a pool of one, which fail where they are told to."""

    observe = None

    def __init__(self, error: Exception, at: str) -> None:
        self.error, self.at = error, at
        self.sent: list[str] = []

    async def acquire(self) -> "Fake":
        return self

    async def execute(self, sql: str) -> None:
        self.sent.append(sql)
        if sql == self.at:
            raise self.error

    async def fetch(self, *_: Any) -> list[Any]:
        return []

    def has_old_plans(self, _: "Fake") -> bool:
        return False

    def release(self, _: "Fake") -> None:
        if self.at == "release":
            raise self.error

    def is_closed(self) -> bool:
        return False

    def terminate(self) -> None:
        self.sent.append("terminate")


async def run(database: Fake, statement: Statement) -> None:
    async with UnitOfWork(cast(Database, database), system_caller(new_id())) as uow:
        await uow._transaction.rows(statement)


@pytest.mark.parametrize("error", LOST)
def test_a_lost_connection_is_known_as_one(error: Exception) -> None:
    assert sqlstate_of(error) in ("08000", "57P01")


@pytest.mark.parametrize("error", LOST)
@pytest.mark.parametrize("statement", WRITES)
async def test_lost_at_the_commit_of_a_change(error: Exception, statement: Statement) -> None:
    database = Fake(error, "COMMIT")
    with pytest.raises(OutcomeUnknown):
        await run(database, statement)
    assert database.sent[-1] == "terminate"


@pytest.mark.parametrize("error", LOST)
async def test_lost_at_the_commit_of_what_only_read_is_run_again(error: Exception) -> None:
    with pytest.raises(LostRace):
        await run(Fake(error, "COMMIT"), READ)


@pytest.mark.parametrize("error", [*LOST, asyncpg.SerializationError("late")])
@pytest.mark.parametrize("statement", [READ, *WRITES])
async def test_after_the_commit_nothing_has_it_run_again(
    error: Exception, statement: Statement
) -> None:
    database = Fake(error, "release")
    await run(database, statement)
    assert database.sent[-1] == "COMMIT"
