"""The change feed: every event once, in one order, and none skipped, whoever commits late."""

import asyncio
import random
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest

from app.domain.reach.events import EventType
from app.platform.db import Database
from app.platform.ids import new_id
from app.repositories.reach.events import EventRepository
from app.repositories.unit_of_work import UnitOfWork
from app.services.reach.events import EventService
from tests.conftest import Client

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

CREATED = "lead.created"


class Consumer:
    """Reads the feed from the beginning and goes on from where it was told to."""

    def __init__(self, client: Client, *types: str, limit: int = 7) -> None:
        self.client = client
        self.types = list(types)
        self.limit = limit
        self.position = 0
        self.seen: list[dict[str, Any]] = []

    async def read(self) -> bool:
        """One stretch; True when more is there."""
        params: dict[str, Any] = {"after": self.position, "limit": self.limit}
        if self.types:
            params["types"] = self.types
        answer = await self.client.get("/v1/events", params=params)
        assert answer.status_code == 200, answer.text
        feed = answer.json()
        assert feed["next_position"] >= self.position
        positions = [event["position"] for event in feed["data"]]
        assert positions == sorted(positions)
        assert all(self.position < p <= feed["next_position"] for p in positions)
        self.seen += feed["data"]
        self.position = feed["next_position"]
        return bool(feed["more"])

    async def read_all(self) -> None:
        """Until nothing more is there."""
        while await self.read():
            pass

    @property
    def ids(self) -> list[str]:
        """What it has seen, in that order."""
        return [event["id"] for event in self.seen]


async def test_an_event_that_commits_late_is_not_skipped(
    client: Client, database: Database
) -> None:
    consumer = Consumer(client)
    async with UnitOfWork(database, client.caller) as slow:
        held = _record(slow, EventType.LEAD_UPDATED)
        await slow.flush()
        for _ in range(3):
            await _create_lead(client)
            await consumer.read_all()
        assert str(held) not in consumer.ids
        before = list(consumer.ids)
    await consumer.read_all()
    assert consumer.ids == [*before, str(held)]
    await _assert_complete(consumer, database)


async def test_a_filter_does_not_skip_what_commits_late(client: Client, database: Database) -> None:
    consumer = Consumer(client, EventType.TEAM_CREATED.value)
    async with UnitOfWork(database, client.caller) as slow:
        held = _record(slow, EventType.TEAM_CREATED)
        await slow.flush()
        for _ in range(3):
            await _create_lead(client)
            await consumer.read_all()
        # Nothing matched, and still the consumer has moved on.
        assert consumer.position > 0
        assert consumer.seen == []
    await consumer.read_all()
    assert consumer.ids == [str(held)]


async def test_an_event_that_is_rolled_back_never_shows(client: Client, database: Database) -> None:
    async def fail() -> None:
        async with UnitOfWork(database, client.caller) as uow:
            _record(uow, EventType.LEAD_UPDATED)
            await uow.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    consumer = Consumer(client)
    await consumer.read_all()
    assert [event["type"] for event in consumer.seen] == ["api_key.created"]


async def test_transactions_that_end_in_any_order_are_all_seen_once(
    client: Client, database: Database
) -> None:
    lots = random.Random(5)
    consumer, typed = Consumer(client, limit=5), Consumer(client, CREATED, limit=3)
    stop = asyncio.Event()

    async def write(pauses: Iterable[float]) -> None:
        for pause in pauses:
            async with UnitOfWork(database, client.caller) as uow:
                _record(uow, lots.choice([EventType.LEAD_CREATED, EventType.LEAD_UPDATED]))
                await uow.flush()
                await asyncio.sleep(pause)
                _record(uow, EventType.LEAD_DELETED)

    async def consume(reader: Consumer) -> None:
        while not stop.is_set():
            await reader.read_all()
            await asyncio.sleep(0.001)

    async def place() -> None:
        while not stop.is_set():
            async with UnitOfWork(database, client.caller) as uow:
                await EventService(uow).place()

    reading = [asyncio.create_task(work) for work in (consume(consumer), consume(typed), place())]
    await asyncio.gather(*(write([lots.uniform(0, 0.02) for _ in range(25)]) for _ in range(5)))
    stop.set()
    await asyncio.gather(*reading)
    await consumer.read_all()
    await typed.read_all()
    assert len(consumer.seen) == 1 + 5 * 25 * 2
    await _assert_complete(consumer, database)
    expected = [event["id"] for event in consumer.seen if event["type"] == CREATED]
    assert len(expected) > 20
    assert typed.ids == expected


@pytest.mark.parametrize("types", [(), (CREATED,), ("team.created",)])
@pytest.mark.parametrize("moment", ["last_position", "after"])
async def test_an_event_placed_between_two_statements_is_not_skipped(
    client: Client,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    types: tuple[str, ...],
) -> None:
    """Whatever the service reads first, somebody commits and places an event right before it."""
    original = getattr(EventRepository, moment)

    async def disturbed(self: EventRepository, *arguments: Any) -> Any:
        async with UnitOfWork(database, client.caller) as other:
            _record(other, EventType.LEAD_CREATED)
        async with UnitOfWork(database, client.caller) as other:
            await EventService(other).place()
        return await original(self, *arguments)

    # A reader that places something itself holds the counter and cannot be disturbed.
    consumer = Consumer(client, *types)
    await consumer.read_all()
    with monkeypatch.context() as patch:
        patch.setattr(EventRepository, moment, disturbed)
        for _ in range(3):
            await consumer.read()
    await consumer.read_all()
    everything = Consumer(client)
    await everything.read_all()
    assert consumer.ids == [e["id"] for e in everything.seen if not types or e["type"] in types]
    await _assert_complete(everything, database)


async def test_events_placed_by_many_at_once_get_positions_without_gaps(
    client: Client, database: Database
) -> None:
    for _ in range(5):
        await asyncio.gather(*(_create_lead(client) for _ in range(8)))
        await asyncio.gather(*(Consumer(client).read() for _ in range(8)))
    consumer = Consumer(client, limit=1000)
    await consumer.read_all()
    assert [event["position"] for event in consumer.seen] == list(range(1, len(consumer.seen) + 1))
    await _assert_complete(consumer, database)


async def test_two_consumers_see_the_same_order(client: Client) -> None:
    early = Consumer(client, limit=1)
    for _ in range(4):
        await _create_lead(client)
        await early.read_all()
    late = Consumer(client, limit=1000)
    await late.read_all()
    assert early.ids == late.ids


async def test_reading_again_gives_the_same_again(client: Client) -> None:
    await _create_lead(client)
    first, second = Consumer(client), Consumer(client)
    await first.read_all()
    await second.read_all()
    assert first.seen == second.seen


async def test_the_last_stretch_says_that_nothing_more_is_there(client: Client) -> None:
    await _create_lead(client)
    whole = Consumer(client, limit=1000)
    assert not await whole.read()
    exact = Consumer(client, limit=len(whole.seen))
    assert not await exact.read()
    short = Consumer(client, limit=len(whole.seen) - 1)
    assert await short.read()
    assert not await short.read()
    assert short.ids == whole.ids
    assert not await whole.read()
    assert whole.position == short.position


async def test_a_workspace_reads_its_own_events_only(client: Client, stranger: Client) -> None:
    await _create_lead(stranger)
    consumer = Consumer(client)
    await consumer.read_all()
    assert [event["type"] for event in consumer.seen] == ["api_key.created"]


def _record(uow: UnitOfWork, event_type: EventType) -> UUID:
    return uow.record(event_type, "lead", new_id(), {})


async def _create_lead(client: Client) -> None:
    answer = await client.post("/v1/leads", json={"full_name": "Ada Lovelace"})
    assert answer.status_code == 201, answer.text


async def _assert_complete(consumer: Consumer, database: Database) -> None:
    """It has seen every stored event of the workspace, each once, in order of position."""
    assert len(set(consumer.ids)) == len(consumer.ids)
    positions = [event["position"] for event in consumer.seen]
    assert positions == sorted(positions)
    workspace_id = consumer.client.workspace_id
    async with database.connection() as connection, connection.transaction():
        await connection.execute(f"SET LOCAL app.workspace_id = '{workspace_id}'")
        stored = await connection.fetch(
            "SELECT id FROM events WHERE workspace_id = $1", workspace_id
        )
    assert {str(row["id"]) for row in stored} == set(consumer.ids)
