"""Commands against the run's Postgres, and in empty folders with one of their own."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from app.platform.config import with_database, with_user
from tests.cli.processes import Served, Shell, environment
from tests.conftest import SECRET, Databases


@pytest.fixture(scope="session")
def plain_env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment that names no database."""
    base = tmp_path_factory.getbasetemp()
    # The workers of one run share what they compile.
    return environment((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "bytecode")


@pytest.fixture
def shell(tmp_path: Path, plain_env: dict[str, str]) -> Shell:
    """An empty folder, no settings."""
    return Shell(tmp_path, plain_env)


@pytest.fixture(scope="module")
def own_database(
    databases: Databases, plain_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Shell:
    """Settings of an operator who brings a migrated Postgres."""
    env = {
        "TOUCHLINE_DATABASE_URL": databases.app_url,
        "TOUCHLINE_DATABASE_OWNER_URL": databases.owner_url,
        "TOUCHLINE_SECRET": SECRET,
    }
    return Shell(tmp_path_factory.mktemp("own"), plain_env | env)


@pytest.fixture
def empty_database(
    databases: Databases, plain_env: dict[str, str], tmp_path: Path
) -> Iterator[Shell]:
    """The same, with a database that has never been migrated."""
    name = f"{urlsplit(databases.owner_url).path[1:]}_unmigrated"
    asyncio.run(_execute(databases.owner_url, f"DROP DATABASE IF EXISTS {name}"))
    asyncio.run(_execute(databases.owner_url, f"CREATE DATABASE {name}"))
    owner_url = with_database(databases.owner_url, name)
    env = {
        "TOUCHLINE_DATABASE_URL": with_user(owner_url, "touchline_app"),
        "TOUCHLINE_DATABASE_OWNER_URL": owner_url,
        "TOUCHLINE_SECRET": SECRET,
    }
    yield Shell(tmp_path, plain_env | env)
    asyncio.run(_execute(databases.owner_url, f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def served(own_database: Shell) -> Iterator[Served]:
    """One service for all tests of a module."""
    with own_database.serve() as served:
        yield served
