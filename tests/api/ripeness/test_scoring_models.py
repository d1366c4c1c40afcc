"""Scoring models over HTTP: drafted, changed, published, taken back."""

from typing import Any
from uuid import UUID

import pytest

from app.platform.db import Database
from tests.conftest import Client
from tests.factories.access import bearer, events_of, new_key, pointers
from tests.factories.merges import new_lead, read_lead
from tests.factories.scoring import (
    DOCUMENT,
    MODELS_URL,
    ask_publish,
    new_model,
    publish,
    published,
    read_model,
    work,
)

pytestmark = pytest.mark.anyio


async def scores_of(database: Database, client: Client) -> list[dict[str, Any]]:
    """What is stored of the workspace's scores."""
    rows = await database.fetch(
        "SELECT * FROM lead_scores WHERE workspace_id = $1 ORDER BY model_id, lead_id",
        client.workspace_id,
    )
    return [dict(row) for row in rows]


async def test_a_draft_is_read_again_with_all_its_defaults(client: Client) -> None:
    answer = await client.post(MODELS_URL, json={"name": "First", "document": DOCUMENT})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["number"], made["status"], made["based_on_id"]) == (1, "draft", None)
    assert made["document"]["fit"]["letters"] == {"A": 75, "B": 50, "C": 25}
    assert made["document"]["fit"]["rules"][0]["knock_out"] is False
    assert made["document"]["engagement"]["rules"][1]["limit"] == {"count": 2, "days": 7}
    assert made["document"]["sql"] is None
    read = await client.get(answer.headers["location"])
    assert (read.json(), read.headers["etag"]) == (made, '"1"')
    second = await new_model(client, template="standard")
    assert second["number"] == 2
    page = (await client.get(MODELS_URL)).json()
    assert page == {"data": [second, made], "next_cursor": None}
    assert (await client.get(MODELS_URL, params={"status": "published"})).json()["data"] == []
    event = (await events_of(client, "scoring_model.created"))[0]
    assert event["data"]["number"] in (1, 2)


async def test_a_draft_is_based_on_another_version(client: Client) -> None:
    first = await published(client)
    draft = await new_model(client, name="Second", based_on_id=first["id"])
    assert draft["document"] == first["document"]
    assert (draft["based_on_id"], draft["status"]) == (first["id"], "draft")
    both = {"name": "X", "template": "standard", "document": DOCUMENT}
    assert (await client.post(MODELS_URL, json=both)).status_code == 422
    unknown = {"name": "X", "based_on_id": "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"}
    answer = await client.post(MODELS_URL, json=unknown)
    assert pointers(answer.json()) == ["/based_on_id"]


async def test_every_fault_is_named_by_its_place(client: Client) -> None:
    await client.post(
        "/v1/custom-fields", json={"key": "due", "label": "Due", "type": "date", "choices": []}
    )
    document = {
        "fit": {
            "rules": [
                {"key": "Bad", "points": 1, "when": {"field": "title", "op": "eq", "value": "x"}},
                {"key": "a", "when": {"field": "status", "op": "eq", "value": "new"}},
                {
                    "key": "b",
                    "points": 0,
                    "group": "none",
                    "when": {"not": {"field": "custom.due", "op": "within_days", "value": 3}},
                },
                {"key": "b", "points": 2000, "when": {"field": "touches", "op": "gt", "value": 1}},
            ],
            "groups": {"g": {"min": 3, "max": 1}},
            "letters": {"A": 10, "B": 10},
        },
        "engagement": {
            "half_life_days": 0,
            "rules": [
                {"key": "k", "points": 1},
                {"key": "l", "points": 1, "kinds": ["Call"], "limit": {"days": 7}},
                {
                    "key": "m",
                    "points": 1,
                    "when": {"field": "occurred_at", "op": "gt", "value": "today"},
                },
            ],
        },
        "temperature": {"hot": 101},
        "mql": {},
        "sql": {"grades": ["E1"]},
        "other": 1,
    }
    answer = await client.post(MODELS_URL, json={"name": "X", "document": document})
    assert answer.status_code == 422
    assert sorted(pointers(answer.json())) == sorted(
        f"/document/{place}"
        for place in (
            "fit/rules/0/key",
            "fit/rules/1/points",
            "fit/rules/1/when/field",
            "fit/rules/2/points",
            "fit/rules/2/group",
            "fit/rules/2/when/not/op",
            "fit/rules/3/key",
            "fit/rules/3/points",
            "fit/rules/3/when/field",
            "fit/groups/g/min",
            "fit/letters/B",
            "fit/letters/C",
            "engagement/half_life_days",
            "engagement/rules/0/kinds",
            "engagement/rules/1/kinds/0",
            "engagement/rules/1/limit/count",
            "engagement/rules/2/when/value",
            "temperature/hot",
            "mql",
            "sql/grades/0",
            "other",
        )
    )


async def test_a_draft_is_changed_by_a_merge_patch(client: Client) -> None:
    draft = await new_model(client)
    url = f"{MODELS_URL}/{draft['id']}"
    patch = {"name": "Other", "document": {"engagement": {"half_life_days": 7}, "mql": None}}
    answer = await client.patch(url, json=patch, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert (changed["name"], changed["version"]) == ("Other", 2)
    assert changed["document"]["engagement"]["half_life_days"] == 7
    assert changed["document"]["engagement"]["rules"] == draft["document"]["engagement"]["rules"]
    assert changed["document"]["mql"] is None
    assert (await client.patch(url, json=patch, headers={"If-Match": '"1"'})).status_code == 412
    same = await client.patch(url, json=patch)
    assert same.json()["version"] == 2
    bad = await client.patch(url, json={"document": {"fit_share": 200}})
    assert pointers(bad.json()) == ["/document/fit_share"]
    await publish(client, draft)
    refused = await client.patch(url, json={"name": "Too late"})
    assert (refused.status_code, refused.json()["status"]) == (409, 409)


async def test_publishing_scores_every_lead_and_takes_over(
    client: Client, owner_database: Database
) -> None:
    lead = await new_lead(client, industry="software", employee_count=300)
    await new_lead(client, company="Rival Ltd", industry="Software")
    call = {"kind": "call"}
    assert (await client.post(f"/v1/leads/{lead['id']}/touchpoints", json=call)).status_code == 201
    first = await published(client)
    assert (first["status"], first["retired_at"]) == ("published", None)
    rows = {str(row["lead_id"]): row for row in await scores_of(owner_database, client)}
    assert len(rows) == 2
    row = rows.pop(lead["id"])
    assert (row["fit"], row["engagement"], row["knocked_out_by"]) == (70, 40, None)
    [other] = rows.values()
    assert (other["fit"], other["knocked_out_by"]) == (0, "competitor")
    second = await new_model(client, based_on_id=first["id"], name="Second")
    job = await publish(client, second)
    assert (job["progress"]["step"], job["progress"]["leads"]) == ("done", 2)
    # The rows of the one before are gone.
    assert {str(row["model_id"]) for row in await scores_of(owner_database, client)} == {
        second["id"]
    }
    assert (await read_model(client, first))["status"] == "retired"
    told = [event["data"]["number"] for event in await events_of(client, "scoring_model.published")]
    assert sorted(told) == [1, 2]
    # And back.
    await publish(client, first)
    assert [(await read_model(client, each))["status"] for each in (first, second)] == [
        "published",
        "retired",
    ]
    assert {str(row["model_id"]) for row in await scores_of(owner_database, client)} == {
        first["id"]
    }


@pytest.mark.parametrize("advance", [False, True])
async def test_leads_are_moved_on_only_when_that_is_wanted(client: Client, advance: bool) -> None:
    fields = {"industry": "Software", "employee_count": 500}
    lead = await new_lead(client, **fields)
    closed = await new_lead(client, **fields)
    for each in (lead, closed):
        for _ in range(3):
            await client.post(f"/v1/leads/{each['id']}/touchpoints", json={"kind": "call"})
    answer = await client.post(f"/v1/leads/{closed['id']}/disqualify", json={"reason": "no_budget"})
    assert answer.status_code == 200, answer.text
    model = await new_model(client)
    await publish(client, model, advance=advance)
    stages = [(await read_lead(client, each))["lifecycle_stage"] for each in (lead, closed)]
    assert stages == ["mql" if advance else "lead", "lead"]
    moved = await events_of(client, "lead.lifecycle_stage_changed")
    assert [event["data"]["cause"]["id"] for event in moved] == [model["id"]] * advance


async def test_publishing_twice_changes_nothing(client: Client, owner_database: Database) -> None:
    await new_lead(client, industry="Software")
    model = await published(client)
    before = await scores_of(owner_database, client)
    job = await publish(client, model)
    assert job["progress"]["unchanged"] is True
    assert await scores_of(owner_database, client) == before
    assert await read_model(client, model) == model
    assert len(await events_of(client, "scoring_model.published")) == 1


async def test_a_rehearsal_tells_what_would_change(
    client: Client, database: Database, owner_database: Database
) -> None:
    lead = await new_lead(client, industry="Software", employee_count=500)
    await new_lead(client)
    trial = await new_lead(client, industry="Software", employee_count=500)
    await owner_database.fetch(
        "UPDATE leads SET is_test = true WHERE workspace_id = $1 AND id = $2",
        client.workspace_id,
        UUID(trial["id"]),
    )
    for _ in range(3):
        await client.post(f"/v1/leads/{lead['id']}/touchpoints", json={"kind": "call"})
    draft = await new_model(client)
    job = await ask_publish(client, draft, dry_run=True)
    await work(database)
    report = (await client.get(f"/v1/jobs/{job['id']}")).json()["progress"]["report"]
    assert report["grades_before"] == {}
    assert report["grades_after"] == {"B1": 1, "B4": 1, "D4": 1}
    assert (report["mql"], report["sql"]) == (1, 0)
    assert await scores_of(owner_database, client) == []
    assert await read_model(client, draft) == draft
    await publish(client, draft)
    other = await new_model(client, document={"fit": DOCUMENT["fit"]})
    job = await ask_publish(client, other, dry_run=True)
    await work(database)
    report = (await client.get(f"/v1/jobs/{job['id']}")).json()["progress"]["report"]
    assert report["grades_before"] == {"B1": 1, "B4": 1, "D4": 1}
    assert report["grades_after"] == {"B4": 2, "D4": 1}
    assert report["changed_grades"] == 1


async def test_the_published_model_is_retired_and_a_draft_deleted(
    client: Client, database: Database, owner_database: Database
) -> None:
    await new_lead(client)
    model = await published(client)
    draft = await new_model(client)
    url = f"{MODELS_URL}/{draft['id']}"
    assert (await client.delete(url, headers={"If-Match": '"7"'})).status_code == 412
    assert (await client.delete(url)).status_code == 204
    assert (await client.get(url)).status_code == 404
    assert (await client.delete(f"{MODELS_URL}/{model['id']}")).status_code == 204
    assert (await read_model(client, model))["status"] == "retired"
    await work(database)
    assert await scores_of(owner_database, client) == []
    assert len(await events_of(client, "scoring_model.retired")) == 2


async def test_a_version_means_the_same_when_fields_are_declared_anew(
    client: Client, owner_database: Database
) -> None:
    declared = await client.post(
        "/v1/custom-fields",
        json={"key": "tier", "label": "Tier", "type": "choice", "choices": ["gold"]},
    )
    lead = await new_lead(client, custom={"tier": "gold"})
    when = {"field": "custom.tier", "op": "eq", "value": "gold"}
    rules = [{"key": "gold", "points": 50, "when": when}]
    model = await published(client, document={"fit": {"rules": rules}})
    draft = await new_model(client, based_on_id=model["id"])
    field = f"/v1/custom-fields/{declared.json()['id']}"
    assert (await client.delete(field)).status_code == 204
    # A draft is read with the fields of today.
    refused = await client.post(f"{MODELS_URL}/{draft['id']}/publish", json={})
    assert pointers(refused.json()) == ["/document/fit/rules/0/when/field"]
    assert (await client.delete(f"{MODELS_URL}/{model['id']}")).status_code == 204
    await publish(client, model)
    [row] = await scores_of(owner_database, client)
    assert (str(row["lead_id"]), row["fit"]) == (lead["id"], 50)


async def test_only_an_administrator_changes_models(client: Client) -> None:
    model = await new_model(client)
    key = await new_key(client, "leads:read", "leads:write")
    reader = bearer(key["key"])
    assert (await client.get(MODELS_URL, headers=reader)).status_code == 200
    body = {"name": "X", "template": "standard"}
    assert (await client.post(MODELS_URL, json=body, headers=reader)).status_code == 403
    url = f"{MODELS_URL}/{model['id']}/publish"
    assert (await client.post(url, json={}, headers=reader)).status_code == 403
