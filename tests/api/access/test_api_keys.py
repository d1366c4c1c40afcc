"""API keys over HTTP: shown once, stored hashed, revoked for good."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from app.platform import clock
from app.platform.db import Database
from app.repositories.transaction import Transaction
from tests.conftest import Client
from tests.factories.access import bearer, events_of, new_key, pointers

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

BODY = {"name": "Website", "scopes": ["leads:read", "leads:write"]}


async def test_a_new_key_works_and_is_shown_once(client: Client) -> None:
    answer = await client.post("/v1/api-keys", json=BODY)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    text = made.pop("key")
    assert made["kind"] == "secret"
    assert made["expires_at"] is made["revoked_at"] is made["last_used_at"] is None
    assert (await client.get("/v1/leads", headers=bearer(text))).status_code == 200
    assert (await client.get("/v1/events", headers=bearer(text))).status_code == 403
    assert (await client.get(answer.headers["location"])).json() == made
    listed = await client.get("/v1/api-keys")
    assert made in listed.json()["data"]
    assert "hash" not in listed.text
    [event] = [e for e in await events_of(client, "api_key.created") if e["api_key_id"]]
    assert (event["subject_id"], event["data"]) == (
        made["id"],
        {"name": "Website", "kind": "secret", "scopes": ["leads:read", "leads:write"]},
    )


async def test_no_table_holds_the_key(client: Client, owner_database: Database) -> None:
    answer = await client.post("/v1/api-keys", json=BODY, headers={"Idempotency-Key": "k-1"})
    secret = answer.json()["key"].rpartition("_")[2]
    tables = await owner_database.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    async with owner_database.connection() as connection, connection.transaction():
        # The owner as well sees only the workspace of the transaction.
        await connection.execute(f"SET LOCAL app.workspace_id = '{client.workspace_id}'")
        for table in (row["relname"] for row in tables):
            rows = await connection.fetch(f'SELECT * FROM "{table}"')
            assert secret not in str([dict(row) for row in rows]), table
            assert secret.encode() not in b"".join(
                value for row in rows for value in row.values() if isinstance(value, bytes)
            ), table


async def test_a_repeat_gets_the_id_and_never_the_key(client: Client) -> None:
    header = {"Idempotency-Key": "make-it-once"}
    first = await client.post("/v1/api-keys", json=BODY, headers=header)
    again = await client.post("/v1/api-keys", json=BODY, headers=header)
    problem = again.json()
    assert (again.status_code, problem["code"]) == (409, "already_created")
    assert problem["id"] == first.json()["id"]
    assert first.json()["key"] not in again.text
    other = await client.post("/v1/api-keys", json=BODY | {"name": "x"}, headers=header)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    listed = (await client.get("/v1/api-keys")).json()["data"]
    assert [key["name"] for key in listed].count("Website") == 1


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"scopes": []}, "/scopes"),
    ({"scopes": ["leads:delete"]}, "/scopes/0"),
    ({"kind": "public"}, "/kind"),
    ({"kind": "publishable"}, "/scopes"),
    ({"kind": "publishable", "scopes": ["intake:write", "leads:read"]}, "/scopes"),
    ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
    ({"expires_at": "soon"}, "/expires_at"),
    ({"name": ""}, "/name"),
]


@pytest.mark.parametrize(("fields", "pointer"), REFUSED)
async def test_a_bad_key_is_refused(client: Client, fields: dict[str, Any], pointer: str) -> None:
    answer = await client.post("/v1/api-keys", json=BODY | fields)
    assert (answer.status_code, pointers(answer.json())) == (422, [pointer]), answer.text


async def test_a_publishable_key_may_only_send_to_the_intake(client: Client) -> None:
    made = await new_key(client, "intake:write", kind="publishable")
    assert made["key"].startswith("tl_pk_")
    assert made["scopes"] == ["intake:write"]


async def test_a_key_gives_no_scope_that_it_lacks(client: Client) -> None:
    admin = bearer((await new_key(client, "admin", "leads:read"))["key"])
    wanted = BODY | {"scopes": ["leads:read", "sales:read", "act_as"]}
    answer = await client.post("/v1/api-keys", json=wanted, headers=admin)
    assert answer.status_code == 403
    assert answer.json()["lacking_scopes"] == ["act_as", "sales:read"]
    granted = BODY | {"scopes": ["leads:read", "leads:read", "admin"]}
    given = await client.post("/v1/api-keys", json=granted, headers=admin)
    assert given.json()["scopes"] == ["admin", "leads:read"]


async def test_only_admin_keys_see_keys(client: Client) -> None:
    made = await new_key(client, "leads:read", "leads:write")
    for request in (
        client.get("/v1/api-keys", headers=bearer(made["key"])),
        client.get(f"/v1/api-keys/{made['id']}", headers=bearer(made["key"])),
        client.post("/v1/api-keys", json=BODY, headers=bearer(made["key"])),
        client.post(f"/v1/api-keys/{made['id']}/revoke", headers=bearer(made["key"])),
    ):
        assert (await request).status_code == 403


async def test_a_revoked_key_is_refused_at_once_and_for_good(client: Client) -> None:
    made = await new_key(client)
    key = bearer(made["key"])
    assert (await client.get("/v1/leads", headers=key)).status_code == 200
    revoked = await client.post(f"/v1/api-keys/{made['id']}/revoke")
    assert (revoked.status_code, revoked.json()["revoked_at"] is None) == (200, False)
    refused = await client.get("/v1/leads", headers=key)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    again = await client.post(f"/v1/api-keys/{made['id']}/revoke")
    assert again.json() == revoked.json()
    assert len(await events_of(client, "api_key.revoked")) == 1


async def test_a_key_whose_revocation_was_not_committed_still_works(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await new_key(client)

    finish = Transaction.finish

    async def broken(transaction: Transaction, *, commit: bool, given_up: bool = False) -> None:
        await finish(transaction, commit=False)
        if commit:
            raise OSError("the network went away")

    with monkeypatch.context() as patched:
        patched.setattr(Transaction, "finish", broken)
        answer = await client.post(f"/v1/api-keys/{made['id']}/revoke")
    assert answer.status_code == 503
    assert (await client.get("/v1/leads", headers=bearer(made["key"]))).status_code == 200


async def test_a_key_may_revoke_itself(client: Client) -> None:
    made = await new_key(client, "admin")
    key = bearer(made["key"])
    assert (await client.post(f"/v1/api-keys/{made['id']}/revoke", headers=key)).status_code == 200
    assert (await client.get("/v1/api-keys", headers=key)).status_code == 401


async def test_a_key_ends_when_it_said(client: Client) -> None:
    end = clock.now() + timedelta(hours=1)
    made = await new_key(client, expires_at=end.isoformat())
    assert (await client.get("/v1/leads", headers=bearer(made["key"]))).status_code == 200
    with time_machine.travel(end + timedelta(seconds=1)):
        assert (await client.get("/v1/leads", headers=bearer(made["key"]))).status_code == 401
        assert (await client.get("/v1/leads")).status_code == 200


async def test_the_list_is_paged(client: Client) -> None:
    made = [(await new_key(client))["id"] for _ in range(3)]
    url, params = "/v1/api-keys", {"limit": 2}
    first = (await client.get(url, params=params)).json()
    rest = (await client.get(url, params=params | {"cursor": first["next_cursor"]})).json()
    ids = [key["id"] for key in first["data"] + rest["data"]]
    assert ids[:3] == made[::-1]
    assert len(ids) == 4


async def test_another_workspace_sees_nothing(client: Client, stranger: Client) -> None:
    made = await new_key(client)
    assert (await stranger.get(f"/v1/api-keys/{made['id']}")).status_code == 404
    assert (await stranger.post(f"/v1/api-keys/{made['id']}/revoke")).status_code == 404
    assert (await client.get("/v1/leads", headers=bearer(made["key"]))).status_code == 200
