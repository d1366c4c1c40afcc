"""The keys of a lead over HTTP: listed, added, shared, set free; and who is found by them."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI

from tests.conftest import Client
from tests.factories.access import pointers
from tests.factories.intake import captured, submit

pytestmark = pytest.mark.anyio

EMAIL = "ada@acme.example"
PHONE = "+44 20 7946 0018"
VISITOR = "visitor-0001"


async def create(client: Client, **fields: Any) -> str:
    """A new lead's id."""
    answer = await client.post("/v1/leads", json={"full_name": "Ada Lovelace"} | fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def add(client: Client, lead_id: str, kind: str, value: str, **more: Any) -> Any:
    """What the request to add a key is answered with."""
    body = {"kind": kind, "value": value, **more}
    return await client.post(f"/v1/leads/{lead_id}/identities", json=body)


async def keys(client: Client, lead_id: str) -> dict[str, dict[str, Any]]:
    """The keys of a lead by value."""
    answer = await client.get(f"/v1/leads/{lead_id}/identities", params={"limit": 200})
    assert answer.status_code == 200, answer.text
    return {each["value"]: each for each in answer.json()["data"]}


async def remove(client: Client, lead_id: str, value: str) -> Any:
    """What the request to remove a key is answered with."""
    identity_id = (await keys(client, lead_id))[value]["id"]
    return await client.delete(f"/v1/leads/{lead_id}/identities/{identity_id}")


async def change(client: Client, lead_id: str, value: str, **patch: Any) -> Any:
    """What the request to change a key is answered with."""
    identity_id = (await keys(client, lead_id))[value]["id"]
    return await client.patch(f"/v1/leads/{lead_id}/identities/{identity_id}", json=patch)


async def events(client: Client, kind: str) -> list[dict[str, Any]]:
    """What the journal says."""
    answer = (await client.get("/v1/events", params={"types": kind})).json()
    return [each["data"] for each in answer["data"]]


class TestList:
    async def test_shows_what_a_lead_came_with(self, client: Client) -> None:
        reference = [{"system": "shop", "external_id": "7"}]
        lead = await create(client, email=EMAIL, phone=PHONE, external_references=reference)
        found = await keys(client, lead)
        assert {v: (k["kind"], k["system"], k["shared"]) for v, k in found.items()} == {
            EMAIL: ("email", "", False),
            "+442079460018": ("phone", "", False),
            "7": ("external", "shop", False),
        }
        assert {each["source"] for each in found.values()} == {"api"}

    async def test_goes_page_by_page(self, client: Client) -> None:
        lead = await create(client, email=EMAIL)
        for number in range(4):
            await add(client, lead, "external", str(number), system="shop")
        await add(client, lead, "visitor", VISITOR)
        seen: list[str] = []
        cursor = None
        while cursor is not None or not seen:
            params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = (await client.get(f"/v1/leads/{lead}/identities", params=params)).json()
            seen += [each["value"] for each in page["data"]]
            cursor = page["next_cursor"]
        assert sorted(seen) == sorted([EMAIL, "0", "1", "2", "3", VISITOR])

    async def test_of_nobody_is_not_found(self, client: Client) -> None:
        path = "/v1/leads/01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d/identities"
        assert (await client.get(path)).status_code == 404


class TestAdd:
    @pytest.mark.parametrize(
        ("kind", "typed", "stored"),
        [
            ("email", " Countess@Example.COM ", "countess@example.com"),
            ("phone", "030 901820", "+4930901820"),
            ("external", "A-77", "A-77"),
        ],
    )
    async def test_a_further_key_finds_the_lead(
        self, client: Client, kind: str, typed: str, stored: str
    ) -> None:
        lead = await create(client, email=EMAIL)
        more = {"system": "shop"} if kind == "external" else {}
        answer = await add(client, lead, kind, typed, **more)
        assert (answer.status_code, answer.json()["value"]) == (201, stored), answer.text
        assert (await add(client, lead, kind, typed, **more)).status_code == 200
        body: dict[str, Any] = {"full_name": "Ada Lovelace"}
        if kind == "external":
            body["external_references"] = [{"system": "shop", "external_id": typed}]
        else:
            body[kind] = typed.strip()
        refused = await client.post("/v1/leads", json=body)
        assert refused.status_code == 409
        [candidate] = refused.json()["candidates"]
        assert (candidate["id"], candidate["matched_on"]) == (lead, kind)
        assert [each["value"] for each in await events(client, "identity.added")] == [stored]

    @pytest.mark.parametrize(
        ("kind", "value", "more", "pointer"),
        [
            ("email", "ada at acme", {}, "/value"),
            ("phone", "call me", {}, "/value"),
            ("visitor", "x", {}, "/value"),
            ("visitor", VISITOR, {"shared": True}, "/kind"),
        ],
    )
    async def test_refuses_what_it_cannot_read(
        self, client: Client, kind: str, value: str, more: dict[str, Any], pointer: str
    ) -> None:
        answer = await add(client, await create(client), kind, value, **more)
        assert (answer.status_code, pointers(answer.json())) == (422, [pointer])

    async def test_a_system_is_for_external_ids_and_those_are_never_shared(
        self, client: Client
    ) -> None:
        lead = await create(client)
        for kind, more in (
            ("external", {}),
            ("email", {"system": "shop"}),
            ("external", {"system": "shop", "shared": True}),
        ):
            assert (await add(client, lead, kind, "1", **more)).status_code == 422

    async def test_another_leads_own_is_refused_unless_it_is_said_to_be_shared(
        self, client: Client
    ) -> None:
        ada = await create(client, email=EMAIL)
        bob = await create(client, full_name="Bob Smith")
        refused = await add(client, bob, "email", EMAIL)
        assert (refused.status_code, refused.json()["code"]) == (409, "identity_taken")
        assert refused.json()["lead_id"] == ada
        added = await add(client, bob, "email", EMAIL, shared=True)
        assert (added.status_code, added.json()["shared"]) == (201, True)
        assert (await keys(client, ada))[EMAIL]["shared"]
        assert (await add(client, await create(client), "email", EMAIL)).status_code == 201

    async def test_an_external_id_of_another_is_refused(self, client: Client) -> None:
        reference = [{"system": "shop", "external_id": "7"}]
        ada = await create(client, external_references=reference)
        bob = await create(client, full_name="Bob Smith")
        refused = await add(client, bob, "external", "7", system="shop")
        assert (refused.status_code, refused.json()["lead_id"]) == (409, ada)

    async def test_a_device_brings_what_was_done_on_it(self, client: Client, app: FastAPI) -> None:
        path = f"/v1/visitors/{VISITOR}/touchpoints"
        visit = {"touchpoints": [{"kind": "page_viewed"}]}
        assert (await client.post(path, json=visit)).status_code == 202
        await app.state.runtime.pipeline.run(client.workspace_id)
        lead = await create(client, email=EMAIL)
        answer = await add(client, lead, "visitor", VISITOR)
        assert (answer.status_code, answer.json()["kind"]) == (201, "visitor"), answer.text
        assert (await client.get(f"/v1/leads/{lead}")).json()["touch_count"] == 2
        assert (await client.get(f"/v1/visitors/{VISITOR}")).json()["lead_id"] == lead
        assert (await add(client, lead, "visitor", VISITOR)).status_code == 200
        bob = await create(client, full_name="Bob Smith")
        refused = await add(client, bob, "visitor", VISITOR)
        assert (refused.status_code, refused.json()["lead_id"]) == (409, lead)
        assert (await remove(client, lead, VISITOR)).status_code == 204
        assert (await client.get(f"/v1/visitors/{VISITOR}")).json()["lead_id"] is None
        assert (await client.get(f"/v1/leads/{lead}")).json()["touch_count"] == 2
        assert (await add(client, bob, "visitor", VISITOR)).status_code == 201

    async def test_at_once_for_two_leads_it_is_one_leads(self, client: Client) -> None:
        leads = [await create(client, full_name=f"Lead {n}") for n in "ABCDEFGH"]
        answers = await asyncio.gather(*(add(client, lead, "email", EMAIL) for lead in leads))
        assert sorted(a.status_code for a in answers) == [201] + [409] * 7


class TestChange:
    async def test_verified_and_shared_are_said(self, client: Client) -> None:
        lead = await create(client, email=EMAIL)
        verified = await change(client, lead, EMAIL, verified=True)
        assert verified.status_code == 200
        assert verified.json()["verified_at"] is not None
        shared = await change(client, lead, EMAIL, shared=True)
        assert (shared.json()["shared"], shared.json()["verified_at"]) == (
            True,
            verified.json()["verified_at"],
        )
        assert (await change(client, lead, EMAIL, verified=False)).json()["verified_at"] is None
        assert (await change(client, lead, EMAIL, shared=False)).json()["shared"] is False
        assert len(await events(client, "identity.updated")) == 4

    async def test_what_others_have_stays_shared(self, client: Client) -> None:
        lead = await create(client, email="info@acme.example")
        other = await create(client, full_name="Bob Smith", email="info@acme.example")
        refused = await change(client, lead, "info@acme.example", shared=False)
        assert (refused.status_code, refused.json()["lead_id"]) == (409, other)
        await client.delete(f"/v1/leads/{other}")
        alone = await change(client, lead, "info@acme.example", shared=False)
        assert (alone.status_code, alone.json()["shared"]) == (200, False)

    async def test_a_verified_key_stays_when_another_takes_its_place(self, client: Client) -> None:
        lead = await create(client, email=EMAIL, phone=PHONE)
        await change(client, lead, EMAIL, verified=True)
        moved = {"email": "countess@acme.example", "phone": "+44 20 7946 0019"}
        assert (await client.patch(f"/v1/leads/{lead}", json=moved)).status_code == 200
        assert set(await keys(client, lead)) == {EMAIL, "countess@acme.example", "+442079460019"}
        back = await client.patch(f"/v1/leads/{lead}", json={"email": EMAIL})
        assert back.status_code == 200
        assert set(await keys(client, lead)) == {EMAIL, "+442079460019"}

    async def test_a_number_may_be_given_to_two(self, client: Client) -> None:
        ada = await create(client, phone=PHONE)
        bob = await create(client, full_name="Bob Smith")
        assert (await client.patch(f"/v1/leads/{bob}", json={"phone": PHONE})).status_code == 200
        for lead in (ada, bob):
            assert (await keys(client, lead))["+442079460018"]["shared"]


class TestRemove:
    async def test_sets_a_key_free(self, client: Client) -> None:
        lead = await create(client, email=EMAIL)
        await add(client, lead, "email", "countess@acme.example")
        assert (await remove(client, lead, "countess@acme.example")).status_code == 204
        assert set(await keys(client, lead)) == {EMAIL}
        assert await create(client, email="countess@acme.example") != lead
        assert len(await events(client, "identity.removed")) == 1

    async def test_the_leads_own_address_and_number_go_with_their_fields(
        self, client: Client
    ) -> None:
        lead = await create(client, email=EMAIL, phone=PHONE)
        for value, pointer in ((EMAIL, "/email"), ("+442079460018", "/phone")):
            refused = await remove(client, lead, value)
            assert (refused.status_code, pointers(refused.json())) == (409, [pointer])
        await client.patch(f"/v1/leads/{lead}", json={"email": None, "phone": None})
        assert await keys(client, lead) == {}

    async def test_of_another_lead_is_not_found(self, client: Client) -> None:
        ada, bob = await create(client, email=EMAIL), await create(client, full_name="Bob Smith")
        identity_id = (await keys(client, ada))[EMAIL]["id"]
        path = f"/v1/leads/{bob}/identities/{identity_id}"
        assert (await client.delete(path)).status_code == 404
        assert (await client.patch(path, json={"shared": True})).status_code == 404


class TestCapture:
    """By `POST /v1/leads`; submissions are captured by the same rules."""

    async def test_a_role_address_with_another_name_is_another_lead(self, client: Client) -> None:
        email = "info@acme.example"
        ada = await create(client, email=email)
        bob = await create(client, full_name="Bob Smith", email=email)
        assert ada != bob
        again = await client.post("/v1/leads", json={"full_name": "Bob Smith", "email": email})
        assert (again.status_code, again.json()["candidates"][0]["id"]) == (409, bob)

    async def test_a_second_different_name_makes_an_address_shared(self, client: Client) -> None:
        ada = await create(client, email=EMAIL)
        link = {"on_duplicate": "link"}
        for name in ("Bob Smith", "Bob Smith"):
            body = {"full_name": name, "email": EMAIL}
            answer = await client.post("/v1/leads", params=link, json=body)
            assert answer.json()["id"] == ada
        assert (await keys(client, ada))[EMAIL]["other_names"] == ["bob smith"]
        body = {"full_name": "Carl Gauss", "email": EMAIL}
        carl = (await client.post("/v1/leads", params=link, json=body)).json()
        assert (carl["outcome"], carl["id"] != ada) == ("created", True)
        assert (await keys(client, ada))[EMAIL]["shared"]

    async def test_enriching_fills_in_what_is_blank(self, client: Client) -> None:
        ada = await create(client, email=EMAIL)
        body = {"full_name": "Augusta King", "email": EMAIL, "title": "Countess"}
        answer = await client.post("/v1/leads", params={"on_duplicate": "enrich"}, json=body)
        lead = answer.json()
        assert (answer.status_code, lead["id"], lead["outcome"]) == (200, ada, "updated")
        assert (lead["full_name"], lead["title"]) == ("Ada Lovelace", "Countess")

    async def test_fifty_at_once_with_a_number_and_a_name_are_one_lead(
        self, client: Client, app: FastAPI
    ) -> None:
        async def send(number: int) -> Any:
            fields = {"email": f"ada{number}@acme.example", "phone": PHONE}
            return await submit(client, {"full_name": "Ada Lovelace", **fields})

        receipts = [a.json()["receipt_id"] for a in await asyncio.gather(*map(send, range(50)))]
        pipeline = app.state.runtime.pipeline
        await asyncio.gather(
            *(pipeline.run_one(client.workspace_id, receipt) for receipt in receipts)
        )
        found = [await captured(app, client, receipt) for receipt in receipts]
        [lead_id] = {each["lead_id"] for each in found}
        assert len(await keys(client, lead_id)) == 51
        assert (await client.get(f"/v1/leads/{lead_id}")).json()["touch_count"] == 50

    @pytest.mark.parametrize("is_shared", [False, True])
    @pytest.mark.parametrize("fields", [{"email": "info@acme.example"}, {"phone": PHONE}])
    async def test_many_at_once_of_three_people_are_three_leads(
        self, client: Client, fields: dict[str, str], is_shared: bool
    ) -> None:
        names = ["Ada Lovelace", "Bob Smith", "Carl Gauss"]

        async def send(name: str) -> Any:
            body = {"full_name": name} | fields
            return await client.post("/v1/leads?on_duplicate=link", json=body)

        if is_shared:
            for name in names[:2]:
                await send(name)
        answers = await asyncio.gather(*map(send, names * 12))
        assert {answer.status_code for answer in answers} <= {200, 201}
        assert len((await client.get("/v1/leads")).json()["data"]) == 3
