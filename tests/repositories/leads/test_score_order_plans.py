"""The hottest leads now come off an index, a page at a time, as the service's own role under
row-level security, and so do a lead and a list with their scores."""

import json
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from fastapi import FastAPI

from app.platform.db import Database
from app.repositories.leads.lead_order import leads_in_order
from app.repositories.leads.leads import _GET_SCORED
from app.repositories.statements import Statement
from tests.conftest import Client, Databases, client_of
from tests.factories.scoring import new_model

pytestmark = pytest.mark.anyio

LEADS = int(os.environ.get("TOUCHLINE_PLANNED_LEADS", "20000"))
PAGE = 50
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

FILL_LEADS = """
INSERT INTO leads (workspace_id, id, status, lifecycle_stage, custom, unnormalised, search_key,
                   touch_count, created_at, updated_at, version, full_name)
SELECT $1, lpad(to_hex(n), 32, '0')::uuid, 'new', 'lead', '{}', '[]', '', 0,
       $2::timestamptz - interval '1 minute' * n, $2, 1, 'Lead ' || n
FROM generate_series(1, $3::int) AS n
"""
# By two models, as while one is published: only one of them is asked.
FILL_SCORES = """
INSERT INTO lead_scores (workspace_id, model_id, lead_id, fit, engagement, engagement_at,
                         engagement_key, scored_at)
SELECT l.workspace_id, m, l.id, hashtext(l.id::text) & 63, (hashtext(l.id::text) & 127) / 2.0,
       $3::timestamptz, (hashtext(l.id::text)::bigint & 1048575) * 20000000000, $3
FROM leads AS l, unnest($2::uuid[]) AS m WHERE l.workspace_id = $1
"""


@pytest.fixture(scope="module")
async def filled(app: FastAPI, owner_database: Database) -> AsyncIterator[Client]:
    """A workspace with many leads that have scores."""
    async with await client_of(app, owner_database) as client:
        workspace_id = client.workspace_id
        models = [UUID((await new_model(client))["id"]) for _ in range(2)]
        publish = (
            "UPDATE scoring_models SET status = 'published' WHERE workspace_id = $1 AND id = $2"
        )
        async with owner_database.connection() as connection, connection.transaction():
            await connection.execute(f"SET LOCAL app.workspace_id = '{workspace_id}'")
            await connection.execute(publish, workspace_id, models[0])
            await connection.execute(FILL_LEADS, workspace_id, NOW, LEADS)
            await connection.execute(FILL_SCORES, workspace_id, models, NOW)
            for table in ("leads", "lead_scores", "scoring_models"):
                await connection.execute(f"ANALYZE {table}")
        yield client


@pytest.mark.parametrize("sort", ["engagement", "fit"])
@pytest.mark.parametrize("after", [False, True])
async def test_a_page_in_the_order_of_scores_reads_a_page(
    filled: Client, databases: Databases, sort: str, after: bool
) -> None:
    statement = leads_in_order(sort, descending=True, after=after, conditions=())
    middle = 31 if sort == "fit" else 500_000 * 20_000_000_000
    values = {"limit": PAGE + 1, "after_key": middle, "after_id": UUID(int=LEADS // 2)}
    scans = await _scans(filled, databases, statement, values)
    assert _rows(scans["lead_scores"]) <= PAGE + 1
    assert _rows(scans["leads"]) <= PAGE + 1
    assert scans["lead_scores"]["Index Name"] == f"lead_scores_{sort}_idx"
    assert scans["lead_scores"].get("Rows Removed by Filter", 0) == 0


async def test_a_page_in_another_order_reads_the_scores_of_a_page(
    filled: Client, databases: Databases
) -> None:
    statement = leads_in_order("created_at", descending=True, after=False, conditions=())
    scans = await _scans(filled, databases, statement, {"limit": PAGE + 1})
    assert _rows(scans["lead_scores"]) <= PAGE + 1
    assert _rows(scans["leads"]) <= PAGE + 1


async def test_a_lead_is_read_with_its_score_alone(filled: Client, databases: Databases) -> None:
    scans = await _scans(filled, databases, _GET_SCORED, {"id": UUID(int=7)})
    assert [_rows(scans["leads"]), _rows(scans["lead_scores"])] == [1, 1]


def _rows(scan: dict[str, Any]) -> int:
    return int(scan["Actual Rows"] * scan["Actual Loops"])


async def _scans(
    client: Client, databases: Databases, statement: Statement, values: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """How each table is read, by the plan that every further call will use."""
    connection = await asyncpg.connect(databases.app_url)
    try:
        await connection.execute("BEGIN")
        await connection.execute(f"SET LOCAL app.workspace_id = '{client.workspace_id}'")
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        arguments = statement.arguments(values | {"workspace_id": client.workspace_id})
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}"
        told = json.loads(await connection.fetchval(explain, *arguments))[0]
    finally:
        await connection.close()
    return {n["Relation Name"]: n for n in _nodes(told["Plan"]) if "Relation Name" in n}


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)
