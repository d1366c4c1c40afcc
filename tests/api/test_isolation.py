"""No route shows or changes another workspace's data, wherever its ids are put.

Every route is walked as the app declares it. A foreign id has to get the answer of a random id,
byte for byte; the attacked workspace has to be the same afterwards, row by row.
"""

import hashlib
import itertools
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.platform.db import Database
from app.platform.ids import new_id
from tests.conftest import Client
from tests.factories.rows import tenant_tables
from tests.factories.world import (
    Path,
    World,
    base_body,
    build_world,
    id_fields,
    name_of,
    path_of,
    with_value,
)
from tests.surface import Endpoint, endpoints

pytestmark = pytest.mark.anyio

OURS, THEIRS = "CANARYOURS", "CANARYTHEIRS"

# Names that callers choose themselves: another workspace may use the same ones. A number only
# means something beside a receipt.
CHOSEN = frozenset({"system", "external_id", "attachment_number", "field_name"})

# A door stores what it gets; that foreign ids in it mean nothing is tested with its reading.
DOORS = frozenset({"send_submission", "record_visit"})

# Where even an own id is refused, and why; the foreign one is refused all the same.
NEVER_ACCEPTED: dict[tuple[str, str], str] = {}


@pytest.fixture
async def us(client: Client) -> World:
    """The workspace whose key attacks."""
    return await build_world(client, OURS)


@pytest.fixture
async def them(stranger: Client) -> World:
    """The workspace that is attacked; it holds the same data."""
    return await build_world(stranger, THEIRS)


async def test_foreign_ids_in_paths_are_as_unknown_as_random_ones(
    app: FastAPI, us: World, them: World, owner_database: Database
) -> None:
    before = await _hash(owner_database, them)
    attacked = set()
    for endpoint in _with_ids(app):
        for taken in _non_empty_subsets(_guarded(endpoint)):
            await us.refresh()
            body = base_body(endpoint, app.openapi(), us)
            first, second = [
                await us.client.request(endpoint.method, path_of(endpoint, ids), json=body)
                for ids in (
                    us.ids | {name: them.id_for(name) for name in taken},
                    us.ids | {name: str(new_id()) for name in taken},
                )
            ]
            assert first.status_code == 404, f"{endpoint} {first.text}"
            assert _plain(first) == _plain(second), endpoint
            attacked.add(endpoint.path)
    with_ids = {e.path for e in _with_ids(app) if "_id}" in e.path.replace("{external_id}", "")}
    assert attacked == with_ids
    assert len(attacked) >= 8
    assert await _hash(owner_database, them) == before


async def test_foreign_ids_in_bodies_are_as_unknown_as_random_ones(
    app: FastAPI, us: World, them: World, owner_database: Database
) -> None:
    before = await _hash(owner_database, them)
    faults = []
    for endpoint, field in _body_positions(app):
        await us.refresh()
        ours = await _hash(owner_database, us)
        first = await _send(app, us, endpoint, field, them.id_for(name_of(field)))
        second = await _send(app, us, endpoint, field, str(new_id()))
        where = f"{endpoint} {_pointer(field)}"
        if not _refusals(first):
            faults.append(f"{where} is accepted")
        elif _plain(first) != _plain(second):
            faults.append(f"{where} differs: {first.text} {second.text}")
        elif first.status_code == 422 and _named(first) != [_pointer(field)]:
            faults.append(f"{where} is not named: {_named(first)}")
        elif await _hash(owner_database, us) != ours:
            faults.append(f"{where} stored something")
    assert faults == []
    assert await _hash(owner_database, them) == before


async def test_own_ids_in_bodies_are_accepted(app: FastAPI, us: World) -> None:
    refused = {}
    for endpoint, field in _body_positions(app):
        await us.refresh()
        answer = await _send(app, us, endpoint, field, us.id_for(name_of(field)))
        if _refusals(answer):
            refused[endpoint.described["operationId"], _pointer(field)] = answer.text
    assert refused.keys() == NEVER_ACCEPTED.keys(), refused


async def test_foreign_ids_in_queries_find_what_random_ones_find(
    app: FastAPI, us: World, them: World
) -> None:
    tried = 0
    for endpoint in endpoints(app):
        for name in endpoint.parameters("query"):
            if name.endswith("_id"):
                path = path_of(endpoint, us.ids)
                first, second = [
                    await us.client.request(endpoint.method, path, params={name: value})
                    for value in (them.id_for(name), str(new_id()))
                ]
                assert _plain(first) == _plain(second), f"{endpoint} {name}"
                own = await us.client.get(path, params={name: us.id_for(name)})
                assert own.status_code == 200, own.text
                tried += 1
    assert tried > 5


async def test_no_answer_shows_a_text_of_the_other_workspace(
    app: FastAPI, us: World, them: World
) -> None:
    silent = []
    for endpoint in endpoints(app):
        if endpoint.method == "GET" and not endpoint.takes_in:
            ids = us.ids | {"lead_id": us.ids["converted_lead_id"]}
            ids["import_id"] = us.ids["done_import_id"]
            answer = await us.client.get(path_of(endpoint, ids))
            assert answer.status_code == 200, f"{endpoint} {answer.text}"
            assert THEIRS not in answer.text + str(answer.headers), endpoint
            theirs = [i for name, i in them.ids.items() if name not in CHOSEN]
            assert not [i for i in theirs if i in answer.text], endpoint
            if OURS not in answer.text:
                silent.append(endpoint.path)
    # The canary has to be able to show: these have no text of the workspace's own.
    assert set(silent) == {
        "/v1/workspace",
        "/v1/pipelines",
        "/v1/matching",
        "/v1/duplicates/clusters",
        "/v1/leads/{lead_id}/data-quality",
        "/v1/frameworks/templates",
        "/v1/segments/{segment_id}/size",
        "/v1/prediction/models",
        "/v1/intake/audit",
        "/v1/submissions/{receipt_id}",
        "/v1/submissions/{receipt_id}/status",
    }
    for text in (THEIRS, f"{THEIRS.lower()}.1@example.com"):
        for parameter in ("q", "email", "source"):
            found = await us.client.get("/v1/leads", params={parameter: text})
            assert found.json()["data"] == []


async def test_a_foreign_actor_is_as_unknown_as_a_random_one(us: World, them: World) -> None:
    first, second = [
        await us.client.get("/v1/leads", headers={"Touchline-Actor": actor})
        for actor in (them.ids["user_id"], str(new_id()))
    ]
    assert first.status_code == 422
    assert _plain(first) == _plain(second)


async def test_a_foreign_cursor_is_refused(app: FastAPI, us: World, them: World) -> None:
    await build_world(them.client, THEIRS)
    paged = [e for e in endpoints(app) if "cursor" in e.parameters("query")]
    assert len(paged) > 5
    for endpoint in paged:
        theirs = them.ids | {"lead_id": them.ids["converted_lead_id"]}
        theirs["import_id"] = them.ids["done_import_id"]
        page = await them.client.get(path_of(endpoint, theirs), params={"limit": 1})
        assert page.status_code == 200, f"{endpoint} {page.text}"
        cursor = page.json()["next_cursor"]
        assert cursor is not None, f"{endpoint} has one item only"
        answer = await us.client.get(path_of(endpoint, us.ids), params={"cursor": cursor})
        assert answer.status_code == 422, f"{endpoint} {answer.text}"
        assert [e["code"] for e in answer.json()["errors"]] == ["cursor_mismatch"]


async def test_a_foreign_idempotency_key_replays_nothing(us: World, them: World) -> None:
    headers, body = {"Idempotency-Key": "the-same-key"}, {"full_name": "Ada Lovelace"}
    theirs = await them.client.post("/v1/leads", json=body, headers=headers)
    ours = await us.client.post("/v1/leads", json=body, headers=headers)
    assert theirs.status_code == ours.status_code == 201
    assert "idempotency-replayed" not in ours.headers
    assert ours.json()["id"] != theirs.json()["id"]


async def test_a_reference_of_another_workspace_is_free_here(
    us: World, them: World, owner_database: Database
) -> None:
    before = await _hash(owner_database, them)
    path = f"/v1/leads/external/{them.ids['system']}/{them.ids['external_id']}"
    first, second = [await us.client.get(p) for p in (path, f"{path}-unknown")]
    assert first.status_code == 404
    assert _plain(first) == _plain(second)
    made = await us.client.put(path, json={"full_name": "Ada Lovelace"})
    assert made.status_code == 201, made.text
    assert made.json()["outcome"] == "created"
    assert await _hash(owner_database, them) == before


async def test_a_difference_between_foreign_and_random_is_noticed(us: World, them: World) -> None:
    """The comparison the other tests rest on can fail."""
    first = await us.client.get(f"/v1/leads/{us.ids['lead_id']}")
    second = await us.client.get(f"/v1/leads/{new_id()}")
    assert _plain(first) != _plain(second)


async def test_a_change_is_noticed(us: World, owner_database: Database) -> None:
    """The hash the other tests rest on sees every row."""
    before = await _hash(owner_database, us)
    assert before == await _hash(owner_database, us)
    await us.client.patch(f"/v1/leads/{us.ids['lead_id']}", json={"title": "x"})
    assert before != await _hash(owner_database, us)


def _with_ids(app: FastAPI) -> list[Endpoint]:
    found = endpoints(app)
    assert {e.route.endpoint.__name__ for e in found if e.takes_in} == DOORS
    return [endpoint for endpoint in found if not endpoint.takes_in]


def _body_positions(app: FastAPI) -> list[tuple[Endpoint, Path]]:
    found = [(e, field) for e in _with_ids(app) for field in id_fields(e, app.openapi())]
    assert len(found) > 20
    return found


async def _send(
    app: FastAPI, world: World, endpoint: Endpoint, field: Path, value: str
) -> httpx.Response:
    document, schema = app.openapi(), endpoint.body_schema
    assert schema is not None
    body = with_value(base_body(endpoint, document, world), schema, document, world, field, value)
    return await world.client.request(endpoint.method, path_of(endpoint, world.ids), json=body)


def _refusals(answer: httpx.Response) -> list[Any]:
    """Why the request was refused, or its item in a batch; empty when it was accepted."""
    if answer.status_code == 422:
        return [answer.json()["code"]]
    assert answer.status_code < 300, answer.text
    results = answer.json().get("results", ()) if answer.content else ()
    return [result["error"]["code"] for result in results if result["status"] == "rejected"]


def _named(answer: httpx.Response) -> list[str]:
    return [error.get("pointer") for error in answer.json()["errors"]]


def _plain(answer: httpx.Response) -> tuple[Any, ...]:
    """All of an answer but the id of its request."""
    headers = {k: v for k, v in answer.headers.items() if k != "x-request-id"}
    request_id = answer.headers["x-request-id"].encode()
    return answer.status_code, headers, answer.content.replace(request_id, b"")


def _guarded(endpoint: Endpoint) -> list[str]:
    return sorted(endpoint.parameters("path").keys() - CHOSEN)


def _non_empty_subsets(names: list[str]) -> Iterator[tuple[str, ...]]:
    for size in range(1, len(names) + 1):
        yield from itertools.combinations(names, size)


def _pointer(field: Path) -> str:
    return "".join(f"/{step}" for step in field)


async def _hash(owner_database: Database, world: World) -> dict[str, str]:
    """A fingerprint of every row of the workspace, table by table."""
    found = {}
    for table in tenant_tables():
        rows = await owner_database.fetch(
            f"SELECT to_jsonb(t) - 'last_used_at' AS row FROM {table.name} t "
            "WHERE workspace_id = $1",
            world.client.workspace_id,
        )
        texts = sorted(json.dumps(row["row"], sort_keys=True) for row in rows)
        found[table.name] = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    return found
