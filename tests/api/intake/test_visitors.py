"""Visitors: what a device did joins a lead when somebody is known, once, with its own times."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.domain.access.api_keys import KeyKind
from app.platform.db import Database
from app.platform.secrets import Secrets
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import add_api_key
from app.services.intake import visitors as module
from tests.conftest import SECRET, Client
from tests.factories.intake import captured, submit
from tests.problems import assert_problem

pytestmark = pytest.mark.anyio

DEVICE = "visitor-0001"
ADA, EVE = "ada@example.com", "eve@example.com"


async def visit(client: Client, *touches: dict[str, Any], device: str = DEVICE, **more: Any) -> str:
    """Tell what a device did; its receipt."""
    path = f"/v1/visitors/{device}/touchpoints"
    answer = await client.post(path, json={"touchpoints": list(touches), **more})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["receipt_id"])


async def known(client: Client, app: FastAPI, email: str, device: str = DEVICE) -> dict[str, Any]:
    """A submission by somebody on a device, captured."""
    answer = await submit(client, {"email": email}, context={"visitor_id": device})
    return await captured(app, client, answer.json()["receipt_id"])


async def timeline(client: Client, lead_id: str) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = (await client.get(f"/v1/leads/{lead_id}/timeline")).json()["data"]
    return [entry for entry in data if entry["kind"] == "page_viewed"]


async def touches_of(client: Client, device: str = DEVICE) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/visitors/{device}/touchpoints?sort=occurred_at")
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


def viewed(day: int, **more: Any) -> dict[str, Any]:
    instant = f"2026-03-{day:02}T10:00:00Z"
    return {
        "kind": "page_viewed",
        "occurred_at": instant,
        "page_url": f"https://x.example/{day}",
    } | more


class TestJoining:
    async def test_what_was_done_before_joins_once_with_its_own_times(
        self, client: Client, app: FastAPI
    ) -> None:
        receipt = await visit(client, viewed(2), viewed(1), viewed(3))
        found = await captured(app, client, receipt)
        assert (found["status"], found["lead_id"]) == ("captured", None)
        ada = await known(client, app, ADA)
        entries = await timeline(client, ada["lead_id"])
        assert sorted(e["occurred_at"][:10] for e in entries) == [
            "2026-03-01",
            "2026-03-02",
            "2026-03-03",
        ]
        lead = (await client.get(f"/v1/leads/{ada['lead_id']}")).json()
        assert lead["first_touch_at"].startswith("2026-03-01")
        assert lead["touch_count"] == 4
        again = await known(client, app, ADA)
        assert again["lead_id"] == ada["lead_id"]
        assert len(await timeline(client, ada["lead_id"])) == 3
        told = await touches_of(client)
        assert {t["lead_id"] for t in told} == {ada["lead_id"]}
        assert {t["id"] for t in told} == {e["id"] for e in entries}

    async def test_what_is_done_later_joins_at_once(self, client: Client, app: FastAPI) -> None:
        ada = await known(client, app, ADA)
        await captured(app, client, await visit(client, viewed(5)))
        assert len(await timeline(client, ada["lead_id"])) == 1

    async def test_in_one_batch_it_is_the_same_in_either_order(
        self, client: Client, app: FastAPI
    ) -> None:
        for order, device in enumerate(("visitor-first", "visitor-later")):
            if order == 0:
                await visit(client, viewed(1), device=device)
            email, context = f"{order}@example.com", {"visitor_id": device}
            receipt = await submit(client, {"email": email}, context=context)
            if order == 1:
                await visit(client, viewed(1), device=device)
            found = await captured(app, client, receipt.json()["receipt_id"])
            assert len(await timeline(client, found["lead_id"])) == 1

    async def test_no_more_than_so_many_join(
        self, client: Client, app: FastAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MOST_JOINED", 3)
        await captured(app, client, await visit(client, *(viewed(day) for day in range(1, 9))))
        ada = await known(client, app, ADA)
        entries = await timeline(client, ada["lead_id"])
        assert sorted(e["occurred_at"][8:10] for e in entries) == ["01", "02", "03"]


class TestSharedDevices:
    async def test_two_people_on_one_device_are_never_merged(
        self, client: Client, app: FastAPI
    ) -> None:
        await visit(client, viewed(1))
        ada = await known(client, app, ADA)
        await captured(app, client, await visit(client, viewed(2)))
        eve = await known(client, app, EVE)
        await captured(app, client, await visit(client, viewed(3)))
        assert ada["lead_id"] != eve["lead_id"]
        assert [len(await timeline(client, one["lead_id"])) for one in (ada, eve)] == [2, 0]
        assert [t["lead_id"] for t in await touches_of(client)] == [ada["lead_id"]] * 2 + [None]
        visitor = (await client.get(f"/v1/visitors/{DEVICE}")).json()
        assert (visitor["lead_id"], visitor["shared"]) == (ada["lead_id"], True)

    async def test_in_one_batch_neither(self, client: Client, app: FastAPI) -> None:
        context = {"visitor_id": DEVICE}
        receipts = [
            (await submit(client, {"email": email}, context=context)).json()["receipt_id"]
            for email in (ADA, EVE, ADA)
        ]
        await visit(client, viewed(1))
        found = [await captured(app, client, receipt) for receipt in receipts]
        assert found[0]["lead_id"] == found[2]["lead_id"] != found[1]["lead_id"]
        visitor = (await client.get(f"/v1/visitors/{DEVICE}")).json()
        assert (visitor["lead_id"], visitor["shared"]) == (found[0]["lead_id"], True)
        assert await timeline(client, found[0]["lead_id"]) == []

    async def test_one_person_has_many_devices(self, client: Client, app: FastAPI) -> None:
        found = []
        for device in ("device-one", "device-two"):
            await visit(client, viewed(1), device=device)
            found.append(await known(client, app, ADA, device))
        assert found[0]["lead_id"] == found[1]["lead_id"]
        assert len(await timeline(client, found[0]["lead_id"])) == 2

    async def test_who_comes_back_after_being_deleted_gets_the_device_back(
        self, client: Client, app: FastAPI
    ) -> None:
        gone = await known(client, app, ADA)
        await client.delete(f"/v1/leads/{gone['lead_id']}")
        await captured(app, client, await visit(client, viewed(1)))
        assert [t["lead_id"] for t in await touches_of(client)] == [None]
        back = await known(client, app, ADA)
        assert back["lead_id"] != gone["lead_id"]
        visitor = (await client.get(f"/v1/visitors/{DEVICE}")).json()
        assert (visitor["lead_id"], visitor["shared"]) == (back["lead_id"], False)
        assert len(await timeline(client, back["lead_id"])) == 1


class TestWhatIsTold:
    async def test_a_trial_joins_nobody(self, client: Client, app: FastAPI) -> None:
        await visit(client, viewed(1), is_test=True)
        ada = await known(client, app, ADA)
        await captured(app, client, await visit(client, viewed(2), is_test=True))
        assert await timeline(client, ada["lead_id"]) == []
        assert [(t["is_test"], t["lead_id"]) for t in await touches_of(client)] == [
            (True, None)
        ] * 2

    async def test_a_time_in_the_future_counts_from_when_it_came(
        self, client: Client, app: FastAPI
    ) -> None:
        touches = [
            {"kind": "page_viewed", "occurred_at": "9999-12-31T23:59:59-14:00"},
            {"kind": "page_viewed", "occurred_at": "2999-01-01T00:00:00Z"},
        ]
        found = await captured(app, client, await visit(client, *touches))
        assert found["status"] == "captured"
        assert "future_instant" in [each["code"] for each in found["findings"]]
        assert all(t["occurred_at"] < "2900" for t in await touches_of(client))

    async def test_its_campaign_goes_with_it_and_an_unknown_one_is_noted(
        self, client: Client, app: FastAPI
    ) -> None:
        made = await client.post("/v1/campaigns", json={"name": "Fair", "kind": "event"})
        campaign = made.json()["id"]
        nobody = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"
        touches = viewed(1, campaign_id=campaign), viewed(2, campaign_id=nobody)
        found = await captured(app, client, await visit(client, *touches))
        assert [each["code"] for each in found["findings"]] == ["unknown_campaign"]
        ada = await known(client, app, ADA)
        told = await touches_of(client)
        assert [t["campaign_id"] for t in told] == [campaign, None]
        async with UnitOfWork(app.state.runtime.database, client.caller) as uow:
            moved = [await uow.touchpoints.get(UUID(t["id"])) for t in told]
        assert [str(m.campaign_id) for m in moved] == [campaign, "None"]
        assert {str(m.lead_id) for m in moved} == {ada["lead_id"]}

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"touchpoints": []}, "/touchpoints"),
            ({}, "/"),
            ({"touchpoints": [{"kind": "No!"}]}, "/touchpoints/0/kind"),
            (
                {"touchpoints": [{"kind": "a", "source_system": "s", "external_id": "1"}]},
                "/touchpoints/0/external_id",
            ),
            ({"touchpoints": [{"kind": "a", "lead_id": "x"}]}, "/touchpoints/0/lead_id"),
        ],
    )
    async def test_what_does_not_fit_is_named(
        self, client: Client, body: dict[str, Any], pointer: str
    ) -> None:
        answer = await client.post(f"/v1/visitors/{DEVICE}/touchpoints", json=body)
        assert answer.status_code == 422
        assert [e["pointer"] for e in answer.json()["errors"]] == [pointer], answer.text

    @pytest.mark.parametrize("device", ["short", "x" * 65, "a b c d e f", "ü" * 10, "%00" * 8])
    async def test_an_id_of_another_form_is_not_found(self, client: Client, device: str) -> None:
        path = f"/v1/visitors/{device}/touchpoints"
        answer = await client.post(path, json={"touchpoints": [{"kind": "a"}]})
        assert answer.status_code == 404
        assert_problem(answer)
        assert answer.headers["access-control-allow-origin"] == "*"

    async def test_of_a_stranger_nothing_is_seen(
        self, client: Client, stranger: Client, app: FastAPI
    ) -> None:
        await captured(app, client, await visit(client, viewed(1)))
        for path in (f"/v1/visitors/{DEVICE}", f"/v1/visitors/{DEVICE}/touchpoints"):
            assert (await client.get(path)).status_code == 200
            assert (await stranger.get(path)).status_code == 404


async def test_a_web_page_may_tell_and_not_ask(client: Client, owner_database: Database) -> None:
    key = await add_api_key(
        owner_database, Secrets(SECRET), client.workspace_id, "page", KeyKind.PUBLISHABLE
    )
    page = {"Authorization": f"Bearer {key}"}
    path = f"/v1/visitors/{DEVICE}/touchpoints"
    told = await client.post(path, json={"touchpoints": [viewed(1)]}, headers=page)
    assert told.status_code == 202
    assert told.headers["access-control-allow-origin"] == "*"
    assert (await client.get(path, headers=page)).status_code == 403
    assert (await client.get(f"/v1/visitors/{DEVICE}", headers=page)).status_code == 403


async def test_the_same_key_is_the_same_visit(client: Client, app: FastAPI) -> None:
    path = f"/v1/visitors/{DEVICE}/touchpoints"
    for _ in range(3):
        await client.post(path, json={"touchpoints": [viewed(1)]}, headers={"Idempotency-Key": "k"})
    await app.state.runtime.pipeline.run(client.workspace_id)
    assert len(await touches_of(client)) == 1
