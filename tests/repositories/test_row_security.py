"""What the service's own role can reach, table by table, on a real connection.

Every tenant table gets a row in two workspaces; then each kind of statement is tried without a
workspace, with another's and with garbage. Only no rows and 42501 count as a refusal.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import Table

from app.platform.db import Database
from app.platform.ids import new_id
from tests.conftest import Databases
from tests.factories.rows import insert_sql, references, row_for, tenant_tables

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

TABLES = tenant_tables()
FOREIGN_KEYS = [
    (table, column)
    for table in TABLES
    if not table.info["added_at_intake"]
    for column, _ in references(table)
]
NAMES = [table.name for table in TABLES]

INSUFFICIENT_PRIVILEGE = "42501"
FOREIGN_KEY_VIOLATION = "23503"
INVALID_TEXT = "22P02"


@dataclass(frozen=True)
class Filled:
    """A workspace with a row in every table, and one to spare that new rows may refer to."""

    workspace_id: UUID
    spare: dict[str, UUID]

    def new_row(self, table: Table) -> dict[str, Any]:
        """A further row for the table."""
        return row_for(table, self.workspace_id, self.spare)


@pytest.fixture(scope="module")
async def ours(owner_database: Database) -> AsyncIterator[Filled]:
    """The workspace that attacks."""
    async for filled in _filled(owner_database):
        yield filled


@pytest.fixture(scope="module")
async def theirs(owner_database: Database) -> AsyncIterator[Filled]:
    """The workspace that is attacked."""
    async for filled in _filled(owner_database):
        yield filled


async def _filled(owner_database: Database) -> AsyncIterator[Filled]:
    filled = Filled(new_id(), {})
    referred_to = {target.name for table in TABLES for _, target in references(table)}
    ids: dict[str, UUID] = {}
    for table in TABLES:
        row = row_for(table, filled.workspace_id, ids)
        await owner_database.fetch(insert_sql(table, row), *row.values())
        ids |= {table.name: row["id"]} if "id" in row else {}
        if table.name in referred_to:
            row = filled.new_row(table)
            await owner_database.fetch(insert_sql(table, row), *row.values())
            filled.spare[table.name] = row["id"]
    yield filled
    for table in reversed(TABLES):
        await owner_database.fetch(
            f"DELETE FROM {table.name} WHERE workspace_id = $1", filled.workspace_id
        )


@pytest.fixture
async def service(databases: Databases) -> AsyncIterator[asyncpg.Connection]:
    """A connection as touchline_app, in a transaction that is rolled back."""
    connection = await asyncpg.connect(databases.app_url)
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=str, decoder=str, format="text"
    )
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


async def _enter(connection: asyncpg.Connection, setting: str, ours: Filled) -> str | None:
    """Set the workspace as the case says; returns the SQLSTATE that garbage gives by itself."""
    value = {"unset": None, "left": "", "other": str(ours.workspace_id), "random": str(new_id())}
    if setting == "garbage":
        await connection.execute("SET LOCAL app.workspace_id = 'x'' OR true --'")
        return INVALID_TEXT
    if value[setting] is not None:
        await connection.execute(f"SET LOCAL app.workspace_id = '{value[setting]}'")
    return None


async def _refused(
    connection: asyncpg.Connection, sql: str, *arguments: Any, tolerated: str | None
) -> None:
    """The statement reaches no row: nothing comes back, or permission is denied."""
    try:
        async with connection.transaction():
            assert await connection.fetch(sql, *arguments) == []
    except asyncpg.PostgresError as error:
        if error.sqlstate not in (INSUFFICIENT_PRIVILEGE, tolerated):
            raise


SETTINGS = ["unset", "left", "other", "random", "garbage"]


@pytest.mark.parametrize("table", TABLES, ids=NAMES)
@pytest.mark.parametrize("setting", SETTINGS)
async def test_a_foreign_row_is_out_of_reach(
    service: asyncpg.Connection, ours: Filled, theirs: Filled, table: Table, setting: str
) -> None:
    tolerated = await _enter(service, setting, ours)
    name, victim = table.name, theirs.workspace_id
    forged = theirs.new_row(table)
    column = await _changeable(service, table)
    attempts = [
        (f"SELECT 1 FROM {name} WHERE workspace_id = $1", [victim]),
        (f"SELECT 1 FROM {name} WHERE workspace_id = $1 FOR UPDATE", [victim]),
        (f"{insert_sql(table, forged)} RETURNING 1", list(forged.values())),
        (f"UPDATE {name} SET {column} = {column} WHERE workspace_id = $1 RETURNING 1", [victim]),
        (f"DELETE FROM {name} WHERE workspace_id = $1 RETURNING 1", [victim]),
        (f"SELECT 1 FROM {name} WHERE workspace_id <> $1", [ours.workspace_id]),
    ]
    for sql, arguments in attempts:
        await _refused(service, sql, *_texts(arguments), tolerated=tolerated)


@pytest.mark.parametrize("table", TABLES, ids=NAMES)
async def test_an_own_row_is_in_reach(
    service: asyncpg.Connection, ours: Filled, table: Table
) -> None:
    await _enter(service, "other", ours)
    found = await service.fetch(f"SELECT workspace_id FROM {table.name}")
    assert {row["workspace_id"] for row in found} == {ours.workspace_id}
    if len(table.primary_key.columns) > 1 and not table.info["added_at_intake"]:
        own = ours.new_row(table)
        assert await service.fetch(f"{insert_sql(table, own)} RETURNING 1", *_texts(own.values()))


@pytest.mark.parametrize("table", TABLES, ids=NAMES)
async def test_a_row_cannot_be_moved_to_another_workspace(
    service: asyncpg.Connection, ours: Filled, theirs: Filled, table: Table
) -> None:
    await _enter(service, "other", ours)
    with pytest.raises(asyncpg.PostgresError) as refused:
        await service.execute(f"UPDATE {table.name} SET workspace_id = $1", theirs.workspace_id)
    assert refused.value.sqlstate == INSUFFICIENT_PRIVILEGE


@pytest.mark.parametrize(
    ("table", "column"), FOREIGN_KEYS, ids=[f"{t.name}.{c}" for t, c in FOREIGN_KEYS]
)
async def test_a_row_cannot_refer_to_a_foreign_row(
    service: asyncpg.Connection, ours: Filled, theirs: Filled, table: Table, column: str
) -> None:
    await _enter(service, "other", ours)
    target = dict(references(table))[column].name
    row = ours.new_row(table)
    assert await _outcome(service, table, row | {column: ours.spare[target]}) == "accepted"
    refused = await _outcome(service, table, row | {column: theirs.spare[target]})
    assert refused == FOREIGN_KEY_VIOLATION


async def test_the_search_function_answers_for_the_own_workspace_only(
    service: asyncpg.Connection, ours: Filled, theirs: Filled
) -> None:
    await _enter(service, "other", ours)
    search = "SELECT id FROM search_leads($1, '%', '{}', 100)"
    assert len(await service.fetch(search, ours.workspace_id)) == 2
    assert await service.fetch(search, theirs.workspace_id) == []
    await service.execute("SET LOCAL app.workspace_id = ''")
    assert await service.fetch(search, ours.workspace_id) == []


@pytest.mark.parametrize(
    "breaker",
    [
        "DROP POLICY leads_workspace ON leads; CREATE POLICY p ON leads USING (true)",
        "ALTER TABLE leads DISABLE ROW LEVEL SECURITY",
        "ALTER POLICY leads_workspace ON leads USING (true)",
    ],
)
async def test_a_broken_policy_is_noticed(
    databases: Databases, ours: Filled, theirs: Filled, breaker: str
) -> None:
    connection = await asyncpg.connect(databases.owner_url)
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(breaker)
        await connection.execute("SET LOCAL ROLE touchline_app")
        await _enter(connection, "other", ours)
        sql = "SELECT 1 FROM leads WHERE workspace_id = $1"
        with pytest.raises(AssertionError):
            await _refused(connection, sql, theirs.workspace_id, tolerated=None)
    finally:
        await transaction.rollback()
        await connection.close()


async def _changeable(connection: asyncpg.Connection, table: Table) -> str:
    """A column the role may update, so that the policy and no missing grant is what refuses."""
    for column in reversed(table.columns.keys()):
        check = "SELECT has_column_privilege($1, $2, 'UPDATE')"
        if table.c[column].computed is None and await connection.fetchval(
            check, table.name, column
        ):
            return column
    return "workspace_id"


def _texts(values: Any) -> list[Any]:
    return ["{}" if value == {} else value for value in values]


async def _outcome(connection: asyncpg.Connection, table: Table, row: dict[str, Any]) -> str:
    """The SQLSTATE of inserting the row, or `accepted`; it is undone in any case."""
    attempt = connection.transaction()
    await attempt.start()
    try:
        await connection.execute(insert_sql(table, row), *_texts(row.values()))
    except asyncpg.PostgresError as error:
        return str(error.sqlstate)
    finally:
        await attempt.rollback()
    return "accepted"
