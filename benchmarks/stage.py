"""A Postgres of our own with one filled database a size, and keys to call the service with."""

import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg

from app.adapters.embedded_postgres import EmbeddedPostgres
from app.adapters.postgres_runner import Postmaster
from app.domain.access.api_keys import KeyKind
from app.platform.config import with_database, with_user
from app.platform.db import Database
from app.platform.secrets import Secrets
from app.repositories.schema import migrate
from app.services.access.provisioning import add_api_key, create_workspace, find_workspace
from benchmarks.filling import BUSY_TOUCHES, fill

SLUG = "bench"
SECRET = "a secret that only the benchmarks know"
FILLED = "filled"


@dataclass(frozen=True)
class Filled:
    """One database: how to reach it, and what is in it."""

    owner_url: str
    workspace_id: UUID
    key: str
    leads: int

    @property
    def app_url(self) -> str:
        """As the role the service works with."""
        return with_user(self.owner_url, "touchline_app")


class Stage:
    """The server, in a folder that is thrown away unless one was given."""

    def __init__(self, folder: Path | None) -> None:
        self._temporary = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="touchline-bench-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.postgres = EmbeddedPostgres(self.folder / "data")

    @property
    def postmaster(self) -> int:
        """The process id of the server."""
        server = Postmaster.of(self.postgres.cluster)
        if server is None:
            raise RuntimeError("the server does not run")
        return server.pid

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Stage"]:
        """Start the server and stop it at the end."""
        self.postgres.start()
        try:
            yield self
        finally:
            self.postgres.stop()
            if self._temporary:
                shutil.rmtree(self.folder, ignore_errors=True)

    async def filled(self, leads: int, touches: int) -> Filled:
        """A database with this many leads, made now or taken up from an earlier run."""
        name = f"bench_{leads}"
        await self._create(name)
        owner_url = with_database(self.postgres.url(), name)
        await migrate(owner_url)
        database = Database(owner_url, pool_size=2, statement_timeout_seconds=600)
        await database.open()
        try:
            workspace_id = await find_workspace(database, SLUG)
            if workspace_id is None:
                workspace_id = await create_workspace(database, SLUG, "Bench", default_country="DE")
            key = await add_api_key(
                database, Secrets(SECRET), workspace_id, "bench", KeyKind.SECRET
            )
        finally:
            await database.close()
        await _fill_once(owner_url, workspace_id, leads, touches)
        return Filled(owner_url, workspace_id, key, leads)

    async def _create(self, name: str) -> None:
        connection = await asyncpg.connect(self.postgres.url())
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()


async def _fill_once(owner_url: str, workspace_id: UUID, leads: int, touches: int) -> None:
    connection = await asyncpg.connect(owner_url)
    try:
        state = await connection.fetchval(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
            " WHERE datname = current_database()"
        )
        if state == FILLED:
            return
        print(f"filling {leads:,} leads, {touches} touches each …", flush=True)
        started = time.perf_counter()
        await fill(owner_url, workspace_id, leads, touches)
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(f"COMMENT ON DATABASE {name} IS '{FILLED}'")
        print(f"  took {time.perf_counter() - started:.0f} s", flush=True)
    finally:
        await connection.close()


@dataclass(frozen=True)
class Samples:
    """Ids and values that the requests ask for."""

    lead_ids: list[str]
    busy_ids: list[str]
    emails: list[str]
    references: list[str]
    owner_id: str


async def samples(filled: Filled, most: int = 20_000) -> Samples:
    """Leads drawn at random, always the same ones."""
    connection = await asyncpg.connect(filled.owner_url)
    try:
        await connection.execute(f"SET app.workspace_id = '{filled.workspace_id}'")
        rows = await connection.fetch(
            "SELECT l.id, l.email_norm, l.owner_id, i.value AS reference, l.touch_count"
            " FROM leads AS l JOIN lead_identities AS i"
            "   ON i.workspace_id = l.workspace_id AND i.lead_id = l.id AND i.system = 'shop'"
            " WHERE l.workspace_id = $1 AND i.value LIKE 'customer-%' AND l.deleted_at IS NULL"
            " ORDER BY hashtext(l.id::text) LIMIT $2",
            filled.workspace_id,
            most,
        )
    finally:
        await connection.close()
    return Samples(
        lead_ids=[str(row["id"]) for row in rows],
        busy_ids=[str(row["id"]) for row in rows if row["touch_count"] >= BUSY_TOUCHES],
        emails=[row["email_norm"] for row in rows],
        references=[row["reference"] for row in rows],
        owner_id=str(next(row["owner_id"] for row in rows if row["owner_id"])),
    )
