"""Touchpoints over HTTP: recorded once, corrected by a new one, a thousand at a time."""

import asyncio
from typing import Any

import pytest

from tests.api.leads.test_leads import create
from tests.conftest import Client

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

TOUCH = {
    "kind": "content_downloaded",
    "channel": "paid_search",
    "occurred_at": "2026-03-02T09:30:00Z",
    "utm": {"source": "google", "medium": "cpc", "campaign": "spring"},
    "click_ids": {"gclid": "Cj0KCQ"},
    "page_url": "https://example.com/pricing",
    "referrer": "https://www.google.com/",
    "products": ["Heat pump 12 kW"],
    "summary": "Price list",
    "payload": {"pages": [1, 2], "price": 12.5, "big": 2**62},
    "source_system": "site",
    "external_id": "dl-1",
}


async def record(client: Client, lead_id: str, **fields: Any) -> dict[str, Any]:
    """A new touchpoint of a lead."""
    answer = await client.post(f"/v1/leads/{lead_id}/touchpoints", json=fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_everything_told_is_read_again(client: Client) -> None:
    lead = await create(client)
    made = await record(client, lead["id"], **TOUCH)
    assert {name: made[name] for name in TOUCH} == TOUCH
    assert (await client.get(f"/v1/touchpoints/{made['id']}")).json() == made
    entry = (await client.get(f"/v1/leads/{lead['id']}/timeline")).json()["data"][-1]
    assert entry["data"]["payload"] == TOUCH["payload"]


async def test_the_same_reference_is_the_same_touch(client: Client) -> None:
    lead = await create(client)
    first = await record(client, lead["id"], **TOUCH)
    again = await client.post(f"/v1/leads/{lead['id']}/touchpoints", json=TOUCH)
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    assert (await client.get(f"/v1/leads/{lead['id']}")).json()["touch_count"] == 2


async def test_the_same_reference_for_another_lead_is_a_conflict(client: Client) -> None:
    await record(client, (await create(client))["id"], **TOUCH)
    other = await create(client, email="other@example.com")
    answer = await client.post(f"/v1/leads/{other['id']}/touchpoints", json=TOUCH)
    assert answer.status_code == 409


async def test_sixty_four_repeats_at_once_are_one_touch(client: Client) -> None:
    lead = await create(client)
    url = f"/v1/leads/{lead['id']}/touchpoints"
    answers = await asyncio.gather(*(client.post(url, json=TOUCH) for _ in range(64)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sorted(answer.status_code for answer in answers) == [200] * 63 + [201]
    assert (await client.get(f"/v1/leads/{lead['id']}")).json()["touch_count"] == 2


async def test_first_and_last_touch_follow_what_happened_not_what_arrived(client: Client) -> None:
    lead = await create(client, last_name="A", touchpoint=None)
    for day in ("2026-03-02", "2019-01-01", "2026-05-01", "2025-01-01"):
        await record(client, lead["id"], kind="call", occurred_at=f"{day}T00:00:00Z")
    stored = (await client.get(f"/v1/leads/{lead['id']}")).json()
    assert stored["first_touch_at"] == "2019-01-01T00:00:00Z"
    assert stored["last_touch_at"] == "2026-05-01T00:00:00Z"
    assert stored["touch_count"] == 4
    assert stored["version"] == lead["version"]


async def test_a_correction_supersedes_and_keeps_the_first(client: Client) -> None:
    lead = await create(client, last_name="A", touchpoint=None)
    wrong = await record(client, lead["id"], kind="call", summary="wrong")
    right = await record(
        client, lead["id"], kind="call", summary="right", supersedes_id=wrong["id"]
    )
    url = f"/v1/leads/{lead['id']}/timeline"
    shown = (await client.get(url, params={"kind": "call"})).json()["data"]
    assert [entry["id"] for entry in shown] == [right["id"]]
    kept = await client.get(f"/v1/touchpoints/{wrong['id']}")
    assert kept.json()["summary"] == "wrong"
    again = {"kind": "call", "supersedes_id": wrong["id"]}
    refused = await client.post(f"/v1/leads/{lead['id']}/touchpoints", json=again)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/supersedes_id"


async def test_a_touch_lies_in_the_past(client: Client) -> None:
    lead = await create(client)
    touch = {"kind": "call", "occurred_at": "2199-01-01T00:00:00Z"}
    answer = await client.post(f"/v1/leads/{lead['id']}/touchpoints", json=touch)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/occurred_at"


async def test_an_unknown_lead_is_not_found(client: Client) -> None:
    url = "/v1/leads/01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d/touchpoints"
    assert (await client.post(url, json={"kind": "call"})).status_code == 404


async def test_a_batch_answers_item_by_item(client: Client) -> None:
    lead = await create(client, last_name="A", touchpoint=None)
    nobody = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"
    good = {"lead_id": lead["id"], "kind": "call"}
    items: list[Any] = [
        good,
        {"lead_id": nobody, "kind": "call"},
        {"lead_id": lead["id"]},
        good | {"campaign_id": nobody},
        good | {"source_system": "s", "external_id": "1"},
        good | {"source_system": "s", "external_id": "1"},
        good | {"unknown": 1},
        "not an object",
        good | {"occurred_at": "2026-02-30T00:00:00Z"},
    ]
    answer = await client.post("/v1/touchpoints/batch", json={"items": items})
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [result["index"] for result in results] == list(range(len(items)))
    assert [result["status"] for result in results] == [
        "created",
        "rejected",
        "rejected",
        "rejected",
        "created",
        "exists",
        "rejected",
        "rejected",
        "rejected",
    ]
    assert results[1]["error"]["code"] == "not_found"
    assert results[2]["error"]["errors"][0]["pointer"] == "/kind"
    assert results[5]["id"] == results[4]["id"]
    assert (await client.get(f"/v1/leads/{lead['id']}")).json()["touch_count"] == 2


async def test_a_thousand_at_once_and_not_one_more(client: Client) -> None:
    leads = [(await create(client, last_name=f"L{n}"))["id"] for n in range(4)]
    items = [{"lead_id": leads[n % 4], "kind": "page_viewed"} for n in range(1000)]
    answer = await client.post("/v1/touchpoints/batch", json={"items": items})
    assert {result["status"] for result in answer.json()["results"]} == {"created"}
    assert (await client.get(f"/v1/leads/{leads[0]}")).json()["touch_count"] == 251
    too_many = await client.post("/v1/touchpoints/batch", json={"items": [*items, items[0]]})
    assert too_many.status_code == 422


async def test_batches_that_cross_each_other_do_not_deadlock(client: Client) -> None:
    leads = [(await create(client, last_name=f"L{n}"))["id"] for n in range(20)]
    forward = [{"lead_id": lead, "kind": "page_viewed"} for lead in leads]
    answers = await asyncio.gather(
        *(
            client.post("/v1/touchpoints/batch", json={"items": forward[:: 1 if n % 2 else -1]})
            for n in range(20)
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    counts = [(await client.get(f"/v1/leads/{lead}")).json()["touch_count"] for lead in leads]
    assert counts == [21] * 20


@pytest.mark.parametrize(
    ("referrer", "channel"),
    [
        ("https://www.google.com/", "organic_search"),
        ("https://blog.example.com/post", None),
        ("https://news.example.org/", "referral"),
    ],
)
async def test_the_channel_follows_from_where_the_visitor_came(
    client: Client, referrer: str, channel: str | None
) -> None:
    lead = await create(client)
    page = "https://www.example.com/pricing"
    made = await record(client, lead["id"], kind="page_viewed", referrer=referrer, page_url=page)
    assert made["channel"] == channel


async def test_a_correction_counts_instead_of_what_it_corrects(client: Client) -> None:
    lead = await create(client, last_name="A", touchpoint=None)
    wrong = await record(client, lead["id"], kind="call", occurred_at="1999-01-01T00:00:00Z")
    await record(client, lead["id"], kind="call", occurred_at="2026-02-01T00:00:00Z")
    right = {"kind": "call", "occurred_at": "2026-03-01T00:00:00Z", "supersedes_id": wrong["id"]}
    await record(client, lead["id"], **right)
    stored = (await client.get(f"/v1/leads/{lead['id']}")).json()
    assert stored["first_touch_at"] == "2026-02-01T00:00:00Z"
    assert stored["last_touch_at"] == "2026-03-01T00:00:00Z"
    assert stored["touch_count"] == 2
    feed = (await client.get("/v1/events", params={"types": "touchpoint.recorded"})).json()["data"]
    assert feed[-1]["data"]["supersedes_id"] == wrong["id"]


async def test_a_repeated_correction_is_the_same_correction(client: Client) -> None:
    lead = await create(client)
    wrong = await record(client, lead["id"], kind="call")
    right = {
        "kind": "call",
        "supersedes_id": wrong["id"],
        "source_system": "crm",
        "external_id": "fix-1",
    }
    first = await record(client, lead["id"], **right)
    again = await client.post(f"/v1/leads/{lead['id']}/touchpoints", json=right)
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    batch = {"items": [right | {"lead_id": lead["id"]}]}
    result = (await client.post("/v1/touchpoints/batch", json=batch)).json()["results"][0]
    assert (result["status"], result["id"]) == ("exists", first["id"])
