"""What is said of a database that lets nobody in, and what is left of a failed connection."""

import asyncio
from typing import Any

import asyncpg
import pytest

from app.platform.db import Database, DatabaseProblem, unreachable
from app.repositories import schema
from tests.conftest import Databases

pytestmark = pytest.mark.anyio

URL = "postgresql://me:secret@db.example:5433/crm"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (asyncpg.InvalidPasswordError("no"), "refuses the password of me"),
        (asyncpg.InvalidAuthorizationSpecificationError("no"), "refuses the role me"),
        (asyncpg.InvalidCatalogNameError("no"), "refuses the database"),
        (ConnectionRefusedError("no"), "cannot reach Postgres at db.example:5433"),
    ],
)
def test_what_was_refused_is_said(error: Exception, said: str) -> None:
    line = str(unreachable(URL, error))
    assert said in line
    assert ("cannot reach" in line) == isinstance(error, OSError)
    assert "secret" not in line


@pytest.mark.parametrize("error", [OSError("lost"), asyncio.CancelledError()])
async def test_a_connection_that_is_not_set_up_is_not_left_open(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    seen: list[asyncpg.Connection] = []
    ours, works = asyncio.current_task(), asyncpg.Connection.set_type_codec

    async def fails(connection: asyncpg.Connection, *args: Any, **options: Any) -> None:
        # The background work of an app that other tests share connects whenever it likes.
        if asyncio.current_task() is not ours:
            return await works(connection, *args, **options)
        seen.append(connection)
        raise error

    monkeypatch.setattr(asyncpg.Connection, "set_type_codec", fails)
    with pytest.raises(type(error)):
        await Database(databases.app_url, pool_size=1).acquire()
    assert [connection.is_closed() for connection in seen] == [True]


async def test_a_connection_with_a_statement_under_way_is_not_given_to_the_next(
    databases: Databases,
) -> None:
    database = Database(databases.app_url, pool_size=1)
    async with database.connection() as used:
        pass
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), database.connection() as connection:
            await connection.execute("SELECT pg_sleep(5)")
    assert used.is_closed()
    await database.close()


@pytest.mark.parametrize("statement", ["_server", "_check_role", "schema_revision"])
@pytest.mark.parametrize(
    "error", [asyncpg.AdminShutdownError("shut"), asyncpg.InternalClientError("state 12")]
)
async def test_a_failure_of_any_check_is_a_problem_of_the_database(
    database: Database, monkeypatch: pytest.MonkeyPatch, statement: str, error: Exception
) -> None:
    async def fails(*_: Any) -> None:
        raise error

    monkeypatch.setattr(schema, statement, fails)
    with pytest.raises(DatabaseProblem):
        await schema.check_fit(database)
