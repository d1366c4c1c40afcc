"""Members are those whom the condition means, whatever happened, and whoever works at once.

TOUCHLINE_TEST_RACES says how many races are run.
"""

import asyncio
import os
import random
from collections import defaultdict
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.platform.db import Database
from app.services.ripeness.segment_conditions import SegmentConditions
from app.worker import Worker
from tests.conftest import Client, client_of
from tests.factories.access import events_of
from tests.factories.merges import new_lead
from tests.factories.segments import GERMAN, Keeper, members_of, new_segment

pytestmark = pytest.mark.anyio

RACES = int(os.environ.get("TOUCHLINE_TEST_RACES", "4"))
COUNTRIES = ("DE", "FR", None)
CALLED = {"field": "touches", "kind": "call", "op": "gte", "value": 2}
WORKED = {"field": "status", "op": "in", "value": ["working", "qualified"]}
CONDITIONS: tuple[dict[str, Any], ...] = (
    GERMAN,
    {"any": [CALLED, {"not": WORKED}]},
    {"all": [{"not": GERMAN}, CALLED]},
    {"field": "last_touch_at", "op": "is_null"},
)

STEPS: tuple[str, ...] = ("create", "country", "work", "call", "correct", "delete", "merge")
STEPS += ("undo", "pick", "drop", "condition", "follow", "follow", "refresh")
steps = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(0, 30), st.integers(0, 30)),
    min_size=5,
    max_size=25,
)


class Herd:
    """Leads that things happen to, and segments of them."""

    def __init__(self, client: Client, keeper: Keeper) -> None:
        self.client, self.keeper = client, keeper
        self.leads: list[str] = []
        self.merges: list[str] = []
        self.touches: list[tuple[str, str]] = []
        self.dynamic: list[dict[str, Any]] = []
        self.static: dict[str, Any] = {}
        self.naming: list[dict[str, Any]] = []

    async def begin(self) -> None:
        """A segment of each condition, one that people pick, and two leads."""
        self.dynamic = [await new_segment(self.client, condition) for condition in CONDITIONS]
        self.static = await new_segment(self.client)
        listed = {"field": "segment", "op": "in", "value": [self.static["id"]]}
        others = {"field": "segment", "op": "in", "value": [each["id"] for each in self.dynamic]}
        for naming in ({"all": [others, {"not": listed}]}, listed):
            self.naming.append(await new_segment(self.client, naming))
        for _ in range(2):
            await self.create(0, 0)

    async def take(self, step: tuple[str, int, int]) -> None:
        """Let one thing happen."""
        name, first, second = step
        await getattr(self, name)(first, second)

    def lead(self, number: int) -> str:
        """One of the leads, there or gone."""
        return self.leads[number % len(self.leads)]

    async def ask(self, method: str, path: str, **body: Any) -> httpx.Response:
        """What may well be refused: the lead may be gone."""
        answer = await self.client.request(method, path, json=body or None)
        assert answer.status_code < 500, answer.text
        return answer

    async def create(self, first: int, _: int) -> None:
        made = await new_lead(self.client, full_name="Ada", country=COUNTRIES[first % 3])
        self.leads.append(made["id"])

    async def country(self, first: int, second: int) -> None:
        await self.ask("PATCH", f"/v1/leads/{self.lead(first)}", country=COUNTRIES[second % 3])

    async def work(self, first: int, _: int) -> None:
        await self.ask("PATCH", f"/v1/leads/{self.lead(first)}", status="working")

    async def call(self, first: int, _: int) -> None:
        path = f"/v1/leads/{self.lead(first)}/touchpoints"
        answer = await self.ask("POST", path, kind="call")
        if answer.status_code == 201:
            self.touches.append((answer.json()["lead_id"], answer.json()["id"]))

    async def correct(self, first: int, _: int) -> None:
        if self.touches:
            lead_id, touch_id = self.touches[first % len(self.touches)]
            path = f"/v1/leads/{lead_id}/touchpoints"
            await self.ask("POST", path, kind="form_submitted", supersedes_id=touch_id)

    async def delete(self, first: int, _: int) -> None:
        await self.ask("DELETE", f"/v1/leads/{self.lead(first)}")

    async def merge(self, first: int, second: int) -> None:
        path = f"/v1/leads/{self.lead(first)}/merge"
        answer = await self.ask("POST", path, loser_id=self.lead(second))
        if answer.status_code == 200:
            self.merges.append(answer.json()["id"])

    async def undo(self, first: int, _: int) -> None:
        if self.merges:
            await self.ask("POST", f"/v1/merges/{self.merges[first % len(self.merges)]}/undo")

    async def pick(self, first: int, second: int) -> None:
        ids = [self.lead(first), self.lead(second)]
        await self.ask("POST", f"/v1/segments/{self.static['id']}/members", lead_ids=ids)

    async def drop(self, first: int, _: int) -> None:
        path = f"/v1/segments/{self.static['id']}/members/remove"
        await self.ask("POST", path, lead_ids=[self.lead(first)])

    async def condition(self, first: int, second: int) -> None:
        segment = self.dynamic[first % len(self.dynamic)]
        condition = CONDITIONS[second % len(CONDITIONS)]
        await self.ask("PATCH", f"/v1/segments/{segment['id']}", condition=condition)

    async def follow(self, _: int, __: int) -> None:
        await self.keeper.follow()

    async def refresh(self, _: int, __: int) -> None:
        await self.keeper.refresh()

    async def check(self) -> None:
        """Who is in is who is meant, and the journal tells how they came and went."""
        told = await told_members(self.client)
        for segment in [*self.dynamic, *self.naming, self.static]:
            members = await members_of(self.client, segment)
            assert members == told[segment["id"]]
            size = (await self.client.get(f"/v1/segments/{segment['id']}/size")).json()["size"]
            assert size == len(members)
            if segment is not self.static:
                assert members == await self.meant(segment)

    async def meant(self, segment: dict[str, Any]) -> set[str]:
        """Who meets the condition, worked out from scratch."""
        now = (await self.client.get(f"/v1/segments/{segment['id']}")).json()
        body = {"condition": now["condition"], "limit": 50}
        preview = (await self.client.post("/v1/segments/preview", json=body)).json()
        assert preview["size"] == len(preview["members"])
        return {each["id"] for each in preview["members"]}


async def told_members(client: Client) -> dict[str, set[str]]:
    """Who is in by the word of the journal, where everybody enters before leaving, and in turn."""
    inside: dict[str, set[str]] = defaultdict(set)
    for event in await events_of(client, "segment.entered", "segment.left"):
        members, lead_id = inside[event["subject_id"]], event["lead_id"]
        assert (lead_id in members) == (event["type"] == "segment.left"), event
        if event["type"] == "segment.entered":
            members.add(lead_id)
        else:
            members.discard(lead_id)
    return inside


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(taken=steps)
async def test_members_are_who_is_meant_whatever_happened(
    app: FastAPI,
    owner_database: Database,
    database: Database,
    taken: list[tuple[str, int, int]],
) -> None:
    async with await client_of(app, owner_database) as client:
        herd = Herd(client, Keeper(database, client.workspace_id))
        await herd.begin()
        for step in taken:
            await herd.take(step)
        await herd.keeper.settle()
        await herd.check()


@pytest.mark.parametrize("race", range(RACES))
async def test_each_entry_and_exit_is_told_once_whoever_works(
    client: Client, database: Database, race: int
) -> None:
    """Two workers follow and refresh while leads change and are picked."""
    luck = random.Random(race)
    keepers = [Keeper(database, client.workspace_id) for _ in range(2)]
    herd = Herd(client, keepers[0])
    await herd.begin()
    for number in range(10):
        await herd.create(number, 0)
    doing = True

    async def keep(keeper: Keeper) -> None:
        while doing:
            await keeper.follow()
            for segment in herd.dynamic[:2]:
                await client.post(f"/v1/segments/{segment['id']}/refresh")
            await keeper.refresh()

    async def live() -> None:
        changes = ("country", "call", "merge", "undo", "pick", "drop", "condition", "delete")
        for _ in range(25):
            await herd.take((luck.choice(changes), luck.randrange(30), luck.randrange(30)))

    working = [asyncio.create_task(keep(keeper)) for keeper in keepers]
    await asyncio.gather(live(), live())
    doing = False
    await asyncio.gather(*working)
    await keepers[0].settle()
    await herd.check()


async def test_a_lead_that_changes_behind_the_back_of_a_refresh_is_not_lost(
    client: Client, database: Database
) -> None:
    """The refresh has judged the lead and not committed; whoever follows waits for it."""
    keeper = Keeper(database, client.workspace_id)
    segment = await new_segment(client, GERMAN)
    await keeper.settle()
    lead = await new_lead(client, country="DE")
    async with keeper.work() as uow:
        await uow.segment_progress.lock()
        asked = await (await SegmentConditions.of(uow)).read(segment["condition"])
        crossings = await uow.segment_crossings.sweep(
            UUID(segment["id"]), asked, UUID(int=0), UUID(int=2**128 - 1)
        )
        assert [str(each.lead_id) for each in crossings] == [lead["id"]]
        await client.patch(f"/v1/leads/{lead['id']}", json={"country": "FR"})
        following = asyncio.create_task(keeper.follow())
        await asyncio.sleep(0.2)
        assert not following.done()
    await following
    assert await members_of(client, segment) == set()


async def test_the_worker_follows_and_asks_for_what_is_due(
    client: Client,
    database: Database,
    owner_database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = Worker(database)

    async def only_this() -> list[UUID]:
        return [client.workspace_id]

    monkeypatch.setattr(worker, "workspaces", only_this)
    segment = await new_segment(client, GERMAN)
    await Keeper(database, client.workspace_id).settle()
    lead = await new_lead(client, country="DE")
    await worker.keep_segments()
    assert await members_of(client, segment) == {lead["id"]}
    await worker.refresh_segments()
    asked = "/v1/jobs?kind=refresh_segment&status=queued"
    assert (await client.get(asked)).json()["data"] == []
    await owner_database.fetch(
        "UPDATE segments SET refresh_due_at = now() WHERE id = $1", segment["id"]
    )
    # Of two workers one asks, and does not ask again before the job is done.
    await asyncio.gather(worker.refresh_segments(), worker.refresh_segments())
    [job] = (await client.get(asked)).json()["data"]
    assert job["payload"] == {"segment_id": segment["id"]}
