"""Every operation that takes a body, and everything that a body should not be."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI

from app.platform.db import Database
from tests.conftest import Client, client_of
from tests.factories.rows import tenant_tables
from tests.factories.world import World, base_body, build_world, path_of
from tests.problems import ECHO, assert_problem, named_by
from tests.surface import Endpoint, endpoints, resolved

pytestmark = pytest.mark.anyio

DEEP = 100_000
DIGITS = "9" * 5_000
HUGE = b'{"x":"' + b"x" * (30 * 1024 * 1024) + b'"}'

# The body as a whole is no JSON; nothing in it can be named.
MALFORMED: dict[str, bytes] = {
    "nothing but a brace": b"{",
    "a value is missing": b'{"a":}',
    "single quotes": b"{'a': 1}",
    "a trailing comma": b'{"a": 1,}',
    "two documents": b'{"a": 1}{"a": 2}',
    "cut off": b'{"a": "b',
    "a comment": b'{"a": 1} // x',
    "an unknown word": b"nul",
    "only space": b" \n\t ",
    "a raw NUL": b'{"a": "\x00"}',
    "a NUL behind": b'{"a": 1}\x00',
    "a raw line feed in text": b'{"a": "\n"}',
    "not UTF-8": b'{"a": "\xff\xfe"}',
    "overlong UTF-8": b'{"a": "\xc0\xaf"}',
    "beyond Unicode": b'{"a": "\xf4\x90\x80\x80"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-32": '{"a": 1}'.encode("utf-32"),
    "half an escape": b'{"a": "\\u12"}',
    "an escape that is none": b'{"a": "\\x41"}',
    "a leading zero": b'{"a": 01}',
    "a leading plus": b'{"a": +1}',
    "a hexadecimal number": b'{"a": 0x10}',
    "a bare fraction": b'{"a": .5}',
    "open arrays": b"[" * DEEP,
    "open objects": b'{"a":' * DEEP,
    "a form": b"a=1&b=2",
    "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
}

# JSON, or nearly: the field can be named.
NAMED: dict[str, tuple[bytes, str]] = {
    "NaN": (b'{"x": NaN}', "/x"),
    "Infinity": (b'{"x": {"y": Infinity}}', "/x/y"),
    "minus Infinity": (b'{"x": [-Infinity]}', "/x/0"),
    "1e400": (b'{"x": 1e400}', "/x"),
    "minus 1e400": (b'{"x": {"a/b": -1e400}}', "/x/a~1b"),
    "5,000 digits": (f'{{"x": {DIGITS}}}'.encode(), "/x"),
    "2 to the 63": (b'{"x": 9223372036854775808}', "/x"),
    "an escaped lone surrogate": (b'{"x": "\\ud800"}', "/x"),
    "a raw lone surrogate": (b'{"x": "\xed\xa0\x80"}', "/x"),
    "a surrogate the wrong way round": (b'{"x": "\\udc00\\ud800"}', "/x"),
    "a surrogate in a name": (b'{"\\udfff": 1}', "/"),
    "an escaped NUL": (b'{"x": "a\\u0000b"}', "/x"),
    "an escaped NUL in a name": (b'{"x": {"a\\u0000": 1}}', "/x"),
    "a name twice": (b'{"x": 1, "x": 1}', "/x"),
    "a name twice, once escaped": (b'{"x": 1, "\\u0078": 1}', "/x"),
    "a name twice, far below": (b'{"a": [{"x" : 1, "x": 2}]}', "/a/0/x"),
    "closed arrays, 100,000 deep": (b"[" * DEEP + b"]" * DEEP, "/"),
    "closed objects, 33 deep": (b'{"a":' * 33 + b"1" + b"}" * 33, "/a" * 32),
}

WRONG_MEDIA = {
    "text": "text/plain",
    "form": "application/x-www-form-urlencoded",
    "multipart": "multipart/form-data; boundary=x",
    "xml": "application/xml",
    "javascript": "text/json",
    "nonsense": "application",
    "none": "",
}

SAMPLES: dict[str, Any] = {
    "string": ECHO,
    "integer": 7,
    "number": 0.5,
    "boolean": True,
    "array": [ECHO],
    "object": {"x": ECHO},
    "null": None,
}


@pytest.fixture(scope="module")
async def world(app: FastAPI, owner_database: Database) -> AsyncIterator[World]:
    """A workspace with one of everything; nothing in this file may change it."""
    async with await client_of(app, owner_database) as client:
        yield await build_world(client, "CANARY")


class Sender:
    """Sends bodies to one operation and sees that none of them leaves a trace."""

    def __init__(self, world: World, endpoint: Endpoint) -> None:
        self.world = world
        self.endpoint = endpoint

    async def send(self, content: bytes, media: str = "application/json") -> Any:
        headers = {"content-type": media} if media else {}
        path = path_of(self.endpoint, self.world.ids)
        return await self.world.client.request(
            self.endpoint.method, path, content=content, headers=headers
        )


@pytest.fixture
async def senders(
    app: FastAPI, world: World, owner_database: Database
) -> AsyncIterator[list[Sender]]:
    """One for every operation with a body; the workspace has to stay as it was."""
    before = await _rows(owner_database, world)
    found = [Sender(world, e) for e in endpoints(app) if e.body_schema is not None]
    assert len(found) > 10
    yield found
    assert await _rows(owner_database, world) == before, "something was stored"


@pytest.mark.parametrize("name", MALFORMED)
async def test_malformed_json_is_refused(senders: list[Sender], name: str) -> None:
    for sender in senders:
        answer = await sender.send(MALFORMED[name])
        if answer.status_code == 413 and sender.endpoint.takes_in:
            # The intake's own limit is lower.
            continue
        problem = assert_problem(answer, 422)
        assert [e["code"] for e in problem["errors"]] == ["malformed_json"], sender.endpoint
        assert named_by(problem) == ["/"], sender.endpoint


@pytest.mark.parametrize("name", NAMED)
async def test_what_cannot_be_kept_as_sent_is_refused_by_name(
    senders: list[Sender], name: str
) -> None:
    content, pointer = NAMED[name]
    for sender in senders:
        problem = assert_problem(await sender.send(content), 422)
        assert named_by(problem) == [pointer], sender.endpoint


@pytest.mark.parametrize("name", WRONG_MEDIA)
async def test_another_media_type_is_refused(senders: list[Sender], name: str) -> None:
    for sender in senders:
        assert_problem(await sender.send(b"{}", WRONG_MEDIA[name]), 415)


async def test_a_body_of_30_mb_is_refused(senders: list[Sender]) -> None:
    for sender in senders:
        assert_problem(await sender.send(HUGE), 413)


async def test_a_body_of_30_mb_that_hides_its_length_is_refused(senders: list[Sender]) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(HUGE), 1024 * 1024):
            yield HUGE[start : start + 1024 * 1024]

    for sender in senders:
        answer = await sender.world.client.request(
            sender.endpoint.method,
            path_of(sender.endpoint, sender.world.ids),
            content=chunks(),
            headers={"content-type": "application/json"},
        )
        assert_problem(answer, 413)


async def test_a_missing_body_is_refused(senders: list[Sender]) -> None:
    for sender in senders:
        if sender.endpoint.described["requestBody"].get("required"):
            problem = assert_problem(await sender.send(b""), 422)
            assert named_by(problem) == ["/"], sender.endpoint


@pytest.mark.parametrize("content", [b"[]", b"[{}]", b'"x"', b"7", b"true", b"null", b"0.5"])
async def test_a_body_that_is_no_object_is_refused(senders: list[Sender], content: bytes) -> None:
    for sender in senders:
        optional = not sender.endpoint.described["requestBody"].get("required")
        if content == b"null" and optional:
            continue
        problem = assert_problem(await sender.send(content), 422)
        assert named_by(problem) == ["/"], sender.endpoint


async def test_an_unknown_field_is_refused_by_name(app: FastAPI, senders: list[Sender]) -> None:
    for sender in senders:
        body = base_body(sender.endpoint, app.openapi(), sender.world)
        answer = await sender.send(json.dumps(body | {"is_admin": ECHO}).encode())
        problem = assert_problem(answer, 422)
        unknown = {"pointer": "/is_admin", "code": "unknown_field"}
        assert any(unknown.items() <= e.items() for e in problem["errors"]), sender.endpoint


async def test_what_the_server_decides_cannot_be_sent(app: FastAPI, senders: list[Sender]) -> None:
    for sender in senders:
        schema = resolved(sender.endpoint.body_schema or {}, app.openapi())
        body = base_body(sender.endpoint, app.openapi(), sender.world)
        for name in ("id", "workspace_id", "version", "created_at", "updated_at", "deleted_at"):
            if name not in schema["properties"]:
                answer = await sender.send(json.dumps(body | {name: ECHO}).encode())
                assert f"/{name}" in named_by(assert_problem(answer, 422)), sender.endpoint


async def test_a_wrong_type_is_refused_by_name(app: FastAPI, senders: list[Sender]) -> None:
    document, tried = app.openapi(), 0
    for sender in senders:
        schema = resolved(sender.endpoint.body_schema or {}, document)
        body = base_body(sender.endpoint, document, sender.world)
        for name, field in schema["properties"].items():
            for kind in SAMPLES.keys() - _kinds(field, document):
                content = json.dumps(body | {name: SAMPLES[kind]}).encode()
                problem = assert_problem(await sender.send(content), 422)
                named = named_by(problem)
                where = f"{sender.endpoint} {name}={kind}: {named}"
                assert any(p == f"/{name}" or p.startswith(f"/{name}/") for p in named), where
                tried += 1
    assert tried > 300


async def test_a_byte_order_mark_is_no_fault(client: Client) -> None:
    content = "\ufeff".encode() + b'{"full_name": "Ada Lovelace"}'
    headers = {"content-type": "application/json; charset=utf-8"}
    answer = await client.post("/v1/leads", content=content, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json()["full_name"] == "Ada Lovelace"


async def test_json_by_another_name_is_taken(client: Client) -> None:
    headers = {"content-type": "application/merge-patch+json"}
    made = await client.post("/v1/leads", json={"full_name": "Ada Lovelace"})
    path = f"/v1/leads/{made.json()['id']}"
    answer = await client.patch(path, content=b'{"title": "Countess"}', headers=headers)
    assert answer.json()["title"] == "Countess"


def _kinds(field: dict[str, Any], document: dict[str, Any]) -> set[str]:
    """The JSON types that a field takes."""
    if "$ref" in field:
        return _kinds(resolved(field, document), document)
    if "anyOf" in field:
        return set().union(*(_kinds(kind, document) for kind in field["anyOf"]))
    if "const" in field or "enum" in field:
        # One of a few words: another word is a wrong value, as good as a wrong type.
        return {"null"} if None in field.get("enum", ()) else set()
    kinds = {field["type"]} if "type" in field else set(SAMPLES)
    if field.get("format") in ("uuid", "date", "date-time"):
        kinds -= {"string"}
    return kinds | ({"integer"} if "number" in kinds else set())


async def _rows(owner_database: Database, world: World) -> dict[str, int]:
    """How many rows each table has, and the newest versions of those that change."""
    found = {}
    for table in tenant_tables():
        version = "coalesce(sum(version), 0)" if "version" in table.columns else "0"
        rows = await owner_database.fetch(
            f"SELECT count(*) + {version} AS n FROM {table.name} WHERE workspace_id = $1",
            world.client.workspace_id,
        )
        found[table.name] = rows[0]["n"]
    return found
