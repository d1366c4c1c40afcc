"""The workspace's settings over HTTP."""

from typing import Any

import pytest

from tests.conftest import Client
from tests.factories.access import acting, bearer, events_of, new_key, new_user, pointers

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

URL = "/v1/workspace"
STANDARD: dict[str, Any] = {
    "weights": {"budget": 25, "authority": 25, "need": 25, "timeline": 25},
    "qualified_at": 70,
    "disqualified_below": 0,
    "required": ["budget", "authority", "need", "timeline"],
    "points": {},
    "knock_outs": {"budget": ["none"], "authority": [], "need": ["none"], "timeline": []},
}


async def test_a_new_workspace_has_defaults(client: Client) -> None:
    answer = await client.get(URL)
    settings = answer.json()
    assert settings["id"] == str(client.workspace_id)
    assert (settings["default_country"], settings["default_currency"]) == ("DE", "EUR")
    assert settings["qualification_policy"] == STANDARD
    assert {"code": "no_budget", "label": "No budget"} in settings["disqualify_reasons"]
    assert answer.headers["etag"] == '"1"'


PATCHES: list[dict[str, Any]] = [
    {"name": "Analytical Engines 🦊"},
    {"default_country": "FR"},
    {"default_country": None},
    {"default_currency": "JPY"},
    {"time_zone": "Asia/Kolkata"},
    {"disqualify_reasons": [{"code": "too_far", "label": "Too far away"}]},
]


@pytest.mark.parametrize("sent", PATCHES, ids=lambda sent: next(iter(sent)))
async def test_every_field_can_be_patched(client: Client, sent: dict[str, Any]) -> None:
    before = (await client.get(URL)).json()
    answer = await client.patch(URL, json=sent, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    after = answer.json()
    assert {**after, "updated_at": 0} == {**before, **sent, "updated_at": 0, "version": 2}
    assert (await client.get(URL)).json() == after
    [event] = await events_of(client, "workspace.updated")
    [(name, change)] = event["data"]["changes"].items()
    assert change == {"before": before[name], "after": sent[name]}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": None}, "/name"),
    ({"default_country": "UK"}, "/default_country"),
    ({"default_country": "ZZ"}, "/default_country"),
    ({"default_country": "Germany"}, "/default_country"),
    ({"default_currency": "EURO"}, "/default_currency"),
    ({"default_currency": "XYZ"}, "/default_currency"),
    ({"default_currency": None}, "/default_currency"),
    ({"time_zone": "CEST"}, "/time_zone"),
    ({"disqualify_reasons": []}, "/disqualify_reasons"),
    ({"disqualify_reasons": None}, "/disqualify_reasons"),
    ({"disqualify_reasons": [{"code": "a b", "label": "x"}]}, "/disqualify_reasons/0/code"),
    ({"disqualify_reasons": [{"code": "a", "label": "x"}] * 2}, "/disqualify_reasons"),
    (
        {"disqualify_reasons": [{"code": f"c{n}", "label": "x"} for n in range(51)]},
        "/disqualify_reasons",
    ),
    ({"slug": "mine"}, "/slug"),
]


@pytest.mark.parametrize(("sent", "pointer"), REFUSED)
async def test_a_bad_setting_is_refused(client: Client, sent: dict[str, Any], pointer: str) -> None:
    before = (await client.get(URL)).json()
    answer = await client.patch(URL, json=sent)
    assert (answer.status_code, pointers(answer.json())) == (422, [pointer]), answer.text
    assert (await client.get(URL)).json() == before


async def test_fifty_reasons_are_fine(client: Client) -> None:
    reasons = [{"code": f"c{n}", "label": "x"} for n in range(50)]
    answer = await client.patch(URL, json={"disqualify_reasons": reasons})
    assert answer.json()["disqualify_reasons"] == reasons


async def test_a_stale_patch_changes_nothing(client: Client) -> None:
    await client.patch(URL, json={"name": "First"})
    stale = await client.patch(URL, json={"name": "Second"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["version"]) == (412, 2)
    assert (await client.get(URL)).json()["name"] == "First"


class TestPolicy:
    async def test_is_merged_member_by_member(self, client: Client) -> None:
        for patch in (
            {"qualified_at": 60, "weights": {"need": 50}},
            {"points": {"budget": {"planned": 60, "none": 5}, "need": {"weak": 30}}},
            {"points": {"budget": {"none": None}, "need": None}, "required": ["need"]},
            {"knock_outs": {"authority": ["no_access"]}},
        ):
            answer = await client.patch(URL, json={"qualification_policy": patch})
            assert answer.status_code == 200, answer.text
        answer = await client.get(URL)
        assert answer.json()["qualification_policy"] == {
            "weights": STANDARD["weights"] | {"need": 50},
            "qualified_at": 60,
            "disqualified_below": 0,
            "required": ["need"],
            "points": {"budget": {"planned": 60}},
            "knock_outs": STANDARD["knock_outs"] | {"authority": ["no_access"]},
        }

    @pytest.mark.parametrize(
        "patch",
        [None, {"weights": None, "qualified_at": None}, {"weights": {"budget": None}}],
    )
    async def test_null_goes_back_to_the_standard(self, client: Client, patch: Any) -> None:
        own = {"weights": {"budget": 90}} if patch else {"weights": {"budget": 90}, "points": {}}
        await client.patch(URL, json={"qualification_policy": own})
        answer = await client.patch(URL, json={"qualification_policy": patch})
        assert answer.json()["qualification_policy"] == STANDARD

    async def test_a_patch_that_changes_nothing_is_no_change(self, client: Client) -> None:
        for same in (None, {}, STANDARD, {"qualified_at": 70}):
            answer = await client.patch(URL, json={"qualification_policy": same})
            assert answer.json()["version"] == 1
        assert await events_of(client, "workspace.updated") == []

    @pytest.mark.parametrize(
        ("policy", "found"),
        [
            ({"weights": {"budget": -1}}, ["/weights/budget"]),
            ({"weights": {"budget": "much"}}, ["/weights/budget"]),
            ({"weights": {"mood": 5}}, ["/weights/mood"]),
            ({"weights": dict.fromkeys(STANDARD["weights"], 0)}, ["/weights"]),
            ({"qualified_at": 0}, ["/qualified_at"]),
            ({"qualified_at": 101}, ["/qualified_at"]),
            ({"qualified_at": 50, "disqualified_below": 60}, ["/disqualified_below"]),
            ({"required": ["mood"]}, ["/required"]),
            ({"points": {"budget": {"plenty": 9}}}, ["/points/budget/plenty"]),
            ({"points": {"budget": {"planned": 101}}}, ["/points/budget/planned"]),
            ({"knock_outs": {"need": ["weak", "unknown"]}}, ["/knock_outs/need"]),
            ({"threshold": 70}, ["/threshold"]),
            ("lenient", [""]),
        ],
    )
    async def test_a_policy_that_contradicts_itself_is_refused(
        self, client: Client, policy: Any, found: list[str]
    ) -> None:
        answer = await client.patch(URL, json={"qualification_policy": policy})
        assert answer.status_code == 422, answer.text
        assert pointers(answer.json()) == [f"/qualification_policy{end}" for end in found]
        assert (await client.get(URL)).json()["qualification_policy"] == STANDARD


async def test_who_may_read_and_who_may_write(client: Client) -> None:
    key = bearer((await new_key(client, "leads:read", "leads:write"))["key"])
    assert (await client.get(URL, headers=key)).status_code == 200
    assert (await client.patch(URL, json={"name": "x"}, headers=key)).status_code == 403
    rep, admin = await new_user(client), await new_user(client, role="admin")
    refused = await client.patch(URL, json={"name": "x"}, headers=acting(rep["id"]))
    assert refused.status_code == 403
    changed = await client.patch(URL, json={"name": "x"}, headers=acting(admin["id"]))
    assert changed.status_code == 200
    [event] = await events_of(client, "workspace.updated")
    assert event["user_id"] == admin["id"]
