"""The timeline of a lead: everything once, in order, page by page."""

import pytest

from tests.api.leads.test_leads import create
from tests.api.record.test_touchpoints import record
from tests.conftest import Client

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]


async def test_shows_touches_and_changes_with_who_and_when(client: Client) -> None:
    lead = await create(client)
    await record(client, lead["id"], kind="call", occurred_at="2026-01-01T00:00:00Z")
    await client.patch(f"/v1/leads/{lead['id']}", json={"status": "working", "title": "Countess"})
    timeline = (await client.get(f"/v1/leads/{lead['id']}/timeline")).json()
    entries = timeline["data"]
    assert sorted(entry["kind"] for entry in entries) == [
        "call",
        "lead.created",
        "lead.status_changed",
        "lead.updated",
        "lead_captured",
    ]
    assert entries[-1]["kind"] == "call"
    assert all(entry["api_key_id"] for entry in entries)
    assert timeline["next_cursor"] is None
    moved = next(entry for entry in entries if entry["kind"] == "lead.status_changed")
    assert moved["data"]["status"] == {"before": "new", "after": "working"}


@pytest.mark.parametrize("sort", ["occurred_at", "-occurred_at"])
async def test_pages_hold_every_entry_once(client: Client, sort: str) -> None:
    lead = await create(client, last_name="A", touchpoint=None)
    items = [
        {"lead_id": lead["id"], "kind": "call", "occurred_at": f"2026-01-{1 + n // 5:02}T00:00:00Z"}
        for n in range(40)
    ]
    await client.post("/v1/touchpoints/batch", json={"items": items})
    seen: list[tuple[str, str]] = []
    cursor = None
    while True:
        params = {"limit": "7", "sort": sort} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(f"/v1/leads/{lead['id']}/timeline", params=params)).json()
        seen += [(entry["occurred_at"], entry["id"]) for entry in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 41
    assert seen == sorted(seen, reverse=sort.startswith("-"))


async def test_filters_by_kind(client: Client) -> None:
    lead = await create(client)
    await record(client, lead["id"], kind="call")
    await record(client, lead["id"], kind="meeting")
    url = f"/v1/leads/{lead['id']}/timeline"
    answer = await client.get(url, params={"kind": ["call", "lead.created"]})
    assert sorted(entry["kind"] for entry in answer.json()["data"]) == ["call", "lead.created"]


async def test_a_cursor_belongs_to_its_lead(client: Client) -> None:
    first, second = await create(client, last_name="A"), await create(client, last_name="B")
    page = await client.get(f"/v1/leads/{first['id']}/timeline", params={"limit": 1})
    params = {"cursor": page.json()["next_cursor"]}
    answer = await client.get(f"/v1/leads/{second['id']}/timeline", params=params)
    assert answer.status_code == 422
