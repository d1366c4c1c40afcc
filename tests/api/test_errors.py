"""What a caller is told when the database or we ourselves fail."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from asyncpg import exceptions
from fastapi import FastAPI

from app.api.operations import ATTEMPTS
from app.domain.errors import OutcomeUnknown
from app.main import create_app
from app.platform import db
from app.platform.config import Settings
from app.platform.db import Database
from app.repositories.transaction import Transaction
from tests.conftest import Client, client_of
from tests.problems import ECHO, assert_problem

pytestmark = pytest.mark.anyio

ADA = {"full_name": "Ada Lovelace"}


class Failing:
    """Makes the first statements that name a table fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, table: str) -> None:
        self.table = table
        self.errors: list[BaseException] = []
        self.attempts = 0
        original = Transaction.rows

        async def rows(transaction: Transaction, statement: Any, **values: Any) -> Any:
            answer = await original(transaction, statement, **values)
            if self.table in statement.sql:
                self.attempts += 1
                if self.errors:
                    raise self.errors.pop(0)
            return answer

        monkeypatch.setattr(Transaction, "rows", rows)

    def with_(self, *errors: BaseException) -> None:
        """Fail with these, one a statement, and then no more."""
        self.errors = list(errors)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Failing:
    return Failing(monkeypatch, "INSERT INTO leads")


LOST_RACES = [
    exceptions.SerializationError("could not serialize access"),
    exceptions.DeadlockDetectedError("deadlock detected"),
    exceptions.AdminShutdownError("terminating connection"),
    exceptions.ConnectionDoesNotExistError("connection was closed in the middle"),
    exceptions.UniqueViolationError('violates unique constraint "lead_identities_value_key"'),
]


@pytest.mark.parametrize("error", LOST_RACES, ids=lambda error: type(error).__name__)
async def test_a_lost_race_is_run_again(
    client: Client, failing: Failing, error: BaseException
) -> None:
    failing.with_(error)
    answer = await client.post("/v1/leads", json=ADA)
    assert answer.status_code == 201, answer.text
    assert failing.attempts == 2
    leads = (await client.get("/v1/leads")).json()["data"]
    assert [lead["id"] for lead in leads] == [answer.json()["id"]]
    events = (await client.get("/v1/events", params={"types": "lead.created"})).json()["data"]
    assert [event["subject_id"] for event in events] == [answer.json()["id"]]


async def test_a_race_lost_too_often_is_told(client: Client, failing: Failing) -> None:
    failing.with_(*[exceptions.DeadlockDetectedError("deadlock detected")] * ATTEMPTS)
    answer = await client.post("/v1/leads", json=ADA)
    assert_problem(answer, 503)
    assert answer.headers["retry-after"] == "1"
    assert failing.attempts == ATTEMPTS
    assert (await client.get("/v1/leads")).json()["data"] == []


@pytest.mark.parametrize(
    "error",
    [
        exceptions.QueryCanceledError("canceling statement due to statement timeout"),
        exceptions.DiskFullError(f"no space left on {ECHO}"),
        exceptions.ReadOnlySQLTransactionError("cannot execute INSERT"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_database_that_cannot_is_told_at_once(
    client: Client, failing: Failing, error: BaseException
) -> None:
    failing.with_(error)
    answer = await client.post("/v1/leads", json=ADA)
    assert assert_problem(answer, 503)["code"] == "unavailable"
    assert answer.headers["retry-after"] == "1"
    assert failing.attempts == 1
    assert (await client.get("/v1/leads")).json()["data"] == []


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(ECHO),
        exceptions.UndefinedColumnError(f'column "{ECHO}" does not exist'),
        exceptions.InsufficientPrivilegeError(f"permission denied for table {ECHO}"),
        exceptions.NotNullViolationError(f"null value in column {ECHO}"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_fault_of_ours_shows_nothing(
    client: Client, failing: Failing, error: BaseException
) -> None:
    failing.with_(error)
    answer = await client.post("/v1/leads", json=ADA)
    problem = assert_problem(answer, 500)
    assert problem["code"] == "internal_error"
    assert problem["request_id"] in problem["detail"]
    assert (await client.get("/v1/leads")).json()["data"] == []


async def test_a_connection_that_breaks_in_the_commit_leaves_it_open(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = asyncpg.Connection.execute

    async def execute(connection: Any, sql: str, *arguments: Any, **options: Any) -> str:
        done = await original(connection, sql, *arguments, **options)
        if sql == "COMMIT":
            raise exceptions.ConnectionDoesNotExistError("gone before the answer came")
        return done

    headers = {"Idempotency-Key": "again"}
    with monkeypatch.context() as patch:
        patch.setattr(asyncpg.Connection, "execute", execute)
        answer = await client.post("/v1/leads", json=ADA, headers=headers)
    assert assert_problem(answer, 503)["code"] == OutcomeUnknown.code
    again = await client.post("/v1/leads", json=ADA, headers=headers)
    assert again.status_code == 201
    assert again.headers["idempotency-replayed"] == "true"
    assert len((await client.get("/v1/leads")).json()["data"]) == 1


@pytest.fixture
async def tiny_app(settings: Settings) -> AsyncIterator[FastAPI]:
    """The service with one connection."""
    app = create_app(settings.model_copy(update={"database_pool_size": 1}))
    async with app.router.lifespan_context(app):
        yield app


async def test_when_every_connection_is_busy_the_caller_is_told_once(
    tiny_app: FastAPI, owner_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "PATIENCE_SECONDS", 0.1)
    waited = 0
    database: Database = tiny_app.state.runtime.database
    acquire = database.acquire

    async def counted() -> Any:
        nonlocal waited
        waited += 1
        return await acquire()

    async with await client_of(tiny_app, owner_database) as client:
        async with database.connection():
            monkeypatch.setattr(database, "acquire", counted)
            answer = await client.get("/v1/leads")
        assert_problem(answer, 503)
        assert answer.headers["retry-after"] == "1"
        assert waited == 1
        assert (await client.get("/v1/leads")).status_code == 200
