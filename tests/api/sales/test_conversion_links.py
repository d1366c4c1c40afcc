"""Converting into records that exist: linked, filled where blank, never duplicated unasked."""

from typing import Any

import pytest

from tests.api.sales.test_conversion import convert, record
from tests.conftest import Client
from tests.factories.access import events_of, new_user, pointers
from tests.factories.sales import (
    add_budget,
    new_account,
    new_contact,
    new_opportunity,
    qualified_lead,
    stages,
)

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]


async def refused(client: Client, lead: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    """The candidates that a conversion is refused with; the lead stays as it is."""
    url = f"/v1/leads/{lead['id']}"
    answer = await client.post(f"{url}/convert", params=query)
    assert answer.status_code == 409, answer.text
    assert answer.json()["code"] == "duplicate_records"
    assert (await client.get(url)).json() == lead
    candidates: list[dict[str, Any]] = answer.json()["candidates"]
    return candidates


async def linked(client: Client, lead: dict[str, Any], **query: Any) -> dict[str, Any]:
    """The conversion with these answers to duplicates."""
    answer = await client.post(f"/v1/leads/{lead['id']}/convert", params=query)
    assert answer.status_code == 200, answer.text
    conversion: dict[str, Any] = answer.json()
    return conversion


class TestFilling:
    async def test_fills_only_what_is_blank(self, client: Client) -> None:
        owner = await new_user(client)
        account = await new_account(client, name="Holding", industry="Steam", city="Paris")
        contact = await new_contact(client, title="Director", account_id=account["id"])
        opportunity = await new_opportunity(client, source="fair")
        lead = await qualified_lead(
            client,
            industry="Rail",
            website="https://engines.example.com",
            city="London",
            phone="+44 20 7946 0018",
            title="Countess",
            source="web",
            owner_id=owner["id"],
        )
        await add_budget(client, lead, "2026-03-02T00:00:00Z", amount_minor=900, currency="GBP")
        conversion = await convert(
            client,
            lead,
            account={"id": account["id"]},
            contact={"id": contact["id"]},
            opportunity={"id": opportunity["id"]},
        )
        assert {conversion[kind]["outcome"] for kind in ("account", "contact")} == {"linked"}
        assert conversion["account"]["values"] == {}
        filled = conversion["account"]["filled"]
        assert filled == {
            "website": "https://engines.example.com",
            "phone": "+44 20 7946 0018",
            "owner_id": owner["id"],
            "originating_lead_id": lead["id"],
        }
        stored = await record(client, "account", conversion)
        follows = {
            "web_domain": "example.com",
            "phone_norm": "+442079460018",
            "version": 2,
            "updated_at": stored["updated_at"],
        }
        assert stored == account | filled | follows
        person = await record(client, "contact", conversion)
        assert (person["title"], person["email"]) == ("Director", contact["email"])
        assert (person["last_name"], person["city"]) == ("Lovelace", "London")
        deal = await record(client, "opportunity", conversion)
        assert (deal["name"], deal["source"]) == (opportunity["name"], "fair")
        assert (deal["amount_minor"], deal["currency"]) == (900, "GBP")
        assert (deal["account_id"], deal["contact_id"]) == (account["id"], contact["id"])
        assert {r["originating_lead_id"] for r in (stored, person, deal)} == {lead["id"]}

    async def test_is_told_to_the_journal(self, client: Client) -> None:
        account = await new_account(client)
        lead = await qualified_lead(client, website="engines.example.com")
        await convert(client, lead, account={"id": account["id"]}, opportunity=None)
        [updated] = await events_of(client, "account.updated")
        assert updated["lead_id"] == lead["id"]
        assert updated["data"]["changes"]["website"] == {
            "before": None,
            "after": "engines.example.com",
        }
        [converted] = await events_of(client, "lead.converted")
        assert converted["data"]["linked"] == ["account"]
        assert converted["data"]["created"] == ["contact"]
        assert converted["data"]["filled"] == {"account": ["originating_lead_id", "website"]}
        assert converted["data"]["opportunity_id"] is None

    async def test_the_first_lead_stays_the_origin(self, client: Client) -> None:
        account = await new_account(client)
        first, second = await qualified_lead(client), await qualified_lead(client)
        await convert(client, first, account={"id": account["id"]})
        conversion = await convert(client, second, account={"id": account["id"]})
        stored = await record(client, "account", conversion)
        assert stored["originating_lead_id"] == first["id"]
        assert conversion["account"]["filled"] == {}

    async def test_a_won_deal_makes_a_customer(self, client: Client) -> None:
        won = (await stages(client))["Closed won"]["id"]
        opportunity = await new_opportunity(client, stage_id=won)
        lead = await qualified_lead(client)
        await convert(client, lead, opportunity={"id": opportunity["id"]})
        stored = (await client.get(f"/v1/leads/{lead['id']}")).json()
        assert stored["lifecycle_stage"] == "customer"


class TestBelonging:
    async def test_an_open_choice_is_the_account_of_the_contact(self, client: Client) -> None:
        account = await new_account(client)
        contact = await new_contact(client, account_id=account["id"])
        conversion = await convert(
            client, await qualified_lead(client), contact={"id": contact["id"]}
        )
        assert conversion["account"]["id"] == account["id"]
        deal = await record(client, "opportunity", conversion)
        assert deal["account_id"] == account["id"]

    async def test_an_open_choice_is_the_account_of_the_deal(self, client: Client) -> None:
        account = await new_account(client)
        deal = await new_opportunity(client, account_id=account["id"])
        conversion = await convert(
            client, await qualified_lead(client), opportunity={"id": deal["id"]}
        )
        assert conversion["account"]["id"] == account["id"]
        assert (await record(client, "contact", conversion))["account_id"] == account["id"]

    async def test_a_contact_without_account_gets_it(self, client: Client) -> None:
        contact = await new_contact(client)
        conversion = await convert(
            client, await qualified_lead(client), contact={"id": contact["id"]}
        )
        assert conversion["account"]["outcome"] == "created"
        filled = conversion["contact"]["filled"]
        assert filled["account_id"] == conversion["account"]["id"]

    @pytest.mark.parametrize("kind", ["contact", "opportunity"])
    @pytest.mark.parametrize("account", ["other", "new"])
    async def test_records_of_another_account_are_refused(
        self, client: Client, kind: str, account: str
    ) -> None:
        home, other = await new_account(client), await new_account(client)
        make = {"contact": new_contact, "opportunity": new_opportunity}[kind]
        member = await make(client, account_id=home["id"])
        choice = {"id": other["id"]} if account == "other" else {"create": {}}
        lead = await qualified_lead(client)
        url = f"/v1/leads/{lead['id']}"
        body = {"account": choice, kind: {"id": member["id"]}}
        answer = await client.post(f"{url}/convert", json=body)
        assert answer.status_code == 422, answer.text
        assert pointers(answer.json()) == [f"/{kind}/id"]
        assert (await client.get(url)).json() == lead


class TestDuplicates:
    async def test_are_refused_with_the_candidates(self, client: Client) -> None:
        by_name = await new_account(client, name="engines  LTD")
        by_domain = await new_account(client, name="Other", website="shop.engines.co.uk")
        lead = await qualified_lead(client, company="Engines Ltd", website="www.engines.co.uk")
        contact = await new_contact(client, email=lead["email"].upper(), full_name="A. L.")
        assert await refused(client, lead) == [
            {"type": "account", "id": by_name["id"], "name": "engines  LTD", "matched_on": "name"},
            {
                "type": "account",
                "id": by_domain["id"],
                "name": "Other",
                "matched_on": "web_domain",
            },
            {
                "type": "contact",
                "id": contact["id"],
                "name": "A. L.",
                "matched_on": "email",
                "account_id": None,
            },
        ]
        assert await refused(client, lead, dry_run=True) == await refused(client, lead)

    async def test_link_takes_the_one_match(self, client: Client) -> None:
        account = await new_account(client, name="Engines Ltd")
        lead = await qualified_lead(client, company="Engines Ltd")
        contact = await new_contact(client, email=lead["email"])
        conversion = await linked(client, lead, on_duplicate="link")
        assert conversion["account"]["id"] == account["id"]
        assert conversion["contact"]["id"] == contact["id"]
        assert conversion["contact"]["filled"]["account_id"] == account["id"]
        assert conversion["opportunity"]["outcome"] == "created"

    async def test_link_does_not_choose_between_two(self, client: Client) -> None:
        for _ in range(2):
            await new_account(client, name="Engines Ltd")
        lead = await qualified_lead(client, company="Engines Ltd")
        assert len(await refused(client, lead, on_duplicate="link")) == 2

    async def test_link_goes_to_the_contacts_account(self, client: Client) -> None:
        account = await new_account(client)
        lead = await qualified_lead(client)
        await new_contact(client, email=lead["email"], account_id=account["id"])
        conversion = await linked(client, lead, on_duplicate="link")
        assert conversion["account"]["id"] == account["id"]

    async def test_link_does_not_tear_a_contact_from_its_account(self, client: Client) -> None:
        await new_account(client, name="Engines Ltd")
        other = await new_account(client)
        lead = await qualified_lead(client, company="Engines Ltd")
        await new_contact(client, email=lead["email"], account_id=other["id"])
        assert len(await refused(client, lead, on_duplicate="link")) == 2

    async def test_create_makes_new_ones(self, client: Client) -> None:
        account = await new_account(client, name="Engines Ltd")
        lead = await qualified_lead(client, company="Engines Ltd")
        contact = await new_contact(client, email=lead["email"])
        conversion = await linked(client, lead, on_duplicate="create")
        assert conversion["account"]["id"] != account["id"]
        assert conversion["contact"]["id"] != contact["id"]

    async def test_a_named_record_is_not_in_question(self, client: Client) -> None:
        account = await new_account(client, name="Engines Ltd")
        await new_account(client, name="Engines Ltd")
        lead = await qualified_lead(client, company="Engines Ltd")
        conversion = await convert(client, lead, account={"id": account["id"]})
        assert conversion["account"]["id"] == account["id"]

    async def test_records_of_others_are_no_duplicates(
        self, client: Client, stranger: Client
    ) -> None:
        lead = await qualified_lead(client)
        await new_account(stranger, name=lead["company"])
        await new_contact(stranger, email=lead["email"])
        await convert(client, lead)

    @pytest.mark.parametrize("name", ["\u200b", "­"])
    async def test_invisible_names_are_no_duplicates(self, client: Client, name: str) -> None:
        await convert(client, await qualified_lead(client, company=name))
        await convert(client, await qualified_lead(client, company=name))
