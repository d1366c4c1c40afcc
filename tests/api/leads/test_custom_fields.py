"""Custom fields over HTTP: declared, filled, changed, forgotten."""

from typing import Any

import pytest

from tests.api.leads.test_leads import create
from tests.conftest import Client
from tests.factories.access import bearer, events_of, new_key, pointers

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

URL = "/v1/custom-fields"
SEGMENT: dict[str, Any] = {
    "key": "segment",
    "label": "Segment",
    "type": "choice",
    "choices": ["enterprise", "mid_market"],
    "required": False,
    "description": "By number of employees",
}


async def declare(client: Client, **fields: Any) -> dict[str, Any]:
    """A new custom field."""
    body = {"key": "note", "label": "Note", "type": "text"} | fields
    answer = await client.post(URL, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_declaration_is_read_again(client: Client) -> None:
    answer = await client.post(URL, json=SEGMENT)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert {name: made[name] for name in SEGMENT} == SEGMENT
    read = await client.get(answer.headers["location"])
    assert (read.json(), read.headers["etag"]) == (made, '"1"')
    plain = await declare(client)
    assert (plain["choices"], plain["required"], plain["description"]) == ([], False, None)
    assert (await client.get(URL)).json() == {"data": [plain, made], "next_cursor": None}
    event = (await events_of(client, "custom_field.created"))[0]
    assert event["data"]["key"] == "segment"


@pytest.mark.parametrize(
    ("field_type", "good", "bad"),
    [
        ("text", "naïve 🦊", 5),
        ("number", 12.5, "12.5"),
        ("boolean", False, "false"),
        ("date", "2026-02-28", "2026-02-30"),
        ("choice", "enterprise", "smb"),
    ],
)
async def test_a_value_has_the_declared_type(
    client: Client, field_type: str, good: Any, bad: Any
) -> None:
    choices = ["enterprise"] if field_type == "choice" else []
    await declare(client, key="x", type=field_type, choices=choices)
    lead = await create(client, last_name="A", custom={"x": good})
    assert lead["custom"] == {"x": good}
    refused = await client.post("/v1/leads", json={"last_name": "B", "custom": {"x": bad}})
    assert (refused.status_code, pointers(refused.json())) == (422, ["/custom/x"])
    sought = str(good).lower() if isinstance(good, bool) else good
    found = await client.get("/v1/leads", params={"custom.x": sought})
    assert [one["id"] for one in found.json()["data"]] == [lead["id"]]


async def test_a_required_field_is_asked_of_new_leads(client: Client) -> None:
    old = await create(client, last_name="A")
    await declare(client, key="x", required=True)
    refused = await client.post("/v1/leads", json={"last_name": "B"})
    assert (refused.status_code, pointers(refused.json())) == (422, ["/custom/x"])
    patched = await client.patch(f"/v1/leads/{old['id']}", json={"title": "CTO"})
    assert patched.status_code == 200


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"key": "Segment"}, "/key"),
    ({"key": "a.b"}, "/key"),
    ({"key": ""}, "/key"),
    ({"label": ""}, "/label"),
    ({"type": "money"}, "/type"),
    ({"type": "text"}, "/choices"),
    ({"choices": []}, "/choices"),
    ({"choices": ["a", "a"]}, "/choices"),
    ({"choices": ["a", ""]}, "/choices/1"),
    ({"required": "yes"}, "/required"),
    ({"default": "enterprise"}, "/default"),
]


@pytest.mark.parametrize(("fields", "pointer"), REFUSED)
async def test_a_bad_declaration_is_refused(
    client: Client, fields: dict[str, Any], pointer: str
) -> None:
    answer = await client.post(URL, json=SEGMENT | fields)
    assert (answer.status_code, pointers(answer.json())) == (422, [pointer]), answer.text
    assert (await client.get(URL)).json()["data"] == []


async def test_a_key_belongs_to_one_field(client: Client, stranger: Client) -> None:
    await declare(client)
    await declare(stranger)
    again = await client.post(URL, json={"key": "note", "label": "Other", "type": "date"})
    assert (again.status_code, pointers(again.json())) == (409, ["/key"])


@pytest.mark.parametrize(
    "sent",
    [
        {"label": "Size"},
        {"description": None},
        {"required": True},
        {"choices": ["mid_market", "public", "enterprise"]},
    ],
)
async def test_what_can_be_patched(client: Client, sent: dict[str, Any]) -> None:
    made = await declare(client, **SEGMENT)
    url = f"{URL}/{made['id']}"
    answer = await client.patch(url, json=sent, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert {**changed, "updated_at": 0} == {**made, **sent, "updated_at": 0, "version": 2}
    [event] = await events_of(client, "custom_field.updated")
    [(name, change)] = event["data"]["changes"].items()
    assert change == {"before": made[name], "after": sent[name]}
    assert (await client.patch(url, json=sent, headers={"If-Match": '"1"'})).status_code == 412


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"choices": ["enterprise"]}, "/choices"),
        ({"choices": []}, "/choices"),
        ({"choices": None}, "/choices"),
        ({"choices": ["enterprise", "mid_market", "enterprise"]}, "/choices"),
        ({"key": "size"}, "/key"),
        ({"type": "text"}, "/type"),
        ({"label": None}, "/label"),
        ({"required": None}, "/required"),
    ],
)
async def test_what_cannot_be_patched(client: Client, sent: dict[str, Any], pointer: str) -> None:
    made = await declare(client, **SEGMENT)
    answer = await client.patch(f"{URL}/{made['id']}", json=sent)
    assert (answer.status_code, pointers(answer.json())) == (422, [pointer]), answer.text
    assert (await client.get(f"{URL}/{made['id']}")).json() == made


async def test_a_field_without_choices_gets_none(client: Client) -> None:
    made = await declare(client)
    answer = await client.patch(f"{URL}/{made['id']}", json={"choices": ["a"]})
    assert (answer.status_code, pointers(answer.json())) == (422, ["/choices"])


class TestDelete:
    async def test_forgets_the_declaration_and_keeps_the_values(self, client: Client) -> None:
        made = await declare(client)
        lead = await create(client, last_name="A", custom={"note": "old"})
        url = f"{URL}/{made['id']}"
        stale = await client.delete(url, headers={"If-Match": '"2"'})
        assert stale.status_code == 412
        answer = await client.delete(url, headers={"If-Match": '"1"'})
        assert (answer.status_code, answer.content) == (204, b"")
        assert (await client.get(url)).status_code == 404
        assert (await client.delete(url)).status_code == 404
        assert (await client.get(URL)).json()["data"] == []
        stored = (await client.get(f"/v1/leads/{lead['id']}")).json()
        assert stored["custom"] == {"note": "old"}
        refused = await client.post("/v1/leads", json={"last_name": "B", "custom": {"note": "x"}})
        assert refused.status_code == 422
        [event] = await events_of(client, "custom_field.deleted")
        assert event["data"] == {"key": "note"}

    async def test_frees_the_key(self, client: Client) -> None:
        made = await declare(client)
        await client.delete(f"{URL}/{made['id']}")
        await declare(client, type="date")

    async def test_leads_with_an_old_value_can_still_be_changed(self, client: Client) -> None:
        made = await declare(client)
        await declare(client, key="other")
        lead = await create(client, last_name="A", custom={"note": "old"})
        await client.delete(f"{URL}/{made['id']}")
        answer = await client.patch(f"/v1/leads/{lead['id']}", json={"custom": {"other": "x"}})
        assert answer.status_code == 200, answer.text
        assert answer.json()["custom"] == {"note": "old", "other": "x"}


class TestNull:
    async def test_is_left_out_of_a_new_lead(self, client: Client) -> None:
        await declare(client)
        await declare(client, key="other")
        lead = await create(client, last_name="A", custom={"note": None, "other": "x"})
        assert lead["custom"] == {"other": "x"}
        refused = await client.post("/v1/leads", json={"last_name": "B", "custom": {"new": None}})
        assert (refused.status_code, pointers(refused.json())) == (422, ["/custom/new"])

    async def test_for_all_clears_all(self, client: Client) -> None:
        made = await declare(client)
        await declare(client, key="other")
        lead = await create(client, last_name="A", custom={"note": "old", "other": "x"})
        await client.delete(f"{URL}/{made['id']}")
        answer = await client.patch(f"/v1/leads/{lead['id']}", json={"custom": None})
        assert (answer.status_code, answer.json()["custom"]) == (200, {})

    async def test_for_all_is_refused_by_required_fields(self, client: Client) -> None:
        await declare(client, required=True)
        await declare(client, key="other")
        custom = {"note": "old", "other": "x"}
        lead = await create(client, last_name="A", custom=custom)
        url = f"/v1/leads/{lead['id']}"
        refused = await client.patch(url, json={"custom": None})
        assert (refused.status_code, pointers(refused.json())) == (422, ["/custom/note"])
        assert (await client.get(url)).json()["custom"] == custom

    async def test_clears_a_value_whose_declaration_is_gone(self, client: Client) -> None:
        made = await declare(client)
        await declare(client, key="other")
        lead = await create(client, last_name="A", custom={"note": "old", "other": "x"})
        await client.delete(f"{URL}/{made['id']}")
        url = f"/v1/leads/{lead['id']}"
        refused = await client.patch(url, json={"custom": {"note": "new", "never": None}})
        assert refused.status_code == 422
        assert pointers(refused.json()) == ["/custom/note", "/custom/never"]
        answer = await client.patch(url, json={"custom": {"note": None}})
        assert (answer.status_code, answer.json()["custom"]) == (200, {"other": "x"})


async def test_only_admin_keys_declare(client: Client) -> None:
    made = await declare(client)
    key = bearer((await new_key(client, "leads:read", "leads:write"))["key"])
    assert (await client.get(URL, headers=key)).status_code == 200
    url = f"{URL}/{made['id']}"
    for request in (
        client.post(URL, json=SEGMENT, headers=key),
        client.patch(url, json={"label": "x"}, headers=key),
        client.delete(url, headers=key),
    ):
        answer = await request
        assert (answer.status_code, answer.json()["scope"]) == (403, "admin")


async def test_another_workspace_sees_nothing(client: Client, stranger: Client) -> None:
    made = await declare(client)
    url = f"{URL}/{made['id']}"
    assert (await stranger.get(url)).status_code == 404
    assert (await stranger.patch(url, json={"label": "Mine"})).status_code == 404
    assert (await stranger.delete(url)).status_code == 404
    assert (await stranger.get(URL)).json()["data"] == []
