"""Readiness does not wait behind requests; a caller who hangs up is no fault of the service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from app.api.middleware import Metrics, RequestContext
from app.main import create_app
from app.platform.config import Settings
from tests.conftest import Client

pytestmark = pytest.mark.anyio


@pytest.fixture
async def narrow_app(settings: Settings) -> AsyncIterator[FastAPI]:
    """The service with one connection for all requests."""
    app = create_app(settings.model_copy(update={"database_pool_size": 1}))
    async with app.router.lifespan_context(app):
        yield app


async def test_ready_while_every_connection_is_taken(narrow_app: FastAPI) -> None:
    transport = httpx.ASGITransport(narrow_app)
    async with AsyncExitStack() as held:
        await held.enter_async_context(narrow_app.state.runtime.database.connection())
        client = httpx.AsyncClient(transport=transport, base_url="http://touchline.test")
        answers = await asyncio.gather(*(client.get("/health/ready") for _ in range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5


async def test_who_hangs_up_during_the_upload_is_counted_apart(
    app: FastAPI, client: Client
) -> None:
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
        "method": "POST", "path": "/v1/leads", "raw_path": b"/v1/leads", "root_path": "",
        "query_string": b"", "headers": [(b"content-type", b"application/json")],
        "server": ("touchline.test", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    parts: list[Message] = [
        {"type": "http.request", "body": b'{"email"', "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return parts.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    with capture_logs() as lines:
        await app(scope, receive, send)
    assert sent == []
    assert not [line for line in lines if line["event"] == "unforeseen error"]
    text = (await client.get("/metrics")).text
    assert 'touchline_requests_total{method="POST",route="/v1/leads",status="499"} 1.0' in text


async def test_hanging_up_is_logged_as_any_request(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs_up(scope: Scope, receive: Receive, send: Send) -> None:
        raise ClientDisconnect

    noted: list[int] = []
    context = RequestContext(hangs_up, Metrics())
    monkeypatch.setattr(context, "_note", lambda *about: noted.append(about[2]))
    nothing: Any = None
    await context({"type": "http", "headers": [], "method": "GET"}, nothing, nothing)
    assert noted == [499]
