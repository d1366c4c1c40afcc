"""Scoring models, made and published over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from app.platform.db import Database
from app.services.leads.model_directory import MODELS
from app.services.reach.job_runner import JobRunner
from app.services.ripeness import scoring_publishing
from tests.conftest import Client

MODELS_URL = "/v1/scoring-models"

DOCUMENT: dict[str, Any] = {
    "fit": {
        "rules": [
            {
                "key": "software",
                "points": 40,
                "when": {"field": "industry", "op": "eq", "value": "Software"},
            },
            {
                "key": "large",
                "points": 30,
                "when": {"field": "employee_count", "op": "gte", "value": 250},
            },
            {
                "key": "competitor",
                "points": 0,
                "knock_out": True,
                "when": {"field": "company", "op": "eq", "value": "Rival Ltd"},
            },
        ]
    },
    "engagement": {
        "half_life_days": 30,
        "rules": [
            {"key": "call", "kinds": ["call"], "points": 40},
            {
                "key": "download",
                "kinds": ["content_downloaded"],
                "points": 10,
                "limit": {"count": 2, "days": 7},
            },
        ],
    },
    "mql": {"score": 50},
}


async def new_model(client: Client, **fields: Any) -> dict[str, Any]:
    """A new draft."""
    body = {"name": "Standard", **({} if _has_source(fields) else {"document": DOCUMENT})} | fields
    answer = await client.post(MODELS_URL, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _has_source(fields: dict[str, Any]) -> bool:
    return not fields.keys().isdisjoint({"template", "based_on_id", "document"})


async def read_model(client: Client, model: dict[str, Any]) -> dict[str, Any]:
    """The model as it is now."""
    answer = await client.get(f"{MODELS_URL}/{model['id']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def ask_publish(
    client: Client, model: dict[str, Any], *, dry_run: bool = False, **body: Any
) -> dict[str, Any]:
    """The job that publishes a model, still to be done."""
    query = "?dry_run=true" if dry_run else ""
    answer = await client.post(f"{MODELS_URL}/{model['id']}/publish{query}", json=body)
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


async def work(database: Database, turn_seconds: float = 60.0) -> None:
    """Do the jobs of scoring models that are due."""
    with no_waiting():
        handlers = scoring_publishing.scoring_handlers(database, turn_seconds)
        await JobRunner(database, handlers, poll_seconds=0.02).drain()


@contextmanager
def no_waiting() -> Iterator[None]:
    """There is but one process, which is told at once which models are live."""
    seconds, margin = MODELS.seconds, scoring_publishing.MARGIN_SECONDS
    MODELS.seconds = scoring_publishing.MARGIN_SECONDS = 0.0
    try:
        yield
    finally:
        MODELS.seconds, scoring_publishing.MARGIN_SECONDS = seconds, margin


async def published(client: Client, **fields: Any) -> dict[str, Any]:
    """A new model, published."""
    model = await new_model(client, **fields)
    await publish(client, model)
    return await read_model(client, model)


async def publish(client: Client, model: dict[str, Any], **body: Any) -> dict[str, Any]:
    """The job, done."""
    job = await ask_publish(client, model, **body)
    await work(client.app.state.runtime.database)
    answer = await client.get(f"/v1/jobs/{job['id']}")
    done: dict[str, Any] = answer.json()
    assert done["status"] == "done", done
    return done
