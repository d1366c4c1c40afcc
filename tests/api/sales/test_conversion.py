"""Conversion over HTTP: once, all or nothing, with everything it made or filled on the record."""

import asyncio
from typing import Any

import pytest

from app.platform.db import Database
from app.platform.ids import new_id
from tests.conftest import Client
from tests.factories.access import bearer, events_of, new_key, new_user, pointers
from tests.factories.record import new_campaign
from tests.factories.sales import (
    add_budget,
    new_account,
    new_contact,
    new_opportunity,
    open_lead,
    qualified_lead,
    stages,
)

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

TABLES = ("accounts", "contacts", "opportunities", "conversions", "events")


async def convert(client: Client, lead: dict[str, Any], **body: Any) -> dict[str, Any]:
    """The conversion of a lead."""
    answer = await client.post(f"/v1/leads/{lead['id']}/convert", json=body)
    assert answer.status_code == 200, answer.text
    conversion: dict[str, Any] = answer.json()
    return conversion


async def record(client: Client, kind: str, conversion: dict[str, Any]) -> dict[str, Any]:
    """The account, contact or opportunity of a conversion."""
    plural = {"opportunity": "opportunities"}.get(kind, f"{kind}s")
    answer = await client.get(f"/v1/{plural}/{conversion[kind]['id']}")
    found: dict[str, Any] = answer.json()
    return found


async def read_lead(client: Client, lead: dict[str, Any]) -> dict[str, Any]:
    """The lead as it is now."""
    found: dict[str, Any] = (await client.get(f"/v1/leads/{lead['id']}")).json()
    return found


async def traces(client: Client, behind: Database) -> dict[str, int]:
    """How many rows the workspace has that a conversion could write."""
    return {
        table: (
            await behind.fetch(
                f"SELECT count(*) FROM {table} WHERE workspace_id = $1",
                client.workspace_id,
            )
        )[0]["count"]
        for table in TABLES
    }


class TestThreeNewRecords:
    async def test_bear_the_leads_values(self, client: Client) -> None:
        campaign, owner = await new_campaign(client), await new_user(client)
        lead = await qualified_lead(
            client,
            company="Engines Ltd",
            website="www.engines.co.uk",
            title="Countess",
            phone="+44 20 7946 0018",
            city="London",
            source="fair",
            campaign_id=campaign["id"],
            owner_id=owner["id"],
        )
        conversion = await convert(client, lead)
        account = await record(client, "account", conversion)
        assert account["name"] == "Engines Ltd"
        assert account["web_domain"] == "engines.co.uk"
        contact = await record(client, "contact", conversion)
        assert contact["last_name"] == "Lovelace"
        assert contact["email_norm"] == lead["email_norm"]
        assert contact["account_id"] == account["id"]
        opportunity = await record(client, "opportunity", conversion)
        assert opportunity["name"] == "Engines Ltd"
        assert opportunity["stage_id"] == (await stages(client))["Prospecting"]["id"]
        assert opportunity["account_id"] == account["id"]
        assert opportunity["contact_id"] == contact["id"]
        assert opportunity["campaign_id"] == campaign["id"]
        assert opportunity["closes_on"] is None
        for made in (account, contact, opportunity):
            assert made["originating_lead_id"] == lead["id"]
            assert made["owner_id"] == owner["id"]
        assert conversion["contact"]["outcome"] == "created"
        assert conversion["contact"]["values"]["title"] == "Countess"

    async def test_are_told_to_the_journal(self, client: Client) -> None:
        lead = await qualified_lead(client)
        conversion = await convert(client, lead)
        kinds = [event["type"] for event in await events_of(client) if event["lead_id"]]
        assert kinds[-6:] == [
            "account.created",
            "contact.created",
            "opportunity.created",
            "lead.status_changed",
            "lead.lifecycle_stage_changed",
            "lead.converted",
        ]
        [event] = await events_of(client, "lead.converted")
        assert event["subject_id"] == event["lead_id"] == lead["id"]
        assert event["api_key_id"]
        assert event["data"] == {
            "conversion_id": conversion["id"],
            "account_id": conversion["account"]["id"],
            "contact_id": conversion["contact"]["id"],
            "opportunity_id": conversion["opportunity"]["id"],
            "created": ["account", "contact", "opportunity"],
            "linked": [],
            "filled": {},
            "override_reason": None,
        }

    async def test_move_the_lead(self, client: Client) -> None:
        lead = await qualified_lead(client)
        await convert(client, lead)
        moved = await read_lead(client, lead)
        assert (moved["status"], moved["lifecycle_stage"]) == ("converted", "opportunity")
        assert moved["opportunity_at"]
        assert moved["version"] == lead["version"] + 1

    async def test_take_overrides(self, client: Client) -> None:
        owner = await new_user(client)
        lead = await qualified_lead(client, city="London")
        proposal = (await stages(client))["Proposal"]
        conversion = await convert(
            client,
            lead,
            account={"create": {"name": "Holding", "city": None, "owner_id": owner["id"]}},
            contact={"create": {"title": "Countess"}},
            opportunity={
                "create": {
                    "name": "Big deal",
                    "stage_id": proposal["id"],
                    "amount_minor": 700,
                    "closes_on": "2026-12-31",
                }
            },
        )
        account = await record(client, "account", conversion)
        assert (account["name"], account["city"]) == ("Holding", None)
        assert account["owner_id"] == owner["id"]
        assert (await record(client, "contact", conversion))["title"] == "Countess"
        opportunity = await record(client, "opportunity", conversion)
        assert opportunity["name"] == "Big deal"
        assert opportunity["probability"] == proposal["probability"]
        assert (opportunity["amount_minor"], opportunity["currency"]) == (700, "EUR")
        assert opportunity["closes_on"] == "2026-12-31"

    async def test_are_worth_the_newest_budget(self, client: Client) -> None:
        lead = await qualified_lead(client)
        march = "2026-03-02T00:00:00Z"
        await add_budget(client, lead, march, amount_minor=900, currency="GBP")
        await add_budget(client, lead, "2026-02-02T00:00:00Z", amount_minor=5, currency="USD")
        opportunity = await record(client, "opportunity", await convert(client, lead))
        assert (opportunity["amount_minor"], opportunity["currency"]) == (900, "GBP")

    async def test_a_person_without_a_company_is_the_account(self, client: Client) -> None:
        conversion = await convert(client, await qualified_lead(client, company=None))
        assert (await record(client, "account", conversion))["name"] == "Ada Lovelace"

    async def test_a_won_deal_makes_a_customer(self, client: Client) -> None:
        lead = await qualified_lead(client)
        won = (await stages(client))["Closed won"]["id"]
        await convert(client, lead, opportunity={"create": {"stage_id": won}})
        assert (await read_lead(client, lead))["lifecycle_stage"] == "customer"


class TestOnce:
    async def test_a_second_call_answers_as_the_first(
        self, client: Client, owner_database: Database
    ) -> None:
        lead = await qualified_lead(client)
        url = f"/v1/leads/{lead['id']}"
        assert (await client.get(f"{url}/conversion")).status_code == 404
        first = await client.post(f"{url}/convert")
        before = await traces(client, owner_database)
        again = await client.post(f"{url}/convert", json={"opportunity": None})
        rehearsed = await client.post(f"{url}/convert", params={"dry_run": True})
        read = await client.get(f"{url}/conversion")
        assert first.status_code == 200, first.text
        assert first.content == again.content == rehearsed.content == read.content
        assert await traces(client, owner_database) == before

    async def test_many_at_once_make_one(self, client: Client, owner_database: Database) -> None:
        lead = await qualified_lead(client)
        url = f"/v1/leads/{lead['id']}/convert"
        answers = await asyncio.gather(*(client.post(url, json={}) for _ in range(64)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        rows = await traces(client, owner_database)
        assert {name: rows[name] for name in TABLES[:4]} == dict.fromkeys(TABLES[:4], 1)
        assert len(await events_of(client, "lead.converted", "opportunity.created")) == 2

    async def test_leads_of_one_company_make_one_account(self, client: Client) -> None:
        leads = [await qualified_lead(client, company="Engines") for _ in range(8)]
        urls = [f"/v1/leads/{lead['id']}/convert" for lead in leads]
        params = {"on_duplicate": "link"}
        answers = await asyncio.gather(*(client.post(url, params=params) for url in urls))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["account"]["id"] for answer in answers}) == 1

    async def test_an_idempotency_key_gets_the_first_answer(self, client: Client) -> None:
        url = f"/v1/leads/{(await qualified_lead(client))['id']}/convert"
        first, second = [
            await client.post(url, json={}, headers={"Idempotency-Key": "k"}) for _ in range(2)
        ]
        assert second.headers["idempotency-replayed"] == "true"
        assert first.content == second.content


class TestTheLead:
    async def test_must_be_qualified(self, client: Client) -> None:
        lead = await open_lead(client)
        url = f"/v1/leads/{lead['id']}/convert"
        refused = await client.post(url, json={})
        assert refused.status_code == 409
        assert refused.json()["code"] == "illegal_move"
        assert "qualified" in refused.json()["legal_moves"]
        conversion = await convert(client, lead, override_reason="Signed at the fair")
        assert conversion["override_reason"] == "Signed at the fair"
        [event] = await events_of(client, "lead.converted")
        assert event["data"]["override_reason"] == "Signed at the fair"

    async def test_disqualified_is_never_converted(self, client: Client) -> None:
        lead = await open_lead(client)
        url = f"/v1/leads/{lead['id']}"
        await client.post(f"{url}/disqualify", json={"reason": "no_budget"})
        body = {"override_reason": "Signed at the fair"}
        refused = await client.post(f"{url}/convert", json=body)
        assert refused.status_code == 409
        assert refused.json()["legal_moves"] == ["nurturing", "working"]

    async def test_may_do_without_an_opportunity(self, client: Client) -> None:
        lead = await qualified_lead(client)
        conversion = await convert(client, lead, opportunity=None)
        assert conversion["opportunity"] is None
        assert (await client.get("/v1/opportunities")).json()["data"] == []
        moved = await read_lead(client, lead)
        assert (moved["status"], moved["lifecycle_stage"]) == ("converted", "sql")

    async def test_becomes_a_customer_when_the_deal_is_won(self, client: Client) -> None:
        lead = await qualified_lead(client)
        conversion = await convert(client, lead)
        by_name = await stages(client)
        url = f"/v1/opportunities/{conversion['opportunity']['id']}"
        await client.patch(url, json={"stage_id": by_name["Closed won"]["id"]})
        moved = await read_lead(client, lead)
        assert moved["lifecycle_stage"] == "customer"
        assert moved["customer_at"]
        *_, event = await events_of(client, "lead.lifecycle_stage_changed")
        assert event["data"]["lifecycle_stage"] == {"before": "opportunity", "after": "customer"}
        await client.patch(url, json={"stage_id": by_name["Closed lost"]["id"]})
        assert (await read_lead(client, lead))["lifecycle_stage"] == "customer"


class TestRefusals:
    async def test_a_lead_of_another_workspace_is_not_found(
        self, client: Client, stranger: Client
    ) -> None:
        lead = await qualified_lead(client)
        assert (await stranger.post(f"/v1/leads/{lead['id']}/convert")).status_code == 404
        assert (await stranger.get(f"/v1/leads/{lead['id']}/conversion")).status_code == 404
        assert (await client.post(f"/v1/leads/{new_id()}/convert")).status_code == 404

    async def test_foreign_records_leave_no_trace(
        self, client: Client, stranger: Client, owner_database: Database
    ) -> None:
        foreign = {
            "/account/id": (await new_account(stranger))["id"],
            "/contact/id": (await new_contact(stranger))["id"],
            "/opportunity/id": (await new_opportunity(stranger))["id"],
            "/account/create/owner_id": (await new_user(stranger))["id"],
            "/opportunity/create/campaign_id": (await new_campaign(stranger))["id"],
            "/opportunity/create/stage_id": (await stages(stranger))["Proposal"]["id"],
            "/opportunity/create/pipeline_id": str(new_id()),
        }
        lead = await qualified_lead(client)
        before = await traces(client, owner_database)
        for pointer, value in foreign.items():
            *path, name = pointer.strip("/").split("/")
            body: dict[str, Any] = {name: value}
            for step in reversed(path):
                body = {step: body}
            answer = await client.post(f"/v1/leads/{lead['id']}/convert", json=body)
            assert answer.status_code == 422, (pointer, answer.text)
            assert pointers(answer.json()) == [pointer]
        assert await traces(client, owner_database) == before
        assert (await read_lead(client, lead))["status"] == "qualified"

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"account": {"id": str(new_id()), "create": {}}}, "/account"),
            ({"account": None}, "/account"),
            ({"contact": {"create": {"account_id": str(new_id())}}}, "/contact/create/account_id"),
            ({"opportunity": {"create": {"amount_minor": -1}}}, "/opportunity/create/amount_minor"),
            ({"account": {"create": {"name": ""}}}, "/account/create/name"),
            ({"account": {"create": {"currency": "ZZZ"}}}, "/account/create/currency"),
            ({"opportunity": {"create": {"currency": "ZZZ"}}}, "/opportunity/create/currency"),
            ({"override_reason": ""}, "/override_reason"),
            (
                {"opportunity": {"create": {"lost_reason": "Price"}}},
                "/opportunity/create/lost_reason",
            ),
        ],
    )
    async def test_what_is_wrong_is_named(
        self, client: Client, body: dict[str, Any], pointer: str
    ) -> None:
        lead = await qualified_lead(client)
        answer = await client.post(f"/v1/leads/{lead['id']}/convert", json=body)
        assert answer.status_code == 422
        assert pointers(answer.json()) == [pointer]

    async def test_a_key_for_leads_alone_makes_no_sales(self, client: Client) -> None:
        lead = await qualified_lead(client)
        key = await new_key(client, "leads:read", "leads:write")
        answer = await client.post(f"/v1/leads/{lead['id']}/convert", headers=bearer(key["key"]))
        assert answer.status_code == 403


class TestRehearsal:
    async def test_tells_the_plan_and_writes_nothing(
        self, client: Client, owner_database: Database
    ) -> None:
        lead = await qualified_lead(client, city="London")
        contact = await new_contact(client, phone="1")
        before = await traces(client, owner_database)
        body = {"contact": {"id": contact["id"]}}
        url = f"/v1/leads/{lead['id']}/convert"
        planned = (await client.post(url, json=body, params={"dry_run": True})).json()
        assert await traces(client, owner_database) == before
        assert (await read_lead(client, lead))["status"] == "qualified"
        assert planned["id"] is planned["converted_at"] is planned["account"]["id"] is None
        assert planned["contact"]["id"] == contact["id"]
        assert planned["contact"]["outcome"] == "linked"
        assert planned["contact"]["filled"]["account_id"] is None
        done = await convert(client, lead, **body)
        for kind in ("account", "contact", "opportunity"):
            for side in ("values", "filled"):
                told = {k: v for k, v in done[kind][side].items() if not k.endswith("_id")}
                assert told == {
                    k: v for k, v in planned[kind][side].items() if not k.endswith("_id")
                }
