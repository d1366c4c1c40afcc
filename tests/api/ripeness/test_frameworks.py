"""Frameworks over HTTP: drafted, published, retired, and never changed once in force."""

import asyncio
from typing import Any

import pytest

from app.platform.ids import new_id
from tests.conftest import Client
from tests.factories.access import bearer, events_of, new_key, pointers
from tests.factories.ripeness import criterion, new_framework, published

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

FULL: dict[str, Any] = {
    "name": "Heat pumps 🔥",
    "criteria": [
        {
            "key": "roof",
            "label": "Roof",
            "question": "Who owns the roof?",
            "help": "The register says.",
            "weight": 30,
            "required": True,
            "kind": "choice",
            "answers": [
                {"value": "own", "label": "They do", "points": 100, "knock_out": False},
                {"value": "rented", "label": "Their landlord", "points": 0, "knock_out": True},
            ],
            "several": False,
            "evidence": "required",
            "expires_after_days": 90,
        },
        {
            "key": "flats",
            "label": "Flats",
            "question": "How many flats?",
            "help": None,
            "weight": 10,
            "required": False,
            "kind": "number",
            "answers": [],
            "several": False,
            "evidence": "none",
            "expires_after_days": None,
        },
    ],
    "qualified_at": 80,
    "disqualified_below": 20,
    "conflicts": "hold",
}


async def test_everything_told_is_read_again(client: Client) -> None:
    made = await new_framework(client, "heat_pumps", **FULL)
    assert {name: made[name] for name in FULL} == FULL
    assert (made["key"], made["number"], made["status"]) == ("heat_pumps", 1, "draft")
    answer = await client.get(f"/v1/frameworks/{made['id']}")
    assert (answer.json(), answer.headers["etag"]) == (made, '"1"')
    listed = (await client.get("/v1/frameworks", params={"key": "heat_pumps"})).json()
    assert listed == {"data": [made], "next_cursor": None}
    assert (await client.get("/v1/frameworks", params={"status": "published"})).json()["data"] == []


@pytest.mark.parametrize("template", ["bant", "meddic", "meddpicc"])
async def test_a_template_is_a_start(client: Client, template: str) -> None:
    listed = (await client.get("/v1/frameworks/templates")).json()["data"]
    [told] = [each for each in listed if each["key"] == template]
    made = await new_framework(client, "ours", template=template, qualified_at=90)
    assert made["criteria"] == told["criteria"]
    assert (made["name"], made["qualified_at"]) == (told["name"], 90)


async def test_meddpicc_asks_what_its_letters_say(client: Client) -> None:
    listed = (await client.get("/v1/frameworks/templates")).json()["data"]
    letters = {
        each["key"]: "".join(c["label"][0] for c in each["criteria"]).upper() for each in listed
    }
    assert letters == {"bant": "BANT", "meddic": "MEDDIC", "meddpicc": "MEDDPICC"}


def _with(place: int, **changes: Any) -> dict[str, Any]:
    criteria = [dict(each) for each in FULL["criteria"]]
    criteria[place] |= changes
    return FULL | {"criteria": criteria}


YES = {"value": "yes", "label": "Yes", "points": 100}
REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"key": "bant", **FULL}, ["/key"]),
    ({"key": "Ours", **FULL}, ["/key"]),
    ({"key": "ours"}, ["/criteria"]),
    ({"key": "ours", "template": "spin"}, ["/template"]),
    ({"key": "ours", "criteria": []}, ["/criteria"]),
    ({"key": "ours", **_with(1, key="roof")}, ["/criteria/1/key"]),
    ({"key": "ours", **_with(1, answers=[YES])}, ["/criteria/1/answers"]),
    ({"key": "ours", **_with(0, answers=[])}, ["/criteria/0/answers"]),
    ({"key": "ours", **_with(0, answers=[YES, YES])}, ["/criteria/0/answers/1/value"]),
    (
        {"key": "ours", **_with(0, answers=[YES | {"value": "unknown"}])},
        ["/criteria/0/answers/0/value"],
    ),
    ({"key": "ours", **_with(0, question=" ")}, ["/criteria/0/question"]),
    ({"key": "ours", "criteria": [criterion("a", weight=0)]}, ["/criteria"]),
    ({"key": "ours", **FULL, "disqualified_below": 81}, ["/disqualified_below"]),
    ({"key": "ours", **FULL, "qualified_at": 101}, ["/qualified_at"]),
    ({"key": "ours", **_with(0, colour="red")}, ["/criteria/0/colour"]),
]


@pytest.mark.parametrize(("body", "found"), REFUSED)
async def test_a_bad_framework_is_refused(
    client: Client, body: dict[str, Any], found: list[str]
) -> None:
    answer = await client.post("/v1/frameworks", json=body)
    assert (answer.status_code, pointers(answer.json())) == (422, found), answer.text
    assert (await client.get("/v1/frameworks")).json()["data"] == []


async def test_a_draft_can_be_changed_and_thrown_away(client: Client) -> None:
    made = await new_framework(client, "ours", template="meddic")
    url = f"/v1/frameworks/{made['id']}"
    stale = await client.patch(url, json={"qualified_at": 50}, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    changed = await client.patch(url, json={"qualified_at": 50, "name": "Ours"})
    assert changed.status_code == 200, changed.text
    assert changed.json() == made | {
        "qualified_at": 50,
        "name": "Ours",
        "version": 2,
        "updated_at": changed.json()["updated_at"],
    }
    bad = await client.patch(url, json={"disqualified_below": 51})
    assert (bad.status_code, pointers(bad.json())) == (422, ["/disqualified_below"])
    assert (await client.delete(url)).status_code == 204
    assert (await client.get(url)).status_code == 404


async def test_versions_follow_each_other(client: Client) -> None:
    first = await published(client, "ours", template="meddic")
    again = await client.post(f"/v1/frameworks/{first['id']}/publish")
    assert again.json() == first
    url = f"/v1/frameworks/{first['id']}"
    for method, body in (("PATCH", {"name": "x"}), ("DELETE", None)):
        refused = await client.request(method, url, json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "not_a_draft")
    second = (await client.post(f"{url}/draft")).json()
    assert (second["number"], second["based_on"], second["status"]) == (2, first["id"], "draft")
    assert second["criteria"] == first["criteria"]
    await client.post(f"/v1/frameworks/{second['id']}/publish")
    states = {f["number"]: f["status"] for f in (await client.get("/v1/frameworks")).json()["data"]}
    assert states == {1: "retired", 2: "published"}
    # What came after it is taken back.
    back = (await client.post(f"{url}/publish")).json()
    assert (back["status"], back["retired_at"]) == ("published", None)
    states = {f["number"]: f["status"] for f in (await client.get("/v1/frameworks")).json()["data"]}
    assert states == {1: "published", 2: "retired"}
    told = await events_of(client, "framework.published", "framework.retired")
    assert [(e["type"], e["data"]["number"]) for e in told] == [
        ("framework.published", 1),
        ("framework.retired", 1),
        ("framework.published", 2),
        ("framework.retired", 2),
        ("framework.published", 1),
    ]


async def test_one_version_is_in_force_however_many_publish_at_once(client: Client) -> None:
    drafts = [await new_framework(client, "ours", template="meddic") for _ in range(4)]
    answers = await asyncio.gather(
        *(client.post(f"/v1/frameworks/{draft['id']}/publish") for draft in drafts)
    )
    assert {answer.status_code for answer in answers} == {200}
    listed = (await client.get("/v1/frameworks")).json()["data"]
    assert sorted(f["status"] for f in listed) == ["published", "retired", "retired", "retired"]


async def test_drafts_made_at_once_have_numbers_of_their_own(client: Client) -> None:
    made = await asyncio.gather(
        *(new_framework(client, "ours", template="meddic") for _ in range(4))
    )
    assert sorted(draft["number"] for draft in made) == [1, 2, 3, 4]


async def test_the_default_is_a_published_one_and_stays_so(client: Client) -> None:
    refused = await client.patch("/v1/workspace", json={"default_framework": "ours"})
    assert (refused.status_code, pointers(refused.json())) == (422, ["/default_framework"])
    made = await published(client, "ours", template="meddic")
    chosen = await client.patch("/v1/workspace", json={"default_framework": "ours"})
    assert chosen.json()["default_framework"] == "ours"
    kept = await client.post(f"/v1/frameworks/{made['id']}/retire")
    assert (kept.status_code, kept.json()["code"]) == (409, "default_framework")
    await client.patch("/v1/workspace", json={"default_framework": "bant"})
    retired = await client.post(f"/v1/frameworks/{made['id']}/retire")
    assert (retired.status_code, retired.json()["status"]) == (200, "retired")


async def test_reading_and_administering_need_their_scopes(client: Client) -> None:
    made = await new_framework(client, "ours", template="meddic")
    writer = bearer((await new_key(client, "leads:read", "leads:write"))["key"])
    url = f"/v1/frameworks/{made['id']}"
    assert (await client.get(url, headers=writer)).status_code == 200
    for method, path in (("POST", f"{url}/publish"), ("PATCH", url), ("DELETE", url)):
        body = {"name": "x"} if method == "PATCH" else None
        refused = await client.request(method, path, json=body, headers=writer)
        assert (refused.status_code, refused.json()["scope"]) == (403, "admin")


async def test_another_workspace_has_its_own(client: Client, stranger: Client) -> None:
    made = await published(client, "ours", template="meddic")
    assert (await stranger.get(f"/v1/frameworks/{made['id']}")).status_code == 404
    assert (await stranger.get("/v1/frameworks")).json()["data"] == []
    assert (await published(stranger, "ours", template="meddic"))["number"] == 1
    assert (await client.get(f"/v1/frameworks/{new_id()}")).status_code == 404
