"""Round trips to the database: few, known, and the same however many rows there are."""

from typing import Any

import pytest
from fastapi import FastAPI

from tests.conftest import Client
from tests.factories.scoring import DOCUMENT, published
from tests.factories.world import build_world, path_of
from tests.surface import endpoints

pytestmark = pytest.mark.anyio


def counted(statements: list[str]) -> list[str]:
    """What was sent beyond the beginning and the end of the transaction."""
    return [sql for sql in statements if not sql.startswith(("BEGIN", "COMMIT", "ROLLBACK"))]


async def test_creating_a_lead_takes_three(client: Client, statements: list[str]) -> None:
    await _warm(client, statements)
    body = {"full_name": "Ada Lovelace", "email": "ada@example.com", "company": "Engines"}
    answer = await client.post("/v1/leads", json=body)
    assert answer.status_code == 201
    assert len(counted(statements)) <= 3, statements


async def test_scores_cost_a_new_lead_nothing_and_a_known_one_one(
    client: Client, statements: list[str]
) -> None:
    lead = {"full_name": "Ada Lovelace", "email": "ada@example.com", "industry": "Software"}
    lead_id = (await client.post("/v1/leads", json=lead | {"email": "eve@example.com"})).json()[
        "id"
    ]

    async def cost(method: str, path: str, body: Any = None) -> int:
        await client.post("/v1/leads", json={"full_name": "To know which models are live"})
        statements.clear()
        answer = await client.request(method, path, json=body)
        assert answer.status_code in (200, 201), answer.text
        return len(counted(statements))

    touches = f"/v1/leads/{lead_id}/touchpoints"
    before = [
        await cost("POST", touches, {"kind": "call"}),
        await cost("POST", touches, {"kind": "content_downloaded"}),
        await cost("PATCH", f"/v1/leads/{lead_id}", {"city": "London"}),
    ]
    # Nobody moves on, which would take a statement.
    await published(client, document=DOCUMENT | {"mql": None})
    assert await cost("POST", "/v1/leads", lead) <= 3
    assert await cost("POST", touches, {"kind": "call"}) == before[0] + 1
    # A limit needs the score before, and all touches.
    assert await cost("POST", touches, {"kind": "content_downloaded"}) == before[1] + 2
    # No rule asks for the city: the score is only read.
    assert await cost("PATCH", f"/v1/leads/{lead_id}", {"city": "Paris"}) == before[2] + 1
    assert await cost("GET", f"/v1/leads/{lead_id}") == 1
    assert await cost("GET", "/v1/leads?sort=-engagement") == 1


async def test_creating_a_lead_under_a_key_takes_three_more(
    client: Client, statements: list[str]
) -> None:
    await _warm(client, statements)
    headers = {"Idempotency-Key": "k"}
    answer = await client.post("/v1/leads", json={"full_name": "Ada"}, headers=headers)
    assert answer.status_code == 201
    assert len(counted(statements)) <= 6, statements


async def test_reading_one_takes_one(app: FastAPI, client: Client, statements: list[str]) -> None:
    world = await build_world(client, "CANARY")
    read_by_id = [
        e
        for e in endpoints(app)
        if e.method == "GET" and e.path.endswith("_id}") and "external" not in e.path
    ]
    assert len(read_by_id) > 5
    for endpoint in read_by_id:
        statements.clear()
        assert (await client.get(path_of(endpoint, world.ids))).status_code == 200
        assert len(counted(statements)) == 1, f"{endpoint} {statements}"


async def test_listing_takes_one(app: FastAPI, client: Client, statements: list[str]) -> None:
    await _warm(client, statements)
    lists = [
        e
        for e in endpoints(app)
        if e.method == "GET" and "cursor" in e.parameters("query") and "{" not in e.path
    ]
    assert len(lists) > 5
    for endpoint in lists:
        statements.clear()
        assert (await client.get(endpoint.path)).status_code == 200
        assert len(counted(statements)) == 1, f"{endpoint} {statements}"


async def test_a_timeline_takes_two(app: FastAPI, client: Client, statements: list[str]) -> None:
    world = await build_world(client, "CANARY")
    ids = world.ids | {"lead_id": world.ids["converted_lead_id"]}
    for endpoint in endpoints(app):
        if endpoint.path.endswith("/timeline"):
            statements.clear()
            assert (await client.get(path_of(endpoint, ids))).status_code == 200
            limit = 2 if "/leads/" in endpoint.path else 3
            assert len(counted(statements)) <= limit, f"{endpoint} {statements}"


async def test_no_answer_takes_more_for_more_rows(
    app: FastAPI, client: Client, statements: list[str]
) -> None:
    world = await build_world(client, "CANARY")
    ids = world.ids | {"lead_id": world.ids["converted_lead_id"]}
    reading = [e for e in endpoints(app) if e.method == "GET"]

    async def costs() -> dict[str, int]:
        await client.get("/v1/events", params={"limit": 1})
        found = {}
        for endpoint in reading:
            statements.clear()
            assert (await client.get(path_of(endpoint, ids))).status_code == 200
            found[endpoint.path] = len(counted(statements))
        return found

    few = await costs()
    for number in range(45):
        await _add_one_of_each(client, ids, number)
    assert await costs() == few


async def test_a_batch_takes_as_many_for_a_thousand_as_for_two(
    client: Client, statements: list[str]
) -> None:
    lead_id = (await client.post("/v1/leads", json={"full_name": "Ada"})).json()["id"]

    async def cost(size: int) -> int:
        items = [{"lead_id": lead_id, "kind": "page_viewed"} for _ in range(size)]
        statements.clear()
        answer = await client.post("/v1/touchpoints/batch", json={"items": items})
        assert answer.status_code == 200, answer.text
        return len(counted(statements))

    assert await cost(1000) == await cost(2)


async def _warm(client: Client, statements: list[str]) -> None:
    assert (await client.get("/v1/leads")).status_code == 200
    assert (await client.post("/v1/leads", json={"full_name": "First"})).status_code == 201
    statements.clear()


async def _add_one_of_each(client: Client, ids: dict[str, str], number: int) -> None:
    lead = f"/v1/leads/{ids['lead_id']}"
    for path, body in {
        "/v1/leads": {"full_name": f"Lead {number}"},
        f"{lead}/touchpoints": {"kind": "call"},
        f"{lead}/assessments": {"need": {"answer": "strong"}},
        "/v1/accounts": {"name": f"Account {number}"},
        "/v1/contacts": {"full_name": f"Contact {number}"},
        "/v1/opportunities": {"name": f"Opportunity {number}"},
        "/v1/campaigns": {"name": f"Campaign {number}", "kind": "webinar"},
        "/v1/teams": {"name": f"Team {number}"},
        "/v1/users": {"name": "User", "email": f"user.number.{number}@example.com"},
        "/v1/api-keys": {"name": "Key", "scopes": ["leads:read"]},
        "/v1/custom-fields": {"key": f"more_{number}", "label": "More", "type": "text"},
    }.items():
        answer = await client.post(path, json=body)
        assert answer.status_code == 201, f"{path} {answer.text}"
