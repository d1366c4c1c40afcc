"""Segments: made over HTTP, and the workers that keep who is in them."""

from typing import Any
from uuid import UUID

from app.domain.paging import PageRequest
from app.platform import clock
from app.platform.db import Database
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import system_caller
from app.services.reach.events import EventService
from app.services.reach.job_runner import Handler, JobRunner
from app.services.ripeness.segment_keeping import (
    REFRESH_SEGMENT,
    ask_for_refreshes,
    keep_members,
)
from app.services.ripeness.segment_refresh import refreshing
from tests.conftest import Client

GERMAN = {"field": "country_code", "op": "eq", "value": "DE"}


class Keeper:
    """What the worker does for segments, in one workspace and at one's word."""

    def __init__(self, database: Database, workspace_id: UUID) -> None:
        self.database, self.workspace_id = database, workspace_id

    def work(self) -> UnitOfWork:
        """A unit of work in the workspace."""
        return UnitOfWork(self.database, system_caller(self.workspace_id))

    async def place(self) -> None:
        """Give every committed event its position."""
        more = 1
        while more:
            async with self.work() as uow:
                more = await EventService(uow).place()

    async def follow(self) -> int:
        """Judge what changed; how many changes were looked at."""
        placed_at = clock.now()
        await self.place()
        looked_at, more = 0, 1
        while more:
            async with self.work() as uow:
                more = await keep_members(uow, placed_at)
            looked_at += more
        return looked_at

    async def refresh(self, handler: Handler | None = None) -> None:
        """Do the refreshes that are asked for or due."""
        async with self.work() as uow:
            await ask_for_refreshes(uow)
        handlers = {REFRESH_SEGMENT: handler or refreshing()}
        await JobRunner(self.database, handlers, poll_seconds=0.02).drain()
        async with self.work() as uow:
            failed = {"kind": [REFRESH_SEGMENT], "status": ["failed", "dead"]}
            assert (await uow.jobs.page(PageRequest(), failed)).data == []

    async def settle(self) -> None:
        """Until everything is as it should be."""
        await self.refresh()
        while await self.follow():
            pass


async def new_segment(
    client: Client, condition: dict[str, Any] | None = None, **told: Any
) -> dict[str, Any]:
    """A new segment, dynamic when it has a condition."""
    body: dict[str, Any] = {"name": "Ripe", "kind": "static"}
    if condition is not None:
        body |= {"kind": "dynamic", "condition": condition}
    answer = await client.post("/v1/segments", json=body | told)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def members_of(client: Client, segment: dict[str, Any]) -> set[str]:
    """The ids of all members."""
    found: set[str] = set()
    cursor = None
    while True:
        query = {"limit": 200} | ({"cursor": cursor} if cursor else {})
        answer = await client.get(f"/v1/segments/{segment['id']}/members", params=query)
        assert answer.status_code == 200, answer.text
        found |= {member["id"] for member in answer.json()["data"]}
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


async def picked_segment(client: Client, name: str, *lead_ids: str) -> str:
    """The id of a new static segment with these leads in it."""
    segment = await new_segment(client, name=name)
    path = f"/v1/segments/{segment['id']}/members"
    answer = await client.post(path, json={"lead_ids": lead_ids})
    assert answer.status_code == 200, answer.text
    return str(segment["id"])
