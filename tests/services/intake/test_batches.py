"""What a submission adds to leads: blanks, never another value; and nothing of a trial."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from app.domain.intake.enrichment import blanks_filled, emptied
from app.domain.leads.leads import BLOCKS
from app.repositories.unit_of_work import UnitOfWork
from tests.conftest import Client
from tests.factories.intake import captured, submit

pytestmark = pytest.mark.anyio

EMAIL = "ada@example.com"


async def told(client: Client, app: FastAPI, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A submission and what became of it."""
    answer = await submit(client, fields, **more)
    assert answer.status_code == 202, answer.text
    return await captured(app, client, answer.json()["receipt_id"])


async def lead_of(client: Client, found: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.get(f"/v1/leads/{found['lead_id']}")).json()
    return answer


async def is_trial(client: Client, app: FastAPI, found: dict[str, Any]) -> bool:
    async with UnitOfWork(app.state.runtime.database, client.caller) as uow:
        return (await uow.leads.get(UUID(found["lead_id"]))).is_test


class TestBlanks:
    names = st.sampled_from(
        [name for block in BLOCKS for name in block] + ["title", "phone", "source", "campaign_id"]
    )
    values = st.sampled_from([None, "", "a", "b", 0, 7])
    leads = st.dictionaries(names, values)
    customs = st.dictionaries(st.sampled_from("xyz"), values)

    @given(leads, leads, customs, customs)
    def test_nothing_that_is_held_is_ever_replaced(
        self,
        held: dict[str, Any],
        given_: dict[str, Any],
        held_custom: dict[str, Any],
        given_custom: dict[str, Any],
    ) -> None:
        before = {**held, "custom": held_custom}
        filled = blanks_filled(before, {**given_, "custom": given_custom})
        custom = filled.pop("custom", {})
        for key, value in custom.items():
            assert held_custom.get(key) in (None, "")
            assert value == given_custom[key]
        for name, value in filled.items():
            assert held.get(name) in (None, "")
            assert value == given_[name]
            assert name not in ("source", "campaign_id")
        for block in BLOCKS:
            if any(held.get(name) not in (None, "") for name in block):
                assert not set(block) & filled.keys()
        again = blanks_filled({**before, **filled, "custom": held_custom | custom}, {})
        assert again == {}

    @given(leads, leads)
    def test_what_is_emptied_takes_all_that_is_given(
        self, held: dict[str, Any], given_: dict[str, Any]
    ) -> None:
        filled = blanks_filled(emptied(held, given_), given_)
        for name, value in given_.items():
            if value not in (None, "") and name not in ("source", "campaign_id"):
                assert filled[name] == value


class TestEnrichment:
    async def test_a_known_lead_gets_what_was_blank_and_what_follows_from_it(
        self, client: Client, app: FastAPI
    ) -> None:
        first = await told(client, app, {"email": EMAIL, "phone": "030 1234567"})
        assert (await lead_of(client, first))["phone_norm"] == "+49301234567"
        again = {"email": EMAIL, "full_name": "Ada Lovelace", "website": "https://www.example.com"}
        second = await told(client, app, again | {"phone": "040 99999999"})
        lead = await lead_of(client, second)
        assert (lead["first_name"], lead["last_name"]) == ("Ada", "Lovelace")
        assert (lead["phone"], lead["phone_norm"]) == ("030 1234567", "+49301234567")
        assert lead["web_domain"] == "example.com"
        assert lead["version"] == 2
        listed = (await client.get("/v1/leads?q=lovelace")).json()["data"]
        assert [each["id"] for each in listed] == [second["lead_id"]]

    async def test_names_and_addresses_are_filled_as_a_whole_or_not(
        self, client: Client, app: FastAPI
    ) -> None:
        await told(client, app, {"email": EMAIL, "last_name": "Lovelace", "city": "London"})
        given_ = {"email": EMAIL, "first_name": "Eve", "street": "Hauptstr. 1", "title": "Dr"}
        lead = await lead_of(client, await told(client, app, given_))
        assert (lead["first_name"], lead["street"], lead["title"]) == (None, None, "Dr")

    async def test_an_address_learnt_by_reference_is_an_identity_from_then_on(
        self, client: Client, app: FastAPI
    ) -> None:
        reference = {"external_references": [{"system": "shop", "external_id": "7"}]}
        first = await told(client, app, {"full_name": "Ada"}, **reference)
        second = await told(client, app, {"email": EMAIL}, **reference)
        third = await told(client, app, {"email": EMAIL.upper()})
        assert first["lead_id"] == second["lead_id"] == third["lead_id"]
        assert (await lead_of(client, third))["email"] == EMAIL

    async def test_two_leads_with_one_submission_are_not_merged(
        self, client: Client, app: FastAPI
    ) -> None:
        reference = {"external_references": [{"system": "shop", "external_id": "7"}]}
        by_email = await told(client, app, {"email": EMAIL})
        by_number = await told(client, app, {"full_name": "Eve"}, **reference)
        both = await told(client, app, {"email": EMAIL, "full_name": "Ada"}, **reference)
        assert by_email["lead_id"] != by_number["lead_id"]
        assert both["lead_id"] == by_email["lead_id"]
        assert both["findings"][0]["code"] == "several_leads"

    async def test_a_disqualified_lead_gets_the_touch_and_stays_as_it_is(
        self, client: Client, app: FastAPI
    ) -> None:
        first = await told(client, app, {"email": EMAIL})
        path = f"/v1/leads/{first['lead_id']}/disqualify"
        assert (await client.post(path, json={"reason": "spam"})).status_code == 200
        again = await told(client, app, {"email": EMAIL, "company": "Engines"})
        lead = await lead_of(client, again)
        assert (lead["company"], lead["touch_count"]) == (None, 2)

    async def test_a_deleted_lead_does_not_come_back(self, client: Client, app: FastAPI) -> None:
        first = await told(client, app, {"email": EMAIL})
        await client.delete(f"/v1/leads/{first['lead_id']}")
        again = await told(client, app, {"email": EMAIL})
        assert again["outcome"] == "created"
        assert again["lead_id"] != first["lead_id"]

    async def test_odd_times_and_unknown_campaigns_are_noted(
        self, client: Client, app: FastAPI
    ) -> None:
        nobody = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"
        for instant in ("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2999-01-01"):
            touch = {"kind": "call", "occurred_at": instant, "campaign_id": nobody}
            answer = await submit(client, {"email": EMAIL}, touchpoint=touch, campaign_id=nobody)
            if len(instant) < 12:
                assert answer.status_code == 422
                continue
            found = await captured(app, client, answer.json()["receipt_id"])
            assert found["status"] == "captured"
            assert "unknown_campaign" in [each["code"] for each in found["findings"]]
            assert (await lead_of(client, found))["last_touch_at"] < "2900"


class TestTrials:
    async def test_a_trial_changes_nothing_about_a_real_lead(
        self, client: Client, app: FastAPI
    ) -> None:
        first = await told(client, app, {"email": EMAIL})
        before = await lead_of(client, first)
        consent = {"purpose": "news", "granted": True, "version": "1", "text": "Yes"}
        reference = [{"system": "shop", "external_id": "7"}]
        trial = await told(
            client,
            app,
            {"email": EMAIL, "company": "Test Ltd", "full_name": "Test Test"},
            is_test=True,
            consents=[consent],
            external_references=reference,
            context={"visitor_id": "visitor-0001"},
        )
        assert trial["lead_id"] == first["lead_id"]
        assert await lead_of(client, first) == before
        assert (await client.get("/v1/visitors/visitor-0001")).status_code == 404
        by_number = await told(client, app, {"full_name": "Eve"}, external_references=reference)
        assert by_number["lead_id"] != first["lead_id"]

    async def test_a_real_submission_takes_the_place_of_a_trial(
        self, client: Client, app: FastAPI
    ) -> None:
        tried = {"email": EMAIL, "full_name": "Test Test", "company": "Test Ltd", "title": "Tester"}
        trial = await told(client, app, tried, is_test=True)
        lead = await lead_of(client, trial)
        assert await is_trial(client, app, trial)
        assert lead["touch_count"] == 1
        said = {"email": EMAIL, "full_name": "Ada Lovelace", "city": "London"}
        real = await told(client, app, said)
        assert real["lead_id"] == trial["lead_id"]
        lead = await lead_of(client, real)
        assert not await is_trial(client, app, real)
        assert lead["touch_count"] == 1
        assert (lead["full_name"], lead["first_name"], lead["city"]) == (
            "Ada Lovelace",
            "Ada",
            "London",
        )
        assert lead["first_touch_at"] == lead["last_touch_at"]

    @pytest.mark.parametrize("trial_first", [True, False])
    async def test_in_one_batch_it_is_the_same(
        self, trial_first: bool, client: Client, app: FastAPI
    ) -> None:
        bodies: list[tuple[dict[str, Any], dict[str, Any]]] = [
            ({"email": EMAIL, "full_name": "Test Test", "title": "Tester"}, {"is_test": True}),
            ({"email": EMAIL, "full_name": "Ada Lovelace"}, {}),
        ]
        receipts = []
        for fields, more in bodies if trial_first else bodies[::-1]:
            receipts.append((await submit(client, fields, **more)).json()["receipt_id"])
        found = [await captured(app, client, receipt) for receipt in receipts]
        assert found[0]["lead_id"] == found[1]["lead_id"]
        lead = await lead_of(client, found[0])
        assert not await is_trial(client, app, found[0])
        assert (lead["touch_count"], lead["full_name"]) == (1, "Ada Lovelace")
        if not trial_first:
            assert lead["title"] is None

    async def test_a_correction_does_not_count_trials_either(
        self, client: Client, app: FastAPI
    ) -> None:
        first = await told(client, app, {"email": EMAIL})
        await told(client, app, {"email": EMAIL}, is_test=True)
        path = f"/v1/leads/{first['lead_id']}/touchpoints"
        call = (await client.post(path, json={"kind": "call"})).json()
        await client.post(path, json={"kind": "meeting", "supersedes_id": call["id"]})
        assert (await lead_of(client, first))["touch_count"] == 2
