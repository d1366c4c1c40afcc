"""The same submission again, and what happens to a lead while it is being matched."""

import asyncio
from typing import Any

import pytest

from app.platform.db import Database
from tests.api.leads.test_leads import create
from tests.conftest import Client

pytestmark = pytest.mark.anyio

TOUCH = {"kind": "form_submitted", "source_system": "site", "external_id": "s-1"}


async def put(client: Client, name: str, **body: Any) -> Any:
    """An upsert by external reference."""
    return await client.put(f"/v1/leads/external/crm/{name}", json=body)


async def test_a_sync_that_repeats_itself_makes_no_touches(client: Client) -> None:
    for city in ("Bonn", "Bonn"):
        await put(client, "1", email="a@example.com", city=city)
    answer = await put(client, "1", email="a@example.com", city="Berlin")
    assert answer.json()["touch_count"] == 1
    assert answer.json()["city"] == "Berlin"


async def test_a_touch_that_is_told_counts_once_and_the_fields_are_updated(client: Client) -> None:
    await put(client, "42", email="b@example.com", city="Bonn", touchpoint=TOUCH)
    answer = await put(client, "42", email="b@example.com", city="Berlin", touchpoint=TOUCH)
    assert (answer.status_code, answer.json()["city"]) == (200, "Berlin")
    assert answer.json()["touch_count"] == 1


async def test_a_touch_of_another_lead_is_a_conflict_and_nothing_is_lost(client: Client) -> None:
    first = await create(client, email="c@example.com", touchpoint=TOUCH)
    answer = await put(client, "43", email="d@example.com", touchpoint=TOUCH)
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["pointer"] == "/touchpoint/external_id"
    assert answer.json()["lead_id"] == first["id"]


async def test_a_touch_of_a_deleted_lead_does_not_keep_a_new_one_out(client: Client) -> None:
    first = await create(client, email="e@example.com", touchpoint=TOUCH)
    await client.delete(f"/v1/leads/{first['id']}")
    answer = await client.post("/v1/leads", json={"email": "e@example.com", "touchpoint": TOUCH})
    assert answer.status_code == 201, answer.text
    assert answer.json()["id"] != first["id"]


async def test_repeats_that_meet_are_one_touch(client: Client, owner_database: Database) -> None:
    lead = await create(client, email="f@example.com")
    body = {"email": "f@example.com", "touchpoint": TOUCH}

    async def link() -> Any:
        return await client.post("/v1/leads", params={"on_duplicate": "link"}, json=body)

    async with owner_database.connection() as connection, connection.transaction():
        await _hold(connection, client, lead["id"])
        waiting = [asyncio.create_task(link()) for _ in range(3)]
        await asyncio.sleep(0.3)
    answers = await asyncio.gather(*waiting)
    assert {answer.status_code for answer in answers} == {200}
    [touch_id] = {answer.json()["touchpoint_id"] for answer in answers}
    assert (await client.get(f"/v1/touchpoints/{touch_id}")).status_code == 200
    assert (await client.get(f"/v1/leads/{lead['id']}")).json()["touch_count"] == 2


@pytest.mark.parametrize("change", ["deleted_at = now()", "email_norm = 'moved@example.com'"])
async def test_a_lead_that_changes_while_it_is_matched_is_matched_again(
    client: Client, owner_database: Database, change: str
) -> None:
    lead = await create(client, email="g@example.com")
    body = {"email": "g@example.com", "city": "Berlin"}
    async with owner_database.connection() as connection, connection.transaction():
        await _hold(connection, client, lead["id"])
        waiting = asyncio.create_task(
            client.post("/v1/leads", params={"on_duplicate": "update"}, json=body)
        )
        await asyncio.sleep(0.3)
        await connection.execute(f"UPDATE leads SET {change} WHERE id = '{lead['id']}'")
        await connection.execute(f"DELETE FROM lead_identities WHERE lead_id = '{lead['id']}'")
    answer = await waiting
    assert (answer.status_code, answer.json()["outcome"]) == (201, "created"), answer.text
    assert answer.json()["id"] != lead["id"]


async def _hold(connection: Any, client: Client, lead_id: str) -> None:
    await connection.execute(f"SET LOCAL app.workspace_id = '{client.workspace_id}'")
    await connection.fetch(f"SELECT 1 FROM leads WHERE id = '{lead_id}' FOR UPDATE")
