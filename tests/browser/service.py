"""The service on a real socket in a thread, and another site on another port: two origins."""

import asyncio
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from uuid import UUID

import httpx
import uvicorn
from fastapi import FastAPI

from app.domain.access.api_keys import KeyKind
from app.main import create_app
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.ids import new_id
from app.services.access.provisioning import add_api_key, create_workspace
from tests.browser.devtools import PATIENCE

T = TypeVar("T")


class Gate:
    """An ASGI middleware that counts what is posted, and can hold it back."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.posts: list[tuple[str, str]] = []
        self.lost: set[int] = set()
        self._held: set[int] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.loop: asyncio.AbstractEventLoop | None = None

    def shut(self) -> None:
        """Hold posts back from now on."""
        self._open.clear()

    def let_go(self) -> None:
        """Let through what waits, and all that follows."""
        assert self.loop is not None
        self.loop.call_soon_threadsafe(self._open.set)

    def lose(self) -> None:
        """Refuse what waits, as if it had never come; let through all that follows."""
        held, self._held = self._held, set()
        self.lost |= held
        self.let_go()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            key = dict(scope["headers"]).get(b"idempotency-key", b"").decode()
            number = len(self.posts)
            self.posts.append((scope["path"], key))
            self._held.add(number)
            await self._open.wait()
            self._held.discard(number)
            if number in self.lost:
                scope = {**scope, "path": "/lost"}
        await self.app(scope, receive, send)


class Service:
    """Touchline, listening."""

    def __init__(self, settings: Settings, owner_url: str) -> None:
        self.app: FastAPI = create_app(settings)
        self.gate = Gate(self.app)
        self._owner_url = owner_url
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        config = uvicorn.Config(self.gate, lifespan="off", log_config=None, ws="none")
        self._server = uvicorn.Server(config)
        self._server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    async def _serve(self) -> None:
        self.loop = self.gate.loop = asyncio.get_running_loop()
        async with self.app.router.lifespan_context(self.app):
            self._ready.set()
            await self._server.serve(sockets=[self._listener])

    @contextmanager
    def running(self) -> Iterator["Service"]:
        """Serve for the length of the block."""
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        try:
            yield self
        finally:
            self.gate.let_go()
            self._server.should_exit = True
            self._thread.join(PATIENCE)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the service's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    def workspace(self) -> "Workspace":
        """A new workspace with its keys."""
        return self.do(self._workspace())

    async def _workspace(self) -> "Workspace":
        owner = Database(self._owner_url, pool_size=1)
        await owner.open()
        try:
            made = await create_workspace(owner, f"w-{new_id().hex}", "Test", default_country="DE")
            keys = [
                await add_api_key(owner, self.app.state.runtime.secrets, made, "tests", kind)
                for kind in (KeyKind.SECRET, KeyKind.PUBLISHABLE)
            ]
        finally:
            await owner.close()
        return Workspace(self, made, *keys)


class Workspace:
    """A workspace, seen with its secret key."""

    def __init__(self, service: Service, workspace_id: UUID, secret: str, public: str) -> None:
        self.id = workspace_id
        self.public_key = public
        self._service = service
        self._http = httpx.Client(
            base_url=service.base_url,
            headers={"Authorization": f"Bearer {secret}"},
            timeout=PATIENCE,
        )

    def form(self, **told: Any) -> dict[str, Any]:
        """A new form."""
        body = {"name": "Contact", "protection": {"min_seconds": 0}, **told}
        answer = self._http.post("/v1/forms", json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def submissions(self) -> list[dict[str, Any]]:
        """What has come in, oldest first, with what became of it."""
        while True:
            self._service.do(self._service.app.state.runtime.pipeline.run(self.id))
            found: list[dict[str, Any]] = self.get("/v1/submissions?sort=received_at")["data"]
            # What came between these two is not yet read.
            if all(one["status"] != "received" for one in found):
                return found

    def get(self, path: str) -> dict[str, Any]:
        """Whatever else there is to read."""
        answer = self._http.get(path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def touches(self, lead_id: str) -> list[dict[str, Any]]:
        """The touchpoints of a lead, newest first."""
        timeline = self.get(f"/v1/leads/{lead_id}/timeline")["data"]
        touches = [entry["id"] for entry in timeline if entry["type"] == "touchpoint"]
        return [self.get(f"/v1/touchpoints/{touch}") for touch in touches]

    def close(self) -> None:
        self._http.close()


class Site:
    """Somebody's web site; `pages` are its documents by path."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = site.pages.get(self.path.partition("?")[0])
                body = (page or "").encode()
                self.send_response(200 if page is not None else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator["Site"]:
        """Serve for the length of the block."""
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join(PATIENCE)

    def page(self, body: str, path: str = "/") -> str:
        """Put a page up; returns its address."""
        self.pages[path] = f'<!doctype html><html lang="en"><title>A site</title><body>{body}'
        return self.base_url + path
