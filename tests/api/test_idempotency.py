"""One effect for one Idempotency-Key, on every POST, however often and however fast it is sent."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine
from fastapi import FastAPI

from app.platform import clock
from app.platform.db import Database
from app.repositories.unit_of_work import UnitOfWork
from app.worker import Worker
from tests.conftest import Client
from tests.factories.world import base_body, build_world, path_of
from tests.problems import assert_problem, named_by
from tests.surface import endpoints

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

ADA = {"full_name": "Ada Lovelace"}
ANEW = {
    "export_records": "its answer is as long as the table, and is not kept",
    "search_leads": "it changes nothing, and finds what there is by then",
}
# What is refused in a workspace as small as this one.
NEEDS_HISTORY = {"train_prediction": "tests/api/ripeness/test_prediction.py"}
SECRETS = {"create_api_key": "the key is shown once and kept nowhere"}
# What has to happen first, and to which other one it is done.
BEFORE: dict[str, tuple[str, Any]] = {
    "reactivate_lead": ("/v1/leads/{lead_id}/disqualify", {"reason": "other"}),
    "cancel_import": ("/v1/imports/{import_id}/start", None),
    "retire_framework": ("/v1/frameworks/{framework_id}/publish", None),
}
INSTEAD = {"undo_import": {"import_id": "done_import_id"}}
FILES = {"create_import": {"content": b"full_name\nAda Lovelace\n"}}


async def test_64_at_once_have_one_effect(client: Client) -> None:
    answers = await asyncio.gather(*(_post(client, "race") for _ in range(64)))
    outcomes = Counter(answer.status_code for answer in answers)
    assert outcomes.keys() <= {201, 409}, outcomes
    assert outcomes[201] >= 1
    for refused in (a for a in answers if a.status_code == 409):
        assert assert_problem(refused)["code"] == "idempotency_key_in_use"
    made = [a for a in answers if a.status_code == 201]
    assert len({a.content for a in made}) == 1
    assert sum("idempotency-replayed" not in a.headers for a in made) == 1
    assert await _leads(client) == 1
    late = await _post(client, "race")
    assert late.content == made[0].content
    assert late.headers["idempotency-replayed"] == "true"


async def test_many_keys_at_once_do_not_meet(client: Client) -> None:
    answers = await asyncio.gather(*(_post(client, f"key-{n}") for n in range(30)))
    assert {a.status_code for a in answers} == {201}
    assert await _leads(client) == 30


async def test_every_post_replays_its_first_answer(app: FastAPI, client: Client) -> None:
    world = await build_world(client, "CANARY")
    posts = [e for e in endpoints(app) if e.method == "POST"]
    assert len(posts) > 10
    anew = [e for e in posts if "Idempotency-Key" not in e.parameters("header")]
    assert {e.described["operationId"] for e in anew} == ANEW.keys()
    posts = [e for e in posts if e not in anew]
    posts = [e for e in posts if e.described["operationId"] not in NEEDS_HISTORY]
    for endpoint in posts:
        operation = str(endpoint.described["operationId"])
        await world.refresh()
        if operation in BEFORE:
            before, told = BEFORE[operation]
            done = await client.post(before.format(**world.ids), json=told)
            assert done.status_code in (200, 202), done.text
        ids = world.ids | {a: world.ids[b] for a, b in INSTEAD.get(operation, {}).items()}
        path, body = path_of(endpoint, ids), base_body(endpoint, app.openapi(), world)
        headers = {"Idempotency-Key": operation}
        sent: Any = FILES.get(operation, {"json": body})
        first = await client.post(path, **sent, headers=headers)
        assert first.status_code in (200, 201, 202), f"{endpoint} {first.text}"
        again = await client.post(path, **sent, headers=headers)
        if operation in SECRETS:
            assert assert_problem(again, 409)["id"] == first.json()["id"]
            assert first.json()["key"] not in again.text
            continue
        assert again.status_code == first.status_code, endpoint
        assert again.content == first.content, endpoint
        assert again.headers["idempotency-replayed"] == "true", endpoint
        for name in ("content-type", "etag", "location"):
            assert again.headers.get(name) == first.headers.get(name), endpoint


@pytest.mark.parametrize(
    ("path", "body", "actor"),
    [
        ("/v1/leads", {"full_name": "Grace Hopper"}, None),
        ("/v1/leads?on_duplicate=link", ADA, None),
        ("/v1/accounts", {"name": "Ada Lovelace"}, None),
        ("/v1/leads", ADA, "somebody"),
    ],
)
async def test_another_request_under_the_same_key_is_refused(
    client: Client, path: str, body: dict[str, Any], actor: str | None
) -> None:
    await _post(client, "taken")
    headers = {"Idempotency-Key": "taken"}
    if actor:
        user = {"name": "Grace", "email": "grace@example.com"}
        headers["Touchline-Actor"] = (await client.post("/v1/users", json=user)).json()["id"]
    problem = assert_problem(await client.post(path, json=body, headers=headers), 422)
    assert named_by(problem) == ["Idempotency-Key"]
    assert problem["code"] == "idempotency_key_reused"
    assert await _leads(client) == 1


async def test_a_refused_request_may_be_sent_again(client: Client) -> None:
    headers = {"Idempotency-Key": "second-try"}
    refused = await client.post("/v1/leads", json={"full_name": 7}, headers=headers)
    assert_problem(refused, 422)
    accepted = await client.post("/v1/leads", json=ADA, headers=headers)
    assert accepted.status_code == 201
    assert "idempotency-replayed" not in accepted.headers


async def test_a_request_the_database_refused_may_be_sent_again(client: Client) -> None:
    ada = ADA | {"email": "ada@example.com"}
    first = (await client.post("/v1/leads", json=ada)).json()
    assert_problem(await _post(client, "conflict", ada), 409)
    await client.delete(f"/v1/leads/{first['id']}")
    accepted = await _post(client, "conflict", ada)
    assert accepted.status_code == 201
    assert "idempotency-replayed" not in accepted.headers


async def test_a_key_with_and_without_quotes_is_the_same(client: Client) -> None:
    first = await _post(client, "quoted")
    again = await _post(client, '"quoted"')
    assert again.content == first.content


async def test_a_key_lives_for_thirty_days(client: Client, database: Database) -> None:
    first = await _post(client, "old")
    with time_machine.travel(clock.now() + timedelta(days=29, hours=23), tick=True):
        assert (await _post(client, "old")).content == first.content
    with time_machine.travel(clock.now() + timedelta(days=30, minutes=1), tick=True):
        assert (await _post(client, "old")).json()["id"] != first.json()["id"]
    assert await _leads(client) == 2
    with time_machine.travel(clock.now() + timedelta(days=61), tick=True):
        await Worker(database).purge_answers()
    assert await _kept(client, database) == 0


async def test_without_a_key_each_request_has_its_effect(client: Client) -> None:
    for _ in range(2):
        assert (await client.post("/v1/leads", json=ADA)).status_code == 201
    assert await _leads(client) == 2


async def test_a_key_on_another_method_means_nothing(client: Client) -> None:
    lead = (await _post(client, "put")).json()
    path, headers = f"/v1/leads/{lead['id']}", {"Idempotency-Key": "put"}
    answer = await client.patch(path, json={"title": "Countess"}, headers=headers)
    assert answer.status_code == 200
    assert "idempotency-replayed" not in answer.headers
    assert (await client.get(path, headers=headers)).json()["title"] == "Countess"


async def _post(client: Client, key: str, body: dict[str, Any] | None = None) -> httpx.Response:
    return await client.post("/v1/leads", json=body or ADA, headers={"Idempotency-Key": key})


async def _leads(client: Client) -> int:
    return len((await client.get("/v1/leads", params={"limit": 200})).json()["data"])


async def _kept(client: Client, database: Database) -> int:
    async with UnitOfWork(database, client.caller) as uow:
        found = await uow.idempotency.find("old", clock.now() - timedelta(days=365))
    return int(found is not None)
