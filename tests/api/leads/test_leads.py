"""Leads over HTTP: captured once, read, listed, changed, deleted."""

import asyncio
from typing import Any

import pytest

from tests.conftest import Client
from tests.factories.access import pointers

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

ADA = {
    "full_name": "Ada Lovelace",
    "email": "Ada@Example.com",
    "phone": "+44 20 7946 0018",
    "country": "UK",
    "company": "Analytical Engines Ltd",
    "website": "https://www.example.co.uk/about",
}


async def create(client: Client, **fields: Any) -> dict[str, Any]:
    """A new lead."""
    answer = await client.post("/v1/leads", json=fields or ADA)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def timeline_kinds(client: Client, lead_id: str) -> list[str]:
    """What a lead's timeline shows, newest first."""
    answer = await client.get(f"/v1/leads/{lead_id}/timeline")
    return [entry["kind"] for entry in answer.json()["data"]]


class TestCreate:
    async def test_answers_with_the_lead_as_stored(self, client: Client) -> None:
        answer = await client.post("/v1/leads", json=ADA)
        assert answer.status_code == 201, answer.text
        lead = answer.json()
        assert lead["outcome"] == "created"
        assert answer.headers["etag"] == '"1"'
        stored = (await client.get(answer.headers["location"])).json()
        extra = {"outcome", "touchpoint_id"}
        assert stored == {name: value for name, value in lead.items() if name not in extra}

    async def test_normalises_beside_what_was_typed(self, client: Client) -> None:
        lead = await create(client)
        assert lead["email"] == "Ada@Example.com"
        assert lead["email_norm"] == "ada@example.com"
        assert lead["phone_norm"] == "+442079460018"
        assert lead["country"] == "UK"
        assert lead["country_code"] == "GB"
        assert lead["web_domain"] == "example.co.uk"
        assert (lead["first_name"], lead["last_name"]) == ("Ada", "Lovelace")
        assert lead["unnormalised"] == []

    async def test_keeps_and_flags_what_cannot_be_normalised(self, client: Client) -> None:
        typed = {"email": "ada at example", "phone": "call me", "country": "Wonderland"}
        lead = await create(client, **typed)
        assert {name: lead[name] for name in typed} == typed
        assert set(lead["unnormalised"]) == set(typed)

    async def test_reads_a_local_number_with_the_workspaces_country(self, client: Client) -> None:
        lead = await create(client, phone="030 901820", last_name="Müller")
        assert lead["phone_norm"] == "+4930901820"

    async def test_needs_something_to_know_the_lead_by(self, client: Client) -> None:
        answer = await client.post("/v1/leads", json={"description": "nobody"})
        assert answer.status_code == 422

    async def test_refuses_an_owner_of_no_workspace(self, client: Client) -> None:
        body = ADA | {"owner_id": "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"}
        answer = await client.post("/v1/leads", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/owner_id"

    async def test_records_the_touch_that_brought_the_lead(self, client: Client) -> None:
        touch = {"kind": "form_submitted", "occurred_at": "2026-01-05T10:00:00Z"}
        lead = await create(client, **ADA, touchpoint=touch)
        assert lead["touch_count"] == 1
        assert lead["first_touch_at"] == lead["last_touch_at"] == "2026-01-05T10:00:00Z"
        assert await timeline_kinds(client, lead["id"]) == ["lead.created", "form_submitted"]

    async def test_null_records_no_touch(self, client: Client) -> None:
        lead = await create(client, **ADA, touchpoint=None)
        assert lead["touch_count"] == 0
        assert await timeline_kinds(client, lead["id"]) == ["lead.created"]


class TestKnownIdentity:
    async def test_is_refused_with_the_candidates(self, client: Client) -> None:
        first = await create(client)
        again = await client.post("/v1/leads", json=ADA | {"email": "ada@EXAMPLE.com"})
        assert again.status_code == 409
        problem = again.json()
        assert problem["code"] == "duplicate_lead"
        assert [c["id"] for c in problem["candidates"]] == [first["id"]]
        assert problem["candidates"][0]["matched_on"] == "email"
        assert (await client.get(f"/v1/leads/{first['id']}")).json()["touch_count"] == 1

    async def test_update_changes_the_given_fields_and_adds_the_touch(self, client: Client) -> None:
        first = await create(client)
        body = {"email": "ada@example.com", "title": "Countess"}
        answer = await client.post("/v1/leads", params={"on_duplicate": "update"}, json=body)
        assert answer.status_code == 200, answer.text
        lead = answer.json()
        assert (lead["id"], lead["outcome"]) == (first["id"], "updated")
        assert lead["title"] == "Countess"
        assert lead["company"] == ADA["company"]
        assert lead["touch_count"] == 2

    async def test_link_adds_the_touch_and_leaves_the_lead(self, client: Client) -> None:
        first = await create(client)
        body = {"email": "ada@example.com", "title": "Countess"}
        answer = await client.post("/v1/leads", params={"on_duplicate": "link"}, json=body)
        lead = answer.json()
        assert (lead["id"], lead["outcome"]) == (first["id"], "linked")
        assert lead["title"] is None
        assert lead["version"] == first["version"]
        assert lead["touch_count"] == 2

    async def test_two_leads_behind_one_candidate_are_never_chosen_between(
        self, client: Client
    ) -> None:
        await create(client)
        await client.put("/v1/leads/external/shop/77", json={"last_name": "Babbage"})
        body = ADA | {"external_references": [{"system": "shop", "external_id": "77"}]}
        answer = await client.post("/v1/leads", params={"on_duplicate": "update"}, json=body)
        assert answer.status_code == 409
        assert len(answer.json()["candidates"]) == 2

    async def test_the_same_touch_again_changes_nothing(self, client: Client) -> None:
        touch = {"kind": "form_submitted", "source_system": "site", "external_id": "s-1"}
        first = await create(client, **ADA, touchpoint=touch)
        answer = await client.post("/v1/leads", json=ADA | {"touchpoint": touch})
        assert answer.status_code == 200
        assert answer.json()["touchpoint_id"] == first["touchpoint_id"]
        assert answer.json()["touch_count"] == 1

    async def test_sixty_four_at_once_make_one_lead(self, client: Client) -> None:
        answers = await asyncio.gather(*(client.post("/v1/leads", json=ADA) for _ in range(64)))
        assert sorted(a.status_code for a in answers) == [201] + [409] * 63
        assert len((await client.get("/v1/leads")).json()["data"]) == 1


class TestExternalReference:
    async def test_put_creates_then_updates(self, client: Client) -> None:
        url = "/v1/leads/external/shop/customer-1"
        first = await client.put(url, json={"last_name": "Hopper"})
        assert (first.status_code, first.json()["outcome"]) == (201, "created")
        second = await client.put(url, json={"last_name": "Hopper", "title": "Admiral"})
        assert (second.status_code, second.json()["outcome"]) == (200, "updated")
        assert second.json()["id"] == first.json()["id"]
        assert (await client.get(url)).json()["title"] == "Admiral"

    async def test_put_gives_the_reference_to_the_lead_with_the_email(self, client: Client) -> None:
        lead = await create(client)
        answer = await client.put("/v1/leads/external/shop/9", json={"email": ADA["email"]})
        assert (answer.json()["id"], answer.json()["outcome"]) == (lead["id"], "updated")
        assert (await client.get("/v1/leads/external/shop/9")).json()["id"] == lead["id"]

    async def test_an_unknown_reference_is_not_found(self, client: Client) -> None:
        assert (await client.get("/v1/leads/external/shop/none")).status_code == 404


class TestUpdate:
    PATCHES: tuple[tuple[str, Any], ...] = (
        ("title", None),
        ("street", "12 St James's Square"),
        ("employee_count", 12),
        ("annual_revenue_minor", 10**12),
        ("currency", "GBP"),
        ("language", "en"),
        ("description", "🦄 \u202e RTL"),
        ("source", "fair"),
    )

    @pytest.mark.parametrize(("field", "value"), PATCHES)
    async def test_changes_one_field_and_nothing_else(
        self, client: Client, field: str, value: Any
    ) -> None:
        lead = await create(client, **ADA, title="Countess")
        answer = await client.patch(f"/v1/leads/{lead['id']}", json={field: value})
        assert answer.status_code == 200, answer.text
        expected = {**lead, field: value, "version": 2}
        for name in ("outcome", "touchpoint_id", "updated_at"):
            expected.pop(name)
        assert {k: v for k, v in answer.json().items() if k != "updated_at"} == expected

    RENAMED: tuple[tuple[dict[str, Any], tuple[str | None, ...]], ...] = (
        ({"full_name": "Grace Hopper"}, ("Grace", "Hopper", "Grace Hopper")),
        ({"full_name": "Cher"}, (None, None, "Cher")),
        ({"full_name": None}, ("Ada", "Lovelace", None)),
        ({"first_name": "Augusta"}, ("Augusta", "Lovelace", None)),
        ({"last_name": None}, ("Ada", None, None)),
        ({"first_name": "Ada", "last_name": "Lovelace"}, ("Ada", "Lovelace", "Ada Lovelace")),
        ({"full_name": "Grace H", "last_name": "Hopper"}, (None, "Hopper", "Grace H")),
        ({"full_name": "Ada Lovelace", "first_name": "A."}, ("A.", "Lovelace", "Ada Lovelace")),
    )

    @pytest.mark.parametrize(("sent", "names"), RENAMED)
    async def test_no_name_stays_beside_a_different_whole_name(
        self, client: Client, sent: dict[str, Any], names: tuple[str | None, ...]
    ) -> None:
        lead = await create(client)
        changed = (await client.patch(f"/v1/leads/{lead['id']}", json=sent)).json()
        assert tuple(changed[name] for name in ("first_name", "last_name", "full_name")) == names
        word = " ".join(name for name in names if name).split()[0]
        found = (await client.get("/v1/leads", params={"q": word})).json()["data"]
        assert [one["id"] for one in found] == [lead["id"]]

    @pytest.mark.parametrize("method", ["POST", "PUT"])
    async def test_another_whole_name_of_a_known_lead_is_read_anew(
        self, client: Client, method: str
    ) -> None:
        await client.put("/v1/leads/external/shop/1", json=ADA)
        url = "/v1/leads?on_duplicate=update" if method == "POST" else "/v1/leads/external/shop/1"
        body = {"email": ADA["email"], "full_name": "Grace Hopper"}
        lead = (await client.request(method, url, json=body)).json()
        assert (lead["outcome"], lead["first_name"], lead["last_name"]) == (
            "updated",
            "Grace",
            "Hopper",
        )

    async def test_a_currency_must_exist(self, client: Client) -> None:
        lead = await create(client)
        url = f"/v1/leads/{lead['id']}"
        for request in (
            client.post("/v1/leads", json={"last_name": "B", "currency": "ZZZ"}),
            client.put("/v1/leads/external/shop/1", json={"last_name": "B", "currency": "ZZZ"}),
            client.patch(url, json={"currency": "ZZZ"}),
        ):
            answer = await request
            assert (answer.status_code, pointers(answer.json())) == (422, ["/currency"])
        assert [one["id"] for one in (await client.get("/v1/leads")).json()["data"]] == [lead["id"]]

    async def test_works_out_normalised_values_anew(self, client: Client) -> None:
        lead = await create(client)
        patch = {"phone": "0664 1234567", "country": "Österreich"}
        changed = (await client.patch(f"/v1/leads/{lead['id']}", json=patch)).json()
        assert (changed["phone_norm"], changed["country_code"]) == ("+436641234567", "AT")

    async def test_moves_the_identity_with_the_email(self, client: Client) -> None:
        lead = await create(client)
        await client.patch(f"/v1/leads/{lead['id']}", json={"email": "countess@example.com"})
        assert (await create(client, email=ADA["email"]))["id"] != lead["id"]
        refused = await client.post("/v1/leads", json={"email": "Countess@example.com"})
        assert refused.status_code == 409

    async def test_refuses_the_email_of_another_lead(self, client: Client) -> None:
        await create(client)
        other = await create(client, email="charles@example.com")
        answer = await client.patch(f"/v1/leads/{other['id']}", json={"email": ADA["email"]})
        assert answer.status_code == 409

    async def test_honours_if_match(self, client: Client) -> None:
        lead = await create(client)
        url = f"/v1/leads/{lead['id']}"
        first = await client.patch(url, json={"title": "A"}, headers={"If-Match": '"1"'})
        assert (first.status_code, first.headers["etag"]) == (200, '"2"')
        late = await client.patch(url, json={"title": "B"}, headers={"If-Match": '"1"'})
        assert late.status_code == 412
        assert (await client.get(url)).json()["title"] == "A"

    async def test_the_journal_tells_before_and_after(self, client: Client) -> None:
        lead = await create(client)
        await client.patch(f"/v1/leads/{lead['id']}", json={"title": "Countess"})
        feed = (await client.get("/v1/events", params={"types": "lead.updated"})).json()
        assert feed["data"][0]["data"] == {
            "changes": {"title": {"before": None, "after": "Countess"}}
        }

    async def test_a_change_to_the_same_value_is_no_change(self, client: Client) -> None:
        lead = await create(client)
        answer = await client.patch(f"/v1/leads/{lead['id']}", json={"email": ADA["email"]})
        assert answer.json()["version"] == 1

    async def test_status_moves_only_along_legal_ways(self, client: Client) -> None:
        lead = await create(client)
        url = f"/v1/leads/{lead['id']}"
        assert (await client.patch(url, json={"status": "nurturing"})).status_code == 200
        assert (await client.patch(url, json={"status": "working"})).status_code == 200
        assert (await client.patch(url, json={"status": "converted"})).status_code == 422

    async def test_the_lifecycle_only_moves_forward(self, client: Client) -> None:
        lead = await create(client)
        url = f"/v1/leads/{lead['id']}"
        moved = await client.patch(url, json={"lifecycle_stage": "sql"})
        assert moved.json()["sql_at"] is not None
        assert (await client.patch(url, json={"lifecycle_stage": "mql"})).status_code == 409


class TestDelete:
    async def test_takes_the_lead_out_and_frees_its_email(self, client: Client) -> None:
        lead = await create(client)
        assert (await client.delete(f"/v1/leads/{lead['id']}")).status_code == 204
        assert (await client.get(f"/v1/leads/{lead['id']}")).status_code == 404
        assert (await client.get(f"/v1/leads/{lead['id']}/timeline")).status_code == 404
        assert (await client.get("/v1/leads")).json()["data"] == []
        assert (await client.get("/v1/leads", params={"q": "lovelace"})).json()["data"] == []
        assert (await create(client))["id"] != lead["id"]
