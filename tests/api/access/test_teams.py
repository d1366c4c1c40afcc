"""Teams over HTTP."""

import pytest

from tests.conftest import Client
from tests.factories.access import bearer, events_of, new_key, new_team, pointers

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]


async def test_create_read_and_list(client: Client) -> None:
    answer = await client.post("/v1/teams", json={"name": "North"})
    team = answer.json()
    assert (answer.status_code, answer.headers["etag"], team["version"]) == (201, '"1"', 1)
    read = await client.get(answer.headers["location"])
    assert (read.json(), read.headers["etag"]) == (team, '"1"')
    other = await new_team(client)
    first = (await client.get("/v1/teams", params={"limit": 1})).json()
    second = (
        await client.get("/v1/teams", params={"limit": 1, "cursor": first["next_cursor"]})
    ).json()
    assert first["data"] + second["data"] == [other, team]
    assert second["next_cursor"] is None
    [event, _] = await events_of(client, "team.created")
    assert (event["subject_id"], event["data"]) == (team["id"], {"name": "North"})


async def test_a_name_belongs_to_one_team(client: Client, stranger: Client) -> None:
    await new_team(client, name="North")
    await new_team(stranger, name="North")
    again = await client.post("/v1/teams", json={"name": "North"})
    assert (again.status_code, pointers(again.json())) == (409, ["/name"])
    south = await new_team(client, name="South")
    renamed = await client.patch(f"/v1/teams/{south['id']}", json={"name": "North"})
    assert (renamed.status_code, pointers(renamed.json())) == (409, ["/name"])


async def test_patch_changes_what_is_sent_and_honours_if_match(client: Client) -> None:
    team = await new_team(client, name="North")
    url = f"/v1/teams/{team['id']}"
    same = await client.patch(url, json={"name": "North"}, headers={"If-Match": '"1"'})
    assert same.json() == team
    changed = await client.patch(url, json={"name": "South"}, headers={"If-Match": '"1"'})
    assert (changed.json()["name"], changed.headers["etag"]) == ("South", '"2"')
    stale = await client.patch(url, json={"name": "West"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["version"]) == (412, 2)
    [event] = await events_of(client, "team.updated")
    assert event["data"] == {"changes": {"name": {"before": "North", "after": "South"}}}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({}, "/name"), ({"name": ""}, "/name"), ({"name": "N", "x": 1}, "/x")],
)
async def test_a_bad_team_is_refused(client: Client, body: dict[str, object], pointer: str) -> None:
    answer = await client.post("/v1/teams", json=body)
    assert (answer.status_code, pointers(answer.json())) == (422, [pointer])


async def test_null_clears_no_name(client: Client) -> None:
    team = await new_team(client)
    answer = await client.patch(f"/v1/teams/{team['id']}", json={"name": None})
    assert (answer.status_code, pointers(answer.json())) == (422, ["/name"])
    assert (await client.patch(f"/v1/teams/{team['id']}", json={})).json() == team


async def test_only_admin_keys_write(client: Client) -> None:
    team = await new_team(client)
    key = bearer((await new_key(client, "leads:read", "leads:write"))["key"])
    assert (await client.get("/v1/teams", headers=key)).status_code == 200
    made = await client.post("/v1/teams", json={"name": "x"}, headers=key)
    changed = await client.patch(f"/v1/teams/{team['id']}", json={"name": "x"}, headers=key)
    assert [made.status_code, changed.status_code] == [403, 403]
    assert made.json()["scope"] == "admin"


async def test_another_workspace_sees_nothing(client: Client, stranger: Client) -> None:
    team = await new_team(client)
    url = f"/v1/teams/{team['id']}"
    assert (await stranger.get(url)).status_code == 404
    assert (await stranger.patch(url, json={"name": "Mine"})).status_code == 404
    assert (await stranger.get("/v1/teams")).json()["data"] == []
