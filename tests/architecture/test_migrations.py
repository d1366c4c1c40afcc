"""The migrations make what the tables declare, can be undone, and lint clean."""

import asyncio
import io
import json
import subprocess
import sysconfig
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.platform.config import with_database
from app.platform.ids import new_id
from app.repositories.schema import EXTENSIONS, alembic_config, migrate
from app.repositories.tables import metadata
from tests.conftest import Databases

pytestmark = pytest.mark.anyio

# squawk's rules that do not fit, and why.
SQUAWK_EXCLUSIONS = {
    "prefer-robust-stmts": "each migration is one transaction: it is there as a whole or not",
    "prefer-bigint-over-int": "scores, ranks and versions are bounded; 32 bits are enough",
    "prefer-text-field": "alembic_version is Alembic's own table",
    "require-lock-timeout": "migrations/env.py sets it for the connection",
    "require-statement-timeout": "migrations/env.py sets it for the connection",
}

CATALOGUE = """
SELECT 'column', c.relname || '.' || a.attname,
       concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                 a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
  FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
UNION ALL
SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
  FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype <> 'n'
UNION ALL
SELECT 'index', indrelid::regclass || '.' || indexrelid::regclass, pg_get_indexdef(indexrelid)
  FROM pg_index JOIN pg_class c ON c.oid = indrelid
 WHERE c.relnamespace = 'public'::regnamespace
"""


@pytest.fixture
async def empty_url(databases: Databases) -> AsyncIterator[str]:
    """A database with nothing in it."""
    name = f"touchline_empty_{new_id().hex}"
    server = await asyncpg.connect(databases.owner_url)
    try:
        await server.execute(f"CREATE DATABASE {name}")
        yield with_database(databases.owner_url, name)
        await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await server.close()


async def test_alembic_finds_nothing_left_to_migrate(databases: Databases) -> None:
    assert await _on(databases.owner_url, _differences) == []


async def test_what_is_declared_is_what_is_migrated(databases: Databases, empty_url: str) -> None:
    connection = await asyncpg.connect(empty_url)
    for extension in EXTENSIONS:
        await connection.execute(f"CREATE EXTENSION {extension}")
    await connection.close()
    await _on(empty_url, metadata.create_all)
    declared = await _catalogue(empty_url)
    assert len(declared) > 100
    assert await _catalogue(databases.owner_url) == declared


async def test_a_difference_is_found(empty_url: str) -> None:
    await migrate(empty_url)
    before = await _catalogue(empty_url)
    connection = await asyncpg.connect(empty_url)
    await connection.execute("ALTER TABLE leads DROP COLUMN source")
    await connection.execute("ALTER TABLE leads DROP CONSTRAINT leads_status_check")
    await connection.close()
    assert {name for _, name, _ in before - await _catalogue(empty_url)} == {
        "leads.source",
        "leads.leads_status_check",
    }
    assert await _on(empty_url, _differences)


async def test_migrations_go_up_down_and_up_again(empty_url: str) -> None:
    await migrate(empty_url)
    first = await _catalogue(empty_url)
    await asyncio.to_thread(command.downgrade, alembic_config(empty_url), "base")
    assert await _catalogue(empty_url) == set()
    assert await _functions(empty_url) == []
    await migrate(empty_url)
    assert await _catalogue(empty_url) == first


async def test_migrating_twice_changes_nothing(empty_url: str) -> None:
    await migrate(empty_url)
    first = await _catalogue(empty_url)
    await migrate(empty_url)
    assert await _catalogue(empty_url) == first


async def test_squawk_finds_no_fault(tmp_path: Path) -> None:
    complaints = _squawk(_offline_sql(), tmp_path)
    assert [f"{c['line']}: {c['rule_name']} {c['message']}" for c in complaints] == []


@pytest.mark.parametrize("rule", SQUAWK_EXCLUSIONS)
async def test_no_exclusion_of_squawk_is_stale(rule: str, tmp_path: Path) -> None:
    others = SQUAWK_EXCLUSIONS.keys() - {rule}
    found = {c["rule_name"] for c in _squawk(_offline_sql(), tmp_path, others)}
    assert found == {rule}


async def test_squawk_finds_a_fault(tmp_path: Path) -> None:
    sql = _offline_sql() + "\nCREATE INDEX leads_late_idx ON leads (workspace_id, title);\n"
    faults = _squawk(sql + "ALTER TABLE leads ALTER COLUMN title SET NOT NULL;\n", tmp_path)
    assert {c["rule_name"] for c in faults}


def _offline_sql() -> str:
    config = alembic_config()
    config.output_buffer = io.StringIO()
    command.upgrade(config, "head", sql=True)
    return config.output_buffer.getvalue()


def _squawk(
    sql: str, folder: Path, excluded: Any = frozenset(SQUAWK_EXCLUSIONS)
) -> list[dict[str, Any]]:
    path = folder / "migrations.sql"
    path.write_text(sql)
    program = Path(sysconfig.get_path("scripts")) / "squawk"
    ran = subprocess.run(
        [
            program,
            "--pg-version=15",
            "--reporter=json",
            f"--exclude={','.join(sorted(excluded))}",
            path,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    found: list[dict[str, Any]] = json.loads(ran.stdout)
    return found


async def _on(url: str, work: Any) -> Any:
    engine = create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool
    )
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    found: list[Any] = compare_metadata(context, metadata)
    return found


async def _catalogue(url: str) -> set[tuple[str, str, str]]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(CATALOGUE)
    finally:
        await connection.close()
    return {tuple(row) for row in rows if not row[1].startswith("alembic_version")}


async def _functions(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            """
            SELECT proname FROM pg_proc p
             WHERE pronamespace = 'public'::regnamespace
               AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
            """
        )
    finally:
        await connection.close()
    return [row["proname"] for row in rows]
