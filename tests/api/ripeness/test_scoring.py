"""Scores of leads, as they follow from what happens, over HTTP."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from app.platform import clock
from tests.conftest import Client
from tests.factories.intake import captured, submit
from tests.factories.scoring import new_model, published
from tests.problems import assert_problem

pytestmark = pytest.mark.anyio


async def _lead(client: Client, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/v1/leads", json={"full_name": "Ada Lovelace"} | fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def _touch(client: Client, lead_id: str, kind: str, **fields: Any) -> None:
    answer = await client.post(f"/v1/leads/{lead_id}/touchpoints", json={"kind": kind} | fields)
    assert answer.status_code == 201, answer.text


async def _events(client: Client, lead_id: str, event_type: str) -> list[dict[str, Any]]:
    found = (await client.get("/v1/events", params={"limit": 200})).json()["data"]
    return [each for each in found if each["lead_id"] == lead_id and each["type"] == event_type]


async def _ledger(client: Client, lead_id: str, **query: Any) -> dict[str, Any]:
    answer = await client.get(f"/v1/leads/{lead_id}/score", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_touch_shows_in_the_score_at_once(client: Client) -> None:
    await published(client)
    lead = await _lead(client, industry="Software")
    assert lead["score"]["fit"] == 40
    await _touch(client, lead["id"], "call")
    score = (await client.get(f"/v1/leads/{lead['id']}")).json()["score"]
    assert score["engagement"] == pytest.approx(40, rel=1e-6)
    assert (score["score"], score["grade"], score["temperature"]) == (40, "C2", "warm")


async def test_a_score_moves_a_lead_on(client: Client) -> None:
    model = await published(client)
    lead = await _lead(client, industry="Software", employee_count=500)
    assert lead["lifecycle_stage"] == "lead"
    await _touch(client, lead["id"], "call")
    moved = (await client.get(f"/v1/leads/{lead['id']}")).json()
    assert (moved["lifecycle_stage"], moved["version"]) == ("mql", 2)
    assert moved["mql_at"] is not None
    [event] = await _events(client, lead["id"], "lead.lifecycle_stage_changed")
    assert event["data"]["cause"] == {
        "kind": "scoring",
        "id": model["id"],
        "name": "Standard v1",
    }
    [graded] = await _events(client, lead["id"], "lead.grade_changed")
    assert graded["data"]["grade"] == {"before": "B4", "after": "B2"}


async def test_a_new_lead_may_be_there_already(client: Client) -> None:
    await published(client)
    lead = await _lead(client, industry="Software", employee_count=500, touchpoint={"kind": "call"})
    assert (lead["lifecycle_stage"], lead["version"]) == ("mql", 1)
    assert lead["score"]["score"] == 55
    assert len(await _events(client, lead["id"], "lead.lifecycle_stage_changed")) == 1


async def test_a_limit_holds_whatever_comes_first(client: Client) -> None:
    await published(client)
    lead = await _lead(client, touchpoint=None)
    now = clock.now()
    for days in (200, 201, 202, 199):
        at = (now - timedelta(days=days)).isoformat()
        await _touch(client, lead["id"], "content_downloaded", occurred_at=at)
    ledger = await _ledger(client, lead["id"])
    counted = [point["cause"]["occurred_at"] for point in ledger["engagement_points"]]
    assert len(counted) < 4
    assert counted == sorted(counted, reverse=True)
    shown = (await client.get(f"/v1/leads/{lead['id']}")).json()["score"]
    worth = sum(point["now"] for point in ledger["engagement_points"])
    assert ledger["now"]["engagement"] == pytest.approx(worth, rel=1e-9)
    assert shown["engagement"] == pytest.approx(worth, rel=1e-6)


async def test_every_point_is_accounted_for(client: Client) -> None:
    model = await published(client)
    lead = await _lead(client, industry="Software", touchpoint=None)
    at = (clock.now() - timedelta(days=30)).isoformat()
    await _touch(client, lead["id"], "call", occurred_at=at)
    await _touch(client, lead["id"], "page_viewed")
    ledger = await _ledger(client, lead["id"])
    assert ledger["model"]["id"] == model["id"]
    [fit] = ledger["fit_points"]
    assert (fit["rule"], fit["version"], fit["points"]) == ("software", 1, 40)
    [point] = ledger["engagement_points"]
    assert (point["rule"], point["version"], point["points"]) == ("call", 1, 40)
    assert point["cause"]["kind"] == "call"
    assert point["now"] == pytest.approx(20, rel=1e-5)
    assert point["in_7_days"] == pytest.approx(20 * 2 ** (-7 / 30), rel=1e-5)
    assert ledger["in_7_days"]["engagement"] == pytest.approx(point["in_7_days"])
    missing = {(each["name"], each["step"]): each["missing"] for each in ledger["thresholds"]}
    assert missing == {
        ("stage", "mql"): 20,
        ("fit", "B"): 10,
        ("engagement", "2"): pytest.approx(10, rel=1e-4),
        ("temperature", "hot"): 30,
    }


async def test_the_score_of_an_instant_is_as_it_was_known(client: Client) -> None:
    first = await published(client)
    lead = await _lead(client, industry="Software", touchpoint={"kind": "call"})
    before = await _ledger(client, lead["id"])
    at = (clock.now() - timedelta(days=3)).isoformat()
    await _touch(client, lead["id"], "call", occurred_at=at)
    await client.patch(f"/v1/leads/{lead['id']}", json={"industry": "Steel"})
    document = {"engagement": {"rules": [{"key": "c", "kinds": ["call"], "points": 1}]}}
    second = await published(client, document=document)
    assert (await _ledger(client, lead["id"]))["model"]["id"] == second["id"]
    then = await _ledger(client, lead["id"], as_of=before["as_of"])
    assert then == before
    assert then["model"]["id"] == first["id"]


async def test_before_a_model_was_published_there_was_no_score(client: Client) -> None:
    lead = await _lead(client)
    none = await _ledger(client, lead["id"])
    assert (none["model"], none["now"], none["engagement_points"]) == (None, None, [])
    assert lead["score"] is None
    listed = await client.get("/v1/leads", params={"sort": "-engagement"})
    assert listed.json() == {"data": [], "next_cursor": None}
    model = await published(client)
    assert (await client.get(f"/v1/leads/{lead['id']}")).json()["score"]["fit"] == 0
    assert (await _ledger(client, lead["id"], as_of=none["as_of"])) == none
    await client.delete(f"/v1/scoring-models/{model['id']}")
    assert (await _ledger(client, lead["id"]))["model"] is None


async def test_a_draft_can_be_asked(client: Client) -> None:
    draft = await new_model(client)
    lead = await _lead(client, industry="Software")
    asked = await _ledger(client, lead["id"], model_id=draft["id"])
    assert (asked["now"]["fit"], asked["model"]["number"]) == (40, 1)
    assert (await client.get(f"/v1/leads/{lead['id']}")).json()["score"] is None
    nobody = await client.get(f"/v1/leads/{lead['id']}/score", params={"model_id": lead["id"]})
    assert_problem(nobody, 404)


async def test_the_hottest_come_first_page_by_page(client: Client) -> None:
    await published(client)
    ids = [(await _lead(client, touchpoint=None))["id"] for _ in range(5)]
    for number, lead_id in enumerate(ids):
        at = (clock.now() - timedelta(days=10 * ((number * 2) % 5))).isoformat()
        await _touch(client, lead_id, "call", occurred_at=at)
    hottest = [ids[number] for number in (0, 3, 1, 4, 2)]
    for sort, wanted in (("-engagement", hottest), ("engagement", hottest[::-1])):
        found, cursor = [], None
        while True:
            params: dict[str, Any] = {"limit": 2, "sort": sort} | (
                {"cursor": cursor} if cursor else {}
            )
            page = (await client.get("/v1/leads", params=params)).json()
            found += [lead["id"] for lead in page["data"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert found == wanted
    searched = await client.post(
        "/v1/leads/search",
        json={"condition": {"field": "status", "op": "eq", "value": "new"}, "sort": "-engagement"},
    )
    assert [lead["id"] for lead in searched.json()["data"]] == hottest


async def test_a_cursor_by_another_model_is_over(client: Client) -> None:
    await published(client)
    for _ in range(3):
        await _lead(client)
    params: dict[str, Any] = {"limit": 1, "sort": "-fit"}
    page = (await client.get("/v1/leads", params=params)).json()
    await published(client)
    answer = await client.get("/v1/leads", params=params | {"cursor": page["next_cursor"]})
    assert assert_problem(answer, 422)["errors"][0]["code"] == "cursor_expired"


async def test_whoever_is_out_is_scored_and_moves_when_back(client: Client) -> None:
    await published(client)
    lead = await _lead(client, industry="Software", employee_count=500)
    path = f"/v1/leads/{lead['id']}"
    await client.post(f"{path}/disqualify", json={"reason": "no_budget"})
    await _touch(client, lead["id"], "call")
    out = (await client.get(path)).json()
    assert (out["lifecycle_stage"], out["score"]["score"]) == ("lead", 55)
    back = (await client.post(f"{path}/reactivate", json={})).json()
    assert (back["lifecycle_stage"], back["score"]["score"]) == ("mql", 55)
    assert (await client.get(path)).json()["version"] == back["version"]


async def test_a_change_that_scores_higher_makes_one_version(client: Client) -> None:
    await published(client)
    lead = await _lead(client, industry="Software", touchpoint={"kind": "call"})
    path = f"/v1/leads/{lead['id']}"
    changed = await client.patch(path, json={"employee_count": 500})
    body = changed.json()
    assert (body["lifecycle_stage"], body["version"], body["score"]["fit"]) == ("mql", 2, 70)
    assert changed.headers["etag"] == '"2"'
    knocked = (await client.patch(path, json={"company": "Rival Ltd"})).json()
    assert (knocked["score"]["fit"], knocked["score"]["grade"]) == (0, "D2")
    assert knocked["lifecycle_stage"] == "mql"


async def test_a_trial_is_scored_and_stays(client: Client, app: FastAPI) -> None:
    await published(client)
    fields = {"email": "ada@example.com", "industry": "Software", "employee_count": 500}
    answer = await submit(client, fields, touchpoint={"kind": "call"}, is_test=True)
    trial = await captured(app, client, answer.json()["receipt_id"])
    lead = (await client.get(f"/v1/leads/{trial['lead_id']}")).json()
    assert (lead["is_test"], lead["lifecycle_stage"], lead["score"]["score"]) == (True, "lead", 55)
