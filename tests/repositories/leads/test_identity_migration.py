"""What the step to several identities makes of leads that were there before it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from alembic import command

from app.platform import clock
from app.platform.config import with_database
from app.platform.ids import new_id
from app.repositories.schema import EXTENSIONS, alembic_config
from tests.conftest import Databases

pytestmark = pytest.mark.anyio

LEAD = """
INSERT INTO leads (workspace_id, id, status, lifecycle_stage, email_norm, phone_norm, custom,
                   unnormalised, search_key, is_test, touch_count, deleted_at, created_at,
                   updated_at, version)
VALUES ($1, $2, 'new', 'lead', $3, $4, '{}', '[]', '', $5, 0, $6, now(), now(), 1)
"""
KEY = """
INSERT INTO lead_identities (workspace_id, id, lead_id, kind, system, value, created_at)
VALUES ($1, $2, $2, 'email', '', $3, now())
"""


@pytest.fixture
async def before(databases: Databases) -> AsyncIterator[str]:
    """A database at the step before."""
    name = f"touchline_before_{new_id().hex}"
    server = await asyncpg.connect(databases.owner_url)
    await server.execute(f"CREATE DATABASE {name}")
    url = with_database(databases.owner_url, name)
    connection = await asyncpg.connect(url)
    for extension in EXTENSIONS:
        await connection.execute(f"CREATE EXTENSION {extension}")
    await connection.execute("GRANT USAGE, CREATE ON SCHEMA public TO touchline_search")
    await connection.close()
    try:
        await asyncio.to_thread(command.upgrade, alembic_config(url), "0010")
        yield url
    finally:
        await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await server.close()


async def _add(
    connection: asyncpg.Connection,
    workspace_id: UUID,
    email: str | None = None,
    phone: str | None = None,
    *,
    is_test: bool = False,
    deleted_at: Any = None,
) -> UUID:
    lead_id = new_id()
    await connection.execute(LEAD, workspace_id, lead_id, email, phone, is_test, deleted_at)
    if email:
        await connection.execute(KEY, workspace_id, lead_id, email)
    return lead_id


async def test_numbers_become_keys_and_shared_ones_are_told_apart(before: str) -> None:
    here, there = new_id(), new_id()
    connection = await asyncpg.connect(before)
    try:
        ada = await _add(connection, here, "ada@acme.example", "+441")
        bob = await _add(connection, here, "info@acme.example", "+442")
        carl = await _add(connection, here, "sales+fair@acme.example", "+442")
        await _add(connection, here, None, "+441", is_test=True)
        await _add(connection, here, None, "+441", deleted_at=clock.now())
        eve = await _add(connection, there, None, "+442")
        await asyncio.to_thread(command.upgrade, alembic_config(before), "0011")
        rows = await connection.fetch("SELECT * FROM lead_identities")
        found = {(r["lead_id"], r["kind"], r["value"]): r["shared"] for r in rows}
        assert found == {
            (ada, "email", "ada@acme.example"): False,
            (ada, "phone", "+441"): False,
            (bob, "email", "info@acme.example"): True,
            (bob, "phone", "+442"): True,
            (carl, "email", "sales+fair@acme.example"): True,
            (carl, "phone", "+442"): True,
            (eve, "phone", "+442"): False,
        }
        assert {r["source"] for r in rows} == {"migration"}
        assert all(r["anchor"] is not r["shared"] for r in rows)
        await asyncio.to_thread(command.downgrade, alembic_config(before), "0010")
        rows = await connection.fetch("SELECT kind, value FROM lead_identities")
        assert {r["kind"] for r in rows} == {"email"}
        assert len(rows) == 3
    finally:
        await connection.close()
