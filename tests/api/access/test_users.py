"""Users over HTTP."""

from typing import Any

import pytest

from app.platform.ids import new_id
from tests.conftest import Client
from tests.factories.access import events_of, new_team, new_user, pointers

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

GRACE = {"name": "Grace Hopper", "email": "Grace@Example.com"}


async def test_a_user_is_a_rep_in_the_workspace_s_time_zone(client: Client) -> None:
    await client.patch("/v1/workspace", json={"time_zone": "Europe/Berlin"})
    answer = await client.post("/v1/users", json=GRACE)
    user = answer.json()
    assert answer.status_code == 201, answer.text
    assert {name: user[name] for name in ("email", "role", "time_zone", "active", "team_id")} == {
        "email": "grace@example.com",
        "role": "rep",
        "time_zone": "Europe/Berlin",
        "active": True,
        "team_id": None,
    }
    read = await client.get(answer.headers["location"])
    assert (read.json(), read.headers["etag"]) == (user, '"1"')


async def test_everything_told_is_read_again(client: Client) -> None:
    team = await new_team(client)
    told = {
        "name": "Ada 🦊 עדה",
        "email": "ada@example.com",
        "role": "manager",
        "team_id": team["id"],
        "time_zone": "America/Argentina/Buenos_Aires",
    }
    user = await new_user(client, **told)
    assert {name: user[name] for name in told} == told


async def test_an_address_belongs_to_one_user(client: Client, stranger: Client) -> None:
    await new_user(client, email="grace@example.com")
    await new_user(stranger, email="grace@example.com")
    again = await client.post("/v1/users", json=GRACE)
    assert (again.status_code, pointers(again.json())) == (409, ["/email"])
    other = await new_user(client)
    changed = await client.patch(f"/v1/users/{other['id']}", json={"email": "GRACE@example.com"})
    assert (changed.status_code, pointers(changed.json())) == (409, ["/email"])


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"email": "no address"}, "/email"),
    ({"email": "grace@"}, "/email"),
    ({"time_zone": "Mars/Olympus"}, "/time_zone"),
    ({"time_zone": "../../etc/passwd"}, "/time_zone"),
    ({"time_zone": "Europe"}, "/time_zone"),
    ({"time_zone": "localtime"}, "/time_zone"),
    ({"role": "owner"}, "/role"),
    ({"team_id": str(new_id())}, "/team_id"),
    ({"active": True}, "/active"),
    ({"name": ""}, "/name"),
]


@pytest.mark.parametrize(("fields", "pointer"), REFUSED)
async def test_a_bad_user_is_refused(client: Client, fields: dict[str, Any], pointer: str) -> None:
    answer = await client.post("/v1/users", json=GRACE | fields)
    assert (answer.status_code, pointers(answer.json())) == (422, [pointer]), answer.text
    assert (await client.get("/v1/users")).json()["data"] == []


async def test_a_team_of_another_workspace_is_none(client: Client, stranger: Client) -> None:
    team = await new_team(stranger)
    answer = await client.post("/v1/users", json=GRACE | {"team_id": team["id"]})
    assert (answer.status_code, pointers(answer.json())) == (422, ["/team_id"])


PATCHES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"name": "G. Hopper"}, {}),
    ({"email": "GH@Example.com"}, {"email": "gh@example.com"}),
    ({"role": "admin"}, {}),
    ({"team_id": None}, {}),
    ({"time_zone": "UTC"}, {}),
    ({"active": False}, {}),
]


@pytest.mark.parametrize(("sent", "stored"), PATCHES)
async def test_every_field_can_be_patched(
    client: Client, sent: dict[str, Any], stored: dict[str, Any]
) -> None:
    team = await new_team(client)
    user = await new_user(client, team_id=team["id"], time_zone="Europe/Berlin")
    answer = await client.patch(f"/v1/users/{user['id']}", json=sent, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    expected = user | sent | stored
    assert {**changed, "updated_at": 0} == {**expected, "updated_at": 0, "version": 2}
    [event] = await events_of(client, "user.updated")
    [(name, change)] = event["data"]["changes"].items()
    assert change == {"before": user[name], "after": expected[name]}


@pytest.mark.parametrize("name", ["name", "email", "role", "time_zone", "active"])
async def test_null_clears_only_the_team(client: Client, name: str) -> None:
    user = await new_user(client)
    answer = await client.patch(f"/v1/users/{user['id']}", json={name: None})
    assert (answer.status_code, pointers(answer.json())) == (422, [f"/{name}"])


async def test_a_stale_patch_changes_nothing(client: Client) -> None:
    user = await new_user(client)
    url = f"/v1/users/{user['id']}"
    await client.patch(url, json={"role": "manager"})
    stale = await client.patch(url, json={"role": "admin"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert (await client.get(url)).json()["role"] == "manager"


async def test_the_list_is_filtered_and_paged(client: Client) -> None:
    team = await new_team(client)
    rep = await new_user(client, team_id=team["id"])
    manager = await new_user(client, role="manager")
    admin = await new_user(client, role="admin")
    await client.patch(f"/v1/users/{admin['id']}", json={"active": False})

    async def ids(**params: Any) -> list[str]:
        answer = await client.get("/v1/users", params=params)
        assert answer.status_code == 200, answer.text
        return [user["id"] for user in answer.json()["data"]]

    assert await ids() == [admin["id"], manager["id"], rep["id"]]
    assert await ids(role=["rep", "manager"]) == [manager["id"], rep["id"]]
    assert await ids(team_id=team["id"]) == [rep["id"]]
    assert await ids(active="true") == [manager["id"], rep["id"]]
    assert await ids(active="false") == [admin["id"]]
    assert await ids(active="true", role="admin") == []
    first = (await client.get("/v1/users", params={"active": "true", "limit": 1})).json()
    rest = {"active": "true", "limit": 1, "cursor": first["next_cursor"]}
    assert [u["id"] for u in (await client.get("/v1/users", params=rest)).json()["data"]] == [
        rep["id"]
    ]
    other_query = await client.get("/v1/users", params=rest | {"active": "false"})
    assert (other_query.status_code, pointers(other_query.json())) == (422, ["cursor"])


@pytest.mark.parametrize("query", ["role=boss", "team_id=1", "active=perhaps", "name=x"])
async def test_a_filter_that_is_none_is_refused(client: Client, query: str) -> None:
    assert (await client.get(f"/v1/users?{query}")).status_code == 422


async def test_the_list_takes_one_statement(client: Client, statements: list[str]) -> None:
    for _ in range(3):
        await new_user(client)
    statements.clear()
    await client.get("/v1/users", params={"role": "rep"})
    assert len([sql for sql in statements if not sql.startswith("BEGIN")]) == 1


async def test_another_workspace_sees_nothing(client: Client, stranger: Client) -> None:
    user = await new_user(client)
    url = f"/v1/users/{user['id']}"
    assert (await stranger.get(url)).status_code == 404
    assert (await stranger.patch(url, json={"name": "Mine"})).status_code == 404
    assert (await stranger.get("/v1/users")).json()["data"] == []
