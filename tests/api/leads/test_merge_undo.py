"""Undoing merges over HTTP: both leads as they were, whatever has happened since."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.domain.reach.events import EventType
from app.platform.db import Database
from app.repositories.unit_of_work import UnitOfWork
from tests.conftest import Client
from tests.factories.access import events_of
from tests.factories.merges import ask_merge, merged, new_lead, read_lead, undone
from tests.factories.ripeness import RIPE, new_assessment

pytestmark = pytest.mark.anyio

# What every change moves on.
STAMPS = {"version", "updated_at"}


def values(lead: dict[str, Any]) -> dict[str, Any]:
    """All of a lead but its stamps."""
    return {name: value for name, value in lead.items() if name not in STAMPS}


async def both(client: Client) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two leads with something of everything."""
    for key in ("segment", "size"):
        body = {"key": key, "label": key, "type": "text"}
        await client.post("/v1/custom-fields", json=body)
    winner = await new_lead(
        client, company="Engines", email="ada@engines.example", custom={"size": "small"}
    )
    loser = await new_lead(
        client,
        full_name="A. King",
        company="Engines Ltd",
        email="king@engines.example",
        phone="+44 20 7946 0018",
        street="Main 1",
        city="London",
        custom={"segment": "new", "size": "large"},
        external_references=[{"system": "shop", "external_id": "77"}],
    )
    await client.post(f"/v1/leads/{loser['id']}/touchpoints", json={"kind": "call"})
    await new_assessment(client, loser["id"], **RIPE)
    return await read_lead(client, winner), await read_lead(client, loser)


async def test_both_leads_are_as_they_were(client: Client) -> None:
    winner, loser = await both(client)
    rules = {"company": {"rule": "longest"}, "email": {"rule": "newest"}}
    merge = await merged(client, winner, loser, rules=rules)
    assert (await read_lead(client, winner))["company"] == "Engines Ltd"
    told = await undone(client, merge)
    assert told["undone"] == {"edited_since": [], "stayed": {}, "gone": {}}
    assert told["undone_at"] is not None
    for lead in (winner, loser):
        now = await read_lead(client, lead)
        assert values(now) == values(lead)
        assert now["version"] > lead["version"]
    for reference, lead in (
        ("email=ada@engines.example", winner),
        ("email=king@engines.example", loser),
    ):
        found = (await client.get(f"/v1/leads?{reference}")).json()["data"]
        assert [each["id"] for each in found] == [lead["id"]]
        body = {"email": reference.partition("=")[2], "full_name": lead["full_name"]}
        linked = await client.post("/v1/leads?on_duplicate=link", json=body)
        assert linked.json()["id"] == lead["id"]
    assert (await client.get("/v1/leads/external/shop/77")).json()["id"] == loser["id"]
    kinds = [
        entry["kind"]
        for entry in (await client.get(f"/v1/leads/{winner['id']}/timeline")).json()["data"]
    ]
    assert "lead.assessed" not in kinds
    again = await client.post(f"/v1/merges/{merge['id']}/undo")
    assert (again.status_code, again.json()["code"]) == (409, "already_undone")


async def test_what_was_edited_since_stays_and_is_listed(client: Client) -> None:
    winner, loser = await both(client)
    merge = await merged(client, winner, loser, rules={"company": {"rule": "longest"}})
    path = f"/v1/leads/{winner['id']}"
    edits = {"company": "Engines SE", "city": "Bonn", "custom": {"segment": "newest"}}
    assert (await client.patch(path, json=edits)).status_code == 200
    await client.post(f"{path}/touchpoints", json={"kind": "meeting"})
    told = await undone(client, merge)
    edited = {field["field"]: field for field in told["undone"]["edited_since"]}
    assert edited["company"] == {
        "field": "company",
        "value": "Engines SE",
        "before_merge": "Engines",
    }
    assert edited["custom.segment"]["before_merge"] is None
    # An address is never made of two: it stays as it was edited.
    assert {"street", "city"} <= edited.keys()
    assert told["undone"]["stayed"]["touchpoints"] == 1
    now = await read_lead(client, winner)
    assert (now["company"], now["street"], now["city"]) == ("Engines SE", "Main 1", "Bonn")
    assert now["custom"] == {"segment": "newest", "size": "small"}
    assert now["phone"] is None
    assert now["touch_count"] == winner["touch_count"] + 1
    assert values(await read_lead(client, loser)) == values(loser)


async def test_an_address_the_winner_gave_up_goes_back_to_the_loser(client: Client) -> None:
    winner, loser = await both(client)
    merge = await merged(client, winner, loser, rules={"email": {"rule": "newest"}})
    path = f"/v1/leads/{winner['id']}"
    answer = await client.patch(path, json={"email": "countess@engines.example"})
    assert answer.status_code == 200, answer.text
    await undone(client, merge)
    assert (await read_lead(client, winner))["email"] == "countess@engines.example"
    for email, lead in (
        ("king@engines.example", loser),
        ("countess@engines.example", winner),
    ):
        body = {"email": email, "full_name": lead["full_name"]}
        linked = await client.post("/v1/leads?on_duplicate=link", json=body)
        assert linked.json()["id"] == lead["id"]


async def test_a_correction_goes_back_with_what_it_corrects(client: Client) -> None:
    winner, loser = await new_lead(client), await new_lead(client, touchpoint=None)
    path = f"/v1/leads/{loser['id']}/touchpoints"
    touch = (await client.post(path, json={"kind": "call"})).json()
    merge = await merged(client, winner, loser)
    path = f"/v1/leads/{winner['id']}/touchpoints"
    first = await client.post(path, json={"kind": "call", "supersedes_id": touch["id"]})
    second = await client.post(path, json={"kind": "meeting", "supersedes_id": first.json()["id"]})
    assert second.status_code == 201, second.text
    await undone(client, merge)
    for lead, kinds in ((winner, ["lead_captured"]), (loser, ["meeting"])):
        entries = (await client.get(f"/v1/leads/{lead['id']}/timeline")).json()["data"]
        assert [e["kind"] for e in entries if e["type"] == "touchpoint"] == kinds
        assert (await read_lead(client, lead))["touch_count"] == 1


async def test_the_verdict_follows_the_answers(client: Client) -> None:
    winner, loser = await both(client)
    merge = await merged(client, winner, loser)
    await new_assessment(client, winner["id"], need={"answer": "weak"})
    await undone(client, merge)
    now = await read_lead(client, winner)
    assert now["qualification_outcome"] == "not_yet"
    assert now["qualification_completeness"] < 100
    assert values(await read_lead(client, loser)) == values(loser)


@pytest.mark.parametrize("newest_first", [True, False])
async def test_several_merges_are_undone_in_any_order(
    client: Client, *, newest_first: bool
) -> None:
    rules = {"company": {"rule": "longest"}, "title": {"rule": "longest"}}
    winner = await new_lead(client, company="A", title="A")
    first = await new_lead(client, company="BB", title="BB", phone="+44 20 7946 0018")
    second = await new_lead(client, company="CCC", city="Bonn")
    leads = [await read_lead(client, lead) for lead in (winner, first, second)]
    merges = [await merged(client, winner, lead, rules=rules) for lead in (first, second)]
    for merge in reversed(merges) if newest_first else merges:
        await undone(client, merge)
    for lead in leads:
        assert values(await read_lead(client, lead)) == values(lead)


async def test_a_chain_is_taken_apart_link_by_link(client: Client) -> None:
    first, second, third = [await new_lead(client, title=title) for title in "abc"]
    leads = [await read_lead(client, lead) for lead in (first, second, third)]
    inner = await merged(client, second, first)
    outer = await merged(client, third, second)
    listed = (await client.get(f"/v1/leads/{third['id']}/merges")).json()["data"]
    assert [merge["id"] for merge in listed] == [outer["id"], inner["id"]]
    refused = await client.post(f"/v1/merges/{inner['id']}/undo")
    assert (refused.status_code, refused.json()["code"]) == (409, "winner_merged")
    assert refused.json()["merge_id"] == outer["id"]
    await undone(client, outer)
    answer = await client.get(f"/v1/leads/{first['id']}")
    assert answer.headers["location"] == f"/v1/leads/{second['id']}"
    await undone(client, inner)
    for lead in leads:
        assert values(await read_lead(client, lead)) == values(lead)
    again = await merged(client, second, first)
    assert again["id"] != inner["id"]


async def test_a_winner_that_is_no_more_what_it_was(client: Client) -> None:
    converted, deleted, one, other = [await new_lead(client) for _ in range(4)]
    first, second = await merged(client, converted, one), await merged(client, deleted, other)
    body = {"override_reason": "Signed at the fair"}
    assert (await client.post(f"/v1/leads/{converted['id']}/convert", json=body)).status_code == 200
    assert (await client.delete(f"/v1/leads/{deleted['id']}")).status_code == 204
    for merge, code in ((first, "winner_converted"), (second, "winner_deleted")):
        refused = await client.post(f"/v1/merges/{merge['id']}/undo")
        assert (refused.status_code, refused.json()["code"]) == (409, code)
    gone = await client.get(f"/v1/leads/{other['id']}", follow_redirects=True)
    assert gone.status_code == 404


async def test_a_merge_into_a_converted_lead_can_be_undone(client: Client) -> None:
    winner = await new_lead(client)
    loser = await read_lead(client, await new_lead(client, title="Head"))
    body = {"override_reason": "Signed at the fair"}
    answer = await client.post(f"/v1/leads/{winner['id']}/convert", json=body)
    account = answer.json()["account"]["id"]
    merge = await merged(client, winner, loser)

    async def created() -> int:
        entries = (await client.get(f"/v1/accounts/{account}/timeline")).json()["data"]
        return [entry["kind"] for entry in entries].count("lead.created")

    assert await created() == 2
    await undone(client, merge)
    assert await created() == 1
    assert values(await read_lead(client, loser)) == values(loser)


async def test_no_to_being_addressed_is_what_counts(
    app: FastAPI, client: Client, database: Database
) -> None:
    winner, loser = await new_lead(client), await new_lead(client)
    for lead, purpose, granted in (
        (winner, "mail", True),
        (loser, "mail", False),
        (winner, "phone", False),
        (loser, "phone", True),
        (winner, "post", True),
    ):
        await say(database, client, lead, purpose, granted=granted)
    merge = await merged(client, winner, loser)
    assert [told["purpose"] for told in merge["consents"]] == ["mail", "phone"]
    assert await last_words(client, winner, loser) == {
        "mail": False,
        "phone": False,
        "post": True,
    }
    await undone(client, merge)
    assert await last_words(client, winner) == {"mail": True, "phone": False, "post": True}


async def test_the_past_stays_what_it_was(client: Client) -> None:
    winner, loser = await both(client)
    before = await instant(client)
    merge = await merged(client, winner, loser, rules={"company": {"rule": "longest"}})
    between = await instant(client)
    present = await read_lead(client, winner)
    await undone(client, merge)
    for at, lead, expected in (
        (before, winner, winner),
        (before, loser, loser),
        (between, winner, present),
    ):
        answer = await client.get(f"/v1/leads/{lead['id']}", params={"as_of": at})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert {name: told[name] for name in COMPARED} == {n: expected[n] for n in COMPARED}
    answer = await client.get(f"/v1/leads/{loser['id']}", params={"as_of": between})
    assert answer.status_code == 404


async def test_two_undo_at_once(client: Client) -> None:
    merge = await merged(client, await new_lead(client), await new_lead(client))
    path = f"/v1/merges/{merge['id']}/undo"
    answers = [await client.post(path) for _ in range(2)]
    assert sorted(a.status_code for a in answers) == [200, 409]
    listed = (await client.get("/v1/merges")).json()["data"]
    assert [each["undone_at"] is not None for each in listed] == [True]
    refused = await ask_merge(client, {"id": merge["winner_id"]}, {"id": merge["loser_id"]})
    assert refused.status_code == 200


COMPARED = (
    "full_name",
    "company",
    "email",
    "email_norm",
    "phone_norm",
    "street",
    "city",
    "custom",
    "status",
    "qualification_outcome",
    "qualification_score",
    "unnormalised",
)


async def instant(client: Client) -> str:
    """A moment after all that was recorded."""
    events = await events_of(client)
    last = max(datetime.fromisoformat(event["recorded_at"]) for event in events)
    return (last + timedelta(microseconds=1)).isoformat()


async def say(
    database: Database, client: Client, lead: dict[str, Any], purpose: str, *, granted: bool
) -> None:
    """Have a lead say yes or no."""
    async with UnitOfWork(database, client.caller) as uow:
        told = {"purpose": purpose, "version": "1", "text": "May we?", "granted": granted}
        lead_id = UUID(lead["id"])
        uow.record(EventType.CONSENT_RECORDED, "submission", lead_id, told, lead_id=lead_id)


async def last_words(client: Client, *leads: dict[str, Any]) -> dict[str, bool]:
    """What was said last on each purpose in the history of these leads."""
    told = await events_of(client, "consent.recorded")
    ids = {lead["id"] for lead in leads}
    return {e["data"]["purpose"]: e["data"]["granted"] for e in told if e["lead_id"] in ids}


async def test_not_a_duplicate_survives_a_merge(client: Client) -> None:
    winner, loser, other, both_ways = [await new_lead(client) for _ in range(4)]

    async def dismissed() -> set[frozenset[str]]:
        page = (await client.get("/v1/duplicates/dismissals")).json()["data"]
        return {frozenset((each["lead_a"], each["lead_b"])) for each in page}

    pairs = [(loser, other), (loser, winner), (loser, both_ways), (winner, both_ways)]
    for first, second in pairs:
        body = {"record": "lead", "first_id": first["id"], "second_id": second["id"]}
        answer = await client.post("/v1/duplicates/dismiss", json=body)
        assert answer.status_code in (200, 201), answer.text
    before = await dismissed()
    merge = await merged(client, winner, loser)
    assert merge["moved"]["duplicate_dismissals"] == 1
    assert frozenset((winner["id"], other["id"])) in await dismissed()
    await undone(client, merge)
    assert await dismissed() == before


async def test_a_key_that_both_share_stays_with_both(client: Client) -> None:
    email = "info@engines.example"
    winner = await new_lead(client, full_name="Ada Lovelace", email=email)
    loser = await new_lead(client, full_name="Charles Babbage", email=email)

    async def keys(lead: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await client.get(f"/v1/leads/{lead['id']}/identities")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    before = [await keys(lead) for lead in (winner, loser)]
    assert [each["value"] for held in before for each in held] == [email, email]
    merge = await merged(client, winner, loser)
    assert "lead_identities" not in merge["moved"]
    assert await keys(winner) == before[0]
    await undone(client, merge)
    assert [await keys(lead) for lead in (winner, loser)] == before
