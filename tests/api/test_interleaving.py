"""Requests of many workspaces share few connections, some are cut off, some fail: none mixes."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from app.main import create_app
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.ids import new_id
from tests.conftest import Client, client_of

pytestmark = pytest.mark.anyio

WORKSPACES = 20
CONNECTIONS = 5
AT_ONCE = 40
REQUESTS = int(os.environ.get("TOUCHLINE_INTERLEAVED_REQUESTS", "1000"))


@pytest.fixture
async def narrow_app(settings: Settings) -> AsyncIterator[FastAPI]:
    """The service with few connections."""
    app = create_app(settings.model_copy(update={"database_pool_size": CONNECTIONS}))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def clients(narrow_app: FastAPI, owner_database: Database) -> AsyncIterator[list[Client]]:
    """Twenty workspaces; the slug of each is its canary."""
    made = [await client_of(narrow_app, owner_database) for _ in range(WORKSPACES)]
    yield made
    for client in made:
        await client.aclose()


class Storm:
    """Sends requests of all kinds in a random order and looks at every answer."""

    def __init__(self, clients: list[Client], seed: int) -> None:
        self.clients = clients
        self.random = random.Random(seed)
        self.leads: dict[str, list[str]] = {canary_of(client): [] for client in clients}
        self.outcomes: Counter[str] = Counter()

    async def run(self, requests: int) -> None:
        """All of them, a few at a time."""
        places = asyncio.Semaphore(AT_ONCE)

        async def one() -> None:
            async with places:
                await self._one(self.random.choice(self.clients), self.random.random())

        async with asyncio.TaskGroup() as group:
            for _ in range(requests):
                group.create_task(one())

    async def _one(self, client: Client, lot: float) -> None:
        canary = canary_of(client)
        if lot < 0.1:
            await self._cut_off(client, canary)
        elif lot < 0.2:
            await self._failing(client)
        elif lot < 0.5:
            answer = await client.post("/v1/leads", json={"full_name": canary})
            assert answer.status_code == 201, answer.text
            self.leads[canary].append(answer.json()["id"])
            self._check(answer, canary)
        elif lot < 0.6 and self.leads[canary]:
            lead_id = self.random.choice(self.leads[canary])
            self._check(await client.get(f"/v1/leads/{lead_id}"), canary)
        elif lot < 0.7:
            await self._foreign(client)
        else:
            path = self.random.choice(["/v1/leads?limit=20", "/v1/events?limit=20"])
            self._check(await client.get(path), canary)

    def _check(self, answer: httpx.Response, canary: str) -> None:
        assert answer.status_code in (200, 201), answer.text
        others = set(self.leads) - {canary}
        assert not [other for other in others if other in answer.text]
        self.outcomes["answered"] += 1

    async def _cut_off(self, client: Client, canary: str) -> None:
        """The caller hangs up in the middle of a write."""
        sent = asyncio.create_task(
            client.post("/v1/leads", json={"full_name": canary, "company": "cut off"})
        )
        await asyncio.sleep(self.random.uniform(0, 0.03))
        sent.cancel()
        try:
            await sent
            self.outcomes["too late to cut off"] += 1
        except asyncio.CancelledError:
            self.outcomes["cut off"] += 1

    async def _failing(self, client: Client) -> None:
        """The database refuses, in the middle of a transaction."""
        body = {"full_name": canary_of(client), "owner_id": str(new_id())}
        answer = await client.post("/v1/leads", json=body)
        assert answer.status_code == 422, answer.text
        self.outcomes["failed"] += 1

    async def _foreign(self, client: Client) -> None:
        other = self.random.choice([c for c in self.clients if c is not client])
        known = self.leads[canary_of(other)]
        if known:
            answer = await client.get(f"/v1/leads/{self.random.choice(known)}")
            assert answer.status_code == 404, answer.text
            self.outcomes["foreign"] += 1


def canary_of(client: Client) -> str:
    """A text that no other workspace holds."""
    return f"CANARY{client.workspace_id.hex}"


async def test_no_row_lands_in_or_shows_from_another_workspace(
    narrow_app: FastAPI, clients: list[Client], owner_database: Database
) -> None:
    storm = Storm(clients, seed=7)
    await storm.run(REQUESTS)
    for kind in ("answered", "cut off", "failed", "foreign"):
        assert storm.outcomes[kind] >= REQUESTS * 0.04, storm.outcomes
    stored = await owner_database.fetch(
        "SELECT workspace_id, id, full_name, company FROM leads WHERE full_name = ANY($1::text[])",
        [canary_of(client) for client in clients],
    )
    misplaced = [r for r in stored if r["full_name"] != f"CANARY{r['workspace_id'].hex}"]
    assert misplaced == []
    acknowledged = {lead for leads in storm.leads.values() for lead in leads}
    assert acknowledged <= {str(r["id"]) for r in stored}
    unasked = [r for r in stored if str(r["id"]) not in acknowledged and not r["company"]]
    assert unasked == []


async def test_nothing_is_left_open_after_the_storm(
    narrow_app: FastAPI, clients: list[Client], owner_database: Database
) -> None:
    await Storm(clients, seed=11).run(REQUESTS // 5)
    database = narrow_app.state.runtime.database
    async with AsyncExitStack() as held:
        for _ in range(CONNECTIONS):
            connection = await held.enter_async_context(database.connection())
            await _assert_clean(connection)
    events = await owner_database.fetch(
        """
        SELECT l.id FROM leads l
         WHERE l.workspace_id = ANY($1::uuid[])
           AND NOT EXISTS (SELECT FROM events e
                            WHERE e.workspace_id = l.workspace_id AND e.subject_id = l.id)
        """,
        [client.workspace_id for client in clients],
    )
    assert events == [], "a lead without its event: half a transaction was stored"


async def _assert_clean(connection: asyncpg.Connection) -> None:
    assert not connection.is_in_transaction()
    assert await connection.fetchval("SELECT current_setting('app.workspace_id', true)") in (
        None,
        "",
    )
    assert await connection.fetch("SELECT 1 FROM leads") == []
