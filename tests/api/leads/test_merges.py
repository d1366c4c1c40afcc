"""Merging over HTTP: what survives, what moves, where the old id leads."""

from typing import Any

import pytest

from app.platform.ids import new_id
from tests.conftest import Client
from tests.factories.access import events_of, new_user, pointers
from tests.factories.merges import ask_merge, merged, new_lead, read_lead, undone
from tests.factories.ripeness import RIPE, new_assessment
from tests.factories.sales import qualified_lead

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]


def by_part(merge: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The decisions of a merge."""
    return {told["part"]: told for told in merge["fields"]}


async def test_the_winner_gets_what_it_had_not(client: Client) -> None:
    winner = await new_lead(client, company="Engines", email="ada@engines.example")
    loser = await new_lead(
        client, full_name="A. King", company="Engines Ltd", phone="+44 20 7946 0018"
    )
    merge = await merged(client, winner, loser)
    lead = await read_lead(client, winner)
    assert (lead["full_name"], lead["company"]) == ("Ada Lovelace", "Engines")
    assert (lead["phone"], lead["phone_norm"]) == ("+44 20 7946 0018", "+442079460018")
    assert lead["version"] == winner["version"] + 1
    told = by_part(merge)
    assert (told["phone"]["kept"], told["phone"]["reason"]) == ("loser", "the winner has none")
    assert told["company"]["kept"] == "winner"
    assert told["company"]["loser"] == {"company": "Engines Ltd"}
    assert merge["created_at"] is not None


async def test_a_rehearsal_tells_the_same_and_writes_nothing(client: Client) -> None:
    winner = await new_lead(client, city="London")
    loser = await new_lead(client, street="Main 1", city="Bonn", postal_code="53113")
    rules = {"name": {"rule": "longest"}}
    path = f"/v1/leads/{winner['id']}/merge?dry_run=true"
    planned = await client.post(path, json={"loser_id": loser["id"], "rules": rules})
    assert planned.status_code == 200, planned.text
    assert await read_lead(client, winner) == {
        name: value for name, value in winner.items() if name not in ("outcome", "touchpoint_id")
    }
    assert await read_lead(client, loser)
    assert (await client.get("/v1/merges")).json()["data"] == []
    merge = await merged(client, winner, loser, rules=rules)
    plan = planned.json()
    assert plan.pop("id") is plan.pop("created_at") is None
    assert plan == {name: merge[name] for name in plan}
    assert merge["moved"] == {"touchpoints": 1}


async def test_an_address_is_taken_whole_from_the_fullest(client: Client) -> None:
    winner = await new_lead(client, city="London", country="UK")
    loser = await new_lead(client, street="Main 1", city="Bonn", postal_code="53113")
    await merged(client, winner, loser)
    lead = await read_lead(client, winner)
    address = ("street", "city", "postal_code", "country", "country_code")
    assert [lead[name] for name in address] == ["Main 1", "Bonn", "53113", None, None]


async def test_rules_are_followed_field_by_field(client: Client) -> None:
    for key in ("segment", "size"):
        body = {"key": key, "label": key, "type": "text"}
        assert (await client.post("/v1/custom-fields", json=body)).status_code == 201
    winner = await new_lead(
        client,
        company="Engines",
        title="Head",
        description="Met at the fair",
        custom={"segment": "old", "size": "small"},
    )
    loser = await new_lead(
        client,
        company="Analytical Engines Ltd",
        title="Head of all",
        description="Wants a quote",
        custom={"segment": "new", "size": "large"},
    )
    await merged(
        client,
        winner,
        loser,
        rules={
            "company": {"rule": "longest"},
            "title": {"rule": "winner"},
            "description": {"rule": "join"},
            "custom.segment": {"rule": "newest"},
        },
    )
    lead = await read_lead(client, winner)
    assert (lead["company"], lead["title"]) == ("Analytical Engines Ltd", "Head")
    assert lead["description"] == "Met at the fair\n\nWants a quote"
    assert lead["custom"] == {"segment": "new", "size": "small"}
    found = (await client.get("/v1/leads", params={"q": "analytical"})).json()["data"]
    assert [each["id"] for each in found] == [winner["id"]]


async def test_the_workspace_has_rules_of_its_own(client: Client) -> None:
    rules = {"company": {"rule": "longest"}, "title": {"rule": "longest"}}
    answer = await client.patch("/v1/workspace", json={"merge_rules": rules})
    assert answer.status_code == 200, answer.text
    assert answer.json()["merge_rules"] == rules
    winner = await new_lead(client, company="Engines", title="Head")
    loser = await new_lead(client, company="Engines Ltd", title="Head of all")
    await merged(client, winner, loser, rules={"title": {"rule": "winner"}})
    lead = await read_lead(client, winner)
    assert (lead["company"], lead["title"]) == ("Engines Ltd", "Head")
    answer = await client.patch("/v1/workspace", json={"merge_rules": None})
    assert answer.json()["merge_rules"] == {}


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("shoe_size", {"rule": "newest"}),
        ("company", {"rule": "fullest"}),
        ("company", {"rule": "source_priority"}),
        ("company", {"rule": "newest", "sources": ["api"]}),
        ("*", {"rule": "join"}),
        ("custom.", {"rule": "newest"}),
    ],
)
async def test_a_rule_that_makes_no_sense_is_named(
    client: Client, name: str, rule: dict[str, Any]
) -> None:
    winner, loser = await new_lead(client), await new_lead(client)
    answer = await ask_merge(client, winner, loser, rules={name: rule})
    assert answer.status_code == 422
    assert pointers(answer.json()) == [f"/rules/{name}"]
    answer = await client.patch("/v1/workspace", json={"merge_rules": {name: rule}})
    assert pointers(answer.json()) == [f"/merge_rules/{name}"]


async def test_sources_can_be_ranked(client: Client) -> None:
    loser = await new_lead(client, company="By the program")
    user = await new_user(client)
    winner = await new_lead(client)
    answer = await client.patch(
        f"/v1/leads/{winner['id']}",
        json={"company": "By a person"},
        headers={"Touchline-Actor": user["id"]},
    )
    assert answer.status_code == 200, answer.text
    for sources, expected in ((["api"], "By the program"), (["user", "api"], "By a person")):
        path = f"/v1/leads/{winner['id']}/merge?dry_run=true"
        rules = {"company": {"rule": "source_priority", "sources": sources}}
        plan = await client.post(path, json={"loser_id": loser["id"], "rules": rules})
        assert by_part(plan.json())["company"]["survivor"] == {"company": expected}


async def test_the_furthest_stage_and_the_earliest_instants_survive(client: Client) -> None:
    winner, loser = await new_lead(client), await qualified_lead(client)
    path = f"/v1/leads/{winner['id']}"
    assert (await client.patch(path, json={"lifecycle_stage": "mql"})).status_code == 200
    reached = (await read_lead(client, winner))["mql_at"]
    await merged(client, winner, loser)
    lead = await read_lead(client, winner)
    assert (lead["status"], lead["lifecycle_stage"]) == ("qualified", "sql")
    assert lead["mql_at"] == reached
    assert lead["sql_at"] == loser["sql_at"]


async def test_an_open_lead_is_not_closed_by_one_that_was_given_up(client: Client) -> None:
    for given_up_wins in (True, False):
        given_up, fresh = await new_lead(client), await new_lead(client)
        answer = await client.post(
            f"/v1/leads/{given_up['id']}/disqualify", json={"reason": "no_budget"}
        )
        assert answer.status_code == 200, answer.text
        winner, loser = (given_up, fresh) if given_up_wins else (fresh, given_up)
        await merged(client, winner, loser)
        lead = await read_lead(client, winner)
        assert (lead["status"], lead["disqualified_reason"]) == ("new", None)


async def test_all_that_happened_goes_to_the_winner(client: Client) -> None:
    winner, loser = await new_lead(client), await new_lead(client)
    early = "2019-05-01T10:00:00Z"
    for lead, at in ((loser, early), (winner, "2020-05-01T10:00:00Z")):
        body = {"kind": "call", "occurred_at": at}
        await client.post(f"/v1/leads/{lead['id']}/touchpoints", json=body)
    await new_assessment(client, loser["id"], **RIPE)
    merge = await merged(client, winner, loser)
    assert merge["moved"] == {"touchpoints": 2, "assessments": 1, "assessment_answers": 4}
    lead = await read_lead(client, winner)
    assert (lead["touch_count"], lead["first_touch_at"]) == (4, early)
    assert lead["qualification_outcome"] == "qualified"
    page = (await client.get(f"/v1/leads/{winner['id']}/assessments")).json()["data"]
    assert len(page) == 1
    timeline = (await client.get(f"/v1/leads/{winner['id']}/timeline")).json()["data"]
    kinds = [entry["kind"] for entry in timeline]
    assert kinds.count("call") == kinds.count("lead.created") == kinds.count("lead.merged") == 2
    assert "lead.assessed" in kinds


async def test_the_old_id_leads_to_the_winner_for_ever(client: Client) -> None:
    first, second, third = [await new_lead(client) for _ in range(3)]
    await merged(client, second, first)
    await merged(client, third, second)
    for old in (first, second):
        for path in ("", "/timeline?limit=5", "/merges", "/qualification", "/conversion"):
            answer = await client.get(f"/v1/leads/{old['id']}{path}")
            assert answer.status_code == 301, path
            assert answer.headers["location"] == f"/v1/leads/{third['id']}{path}"
            assert (answer.json()["code"], answer.json()["lead_id"]) == ("merged", third["id"])
        for method, path, body in (
            ("PATCH", "", {"title": "Head"}),
            ("DELETE", "", None),
            ("POST", "/touchpoints", {"kind": "call"}),
            ("POST", "/assessments", {"need": {"answer": "strong"}}),
            ("POST", "/convert", {}),
            ("POST", "/merge", {"loser_id": str(new_id())}),
        ):
            answer = await client.request(method, f"/v1/leads/{old['id']}{path}", json=body)
            assert answer.status_code == 308, f"{method} {path} {answer.text}"
            assert answer.headers["location"] == f"/v1/leads/{third['id']}{path}"
        upper = await client.get(f"/v1/leads/{old['id'].upper()}")
        assert upper.headers["location"] == f"/v1/leads/{third['id']}"
    followed = await client.get(f"/v1/leads/{first['id']}", follow_redirects=True)
    assert followed.json()["id"] == third["id"]
    changed = await client.patch(
        f"/v1/leads/{first['id']}", json={"title": "Head"}, follow_redirects=True
    )
    assert (changed.status_code, changed.json()["id"]) == (200, third["id"])


async def test_references_in_bodies_and_queries_are_followed(client: Client) -> None:
    reference = {"system": "shop", "external_id": "77"}
    winner = await new_lead(client)
    loser = await new_lead(client, external_references=[reference], email="ada@example.com")
    third = await new_lead(client)
    await merged(client, winner, loser)
    body = {"items": [{"lead_id": loser["id"], "kind": "call"}]}
    answer = (await client.post("/v1/touchpoints/batch", json=body)).json()
    assert answer["results"][0]["status"] == "created"
    touch = (await client.get(f"/v1/touchpoints/{answer['results'][0]['id']}")).json()
    assert touch["lead_id"] == winner["id"]
    found = await client.get("/v1/leads/external/shop/77")
    assert found.json()["id"] == winner["id"]
    again = await client.post("/v1/leads?on_duplicate=link", json={"email": "ada@example.com"})
    assert again.json()["id"] == winner["id"]
    assert (await client.get("/v1/submissions", params={"lead_id": loser["id"]})).status_code == 200
    chained = await merged(client, third, loser)
    assert chained["loser_id"] == winner["id"]


async def test_merging_again_answers_as_the_first_time(client: Client) -> None:
    winner, loser = await new_lead(client), await new_lead(client)
    first = await merged(client, winner, loser)
    again = await merged(client, winner, loser)
    assert again["id"] == first["id"]
    assert len((await client.get("/v1/merges")).json()["data"]) == 1


async def test_what_cannot_be_merged_is_refused(client: Client) -> None:
    winner, converted = await new_lead(client), await qualified_lead(client)
    itself = await ask_merge(client, winner, winner)
    assert (itself.status_code, pointers(itself.json())) == (422, ["/loser_id"])
    unknown = await ask_merge(client, winner, {"id": str(new_id())})
    assert (unknown.status_code, pointers(unknown.json())) == (422, ["/loser_id"])
    assert (await ask_merge(client, {"id": str(new_id())}, winner)).status_code == 404
    await client.post(f"/v1/leads/{converted['id']}/convert", json={})
    refused = await ask_merge(client, winner, converted)
    assert (refused.status_code, refused.json()["code"]) == (409, "loser_converted")
    assert refused.json()["winner_id"] == converted["id"]
    await merged(client, converted, winner)
    assert (await read_lead(client, converted))["status"] == "converted"


async def test_the_journal_tells_it_on_both(client: Client) -> None:
    winner = await new_lead(client)
    loser = await new_lead(client, title="Head")
    merge = await merged(client, winner, loser)
    told = {event["subject_id"]: event for event in await events_of(client, "lead.merged")}
    assert told.keys() == {winner["id"], loser["id"]}
    assert told[winner["id"]]["data"]["loser_id"] == loser["id"]
    assert told[winner["id"]]["data"]["fields"] == ["title"]
    assert told[loser["id"]]["data"]["changes"]["merged_into"]["after"] == winner["id"]
    [updated] = await events_of(client, "lead.updated")
    assert updated["data"]["changes"]["title"] == {"before": None, "after": "Head"}
    assert updated["data"]["cause"] == {"kind": "merge", "id": merge["id"], "name": None}
    await undone(client, merge)
    told = {event["subject_id"]: event for event in await events_of(client, "lead.unmerged")}
    assert told.keys() == {winner["id"], loser["id"]}


async def test_an_idempotency_key_merges_once(client: Client) -> None:
    winner, loser = await new_lead(client), await new_lead(client)
    path, headers = f"/v1/leads/{winner['id']}/merge", {"Idempotency-Key": "once"}
    first = await client.post(path, json={"loser_id": loser["id"]}, headers=headers)
    again = await client.post(path, json={"loser_id": loser["id"]}, headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == first.content


async def test_a_merge_takes_as_many_statements_for_a_long_history_as_for_a_short_one(
    client: Client, statements: list[str]
) -> None:
    async def cost(touches: int) -> tuple[int, int]:
        winner, loser = await new_lead(client), await new_lead(client)
        items = [{"lead_id": loser["id"], "kind": "page_viewed"} for _ in range(touches)]
        answer = await client.post("/v1/touchpoints/batch", json={"items": items})
        assert answer.status_code == 200, answer.text
        statements.clear()
        merge = await merged(client, winner, loser)
        there = len(statements)
        statements.clear()
        await undone(client, merge)
        return there, len(statements)

    few = await cost(2)
    assert await cost(900) == few
    assert max(few) <= 30, few
