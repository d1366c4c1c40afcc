"""The list of leads: every filter, every order, no lead twice or left out."""

from typing import Any

import pytest

from tests.api.leads.test_leads import create
from tests.conftest import Client

pytestmark = pytest.mark.anyio


async def names(client: Client, **params: Any) -> set[str]:
    """Last names of the leads found."""
    answer = await client.get("/v1/leads", params=params)
    assert answer.status_code == 200, answer.text
    return {lead["last_name"] for lead in answer.json()["data"]}


async def three_leads(client: Client) -> None:
    """Müller in Germany, Lovelace in Britain, 李 in China."""
    await create(
        client,
        last_name="Müller",
        company="Stahlbau GmbH",
        email="mueller@example.de",
        country="DE",
        source="fair",
        touchpoint={"kind": "meeting", "occurred_at": "2025-06-01T00:00:00Z"},
    )
    await create(
        client,
        last_name="Lovelace",
        company="100% Engines_Ltd",
        email="ada@example.com",
        country="GB",
        source="website",
        touchpoint={"kind": "meeting", "occurred_at": "2025-09-01T00:00:00Z"},
    )
    await create(client, last_name="李", company="北京", country="CN", touchpoint=None)


async def test_filters(client: Client) -> None:
    await three_leads(client)
    assert await names(client) == {"Müller", "Lovelace", "李"}
    assert await names(client, country=["DE", "CN"]) == {"Müller", "李"}
    assert await names(client, source="fair") == {"Müller"}
    assert await names(client, email="ADA@example.com") == {"Lovelace"}
    assert await names(client, status=["new"], country="GB") == {"Lovelace"}
    assert await names(client, status="working") == set()
    assert await names(client, lifecycle_stage="lead") == {"Müller", "Lovelace", "李"}
    assert await names(client, last_touch_from="2025-07-01T00:00:00Z") == {"Lovelace"}
    assert await names(client, last_touch_before="2025-07-01T00:00:00Z") == {"Müller"}
    assert await names(client, created_before="2025-07-01T00:00:00Z") == set()
    assert await names(client, created_from="2025-07-01T00:00:00Z", source="fair") == {"Müller"}


@pytest.mark.parametrize(
    ("needle", "expected"),
    [
        ("müller", {"Müller"}),
        ("MULLER", {"Müller"}),
        ("stahl mull", {"Müller"}),
        ("stahl love", set()),
        ("example.co", {"Lovelace"}),
        ("100%", {"Lovelace"}),
        ("s_l", {"Lovelace"}),
        ("n_l", set()),
        ("北京", {"李"}),
    ],
)
async def test_text_search(client: Client, needle: str, expected: set[str]) -> None:
    await three_leads(client)
    assert await names(client, q=needle) == expected


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "updated_at", "-updated_at"])
async def test_pages_hold_every_lead_once(client: Client, sort: str) -> None:
    made = [(await create(client, last_name=f"L{n}"))["id"] for n in range(23)]
    seen: list[str] = []
    cursor = None
    while True:
        params: dict[str, Any] = {"limit": 5, "sort": sort}
        params |= {"cursor": cursor} if cursor else {}
        page = (await client.get("/v1/leads", params=params)).json()
        seen += [lead["id"] for lead in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == (made[::-1] if sort.startswith("-") else made)


async def test_order_of_last_touch_leaves_out_the_untouched(client: Client) -> None:
    await three_leads(client)
    answer = await client.get("/v1/leads", params={"sort": "-last_touch_at"})
    assert [lead["last_name"] for lead in answer.json()["data"]] == ["Lovelace", "Müller"]


async def test_a_cursor_belongs_to_its_query_and_workspace(
    client: Client, stranger: Client
) -> None:
    for number in range(3):
        await create(client, last_name=f"L{number}")
    page = (await client.get("/v1/leads", params={"limit": 1})).json()
    cursor = page["next_cursor"]
    for params in ({"status": "new"}, {"sort": "created_at"}):
        answer = await client.get("/v1/leads", params={"cursor": cursor, **params})
        assert answer.status_code == 422
        assert answer.json()["errors"][0] == {
            "code": "cursor_mismatch",
            "detail": answer.json()["detail"],
            "parameter": "cursor",
        }
    assert (await stranger.get("/v1/leads", params={"cursor": cursor})).status_code == 422


async def test_custom_fields_filter(client: Client) -> None:
    for field in (
        {"key": "segment", "label": "Segment", "type": "choice", "choices": ["a", "b"]},
        {"key": "rooms", "label": "Rooms", "type": "number"},
        {"key": "vip", "label": "VIP", "type": "boolean"},
    ):
        assert (await client.post("/v1/custom-fields", json=field)).status_code == 201
    await create(client, last_name="A", custom={"segment": "a", "rooms": 3, "vip": True})
    await create(client, last_name="B", custom={"segment": "b", "rooms": 3.5, "vip": False})
    assert await names(client, **{"custom.segment": "a"}) == {"A"}
    assert await names(client, **{"custom.rooms": "3.5"}) == {"B"}
    assert await names(client, **{"custom.vip": "true", "custom.rooms": "3"}) == {"A"}
    refused = await client.get("/v1/leads", params={"custom.rooms": "many"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["parameter"] == "custom.rooms"
    assert (await client.get("/v1/leads", params={"custom.other": "x"})).status_code == 422
    twice = await client.get("/v1/leads", params={"custom.segment": ["a", "b"]})
    assert twice.status_code == 422
    assert twice.json()["errors"][0]["parameter"] == "custom.segment"
