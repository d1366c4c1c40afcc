"""Everything around the body that a request should not be: path, query, cursor, header."""

import itertools
import string
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine
from fastapi import FastAPI

from app.platform import clock
from app.platform.db import Database
from app.platform.ids import new_id
from tests.conftest import Client, client_of
from tests.factories.world import World, base_body, build_world, path_of
from tests.problems import ECHO, assert_problem, named_by
from tests.surface import Endpoint, endpoints

pytestmark = pytest.mark.anyio

# In place of an id, as they stand in the URL.
HOSTILE_STEPS = [
    "%00",
    "a%00b",
    "%FF%FE",
    "%ED%A0%80",
    "%F0%9F%92%A3",
    "%0d%0aSet-Cookie:%20a=b",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e",
    "'%20OR%20true--",
    "00000000-0000-0000-0000-00000000000g",
    "{00000000-0000-0000-0000-000000000000",
    "-1",
    "9" * 5_000,
    ECHO,
    "null",
    "*",
]


@pytest.fixture(scope="module")
async def world(app: FastAPI, owner_database: Database) -> AsyncIterator[World]:
    """A workspace with two of everything, so that every list has a second page."""
    async with await client_of(app, owner_database) as client:
        await build_world(client, "CANARY")
        yield await build_world(client, "CANARY")


@pytest.fixture(scope="module")
async def paged(app: FastAPI, world: World) -> dict[str, str]:
    """The path of every list that has pages, with a cursor to its second page."""
    found = {}
    ids = world.ids | {"lead_id": world.ids["converted_lead_id"]}
    ids["import_id"] = world.ids["done_import_id"]
    for endpoint in endpoints(app):
        if "cursor" in endpoint.parameters("query"):
            path = path_of(endpoint, ids)
            page = await world.client.get(path, params={"limit": 1})
            found[path] = page.json()["next_cursor"]
    assert len(found) > 5
    assert all(found.values()), found
    return found


async def test_an_unknown_query_parameter_is_refused_by_name(app: FastAPI, world: World) -> None:
    for endpoint in endpoints(app):
        answer = await _send(app, world, endpoint, f"is_admin={ECHO}")
        problem = assert_problem(answer, 422)
        named = [(e.get("parameter"), e["code"]) for e in problem["errors"]]
        assert named == [("is_admin", "unknown_parameter")], endpoint


@pytest.mark.parametrize("value", ["%00", "a%00b", "%EF%BF%BD%00"])
async def test_a_nul_in_a_query_is_refused_by_name(app: FastAPI, world: World, value: str) -> None:
    for endpoint in endpoints(app):
        for name in endpoint.parameters("query"):
            problem = assert_problem(await _send(app, world, endpoint, f"{name}={value}"), 422)
            assert named_by(problem) == [name], endpoint


@pytest.mark.parametrize(
    "value",
    ["%FF%FE", "%ED%A0%80", "%F4%90%80%80", "%", "%zz", "%u0041", "%0d%0aa:b", "9" * 5_000, "'--"],
)
async def test_a_hostile_query_breaks_nothing(app: FastAPI, world: World, value: str) -> None:
    for endpoint in endpoints(app):
        if endpoint.method == "GET":
            for name in endpoint.parameters("query"):
                answer = await _send(app, world, endpoint, f"{name}={value}")
                assert answer.status_code < 500, f"{endpoint} {name} {answer.text}"
                if answer.status_code >= 400:
                    assert named_by(assert_problem(answer)) == [name], f"{endpoint} {name}"


async def test_a_query_of_the_wrong_type_is_refused_by_name(app: FastAPI, world: World) -> None:
    tried = 0
    for endpoint in endpoints(app):
        for name, parameter in endpoint.parameters("query").items():
            if not _is_free_text(parameter["schema"]):
                answer = await _send(app, world, endpoint, f"{name}={ECHO}")
                problem = assert_problem(answer, 422)
                assert all(n.split(".")[0] == name for n in named_by(problem)), endpoint
                tried += 1
    assert tried > 20


async def test_a_limit_has_limits(app: FastAPI, world: World) -> None:
    for endpoint in endpoints(app):
        if "limit" in endpoint.parameters("query"):
            for value in ("0", "-1", "1001", "1e3", "1.5", "٣", "0x10", "", " ", "9" * 400):
                problem = assert_problem(await _send(app, world, endpoint, f"limit={value}"), 422)
                assert named_by(problem) == ["limit"], f"{endpoint} {value}"


@pytest.mark.parametrize("step", HOSTILE_STEPS)
async def test_a_hostile_path_breaks_nothing(app: FastAPI, world: World, step: str) -> None:
    document = app.openapi()
    for endpoint in endpoints(app):
        for name in endpoint.parameters("path"):
            path = path_of(endpoint, world.ids | {name: step})
            body = base_body(endpoint, document, world)
            answer = await world.client.request(endpoint.method, path, json=body)
            assert answer.status_code < 500, f"{endpoint} {step} {answer.text}"
            if name.endswith("_id") and name not in ("external_id", "visitor_id"):
                problem = assert_problem(answer, 404, 422, 405)
                if answer.status_code == 422:
                    # Beside it may stand a parameter that has to be given.
                    assert {name, "path"} & set(named_by(problem)), endpoint


async def test_an_unknown_path_is_a_problem(world: World) -> None:
    for path in (
        "/v1",
        "/v1/",
        "/v1/nothing",
        "/v2/leads",
        "/nothing",
        f"/v1/{ECHO}",
        "/v1//leads",
    ):
        for method in ("GET", "POST", "DELETE"):
            problem = assert_problem(await world.client.request(method, path), 404)
            assert problem["code"] == "not_found"


async def test_a_method_that_is_not_there_is_a_problem(app: FastAPI, world: World) -> None:
    by_path: dict[str, set[str]] = {}
    for endpoint in endpoints(app):
        by_path.setdefault(path_of(endpoint, world.ids).split("?")[0], set()).add(endpoint.method)
    for path, methods in by_path.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "FOO"} - methods:
            answer = await world.client.request(method, path)
            # Another route may have the same shape of path.
            problem = assert_problem(answer, 405, 404, 422)
            if answer.status_code == 405:
                assert problem["code"] == "method_not_allowed"
                assert set(answer.headers["allow"].split(", ")) <= methods


async def test_a_tampered_cursor_is_refused(world: World, paged: dict[str, str]) -> None:
    for path, cursor in paged.items():
        for position in range(0, len(cursor) - 1, 7):
            other = "A" if cursor[position] != "A" else "B"
            tampered = cursor[:position] + other + cursor[position + 1 :]
            await _refused_cursor(world, path, tampered)


@pytest.mark.parametrize(
    "cursor", ["", "x", "=", "====", "é", "😀", "null", "bnVsbA", "W10", "A" * 2_001, f"{ECHO}"]
)
async def test_a_made_up_cursor_is_refused(
    world: World, paged: dict[str, str], cursor: str
) -> None:
    for path in paged:
        await _refused_cursor(world, path, cursor)


async def test_a_cursor_of_another_list_is_refused(world: World, paged: dict[str, str]) -> None:
    for path, other in itertools.permutations(paged, 2):
        await _refused_cursor(world, path, paged[other])


async def test_a_cursor_of_another_query_is_refused(
    app: FastAPI, world: World, paged: dict[str, str]
) -> None:
    tried = 0
    for endpoint in endpoints(app):
        parameters = endpoint.parameters("query")
        path = path_of(endpoint, world.ids | {"lead_id": world.ids["converted_lead_id"]})
        told = "cursor" in parameters and path in paged
        for name in parameters.keys() - {"cursor", "limit"} if told else ():
            values = [v for v in _values(parameters[name], app) if v is not None]
            if values:
                query = {"cursor": paged[path], name: values[-1]}
                answer = await world.client.get(path, params=query)
                assert named_by(assert_problem(answer, 422)) == ["cursor"], f"{endpoint} {name}"
                tried += 1
    assert tried > 10


async def test_an_old_cursor_is_refused(world: World, paged: dict[str, str]) -> None:
    with time_machine.travel(clock.now() + timedelta(days=6, hours=23), tick=True):
        for path, cursor in paged.items():
            answer = await world.client.get(path, params={"cursor": cursor})
            assert answer.status_code == 200, answer.text
    with time_machine.travel(clock.now() + timedelta(days=7, minutes=1), tick=True):
        for path, cursor in paged.items():
            answer = await world.client.get(path, params={"cursor": cursor})
            problem = assert_problem(answer, 422)
            assert [e["code"] for e in problem["errors"]] == ["cursor_expired"]


@pytest.mark.parametrize("name", ["Authorization", "Touchline-Actor", "If-Match", "Accept"])
@pytest.mark.parametrize(
    "value", ["x" * 100_000, "\x7f", "Bearer", "é".encode("latin-1").decode("latin-1")]
)
async def test_a_hostile_header_breaks_nothing(
    app: FastAPI, world: World, name: str, value: str
) -> None:
    headers = [(name.encode(), value.encode("latin-1"))]
    for endpoint in endpoints(app):
        if endpoint.method == "PATCH":
            path = path_of(endpoint, world.ids)
            answer = await world.client.patch(path, json={}, headers=headers)
            assert answer.status_code < 500, f"{endpoint} {answer.text}"
            if answer.status_code >= 400:
                assert_problem(answer)


@pytest.mark.parametrize(
    "value", ["", '""', "x" * 256, "a\x00b", "é", "x" * 100_000, "\t", '"' + "x" * 256 + '"']
)
async def test_a_hostile_idempotency_key_is_refused(world: World, value: str) -> None:
    headers = [(b"Idempotency-Key", value.encode("latin-1"))]
    answer = await world.client.post("/v1/leads", json={"full_name": "Ada"}, headers=headers)
    assert named_by(assert_problem(answer, 422)) == ["Idempotency-Key"]


@pytest.mark.parametrize("value", ["x", '"x"', '"-1"', "1, 2", '"99999999999"', "", '"٣"'])
async def test_a_hostile_if_match_is_refused(world: World, value: str) -> None:
    path = f"/v1/leads/{world.ids['lead_id']}"
    headers = [(b"If-Match", value.encode())]
    answer = await world.client.patch(path, json={}, headers=headers)
    assert named_by(assert_problem(answer, 422)) == ["If-Match"]


@pytest.mark.parametrize("value", ["x" * 65, "a b", "<script>", "é", "\x00", ""])
async def test_a_hostile_request_id_is_not_taken_over(world: World, value: str) -> None:
    headers = [(b"X-Request-Id", value.encode("latin-1"))]
    answer = await world.client.get(f"/v1/leads/{new_id()}", headers=headers)
    problem = assert_problem(answer, 404)
    assert problem["request_id"] != value
    assert set(problem["request_id"]) <= set(string.hexdigits)


async def test_a_sound_request_id_is_taken_over(client: Client) -> None:
    answer = await client.get(f"/v1/leads/{new_id()}", headers={"X-Request-Id": "trace-1.2_3"})
    assert assert_problem(answer, 404)["request_id"] == "trace-1.2_3"


@pytest.mark.parametrize(
    "key", ["", "x", "Bearer", "Bearer ", "Bearer x", "Basic YTpi", "Bearer tl_sk_" + "0" * 76]
)
async def test_a_wrong_key_is_refused_everywhere(app: FastAPI, world: World, key: str) -> None:
    for endpoint in endpoints(app):
        path = path_of(endpoint, world.ids)
        body = base_body(endpoint, app.openapi(), world)
        answer = await world.client.request(
            endpoint.method, path, json=body, headers={"Authorization": key}
        )
        assert_problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"


async def _send(app: FastAPI, world: World, endpoint: Endpoint, query: str) -> httpx.Response:
    path = path_of(endpoint, world.ids).split("?")[0]
    body = base_body(endpoint, app.openapi(), world)
    return await world.client.request(endpoint.method, f"{path}?{query}", json=body)


async def _refused_cursor(world: World, path: str, cursor: str) -> None:
    answer = await world.client.get(path, params={"cursor": cursor})
    assert named_by(assert_problem(answer, 422)) == ["cursor"], f"{path} {cursor}"


def _is_free_text(schema: dict[str, Any]) -> bool:
    kinds = [k for k in schema.get("anyOf", [schema]) if k.get("type") != "null"]
    kinds = [k["items"] if k.get("type") == "array" else k for k in kinds]
    return any(k.get("type") == "string" and "format" not in k for k in kinds)


def _values(parameter: dict[str, Any], app: FastAPI) -> list[Any]:
    """Values of a query parameter, from its examples or its enum."""
    schema = parameter["schema"]
    found = [*schema.get("examples", ()), *parameter.get("examples", ())]
    kinds = [k for k in schema.get("anyOf", [schema]) if k.get("type") != "null"]
    for kind in kinds:
        found += kind.get("enum", ())
    flat = [v[0] if isinstance(v, list) else v for v in found]
    return [v for v in flat if v != schema.get("default")]
