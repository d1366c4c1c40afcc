"""Opportunities over HTTP: created, read, listed, changed, moved through their stages."""

from typing import Any

import pytest

from app.platform.ids import new_id
from tests.conftest import Client
from tests.factories.access import events_of, new_user, pointers
from tests.factories.record import new_campaign
from tests.factories.sales import new_account, new_contact, new_opportunity, stages

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]


async def patched(client: Client, opportunity: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The opportunity after a change."""
    answer = await client.patch(f"/v1/opportunities/{opportunity['id']}", json=fields)
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


class TestCreate:
    async def test_begins_in_the_first_stage(self, client: Client) -> None:
        answer = await client.post("/v1/opportunities", json={"name": "Twelve engines"})
        assert answer.status_code == 201, answer.text
        opportunity = answer.json()
        first = (await stages(client))["Prospecting"]
        assert opportunity["stage_id"] == first["id"]
        assert opportunity["status"] == "open"
        assert opportunity["probability"] == 10
        assert opportunity["currency"] is None
        assert opportunity["closed_at"] is None
        read = await client.get(answer.headers["location"])
        assert (read.json(), read.headers["etag"]) == (opportunity, '"1"')
        [event] = await events_of(client, "opportunity.created")
        assert event["subject_id"] == opportunity["id"]

    async def test_keeps_everything_told(self, client: Client) -> None:
        body = {
            "name": "Renewal",
            "account_id": (await new_account(client))["id"],
            "contact_id": (await new_contact(client))["id"],
            "stage_id": (await stages(client))["Proposal"]["id"],
            "amount_minor": 4_500_000,
            "currency": "GBP",
            "probability": 55,
            "closes_on": "2026-09-30",
            "source": "fair",
            "campaign_id": (await new_campaign(client))["id"],
            "description": "Zwölf Maschinen",
            "owner_id": (await new_user(client))["id"],
        }
        opportunity = await new_opportunity(client, **body)
        assert {name: opportunity[name] for name in body} == body

    async def test_an_amount_is_in_the_workspaces_currency(self, client: Client) -> None:
        opportunity = await new_opportunity(client, amount_minor=100)
        assert opportunity["currency"] == "EUR"

    async def test_a_currency_must_exist(self, client: Client) -> None:
        body = {"name": "A", "amount_minor": 100, "currency": "ZZZ"}
        answer = await client.post("/v1/opportunities", json=body)
        assert (answer.status_code, pointers(answer.json())) == (422, ["/currency"])

    async def test_may_be_closed_already(self, client: Client) -> None:
        lost = (await stages(client))["Closed lost"]["id"]
        opportunity = await new_opportunity(client, stage_id=lost, lost_reason="Too dear")
        assert (opportunity["status"], opportunity["probability"]) == ("lost", 0)
        assert opportunity["closed_at"] == opportunity["created_at"]
        assert opportunity["lost_reason"] == "Too dear"

    @pytest.mark.parametrize(
        "name", ["account_id", "contact_id", "pipeline_id", "stage_id", "campaign_id", "owner_id"]
    )
    async def test_unknown_references_are_named(self, client: Client, name: str) -> None:
        answer = await client.post("/v1/opportunities", json={"name": "A", name: str(new_id())})
        assert answer.status_code == 422, answer.text
        assert pointers(answer.json()) == [f"/{name}"]
        assert (await client.get("/v1/opportunities")).json()["data"] == []

    async def test_stages_of_others_are_unknown(self, client: Client, stranger: Client) -> None:
        foreign = (await stages(stranger))["Proposal"]["id"]
        answer = await client.post("/v1/opportunities", json={"name": "A", "stage_id": foreign})
        assert answer.status_code == 422
        assert pointers(answer.json()) == ["/stage_id"]

    async def test_an_open_deal_has_no_reason_of_loss(self, client: Client) -> None:
        body = {"name": "A", "lost_reason": "Too dear"}
        answer = await client.post("/v1/opportunities", json=body)
        assert answer.status_code == 422
        assert pointers(answer.json()) == ["/lost_reason"]


class TestStages:
    async def test_the_probability_follows_the_stage(self, client: Client) -> None:
        opportunity = await new_opportunity(client, probability=33)
        by_name = await stages(client)
        moved = await patched(client, opportunity, stage_id=by_name["Discovery"]["id"])
        assert moved["probability"] == 20
        kept = await patched(client, moved, name="Another name")
        assert kept["probability"] == 20
        given = await patched(
            client, kept, stage_id=by_name["Proposal"]["id"], probability=45, name="Renewal"
        )
        assert given["probability"] == 45
        again = await patched(client, given, probability=None)
        assert again["probability"] == 40

    async def test_a_move_is_told_with_names(self, client: Client) -> None:
        opportunity = await new_opportunity(client)
        by_name = await stages(client)
        wanted = by_name["Closed won"]["id"]
        await patched(client, opportunity, stage_id=wanted, amount_minor=500)
        [moved] = await events_of(client, "opportunity.stage_changed")
        assert moved["data"]["stage"] == {
            "before": {"id": opportunity["stage_id"], "name": "Prospecting"},
            "after": {"id": wanted, "name": "Closed won"},
        }
        assert moved["data"]["changes"]["status"] == {"before": "open", "after": "won"}
        [updated] = await events_of(client, "opportunity.updated")
        assert updated["data"]["changes"] == {
            "amount_minor": {"before": None, "after": 500},
            "currency": {"before": None, "after": "EUR"},
        }

    async def test_closing_and_reopening(self, client: Client) -> None:
        opportunity = await new_opportunity(client)
        by_name = await stages(client)
        lost = await patched(client, opportunity, stage_id=by_name["Closed lost"]["id"])
        assert lost["status"] == "lost"
        assert lost["closed_at"] == lost["updated_at"]
        why = await patched(client, lost, lost_reason="Chose a competitor")
        assert why["lost_reason"] == "Chose a competitor"
        assert why["closed_at"] == lost["closed_at"]
        won = await patched(client, why, stage_id=by_name["Closed won"]["id"])
        assert (won["status"], won["lost_reason"]) == ("won", None)
        assert won["closed_at"] > lost["closed_at"]
        reopened = await patched(client, won, stage_id=by_name["Negotiation"]["id"])
        assert (reopened["status"], reopened["closed_at"]) == ("open", None)
        assert reopened["probability"] == 60

    async def test_only_a_lost_deal_takes_a_reason(self, client: Client) -> None:
        opportunity = await new_opportunity(client)
        url = f"/v1/opportunities/{opportunity['id']}"
        won = (await stages(client))["Closed won"]["id"]
        answer = await client.patch(url, json={"stage_id": won, "lost_reason": "Price"})
        assert answer.status_code == 422
        assert pointers(answer.json()) == ["/lost_reason"]
        assert (await client.get(url)).json() == opportunity

    async def test_naming_the_present_pipeline_moves_nothing(self, client: Client) -> None:
        by_name = await stages(client)
        opportunity = await new_opportunity(client, stage_id=by_name["Proposal"]["id"])
        same = await patched(client, opportunity, pipeline_id=opportunity["pipeline_id"])
        assert same == opportunity


class TestUpdate:
    async def test_clears_and_keeps(self, client: Client) -> None:
        opportunity = await new_opportunity(client, amount_minor=100, closes_on="2026-09-30")
        changed = await patched(client, opportunity, amount_minor=None, closes_on=None)
        assert (changed["amount_minor"], changed["closes_on"]) == (None, None)
        assert changed["currency"] == "EUR"
        assert changed["version"] == 2

    @pytest.mark.parametrize("name", ["name", "stage_id", "pipeline_id"])
    async def test_some_fields_cannot_be_cleared(self, client: Client, name: str) -> None:
        opportunity = await new_opportunity(client)
        url = f"/v1/opportunities/{opportunity['id']}"
        answer = await client.patch(url, json={name: None})
        assert answer.status_code == 422
        assert pointers(answer.json()) == [f"/{name}"]

    @pytest.mark.parametrize(
        "sent", [{"currency": None}, {"currency": None, "amount_minor": 5}, {"currency": "ZZZ"}]
    )
    async def test_no_amount_changes_its_currency_unasked(
        self, client: Client, sent: dict[str, Any]
    ) -> None:
        opportunity = await new_opportunity(client, amount_minor=100, currency="USD")
        url = f"/v1/opportunities/{opportunity['id']}"
        answer = await client.patch(url, json=sent)
        assert (answer.status_code, pointers(answer.json())) == (422, ["/currency"])
        assert (await client.get(url)).json() == opportunity
        cleared = await patched(client, opportunity, amount_minor=None, currency=None)
        assert (cleared["amount_minor"], cleared["currency"]) == (None, None)
        priced = await patched(client, cleared, amount_minor=7, currency=None)
        assert (priced["amount_minor"], priced["currency"]) == (7, "EUR")

    async def test_an_old_version_is_refused(self, client: Client) -> None:
        opportunity = await new_opportunity(client)
        url = f"/v1/opportunities/{opportunity['id']}"
        answer = await client.patch(url, json={"name": "B"}, headers={"If-Match": '"1"'})
        assert answer.headers["etag"] == '"2"'
        answer = await client.patch(url, json={"name": "C"}, headers={"If-Match": '"1"'})
        assert answer.status_code == 412


async def test_list_filters(client: Client) -> None:
    account, contact = await new_account(client), await new_contact(client)
    owner = await new_user(client)
    by_name = await stages(client)
    first = await new_opportunity(client, account_id=account["id"], owner_id=owner["id"])
    second = await new_opportunity(
        client, contact_id=contact["id"], stage_id=by_name["Closed won"]["id"]
    )

    async def listed(**params: Any) -> list[str]:
        answer = await client.get("/v1/opportunities", params=params)
        assert answer.status_code == 200, answer.text
        return [opportunity["id"] for opportunity in answer.json()["data"]]

    both = [second["id"], first["id"]]
    assert await listed(pipeline_id=first["pipeline_id"]) == both
    assert await listed(status=["open", "won"]) == both
    assert await listed(sort="created_at") == both[::-1]
    assert await listed(status="won") == [second["id"]]
    assert await listed(stage_id=by_name["Prospecting"]["id"]) == [first["id"]]
    assert await listed(account_id=account["id"]) == [first["id"]]
    assert await listed(contact_id=contact["id"]) == [second["id"]]
    assert await listed(owner_id=owner["id"], status="open") == [first["id"]]
    assert await listed(status="lost") == []


async def test_another_workspace_finds_nothing(client: Client, stranger: Client) -> None:
    url = f"/v1/opportunities/{(await new_opportunity(client))['id']}"
    assert (await stranger.get(url)).status_code == 404
    assert (await stranger.patch(url, json={"name": "B"})).status_code == 404
