"""Statements an operation sends, counted in a run of its own inside this process."""

import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from pydantic import SecretStr

from app.main import create_app
from app.platform import logging
from app.platform.config import Settings
from app.platform.ids import new_id
from benchmarks.rows import LEAD, PAGE
from benchmarks.stage import SECRET, Filled, Samples

TARGETS = {"create": 3, "get": 1, "list": 1}


@asynccontextmanager
async def client(filled: Filled) -> AsyncIterator[tuple[httpx.AsyncClient, list[str]]]:
    """The app in this process, and the statements that it sends."""
    logging.configure("error", "json")
    spool = tempfile.TemporaryDirectory(prefix="touchline-bench-")
    settings = Settings(
        database_url=SecretStr(filled.app_url),
        secret=SecretStr(SECRET),
        spool_dir=Path(spool.name),
        spool_allow_ephemeral=True,
        worker_in_serve=False,
    )
    app = create_app(settings)
    statements: list[str] = []
    with spool:
        async with app.router.lifespan_context(app):
            app.state.runtime.database.observe = statements.append
            transport = httpx.ASGITransport(app)
            headers = {"Authorization": f"Bearer {filled.key}"}
            async with httpx.AsyncClient(
                transport=transport, base_url="http://bench.test", headers=headers
            ) as caller:
                yield caller, statements


async def round_trips(filled: Filled, samples: Samples) -> dict[str, int]:
    """Statements beyond begin and commit, an operation."""
    counted: dict[str, int] = {}
    async with client(filled) as (caller, statements):
        for name, method, path, body in calls(samples):
            statements.clear()
            answer = await caller.request(method, path, content=body, headers=_JSON)
            answer.raise_for_status()
            counted[name] = sum(not s.startswith(("BEGIN", "COMMIT")) for s in statements)
    return counted


def calls(samples: Samples) -> list[tuple[str, str, str, str | None]]:
    """One call of every operation: name, method, path, body."""
    lead, busy = samples.lead_ids[0], samples.busy_ids[0]
    new_lead = json.dumps(LEAD).replace("@N@", new_id().hex).replace("@DIGITS@", "20000018")
    touch = json.dumps({"kind": "call", "source_system": "web", "external_id": new_id().hex})
    items = json.dumps({"items": [{"lead_id": i, "kind": "call"} for i in samples.lead_ids[:1000]]})
    change = json.dumps({"title": new_id().hex, "company": "Analytical Engines Ltd"})
    reference = f"/v1/leads/external/shop/{samples.references[0]}"
    return [
        ("create", "POST", "/v1/leads", new_lead),
        ("get", "GET", f"/v1/leads/{lead}", None),
        ("list", "GET", f"/v1/leads?limit={PAGE}", None),
        ("list by status", "GET", "/v1/leads?status=working&status=nurturing", None),
        ("list by rare status", "GET", "/v1/leads?status=qualified", None),
        ("list by rare statuses", "GET", "/v1/leads?status=qualified&status=converted", None),
        ("list by country", "GET", "/v1/leads?country=PL", None),
        ("list by rare country", "GET", "/v1/leads?country=IS", None),
        ("list by owner", "GET", f"/v1/leads?owner_id={samples.owner_id}", None),
        ("list by source", "GET", "/v1/leads?source=fair&sort=-last_touch_at", None),
        ("list by rare source", "GET", "/v1/leads?source=partner", None),
        ("email", "GET", f"/v1/leads?email={samples.emails[0]}", None),
        ("text", "GET", f"/v1/leads?q={samples.emails[0].partition('@')[0]}", None),
        ("timeline", "GET", f"/v1/leads/{busy}/timeline?limit={PAGE}", None),
        ("by reference", "GET", reference, None),
        ("upsert", "PUT", reference, change),
        ("touchpoint", "POST", f"/v1/leads/{lead}/touchpoints", touch),
        ("batch", "POST", "/v1/touchpoints/batch", items),
        ("feed", "GET", "/v1/events?after=1000&limit=100", None),
    ]


_JSON = {"Content-Type": "application/json"}
