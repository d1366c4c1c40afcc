"""The id of a lead that was merged leads to the one that is left, on every route that takes one."""

import pytest
from fastapi import FastAPI

from app.platform.ids import new_id
from tests.conftest import Client
from tests.factories.access import new_key
from tests.factories.imports import imported
from tests.factories.merges import merged, new_lead, read_lead
from tests.factories.world import base_body, build_world, path_of
from tests.surface import endpoints

pytestmark = pytest.mark.anyio


async def test_every_route_knows_where_a_lead_went(app: FastAPI, client: Client) -> None:
    world = await build_world(client, "CANARY")
    tried = 0
    for endpoint in endpoints(app):
        if "{lead_id}" not in endpoint.path:
            continue
        await world.refresh()
        winner, loser = await new_lead(client), await new_lead(client)
        await merged(client, winner, loser)
        # What else a path names is not looked for before the lead is.
        others = dict.fromkeys(endpoint.parameters("path"), str(new_id())) | world.ids
        old, new = (path_of(endpoint, others | {"lead_id": lead["id"]}) for lead in (loser, winner))
        body = base_body(endpoint, app.openapi(), world)
        answer = await client.request(endpoint.method, old, json=body)
        status = 301 if endpoint.method == "GET" else 308
        assert answer.status_code == status, f"{endpoint} {answer.text}"
        assert answer.headers["location"] == new, endpoint
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["lead_id"] == winner["id"]
        assert str(status) in endpoint.described["responses"], endpoint
        tried += 1
    assert tried > 12


async def test_it_leads_nowhere_for_a_stranger(client: Client, stranger: Client) -> None:
    winner, loser = await new_lead(client), await new_lead(client)
    await merged(client, winner, loser)
    answer = await stranger.get(f"/v1/leads/{loser['id']}")
    assert (answer.status_code, "location" in answer.headers) == (404, False)
    key = (await new_key(client, "sales:read"))["key"]
    answer = await client.get(
        f"/v1/leads/{loser['id']}", headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.status_code == 403


async def test_a_merged_lead_is_in_no_list_and_no_search(client: Client) -> None:
    winner = await new_lead(client, company="Analytical Engines")
    loser = await new_lead(client, company="Analytical Engines Ltd", email="ada@example.com")
    await merged(client, winner, loser)
    for query in ("", "?q=analytical", "?email=ada@example.com"):
        found = (await client.get(f"/v1/leads{query}")).json()["data"]
        assert loser["id"] not in [lead["id"] for lead in found]
    wanted = {"full_name": "Ada Lovelace", "email": "ada@example.com"}
    answer = await client.post("/v1/leads/match", json=wanted)
    assert answer.status_code == 200, answer.text
    assert winner["id"] in answer.text
    assert loser["id"] not in answer.text


async def test_a_file_that_names_the_old_id_means_the_lead_that_is_left(client: Client) -> None:
    winner, loser = await new_lead(client), await new_lead(client)
    await merged(client, winner, loser)
    rules = {"lead": "lead_id", "title": "title"}
    after = await imported(client, f"lead,title\n{loser['id']},Head\n", rules, mode="upsert")
    assert after["counts"] == {"updated": 1}
    rules = {"lead": "lead_id", "what": "touch.kind", "when": "touch.occurred_at"}
    touch = f"lead,what,when\n{loser['id']},Call,2019-05-04 10:30\n"
    after = await imported(client, touch, rules, query={"kind": "touchpoints"})
    assert after["counts"] == {"created": 1}
    lead = await read_lead(client, winner)
    assert (lead["title"], lead["touch_count"]) == ("Head", winner["touch_count"] + 2)


async def test_the_past_is_asked_of_the_lead_that_is_left(client: Client) -> None:
    winner, loser = await new_lead(client), await new_lead(client)
    await merged(client, winner, loser)
    query = "as_of=2100-01-01T00%3A00%3A00%2B02%3A00&include=provenance"
    answer = await client.get(f"/v1/leads/{loser['id']}?{query}")
    assert answer.status_code == 301, answer.text
    assert answer.headers["location"] == f"/v1/leads/{winner['id']}?{query}"
