"""What the service says about itself: ids and routes, never what people typed."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from fastapi import FastAPI

from app.api import middleware
from app.domain.leads.leads import Lead
from app.platform import logging
from app.services.leads.provenance import ProvenanceService
from tests.api.leads.test_leads import create
from tests.conftest import Client

pytestmark = pytest.mark.anyio

CANARY = "canary-4711"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The lines logged since the test began, as production writes them."""
    stream = io.StringIO()
    logging.configure("info", "json", stream)
    monkeypatch.setattr(middleware, "log", structlog.get_logger())
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.configure("error", "json")


async def test_one_line_a_request_with_its_id_and_route(client: Client, log: Any) -> None:
    answer = await client.get("/v1/leads", headers={"X-Request-Id": "abc-1"})
    assert answer.headers["x-request-id"] == "abc-1"
    [line] = log()
    assert line["request_id"] == "abc-1"
    assert (line["route"], line["status"], line["method"]) == ("/v1/leads", 200, "GET")


async def test_an_unsuitable_request_id_is_replaced(client: Client, log: Any) -> None:
    answer = await client.get("/v1/leads", headers={"X-Request-Id": "a b\tc"})
    assert answer.headers["x-request-id"] != "a b\tc"
    assert log()[0]["request_id"] == answer.headers["x-request-id"]


async def test_no_personal_data_in_the_log(
    client: Client, log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = f"{CANARY}@example.com"
    lead = await create(client, email=email, full_name=CANARY, phone=CANARY, description=CANARY)
    await client.post("/v1/leads", json={"email": email})
    await client.get("/v1/leads", params={"q": CANARY, "email": email})
    await client.put(f"/v1/leads/external/crm/{CANARY}", json={"email": email})
    await client.get(f"/{CANARY}")
    await client.post("/v1/leads", json={"email": [CANARY], CANARY: CANARY})
    await client.post("/v1/leads", content=CANARY, headers={"Content-Type": "application/json"})

    async def broken(self: ProvenanceService, lead_id: object) -> Lead:
        raise RuntimeError("nothing personal")

    monkeypatch.setattr(ProvenanceService, "get", broken)
    answer = await client.get(f"/v1/leads/{lead['id']}")
    assert answer.status_code == 500
    lines = log()
    assert len(lines) >= 9
    assert CANARY not in json.dumps(lines)
    assert client.key not in json.dumps(lines)
    fault = next(line for line in lines if line["event"] == "unforeseen error")
    assert "RuntimeError" in fault["exception"]


async def test_a_fault_shows_nothing_but_where_to_look(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: ProvenanceService, lead_id: object) -> Lead:
        raise RuntimeError("secret internals")

    monkeypatch.setattr(ProvenanceService, "get", broken)
    answer = await client.get("/v1/leads/01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_metrics_count_by_route(client: Client) -> None:
    lead = await create(client)
    await client.get(f"/v1/leads/{lead['id']}")
    text = (await client.get("/metrics")).text
    assert 'touchline_requests_total{method="GET",route="/v1/leads/{lead_id}",status="200"}' in text
    assert lead["id"] not in text


async def test_health(client: Client, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await client.get("/health/live")).json()["status"] == "ok"
    assert (await client.get("/health/ready")).json()["status"] == "ok"
    monkeypatch.setattr("app.repositories.schema.head_revision", lambda: "9999")
    answer = await client.get("/health/ready")
    # The spool takes submissions all the same.
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert "touchline migrate" in answer.json()["reason"]
    monkeypatch.setattr(app.state.runtime.reception, "spool", None)
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
