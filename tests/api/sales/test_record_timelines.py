"""The timelines of accounts, contacts and opportunities: the whole history, each entry once."""

from typing import Any

import pytest

from tests.api.record.test_touchpoints import record as touch
from tests.api.sales.test_conversion import convert
from tests.conftest import Client
from tests.factories.sales import new_account, new_contact, new_opportunity, qualified_lead, stages

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

PLURALS = {"account": "accounts", "contact": "contacts", "opportunity": "opportunities"}


async def timeline(client: Client, of: str, record_id: str, **query: Any) -> list[dict[str, Any]]:
    """Every entry, read in pages of seven."""
    url, entries = f"/v1/{PLURALS[of]}/{record_id}/timeline", []
    params: dict[str, Any] = {"limit": 7} | query
    while True:
        answer = await client.get(url, params=params)
        assert answer.status_code == 200, answer.text
        entries += answer.json()["data"]
        if answer.json()["next_cursor"] is None:
            return entries
        params["cursor"] = answer.json()["next_cursor"]


async def touches_of(client: Client, lead: dict[str, Any], name: str) -> None:
    """Twelve touches, many at the same instant."""
    items = [
        {
            "lead_id": lead["id"],
            "kind": "call",
            "summary": f"{name} {n}",
            "occurred_at": f"2026-01-{1 + n // 5:02}T00:00:00Z",
        }
        for n in range(12)
    ]
    answer = await client.post("/v1/touchpoints/batch", json={"items": items})
    assert {result["status"] for result in answer.json()["results"]} == {"created"}


@pytest.mark.parametrize("kind", PLURALS)
@pytest.mark.parametrize("sort", ["occurred_at", "-occurred_at"])
async def test_shows_every_touch_of_every_lead_once(client: Client, kind: str, sort: str) -> None:
    first, second = await qualified_lead(client), await qualified_lead(client)
    await touches_of(client, first, "first")
    await touches_of(client, second, "second")
    made = await convert(client, first)
    named = {name: {"id": made[name]["id"]} for name in PLURALS}
    await convert(client, second, **named)
    await touch(client, first["id"], kind="call", summary="after the conversion")
    entries = await timeline(client, kind, made[kind]["id"], sort=sort)
    marks = [(entry["occurred_at"], entry["id"]) for entry in entries]
    assert len(set(marks)) == len(marks)
    assert marks == sorted(marks, reverse=sort.startswith("-"))
    wanted = {f"{name} {n}" for name in ("first", "second") for n in range(12)}
    found = [e["data"].get("summary") for e in entries if e["kind"] == "call"]
    assert sorted(found) == sorted(wanted | {"after the conversion"})
    kinds = [entry["kind"] for entry in entries]
    assert kinds.count("lead.created") == kinds.count("lead.qualified") == 2
    assert kinds.count("lead.converted") == 2
    assert kinds.count(f"{kind}.created") == 1
    assert all(entry["api_key_id"] for entry in entries)


async def test_an_account_shows_its_contacts_and_opportunities(client: Client) -> None:
    account, other = await new_account(client), await new_account(client)
    contact = await new_contact(client, account_id=account["id"])
    deal = await new_opportunity(client, account_id=account["id"])
    await new_contact(client, account_id=other["id"])
    won = (await stages(client))["Closed won"]["id"]
    await client.patch(f"/v1/opportunities/{deal['id']}", json={"stage_id": won})
    await client.patch(f"/v1/contacts/{contact['id']}", json={"title": "Director"})
    kinds = [entry["kind"] for entry in await timeline(client, "account", account["id"])]
    assert kinds == [
        "contact.updated",
        "opportunity.stage_changed",
        "opportunity.created",
        "contact.created",
        "account.created",
    ]
    assert [e["kind"] for e in await timeline(client, "opportunity", deal["id"])] == [
        "opportunity.stage_changed",
        "opportunity.created",
    ]


async def test_what_happens_to_records_shows_on_the_lead(client: Client) -> None:
    lead = await qualified_lead(client)
    made = await convert(client, lead)
    url = f"/v1/opportunities/{made['opportunity']['id']}"
    await client.patch(url, json={"stage_id": (await stages(client))["Closed won"]["id"]})
    answer = await client.get(f"/v1/leads/{lead['id']}/timeline")
    kinds = [entry["kind"] for entry in answer.json()["data"]]
    assert kinds[:2] == ["lead.lifecycle_stage_changed", "opportunity.stage_changed"]
    assert "contact.created" in kinds


async def test_filters_by_kind(client: Client) -> None:
    lead = await qualified_lead(client)
    await touches_of(client, lead, "a")
    made = await convert(client, lead)
    entries = await timeline(client, "account", made["account"]["id"], kind="lead.converted")
    assert [entry["kind"] for entry in entries] == ["lead.converted"]


async def test_costs_the_same_number_of_statements(client: Client, statements: list[str]) -> None:
    account = await new_account(client)
    url = f"/v1/accounts/{account['id']}/timeline"
    costs = []
    for _ in range(2):
        for _ in range(3):
            await new_contact(client, account_id=account["id"])
            lead = await qualified_lead(client)
            await convert(client, lead, account={"id": account["id"]})
        del statements[:]
        assert (await client.get(url)).status_code == 200
        costs.append(len(statements))
    assert costs == [4, 4]  # begin, the account, its sources, the page


@pytest.mark.parametrize("kind", PLURALS)
async def test_another_workspace_finds_nothing(client: Client, stranger: Client, kind: str) -> None:
    made = await convert(client, await qualified_lead(client))
    url = f"/v1/{PLURALS[kind]}/{made[kind]['id']}/timeline"
    assert (await stranger.get(url)).status_code == 404


@pytest.mark.parametrize("kind", PLURALS)
async def test_a_cursor_belongs_to_its_record(client: Client, kind: str) -> None:
    first, second = [await convert(client, await qualified_lead(client)) for _ in range(2)]
    url = f"/v1/{PLURALS[kind]}/{{}}/timeline"
    page = await client.get(url.format(first[kind]["id"]), params={"limit": 1})
    params = {"cursor": page.json()["next_cursor"]}
    answer = await client.get(url.format(second[kind]["id"]), params=params)
    assert answer.status_code == 422
