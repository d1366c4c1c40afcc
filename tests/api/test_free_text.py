"""Free text comes back exactly as it was sent, whatever it is."""

import json
from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.platform.db import Database
from tests.conftest import Client, client_of
from tests.factories.texts import NAUGHTY
from tests.factories.world import World, base_body
from tests.surface import Endpoint, endpoints, resolved

pytestmark = pytest.mark.anyio

# Text that is no free text: these fields say what they take, and the rest is refused by name.
JUDGED = {
    ("users", "email"): "has to be an address",
    ("users", "time_zone"): "has to be a time zone",
    ("opportunities", "lost_reason"): "only a lost one has it",
    ("connectors", "secret"): "is never shown again",
    ("connectors", "access_token"): "is never shown again",
    ("connectors", "api_url"): "only some vendors have one",
    ("enrichment-providers", "url"): "has to be an address with a placeholder",
    ("enrichment-providers", "secret"): "is never shown again",
}

# What makes nothing of the texts it takes, or only for records that have to be there.
OTHERWISE = {
    "match_lead": "only asks",
    "search_leads": "only asks",
    "dismiss_duplicate": "tests/api/leads/test_duplicates.py",
}

# What has to differ from one to the next, or to be of one kind.
FRESH: dict[str, Callable[[int], dict[str, Any]]] = {
    "users": lambda n: {"email": f"user.{n}@example.com"},
    "custom-fields": lambda n: {"key": f"field_{n}", "type": "text"},
    "campaigns": lambda n: {"source_system": f"system{n}"},
}
numbers = count(1)

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


@pytest.fixture(scope="module")
async def reader(app: FastAPI, owner_database: Database) -> AsyncIterator[Client]:
    """A workspace with a text field of its own."""
    async with await client_of(app, owner_database) as client:
        field = {"key": "remark", "label": "Remark", "type": "text"}
        assert (await client.post("/v1/custom-fields", json=field)).status_code == 201
        yield client


def test_there_are_enough_texts() -> None:
    assert len(NAUGHTY) > 100
    assert len(set(NAUGHTY)) == len(NAUGHTY)


@pytest.mark.parametrize("text", NAUGHTY, ids=range(len(NAUGHTY)))
async def test_a_naughty_text_comes_back_as_it_went_in(reader: Client, text: str) -> None:
    await _round_trip(reader, text, ensure_ascii=False)


async def test_an_escaped_text_comes_back_as_it_was_meant(reader: Client) -> None:
    await _round_trip(reader, "".join(NAUGHTY)[:190], ensure_ascii=True)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=ANY_TEXT, escaped=st.booleans())
async def test_any_text_comes_back_as_it_went_in(reader: Client, text: str, escaped: bool) -> None:
    await _round_trip(reader, text[:200], ensure_ascii=escaped)


async def test_a_long_text_comes_back_whole(reader: Client) -> None:
    body = {"full_name": "Ada", "description": "😀" * 20_000, "custom": {"remark": "é" * 10_000}}
    made = await reader.post("/v1/leads", json=body)
    assert made.status_code == 201, made.text
    read = (await reader.get(made.headers["location"])).json()
    assert {name: read[name] for name in body} == body


@pytest.mark.parametrize("text", NAUGHTY, ids=range(len(NAUGHTY)))
async def test_every_text_field_keeps_a_naughty_text(
    app: FastAPI, reader: Client, text: str
) -> None:
    document, world = app.openapi(), World(reader, "")
    for endpoint in endpoints(app):
        fields = _text_fields(endpoint, document)
        skipped = endpoint.takes_in or endpoint.parameters("path") or not fields
        skipped = skipped or endpoint.described["operationId"] in OTHERWISE
        if endpoint.method != "POST" or skipped:
            continue
        body = base_body(endpoint, document, world) | dict.fromkeys(fields, text)
        if noun := FRESH.get(_noun(endpoint)):
            body |= noun(next(numbers))
        answer = await reader.post(endpoint.path, json=body)
        assert answer.status_code < 500, f"{endpoint} {answer.text}"
        if answer.status_code == 422 and not text.strip():
            # Names have to say something; that is not a change of the text.
            named = {e["pointer"].removeprefix("/") for e in answer.json()["errors"]}
            assert named <= {*fields, ""}, f"{endpoint} {answer.text}"
            continue
        assert answer.status_code in (200, 201), f"{endpoint} {answer.text}"
        made = answer.json()
        assert {name: made[name] for name in fields} == dict.fromkeys(fields, text), endpoint


async def test_every_text_finds_its_lead_or_nothing(reader: Client) -> None:
    for text in NAUGHTY:
        answer = await reader.get("/v1/leads", params={"q": text, "custom.remark": text})
        assert answer.status_code in (200, 422), f"{text!r} {answer.text}"


async def _round_trip(client: Client, text: str, *, ensure_ascii: bool) -> None:
    """Through a lead, its custom field, its touchpoint, a patch, the timeline and the feed."""
    touch = {"kind": "note", "summary": text, "payload": {"text": text, text: [text]}}
    body = {
        "full_name": "Ada Lovelace",
        "company": text,
        "description": text,
        "custom": {"remark": text},
        "touchpoint": touch,
    }
    made = await _send(client, "POST", "/v1/leads", body, ensure_ascii)
    path = f"/v1/leads/{made['id']}"
    lead = (await client.get(path)).json()
    assert (lead["company"], lead["description"]) == (text, text)
    assert lead["custom"] == {"remark": text}
    touched = (await client.get(f"/v1/touchpoints/{made['touchpoint_id']}")).json()
    assert {name: touched[name] for name in touch} == touch
    timeline = (await client.get(f"{path}/timeline")).json()["data"]
    [entry] = [e for e in timeline if e["type"] == "touchpoint"]
    assert entry["data"]["payload"] == touch["payload"]
    changed = await _send(client, "PATCH", path, {"description": f"{text}!"}, ensure_ascii)
    assert changed["description"] == f"{text}!"
    timeline = (await client.get(f"{path}/timeline", params={"kind": "lead.updated"})).json()
    before_and_after = {"before": text, "after": f"{text}!"}
    assert timeline["data"][0]["data"]["changes"] == {"description": before_and_after}


async def _send(
    client: Client, method: str, path: str, body: dict[str, Any], ensure_ascii: bool
) -> dict[str, Any]:
    content = json.dumps(body, ensure_ascii=ensure_ascii).encode()
    headers = {"content-type": "application/json"}
    answer = await client.request(method, path, content=content, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    read: dict[str, Any] = answer.json()
    return read


def _noun(endpoint: Endpoint) -> str:
    return endpoint.path.split("/")[2]


def _text_fields(endpoint: Endpoint, document: dict[str, Any]) -> list[str]:
    """The fields of the body that take any text of 200 characters."""
    if endpoint.body_schema is None:
        return []
    found = []
    for name, field in resolved(endpoint.body_schema, document).get("properties", {}).items():
        schema = resolved(field, document)
        plain = schema.get("type") == "string" and not schema.keys() & {"format", "pattern", "enum"}
        long = schema.get("maxLength", 0) >= 200
        if plain and long and (_noun(endpoint), name) not in JUDGED:
            found.append(name)
    return found
