"""`python -m benchmarks.ripeness [--leads N] [--data-dir DIR]`: scores and segments of many leads.

Publishes a model over all leads and tells how many a second it worked out; then asks, through HTTP
as the service's own role, for the fifty hottest leads now, for sizes of segments, and for the score
of a lead whom a touch has just been recorded for.
"""

import argparse
import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from app.platform.config import Settings
from app.platform.db import Database
from app.platform.secrets import Secrets
from app.services.job_handlers import open_jobs
from benchmarks.round_trips import client
from benchmarks.stage import SECRET, Filled, Samples, Stage, samples

# Method, path and body.
Call = tuple[str, str, Any]

TOUCHES = 10
REQUESTS, WARM_UP = 1_000, 100


def _when(field: str, op: str, value: Any = None) -> dict[str, Any]:
    """A test of a condition."""
    return {"field": field, "op": op} | ({} if value is None else {"value": value})


MODEL: dict[str, Any] = {
    "fit": {
        "rules": [
            {"key": "near", "when": _when("country_code", "in", ["DE", "AT"]), "points": 30},
            {"key": "fair", "when": _when("source", "eq", "fair"), "points": 20},
            {"key": "owned", "when": _when("web_domain", "is_not_null"), "points": 25},
            {"key": "engines", "when": _when("company", "contains", "engines"), "points": 25},
        ]
    },
    "engagement": {
        "half_life_days": 30,
        "rules": [
            {"key": "form", "kinds": ["form_submitted"], "points": 30},
            {"key": "call", "kinds": ["call"], "points": 25},
            {"key": "opened", "kinds": ["email_opened"], "points": 3},
            {
                "key": "page",
                "kinds": ["page_viewed"],
                "points": 2,
                "limit": {"count": 5, "days": 1},
            },
        ],
    },
    "mql": {"score": 60},
}


async def measure(leads: int, data_dir: Path | None) -> None:
    """Fill, publish, ask; everything is printed as it is known."""
    async with Stage(data_dir).running() as stage:
        filled = await stage.filled(leads, TOUCHES)
        some = await samples(filled)
        async with client(filled) as (caller, _):
            await _publish(caller, filled, leads)
            await _ask("50 hottest now", caller, ("GET", "/v1/leads?sort=-engagement", None))
            await _count(caller, some)
            await _touch(caller, some)


async def _publish(caller: httpx.AsyncClient, filled: Filled, leads: int) -> None:
    made = await caller.post("/v1/scoring-models", json={"name": "Measured", "document": MODEL})
    made.raise_for_status()
    started = time.perf_counter()
    answer = await caller.post(f"/v1/scoring-models/{made.json()['id']}/publish", json={})
    answer.raise_for_status()
    await _work(filled)
    took = time.perf_counter() - started
    model = (await caller.get(f"/v1/scoring-models/{made.json()['id']}")).json()
    print(f"published: {model['status']}, {leads / took:,.0f} leads/s, {took:.1f} s", flush=True)


async def _work(filled: Filled) -> None:
    settings = Settings(database_url=SecretStr(filled.app_url), secret=SecretStr(SECRET))
    database = Database(filled.app_url, pool_size=4)
    await database.open()
    try:
        async with open_jobs(settings, database, Secrets(SECRET)) as jobs:
            await jobs.drain()
    finally:
        await database.close()


async def _count(caller: httpx.AsyncClient, some: Samples) -> None:
    conditions = {
        "a rare status": _when("status", "eq", "qualified"),
        "a frequent status": _when("status", "eq", "nurturing"),
        "an owner": _when("owner_id", "eq", some.owner_id),
        "the last 30 days": _when("created_at", "within_days", 30),
        "grade A1": _when("grade", "eq", "A1"),
    }
    for name, condition in conditions.items():
        preview = ("POST", "/v1/segments/preview", {"condition": condition, "limit": 1})
        await _ask(f"size of {name}", caller, preview, 30, 3)


async def _touch(caller: httpx.AsyncClient, some: Samples) -> None:
    """A touch, and the score right after it: the answer has to have changed."""
    changed = 0
    for lead_id in some.lead_ids[:200]:
        before = (await caller.get(f"/v1/leads/{lead_id}")).json()["score"]
        touch = {"kind": "form_submitted"}
        (await caller.post(f"/v1/leads/{lead_id}/touchpoints", json=touch)).raise_for_status()
        after = (await caller.get(f"/v1/leads/{lead_id}")).json()["score"]
        changed += after["engagement"] > before["engagement"] + 29
    print(f"a touch, and the new score in the next answer: {changed} of 200", flush=True)


async def _ask(
    name: str,
    caller: httpx.AsyncClient,
    call: Call,
    requests: int = REQUESTS,
    warm_up: int = WARM_UP,
) -> None:
    took = []
    answer: httpx.Response | None = None
    method, path, body = call
    for _ in range(warm_up + requests):
        started = time.perf_counter()
        answer = await caller.request(method, path, json=body)
        took.append((time.perf_counter() - started) * 1_000)
        answer.raise_for_status()
    warm = sorted(took[warm_up:])
    found = answer.json() if answer else {}
    size = f", size {found['size']:,}" if "size" in found else ""
    print(
        f"{name:28} p50 {warm[len(warm) // 2]:8.1f}  p99 {warm[int(len(warm) * 0.99)]:8.1f}"
        f"  worst {warm[-1]:8.1f} ms{size}",
        flush=True,
    )


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--data-dir", type=Path, default=None)
    given = parser.parse_args()
    asyncio.run(measure(given.leads, given.data_dir))


if __name__ == "__main__":
    main()
