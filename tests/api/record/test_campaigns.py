"""Campaigns over HTTP."""

import asyncio
from typing import Any

import pytest

from app.platform.ids import new_id
from tests.api.leads.test_leads import create
from tests.conftest import Client
from tests.factories.access import bearer, events_of, new_key, new_user, pointers
from tests.factories.record import new_campaign

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

FULL: dict[str, Any] = {
    "name": "Spring 2026 🌱",
    "kind": "trade_fair",
    "channel": "event",
    "status": "active",
    "starts_on": "2026-03-01",
    "ends_on": "2026-05-31",
    "budget_minor": 500_000,
    "cost_minor": 0,
    "currency": "CHF",
    "description": "Hall 9",
    "source_system": "erp",
    "external_id": "c-1",
}


async def test_everything_told_is_read_again(client: Client) -> None:
    owner = await new_user(client)
    parent = await new_campaign(client)
    told = FULL | {"owner_id": owner["id"], "parent_id": parent["id"]}
    answer = await client.post("/v1/campaigns", json=told)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert {name: made[name] for name in told} == told
    read = await client.get(answer.headers["location"])
    assert (read.json(), read.headers["etag"]) == (made, '"1"')
    event = (await events_of(client, "campaign.created"))[-1]
    assert event["data"] == {name: told[name] for name in ("name", "kind", "channel", "status")}


async def test_a_name_and_a_kind_are_enough(client: Client) -> None:
    made = await new_campaign(client, name="Inbound calls", kind="inbound_call")
    assert made["status"] == "planned"
    assert made["currency"] is made["ends_on"] is made["external_id"] is None
    lead = await create(client, last_name="A", campaign_id=made["id"])
    assert lead["campaign_id"] == made["id"]


@pytest.mark.parametrize("money", ["budget_minor", "cost_minor"])
async def test_money_without_a_currency_is_in_the_workspace_s(client: Client, money: str) -> None:
    await client.patch("/v1/workspace", json={"default_currency": "JPY"})
    assert (await new_campaign(client, **{money: 5}))["currency"] == "JPY"
    bare = await new_campaign(client)
    changed = await client.patch(f"/v1/campaigns/{bare['id']}", json={money: 5})
    assert changed.json()["currency"] == "JPY"
    kept = await client.patch(f"/v1/campaigns/{bare['id']}", json={"currency": None})
    assert (kept.json()["currency"], kept.json()["version"]) == ("JPY", 2)


REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"ends_on": "2026-02-28"}, ["/ends_on"]),
    ({"external_id": None}, ["/external_id"]),
    ({"source_system": None}, ["/source_system"]),
    ({"source_system": None, "starts_on": "2026-06-01"}, ["/ends_on", "/source_system"]),
    ({"kind": "Trade Fair"}, ["/kind"]),
    ({"status": "running"}, ["/status"]),
    ({"channel": "smoke_signals"}, ["/channel"]),
    ({"currency": "XYZ"}, ["/currency"]),
    ({"budget_minor": -1}, ["/budget_minor"]),
    ({"budget_minor": 1.5}, ["/budget_minor"]),
    ({"starts_on": 20260301}, ["/starts_on"]),
    ({"owner_id": str(new_id())}, ["/owner_id"]),
    ({"parent_id": str(new_id())}, ["/parent_id"]),
    ({"color": "red"}, ["/color"]),
]


@pytest.mark.parametrize(("fields", "found"), REFUSED)
async def test_a_bad_campaign_is_refused(
    client: Client, fields: dict[str, Any], found: list[str]
) -> None:
    answer = await client.post("/v1/campaigns", json=FULL | fields)
    assert (answer.status_code, pointers(answer.json())) == (422, found), answer.text
    assert (await client.get("/v1/campaigns")).json()["data"] == []
    made = await new_campaign(client, **FULL)
    patched = await client.patch(f"/v1/campaigns/{made['id']}", json=fields)
    assert (patched.status_code, pointers(patched.json())) == (422, found), patched.text
    assert (await client.get(f"/v1/campaigns/{made['id']}")).json() == made


async def test_a_reference_belongs_to_one_campaign(client: Client, stranger: Client) -> None:
    reference = {"source_system": "erp", "external_id": "c-1"}
    await new_campaign(client, **reference)
    await new_campaign(stranger, **reference)
    await new_campaign(client, source_system="crm", external_id="c-1")
    again = await client.post("/v1/campaigns", json=FULL | reference)
    assert (again.status_code, pointers(again.json())) == (409, ["/external_id"])
    other = await new_campaign(client)
    patched = await client.patch(f"/v1/campaigns/{other['id']}", json=reference)
    assert (patched.status_code, pointers(patched.json())) == (409, ["/external_id"])


@pytest.mark.parametrize(
    "sent",
    [
        {"name": "Autumn"},
        {"kind": "webinar"},
        {"status": "ended"},
        {"channel": None},
        {"starts_on": None},
        {"ends_on": None},
        {"budget_minor": 7},
        {"cost_minor": None},
        {"currency": "EUR"},
        {"description": None},
        {"source_system": None, "external_id": None},
    ],
)
async def test_every_field_can_be_patched(client: Client, sent: dict[str, Any]) -> None:
    made = await new_campaign(client, **FULL)
    url = f"/v1/campaigns/{made['id']}"
    answer = await client.patch(url, json=sent, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert {**changed, "updated_at": 0} == {**made, **sent, "updated_at": 0, "version": 2}
    [event] = await events_of(client, "campaign.updated")
    assert event["data"]["changes"] == {
        name: {"before": made[name], "after": value} for name, value in sent.items()
    }
    stale = await client.patch(url, json={"name": "x"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412


class TestParents:
    async def test_a_campaign_is_never_above_itself(self, client: Client) -> None:
        a = await new_campaign(client)
        b = await new_campaign(client, parent_id=a["id"])
        c = await new_campaign(client, parent_id=b["id"])
        for parent in (a, b, c):
            answer = await client.patch(
                f"/v1/campaigns/{a['id']}", json={"parent_id": parent["id"]}
            )
            assert (answer.status_code, pointers(answer.json())) == (422, ["/parent_id"])
        moved = await client.patch(f"/v1/campaigns/{c['id']}", json={"parent_id": a["id"]})
        assert moved.json()["parent_id"] == a["id"]
        freed = await client.patch(f"/v1/campaigns/{b['id']}", json={"parent_id": None})
        assert freed.json()["parent_id"] is None

    async def test_two_moves_at_once_close_no_circle(self, client: Client) -> None:
        for _ in range(5):
            ring = [(await new_campaign(client))["id"] for _ in range(4)]
            answers = await asyncio.gather(
                *(
                    client.patch(f"/v1/campaigns/{one}", json={"parent_id": ring[index - 1]})
                    for index, one in enumerate(ring)
                )
            )
            assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 422]

    async def test_a_parent_of_another_workspace_is_none(
        self, client: Client, stranger: Client
    ) -> None:
        foreign = await new_campaign(stranger)
        own = await new_campaign(client)
        answer = await client.patch(f"/v1/campaigns/{own['id']}", json={"parent_id": foreign["id"]})
        assert (answer.status_code, pointers(answer.json())) == (422, ["/parent_id"])


async def test_the_list_is_filtered_and_paged(client: Client) -> None:
    owner = await new_user(client)
    a = await new_campaign(client, channel="email", status="active")
    b = await new_campaign(client, channel="event", kind="trade_fair", owner_id=owner["id"])
    c = await new_campaign(client, status="ended")

    async def ids(**params: Any) -> list[str]:
        answer = await client.get("/v1/campaigns", params=params)
        assert answer.status_code == 200, answer.text
        return [campaign["id"] for campaign in answer.json()["data"]]

    assert await ids() == [c["id"], b["id"], a["id"]]
    assert await ids(status=["active", "ended"]) == [c["id"], a["id"]]
    assert await ids(kind="trade_fair") == [b["id"]]
    assert await ids(channel=["event", "email"]) == [b["id"], a["id"]]
    assert await ids(owner_id=owner["id"]) == [b["id"]]
    assert await ids(owner_id=owner["id"], channel="email") == []
    params: dict[str, Any] = {"channel": ["email", "event"], "limit": 1}
    first = (await client.get("/v1/campaigns", params=params)).json()
    turned = {"channel": ["event", "email"], "limit": 1, "cursor": first["next_cursor"]}
    assert await ids(**turned) == [a["id"]]
    other = await client.get("/v1/campaigns", params=turned | {"channel": "event"})
    assert (other.status_code, pointers(other.json())) == (422, ["cursor"])


async def test_a_list_takes_one_statement(client: Client, statements: list[str]) -> None:
    for _ in range(3):
        await new_campaign(client)
    statements.clear()
    await client.get("/v1/campaigns", params={"status": "planned"})
    assert len([sql for sql in statements if not sql.startswith("BEGIN")]) == 1


async def test_another_workspace_sees_nothing(client: Client, stranger: Client) -> None:
    made = await new_campaign(client)
    url = f"/v1/campaigns/{made['id']}"
    assert (await stranger.get(url)).status_code == 404
    assert (await stranger.patch(url, json={"name": "Mine"})).status_code == 404
    assert (await stranger.get("/v1/campaigns")).json()["data"] == []


async def test_reading_and_writing_need_their_scopes(client: Client) -> None:
    reader = bearer((await new_key(client, "leads:read"))["key"])
    assert (await client.get("/v1/campaigns", headers=reader)).status_code == 200
    answer = await client.post("/v1/campaigns", json=FULL, headers=reader)
    assert (answer.status_code, answer.json()["scope"]) == (403, "leads:write")
