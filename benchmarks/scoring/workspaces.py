"""The service in this process, on a Postgres of its own, and what is told to it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from app.cli.databases import database_settings, opened_as_owner
from app.domain.access.api_keys import KeyKind
from app.main import create_app
from app.platform import clock, logging
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.secrets import Secrets
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import add_api_key, create_workspace, system_caller
from app.services.job_handlers import open_jobs

SECRET = "a secret that only the benchmarks know"


@dataclass
class Workspace:
    """One workspace: over HTTP, and below it for what takes too long that way."""

    client: httpx.AsyncClient
    settings: Settings
    database: Database
    id: UUID

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        """The answer to a request that has to succeed."""
        answer = await self.client.request(method, path, **options)
        if not answer.is_success:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    async def leads(self) -> dict[str, dict[str, Any]]:
        """Every lead by its address, as the API shows it."""
        found: dict[str, dict[str, Any]] = {}
        query: dict[str, Any] = {"limit": 200}
        while True:
            page = await self.ask("GET", "/v1/leads", params=query)
            found |= {lead["email_norm"]: lead for lead in page["data"]}
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]

    def work(self) -> UnitOfWork:
        """A unit of work in the workspace."""
        return UnitOfWork(self.database, system_caller(self.id))

    async def work_off(self) -> None:
        """Do the jobs that are due."""
        async with open_jobs(self.settings, self.database, Secrets(SECRET)) as runner:
            async with asyncio.timeout(300):
                await runner.drain()


@contextmanager
def clock_at(instant: datetime) -> Iterator[None]:
    """Let it be another time in this process, so that the journal of years comes in seconds."""
    present = clock.now
    clock.now = lambda: instant
    try:
        yield
    finally:
        clock.now = present


@contextmanager
def service_settings(folder: Path) -> Iterator[Settings]:
    """Settings of a service whose database lies in this folder."""
    logging.configure("error", "json")
    folder.chmod(0o755)
    given = Settings(
        data_dir=folder / "data",
        database_url=None,
        secret=SecretStr(SECRET),
        spool_dir=folder / "spool",
        spool_allow_ephemeral=True,
        worker_in_serve=False,
        log_level="error",
    )
    with database_settings(given) as found:
        yield found


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[FastAPI]:
    """The running service."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@asynccontextmanager
async def new_workspace(app: FastAPI, settings: Settings, name: str) -> AsyncIterator[Workspace]:
    """A workspace and a client with a key of it."""
    async with AsyncExitStack() as stack:
        owner = await stack.enter_async_context(opened_as_owner(settings))
        workspace_id = await create_workspace(owner, name, name, default_country="DE")
        secrets = Secrets(SECRET)
        key = await add_api_key(owner, secrets, workspace_id, "bench", KeyKind.SECRET)
        client = await stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://touchline.bench",
                headers={"Authorization": f"Bearer {key}"},
                timeout=120,
            )
        )
        yield Workspace(client, settings, app.state.runtime.database, workspace_id)
