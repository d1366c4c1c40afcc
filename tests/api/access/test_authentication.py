"""Who is calling: keys that are good, bad or foreign, and users in whose name they act."""

from typing import Any

import pytest
from fastapi import FastAPI

from app.domain.access.api_keys import make_secret_key
from app.platform.db import Database
from app.platform.ids import new_id
from app.worker import Worker
from tests.api.leads.test_leads import create
from tests.conftest import Client
from tests.factories.access import acting, bearer, events_of, new_key, new_user, pointers
from tests.surface import endpoints

pytestmark = pytest.mark.anyio

# What a publishable key is for, and what needs no key because its address is one.
INTAKE = {"send_submission", "ask_where_it_stands", "record_visit", "send_call", "greet_vendor"}


@pytest.fixture
def lookups(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every time a connection is asked for, by the name of its database."""
    seen: list[str] = []
    runtime = app.state.runtime
    names = {id(getattr(runtime, name)): name for name in ("database", "auth_database")}
    take = Database.acquire

    def acquire(database: Database) -> Any:
        seen.append(names.get(id(database), "owner"))
        return take(database)

    monkeypatch.setattr(Database, "acquire", acquire)
    return seen


class TestKeys:
    async def test_a_publishable_key_opens_nothing(
        self, app: FastAPI, client: Client, lookups: list[str]
    ) -> None:
        key = bearer((await new_key(client, "intake:write", kind="publishable"))["key"])
        lookups.clear()
        walked = 0
        for endpoint in endpoints(app):
            if endpoint.route.endpoint.__name__ in INTAKE:
                continue
            path = endpoint.path.replace("{", "").replace("}", "")
            for name in endpoint.parameters("path"):
                path = path.replace(f"/{name}", f"/{new_id()}")
            answer = await client.request(endpoint.method, path, json={}, headers=key)
            assert answer.status_code == 403, f"{endpoint}: {answer.text}"
            walked += 1
        assert walked >= 30
        assert lookups == []

    @pytest.mark.parametrize(
        "header",
        [
            None,
            "",
            "Bearer",
            "Bearer ",
            "Basic dXNlcjpwYXNz",
            "Bearer tl_sk_short",
            f"Bearer tl_sk_{'0' * 32}_{'é' * 64}",
            f"Bearer tl_sk_{'z' * 32}_{'a' * 64}",
            f"Bearer tl_xx_{'0' * 32}_{'a' * 64}",
            f"Bearer tl_sk_{'0' * 32}_{'a' * 42}",
            f"Bearer {'a' * 8000}",
        ],
    )
    async def test_a_malformed_key_costs_the_database_nothing(
        self, client: Client, lookups: list[str], header: str | None
    ) -> None:
        del client.headers["Authorization"]
        sent = [] if header is None else [(b"Authorization", header.encode())]
        answer = await client.get("/v1/leads", headers=sent)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert lookups == []

    async def test_an_unknown_key_is_looked_up_and_begins_no_transaction(
        self, client: Client, lookups: list[str]
    ) -> None:
        unknown = bearer(make_secret_key(client.workspace_id))
        assert (await client.get("/v1/leads", headers=unknown)).status_code == 401
        assert lookups == ["auth_database"]
        assert (await client.get("/v1/leads", headers=unknown)).status_code == 401
        assert lookups == ["auth_database"]

    async def test_a_key_is_good_only_with_its_own_workspace(
        self, client: Client, stranger: Client
    ) -> None:
        mixed = client.key.replace(client.workspace_id.hex, stranger.workspace_id.hex)
        assert (await client.get("/v1/leads", headers=bearer(mixed))).status_code == 401

    async def test_the_scheme_is_read_in_any_case(self, client: Client) -> None:
        header = {"Authorization": f"bEARER  {client.key} "}
        assert (await client.get("/v1/leads", headers=header)).status_code == 200

    async def test_a_key_without_the_scope_is_told_which(self, client: Client) -> None:
        key = bearer((await new_key(client, "events:read"))["key"])
        answer = await client.get("/v1/leads", headers=key)
        assert (answer.status_code, answer.json()["scope"]) == (403, "leads:read")

    async def test_when_a_key_was_used_is_noted_later(self, app: FastAPI, client: Client) -> None:
        made = await new_key(client)
        url = f"/v1/api-keys/{made['id']}"
        await client.get("/v1/leads", headers=bearer(made["key"]))
        assert (await client.get(url)).json()["last_used_at"] is None
        runtime = app.state.runtime
        await Worker(runtime.database, runtime.authenticator, every=False).flush_key_use()
        assert (await client.get(url)).json()["last_used_at"] is not None


class TestActors:
    async def test_the_actor_lands_in_the_journal_and_in_touchpoints(self, client: Client) -> None:
        user = await new_user(client)
        client.headers.update(acting(user["id"]))
        lead = await create(client)
        touch = await client.post(f"/v1/leads/{lead['id']}/touchpoints", json={"kind": "call"})
        assert touch.json()["user_id"] == user["id"]
        events = await events_of(client, "lead.created", "touchpoint.recorded")
        assert {event["user_id"] for event in events} == {user["id"]}
        assert len(events) == 3
        timeline = (await client.get(f"/v1/leads/{lead['id']}/timeline")).json()["data"]
        assert {entry["user_id"] for entry in timeline} == {user["id"]}

    async def test_without_the_header_nobody_acts(self, client: Client) -> None:
        await create(client)
        [event] = await events_of(client, "lead.created")
        assert event["user_id"] is None
        assert event["api_key_id"] is not None

    @pytest.mark.parametrize(
        "actor", ["", "Grace", "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d", "\x00", "1" * 60]
    )
    async def test_an_unknown_actor_is_refused(self, client: Client, actor: str) -> None:
        answer = await client.get("/v1/leads", headers=acting(actor))
        assert (answer.status_code, pointers(answer.json())) == (422, ["Touchline-Actor"])

    async def test_a_user_of_another_workspace_is_unknown(
        self, client: Client, stranger: Client
    ) -> None:
        user = await new_user(stranger)
        assert (await stranger.get("/v1/leads", headers=acting(user["id"]))).status_code == 200
        answer = await client.get("/v1/leads", headers=acting(user["id"]))
        assert (answer.status_code, pointers(answer.json())) == (422, ["Touchline-Actor"])

    async def test_an_inactive_user_is_refused_at_once(self, client: Client) -> None:
        user = await new_user(client)
        assert (await client.get("/v1/leads", headers=acting(user["id"]))).status_code == 200
        await client.patch(f"/v1/users/{user['id']}", json={"active": False})
        answer = await client.get("/v1/leads", headers=acting(user["id"]))
        assert (answer.status_code, pointers(answer.json())) == (422, ["Touchline-Actor"])
        await client.patch(f"/v1/users/{user['id']}", json={"active": True})
        assert (await client.get("/v1/leads", headers=acting(user["id"]))).status_code == 200

    async def test_a_key_without_act_as_names_nobody(self, client: Client) -> None:
        user = await new_user(client)
        key = bearer((await new_key(client))["key"])
        answer = await client.get("/v1/leads", headers=key | acting(user["id"]))
        assert answer.status_code == 403
        assert "act_as" in answer.json()["detail"]

    @pytest.mark.parametrize(("role", "status"), [("rep", 403), ("manager", 403), ("admin", 201)])
    async def test_only_an_admin_administers(self, client: Client, role: str, status: int) -> None:
        user = await new_user(client, role=role)
        answer = await client.post("/v1/teams", json={"name": "N"}, headers=acting(user["id"]))
        assert answer.status_code == status
        assert (await client.get("/v1/teams", headers=acting(user["id"]))).status_code == 200

    async def test_a_rep_can_use_no_admin_route(self, app: FastAPI, client: Client) -> None:
        rep = await new_user(client)
        walked = [e for e in endpoints(app) if e.path.startswith(("/v1/api-keys", "/v1/workspace"))]
        for endpoint in walked:
            path = endpoint.path.replace("{key_id}", str(new_id()))
            body = {"name": "x", "scopes": ["leads:read"]} if path == "/v1/api-keys" else {}
            answer = await client.request(
                endpoint.method, path, json=body, headers=acting(rep["id"])
            )
            expected = 200 if (endpoint.method, path) == ("GET", "/v1/workspace") else 403
            assert answer.status_code == expected, f"{endpoint}: {answer.text}"
        assert len(walked) >= 6

    async def test_the_same_key_and_another_actor_is_another_request(self, client: Client) -> None:
        first, second = await new_user(client), await new_user(client)
        header = {"Idempotency-Key": "once"}
        body = {"last_name": "A"}
        made = await client.post("/v1/leads", json=body, headers=header | acting(first["id"]))
        other = await client.post("/v1/leads", json=body, headers=header | acting(second["id"]))
        assert (made.status_code, other.status_code) == (201, 422)
