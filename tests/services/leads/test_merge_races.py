"""Merging while others merge, edit and capture: no cycle, no orphan, no touch lost.

TOUCHLINE_TEST_RACES says how many races of each kind are run.
"""

import asyncio
import os
from typing import Any

import pytest
from fastapi import FastAPI

from app.platform.db import Database
from app.repositories.leads.lead_rows import MOVES
from tests.conftest import Client
from tests.factories.intake import submit
from tests.factories.merges import ask_merge, merged, new_lead, undone

pytestmark = pytest.mark.anyio

RACES = int(os.environ.get("TOUCHLINE_TEST_RACES", "4"))


@pytest.fixture(params=range(RACES), ids=lambda n: f"race-{n}")
def race(request: pytest.FixtureRequest) -> int:
    """The number of the race."""
    number: int = request.param
    return number


async def pair(client: Client, race: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two leads with an address and two touches each, in changing order of their ids."""
    made = [
        await new_lead(client, full_name=name, email=f"{name}.{race}@engines.example")
        for name in ("ada", "king")
    ]
    for lead in made:
        await client.post(f"/v1/leads/{lead['id']}/touchpoints", json={"kind": "call"})
    return (made[0], made[1]) if race % 2 else (made[1], made[0])


async def check(client: Client, behind: Database, *, leads: int, touches: int) -> None:
    """No lead leads to one that is gone, nothing points to one that is gone, all touches are
    there and counted."""
    workspace = client.workspace_id
    living = await behind.fetch(
        "SELECT id, touch_count FROM leads WHERE workspace_id = $1 AND deleted_at IS NULL",
        workspace,
    )
    assert len(living) == leads
    gone = await behind.fetch(
        "SELECT merged_into FROM leads WHERE workspace_id = $1 AND merged_into IS NOT NULL",
        workspace,
    )
    assert {row["merged_into"] for row in gone} <= {row["id"] for row in living}
    for moves in MOVES:
        for column in moves.columns:
            orphans = await behind.fetch(
                f"SELECT count(*) FROM {moves.table.name} t JOIN leads l "
                f"ON l.workspace_id = t.workspace_id AND l.id = t.{column} "
                "WHERE t.workspace_id = $1 AND l.merged_into IS NOT NULL",
                workspace,
            )
            assert orphans[0]["count"] == 0, f"{moves.table.name}.{column}"
    counted = await behind.fetch(
        "SELECT lead_id, count(*) FROM touchpoints WHERE workspace_id = $1 GROUP BY lead_id",
        workspace,
    )
    by_lead = {row["lead_id"]: row["count"] for row in counted}
    assert by_lead == {row["id"]: row["touch_count"] for row in living if row["touch_count"]}
    assert sum(by_lead.values()) == touches


async def test_each_into_the_other(client: Client, owner_database: Database, race: int) -> None:
    one, other = await pair(client, race)
    answers = await asyncio.gather(ask_merge(client, one, other), ask_merge(client, other, one))
    assert sorted(answer.status_code for answer in answers) == [200, 308]
    await check(client, owner_database, leads=1, touches=4)
    [merge] = [answer.json() for answer in answers if answer.status_code == 200]
    await undone(client, merge)
    await check(client, owner_database, leads=2, touches=4)


async def test_a_ring_of_three(client: Client, owner_database: Database, race: int) -> None:
    one, other = await pair(client, race)
    third = await new_lead(client)
    ring = ((one, other), (other, third), (third, one))
    answers = await asyncio.gather(*(ask_merge(client, *leads) for leads in ring))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) <= {200, 308, 422}, [answer.text for answer in answers]
    await check(client, owner_database, leads=3 - statuses.count(200), touches=5)


async def test_against_edits_of_both(client: Client, owner_database: Database, race: int) -> None:
    winner, loser = await pair(client, race)
    merge, mine, theirs = await asyncio.gather(
        ask_merge(client, winner, loser),
        client.patch(f"/v1/leads/{winner['id']}", json={"company": "Engines SE"}),
        client.patch(f"/v1/leads/{loser['id']}", json={"title": "Countess"}),
    )
    assert (merge.status_code, mine.status_code) == (200, 200)
    assert theirs.status_code in (200, 308), theirs.text
    if theirs.status_code == 308:
        path = theirs.headers["location"]
        assert (await client.patch(path, json={"title": "Countess"})).status_code == 200
    lead = (await client.get(f"/v1/leads/{winner['id']}")).json()
    assert (lead["company"], lead["title"]) == ("Engines SE", "Countess")
    await check(client, owner_database, leads=1, touches=4)


async def test_against_capture(
    app: FastAPI, client: Client, owner_database: Database, race: int
) -> None:
    winner, loser = await pair(client, race)
    device = {"visitor_id": "visitor-0001"}
    known = {"full_name": loser["full_name"], "email": loser["email"]}
    first = await submit(client, known, context=device)
    assert first.status_code == 202, first.text
    pipeline = app.state.runtime.pipeline
    await pipeline.run(client.workspace_id)
    seen = {"touchpoints": [{"kind": "page_viewed"}, {"kind": "page_viewed"}]}
    for _ in range(2):
        await submit(client, known | {"company": "Engines"}, context=device)
        await client.post("/v1/visitors/visitor-0001/touchpoints", json=seen)
    touch = {"items": [{"lead_id": loser["id"], "kind": "call"}]}
    answers = await asyncio.gather(
        ask_merge(client, winner, loser),
        client.post("/v1/leads?on_duplicate=link", json=known),
        client.post("/v1/touchpoints/batch", json=touch),
        pipeline.run(client.workspace_id),
    )
    assert [answer.status_code for answer in answers[:3]] == [200, 200, 200], answers
    assert answers[2].json()["results"][0]["status"] == "created"
    await pipeline.run(client.workspace_id)
    # Four of the pair, one before and two in the race, four views, one by the API, one batch.
    await check(client, owner_database, leads=1, touches=13)
    visitor = (await client.get("/v1/visitors/visitor-0001")).json()
    assert visitor["lead_id"] == winner["id"]
    page = (await client.get("/v1/submissions", params={"lead_id": loser["id"]})).json()
    assert len([each for each in page["data"] if each["lead_id"] == winner["id"]]) >= 3


async def test_undo_against_capture(
    app: FastAPI, client: Client, owner_database: Database, race: int
) -> None:
    winner, loser = await pair(client, race)
    merge = await merged(client, winner, loser)
    known = {"full_name": loser["full_name"], "email": loser["email"]}
    await submit(client, known)
    undo, linked, _ = await asyncio.gather(
        client.post(f"/v1/merges/{merge['id']}/undo"),
        client.post("/v1/leads?on_duplicate=link", json=known),
        app.state.runtime.pipeline.run(client.workspace_id),
    )
    assert (undo.status_code, linked.status_code) == (200, 200), (undo.text, linked.text)
    await app.state.runtime.pipeline.run(client.workspace_id)
    await check(client, owner_database, leads=2, touches=6)
