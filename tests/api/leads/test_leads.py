"""Leads over HTTP: captured once, read, listed, changed, deleted."""

import pytest

from tests.conftest import Client

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

ADA = {
    "full_name": "Ada Lovelace",
    "email": "Ada@Example.com",
    "phone": "+44 20 7946 0018",
    "country": "UK",
    "company": "Analytical Engines Ltd",
}


async def test_create_returns_the_lead_as_stored(client: Client) -> None:
    answer = await client.post("/v1/leads", json=ADA)
    assert answer.status_code == 201, answer.text
    lead = answer.json()
    assert lead["email"] == "Ada@Example.com"
    assert lead["email_norm"] == "ada@example.com"
    assert lead["country_code"] == "GB"
    assert lead["outcome"] == "created"
    read = await client.get(answer.headers["location"])
    assert read.json() == {k: v for k, v in lead.items() if k not in ("outcome", "touchpoint_id")}


async def test_a_known_email_is_refused_with_the_candidates(client: Client) -> None:
    first = (await client.post("/v1/leads", json=ADA)).json()
    again = await client.post("/v1/leads", json=ADA | {"email": "ada@EXAMPLE.com"})
    assert again.status_code == 409
    assert [c["id"] for c in again.json()["candidates"]] == [first["id"]]


async def test_timeline_shows_capture_and_touches(client: Client) -> None:
    lead = (await client.post("/v1/leads", json=ADA)).json()
    touch = {"kind": "content_downloaded", "utm": {"medium": "cpc"}}
    made = await client.post(f"/v1/leads/{lead['id']}/touchpoints", json=touch)
    assert made.status_code == 201, made.text
    timeline = (await client.get(f"/v1/leads/{lead['id']}/timeline")).json()
    kinds = [entry["kind"] for entry in timeline["data"]]
    assert set(kinds) == {"content_downloaded", "lead.created", "lead_captured"}


async def test_search_by_text(client: Client) -> None:
    await client.post("/v1/leads", json=ADA)
    found = await client.get("/v1/leads", params={"q": "lovel analyt"})
    assert [lead["email_norm"] for lead in found.json()["data"]] == ["ada@example.com"]
