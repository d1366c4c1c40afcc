"""One Postgres for the run, one migrated database for each worker, one workspace for each test."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from app.adapters.embedded_postgres import EmbeddedPostgres
from app.domain.access.api_keys import Caller, KeyKind
from app.main import create_app
from app.platform import logging
from app.platform.config import Settings, with_database, with_user
from app.platform.db import Database
from app.platform.ids import new_id
from app.platform.secrets import Secrets
from app.repositories.schema import migrate
from app.services.access.provisioning import add_api_key, create_workspace, system_caller
from app.services.leads.model_directory import MODELS
from tests.statement_scope import ScopeRecorder

QUICK = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
TEMPLATE = "touchline_template"
SECRET = "a secret that only the tests know, long enough"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--postgres-bin", help="Run on the Postgres whose binaries lie here.")


def pytest_configure(config: pytest.Config) -> None:
    """The first process starts the server; xdist's workers are told where it is."""
    logging.configure("error", "json")
    if hasattr(config, "workerinput"):
        return
    owner_url = os.environ.get("TOUCHLINE_TEST_DATABASE_URL")
    if owner_url is None:
        home = Path(tempfile.mkdtemp(prefix="touchline-tests-"))
        home.chmod(0o755)
        bin_dir = config.getoption("--postgres-bin") or os.environ.get(
            "TOUCHLINE_TEST_POSTGRES_BIN"
        )
        server = EmbeddedPostgres(
            home / "data", bin_dir=Path(bin_dir) if bin_dir else None, settings=QUICK
        )
        server.start()
        config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
        config.add_cleanup(server.stop)
        owner_url = server.url()
    asyncio.run(_make_template(owner_url))
    config._touchline_owner_url = owner_url  # type: ignore[attr-defined]


def pytest_configure_node(node: Any) -> None:
    node.workerinput["owner_url"] = node.config._touchline_owner_url


async def _make_template(owner_url: str) -> None:
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {TEMPLATE}")
        await connection.execute(f"CREATE DATABASE {TEMPLATE}")
    finally:
        await connection.close()
    await migrate(with_database(owner_url, TEMPLATE))


@dataclass(frozen=True)
class Databases:
    """The database of this worker, as its owner and as the service."""

    owner_url: str
    app_url: str


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return ("asyncio", {"use_uvloop": False})


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Databases:
    """A copy of the migrated template."""
    workerinput = getattr(request.config, "workerinput", {})
    server_url = workerinput.get("owner_url") or request.config._touchline_owner_url  # type: ignore[attr-defined]
    name = f"touchline_{workerinput.get('workerid', 'main')}"
    asyncio.run(_copy_template(server_url, name))
    owner_url = with_database(server_url, name)
    return Databases(owner_url=owner_url, app_url=with_user(owner_url, "touchline_app"))


async def _copy_template(server_url: str, name: str) -> None:
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY = FILE_COPY")
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def settings(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        database_url=SecretStr(databases.app_url),
        database_owner_url=SecretStr(databases.owner_url),
        secret=SecretStr(SECRET),
        spool_dir=tmp_path_factory.mktemp("spool"),
        spool_allow_ephemeral=True,
        worker_in_serve=False,
        log_level="error",
    )


@pytest.fixture(scope="session")
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    """The running service."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture(scope="session")
async def owner_database(databases: Databases) -> AsyncIterator[Database]:
    """The database as its owner, for making workspaces and looking behind the scenes."""
    database = BehindTheScenes(databases.owner_url, pool_size=2)
    await database.open()
    yield database
    await database.close()


class BehindTheScenes(Database):
    """What a test looks up itself is nothing the service sends, so nobody observes it."""

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        async with self.connection() as connection:
            rows: list[asyncpg.Record] = await connection.fetch(sql, *args)
        return rows


@pytest.fixture(scope="session", autouse=True)
def statement_scope() -> Iterator[ScopeRecorder]:
    """Hears every statement of the run."""
    recorder = ScopeRecorder()
    Database.observe = recorder
    yield recorder
    Database.observe = None


@pytest.fixture(autouse=True)
def every_statement_names_its_workspace(statement_scope: ScopeRecorder) -> Iterator[None]:
    """Fails the test that first sends a statement which leaves the workspace to the database."""
    yield
    problems = statement_scope.take_problems()
    assert not problems, "\n\n".join(problems)


@pytest.fixture(scope="session")
async def database(app: FastAPI) -> Database:
    """The database as the service uses it."""
    found: Database = app.state.runtime.database
    return found


class Client(httpx.AsyncClient):
    """An HTTP client with a key of one workspace."""

    app: FastAPI
    workspace_id: UUID
    key: str

    @property
    def caller(self) -> Caller:
        """A caller of the same workspace, for tests below HTTP."""
        return system_caller(self.workspace_id)


async def client_of(app: FastAPI, owner_database: Database, slug: str | None = None) -> Client:
    """A client for a new workspace."""
    workspace_id = await create_workspace(
        owner_database, slug or f"w-{new_id().hex}", "Test", default_country="DE"
    )
    key = await add_api_key(owner_database, Secrets(SECRET), workspace_id, "tests", KeyKind.SECRET)
    client = Client(
        transport=httpx.ASGITransport(app, raise_app_exceptions=True),
        base_url="http://touchline.test",
        headers={"Authorization": f"Bearer {key}"},
    )
    client.app, client.workspace_id, client.key = app, workspace_id, key
    return client


@pytest.fixture
async def client(app: FastAPI, owner_database: Database) -> AsyncIterator[Client]:
    """The workspace of this test."""
    async with await client_of(app, owner_database) as client:
        yield client


@pytest.fixture
async def stranger(app: FastAPI, owner_database: Database) -> AsyncIterator[Client]:
    """Another workspace."""
    async with await client_of(app, owner_database) as client:
        yield client


@pytest.fixture
def statements(
    database: Database, statement_scope: ScopeRecorder, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[str]]:
    """Every statement the service sends while the test runs."""
    # Which scoring models are live is asked once a second, whatever else is sent meanwhile.
    monkeypatch.setattr(MODELS, "seconds", 60.0)
    seen: list[str] = []

    def note(sql: str) -> None:
        seen.append(sql)
        statement_scope(sql)

    database.observe = note
    yield seen
    del database.observe
