"""The schema as a whole: roles, migrations, and whether a database is fit to serve."""

import asyncio
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from app.platform.db import (
    FAILURES,
    MAXIMUM_VERSION,
    MINIMUM_VERSION,
    Database,
    DatabaseProblem,
    unreachable,
)

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
EXTENSIONS = ("pg_trgm", "btree_gin")

# Name, and whether a process logs in as it.
ROLES = {
    "touchline_app": True,
    "touchline_auth": True,
    "touchline_intake": True,
    "touchline_search": False,
}


def alembic_config(url: str = "") -> Config:
    """Alembic's settings, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def head_revision() -> str:
    """The revision this code expects."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    if head is None:
        raise RuntimeError("no migrations found")
    return head


async def migrate(owner_url: str, app_url: str | None = None) -> None:
    """Create roles and extensions where missing, then upgrade to the newest schema.

    Roles that log in get the password of `app_url`. Raises DatabaseProblem.
    """
    try:
        connection = await asyncpg.connect(owner_url, timeout=5)
    except FAILURES as error:
        raise unreachable(owner_url, error) from error
    try:
        _check_version(connection.get_server_version().major)
        await _create_roles(connection, urlsplit(app_url).password if app_url else None)
        for extension in EXTENSIONS:
            await connection.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        await connection.execute(
            "GRANT USAGE ON SCHEMA public "
            "TO touchline_app, touchline_auth, touchline_intake, touchline_search"
        )
    except asyncpg.InsufficientPrivilegeError as error:
        raise DatabaseProblem(
            f"the owner may not prepare the database ({error}); "
            "TOUCHLINE_DATABASE_OWNER_URL needs a role that may create roles and extensions"
        ) from error
    finally:
        await connection.close()
    # Alembic's environment starts an event loop of its own.
    await asyncio.to_thread(command.upgrade, alembic_config(owner_url), "head")
    await _grant_revision(owner_url)


async def _create_roles(connection: asyncpg.Connection, password: str | None) -> None:
    for role, logs_in in ROLES.items():
        known = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
        if known is None:
            login = "LOGIN" if logs_in else "NOLOGIN"
            await connection.execute(
                f"CREATE ROLE {role} {login} NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE"
            )
        if logs_in and password:
            quoted = await connection.fetchval("SELECT quote_literal($1::text)", unquote(password))
            await connection.execute(f"ALTER ROLE {role} PASSWORD {quoted}")
    # A superuser needs no membership to hand an object over; any other owner does.
    await connection.execute("GRANT touchline_search TO CURRENT_USER")
    await connection.execute("GRANT CREATE ON SCHEMA public TO touchline_search")


async def _grant_revision(owner_url: str) -> None:
    connection = await asyncpg.connect(owner_url, timeout=5)
    try:
        await connection.execute("GRANT SELECT ON alembic_version TO touchline_app")
    finally:
        await connection.close()


async def check_fit(database: Database) -> None:
    """Raise DatabaseProblem unless version, role and schema allow serving from this database."""
    try:
        await _check_all(database)
    except FAILURES as error:
        raise unreachable(database.url, error) from error


async def _check_all(database: Database) -> None:
    version, role = await _server(database)
    _check_version(version)
    await _check_role(database, role)
    present = await schema_revision(database)
    expected = head_revision()
    if present is None:
        raise DatabaseProblem("the database is not migrated; run `touchline migrate`")
    if present != expected:
        raise DatabaseProblem(
            f"the database is at schema {present}, this version needs {expected}; "
            "run `touchline migrate`"
        )


async def schema_revision(database: Database) -> str | None:
    """The revision the database is at; None when it was never migrated."""
    try:
        rows = await database.fetch("SELECT version_num FROM alembic_version")
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        return None
    return str(rows[0]["version_num"]) if rows else None


async def _server(database: Database) -> tuple[int, str]:
    rows = await database.fetch(
        "SELECT current_setting('server_version_num')::int / 10000 AS version, current_user AS role"
    )
    return rows[0]["version"], rows[0]["role"]


def _check_version(major: int) -> None:
    if major < MINIMUM_VERSION:
        raise DatabaseProblem(
            f"this is Postgres {major}; Touchline needs {MINIMUM_VERSION} to {MAXIMUM_VERSION}"
        )


async def _check_role(database: Database, role: str) -> None:
    rows = await database.fetch(
        """
        SELECT r.rolsuper, r.rolbypassrls,
               EXISTS (SELECT FROM pg_class c
                        WHERE c.relowner = r.oid AND c.relnamespace = 'public'::regnamespace
                          AND c.relkind IN ('r', 'p')) AS owns
          FROM pg_roles r WHERE r.rolname = current_user
        """
    )
    powers = rows[0]
    reason = (
        "is a superuser"
        if powers["rolsuper"]
        else "can bypass row-level security"
        if powers["rolbypassrls"]
        else "owns tables"
        if powers["owns"]
        else None
    )
    if reason:
        raise DatabaseProblem(
            f"the role {role} {reason}, so workspaces would not be kept apart; "
            "connect as touchline_app (TOUCHLINE_DATABASE_URL)"
        )
