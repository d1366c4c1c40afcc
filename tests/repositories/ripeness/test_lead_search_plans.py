"""Conditions on indexed fields come off the indexes, as the service's own role under row-level
security."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from fastapi import FastAPI

from app.domain.condition_parsing import parse_condition
from app.domain.ripeness.engagement import Level, order_key
from app.domain.ripeness.score_conditions import searched_fields
from app.domain.ripeness.scoring import ScoringModel
from app.platform.db import Database
from app.repositories.conditions import shape_of, values_for
from app.repositories.ripeness import lead_search
from app.repositories.statements import Statement
from tests.conftest import Client, Databases, client_of

pytestmark = pytest.mark.anyio

LEADS = 20_000
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MODEL = ScoringModel(id=UUID(int=9), number=1, name="Model", published=True)

# One lead a minute, the newest now; every tenth has no touch yet.
FILL_LEADS = """
INSERT INTO leads (workspace_id, id, status, lifecycle_stage, email_norm, owner_id, custom,
                   unnormalised, search_key, touch_count, last_touch_at, created_at, updated_at,
                   version, full_name)
SELECT $1, lpad(to_hex(n), 32, '0')::uuid,
       (ARRAY['working', 'nurturing', 'new', 'new', 'new'])[least(5, 1 + n % 100)], 'lead',
       'lead' || n || '@example.com', NULL,
       '{}', '[]', '', 1, CASE WHEN n % 10 > 0 THEN $2::timestamptz - interval '1 minute' * n END,
       $2::timestamptz - interval '1 minute' * n, $2, 1, 'Lead ' || n
FROM generate_series(1, $3::int) AS n
"""
FILL_TOUCHES = """
INSERT INTO touchpoints (workspace_id, id, lead_id, kind, occurred_at, recorded_at)
SELECT l.workspace_id, gen_random_uuid(), l.id, (ARRAY['call', 'download'])[1 + k % 2],
       l.last_touch_at - interval '1 day' * k, $2
FROM leads AS l, generate_series(0, 2) AS k
WHERE l.workspace_id = $1 AND l.last_touch_at IS NOT NULL
"""
FILL_SCORES = """
INSERT INTO lead_scores (workspace_id, model_id, lead_id, fit, engagement, engagement_at,
                         engagement_key, scored_at)
SELECT l.workspace_id, $2, l.id, hashtext(l.id::text) & 63, (hashtext(l.id::text) & 127) / 2.0,
       $3::timestamptz, ($4::bigint[])[1 + (hashtext(l.id::text) & 127)], $3
FROM leads AS l WHERE l.workspace_id = $1
"""


@pytest.fixture(scope="module")
async def filled(app: FastAPI, owner_database: Database) -> AsyncIterator[Client]:
    """A workspace with many leads."""
    async with await client_of(app, owner_database) as client:
        workspace_id = client.workspace_id
        async with owner_database.connection() as connection, connection.transaction():
            await connection.execute(f"SET LOCAL app.workspace_id = '{workspace_id}'")
            await connection.execute(FILL_LEADS, workspace_id, NOW, LEADS)
            await connection.execute(FILL_TOUCHES, workspace_id, NOW)
            keys = [order_key(Level(n / 2, NOW), MODEL.half_life_days) for n in range(128)]
            await connection.execute(FILL_SCORES, workspace_id, MODEL.id, NOW, keys)
            for table in ("leads", "touchpoints", "lead_scores"):
                await connection.execute(f"ANALYZE {table}")
        yield client


async def plan_of(
    client: Client, databases: Databases, written: Any, *, count: bool = True
) -> dict[str, Any]:
    """How Postgres answers the condition."""
    condition = parse_condition(written, searched_fields([]))
    shape = shape_of(condition)
    statement = (
        lead_search._count(shape)
        if count
        else lead_search._page(shape, "created_at", descending=True, after=False)
    )
    values = values_for(condition, NOW, model=MODEL)
    values |= {"workspace_id": client.workspace_id, "limit": 51}
    connection = await asyncpg.connect(databases.app_url)
    try:
        await connection.execute("BEGIN")
        await connection.execute(f"SET LOCAL app.workspace_id = '{client.workspace_id}'")
        await connection.execute("SET LOCAL jit = off")
        return await explained(connection, statement, values)
    finally:
        await connection.close()


async def explained(
    connection: asyncpg.Connection, statement: Statement, values: dict[str, Any]
) -> dict[str, Any]:
    text = await connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}", *statement.arguments(values)
    )
    plan: dict[str, Any] = json.loads(text)[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


@pytest.mark.parametrize(
    ("written", "index", "column"),
    [
        ({"field": "email_norm", "op": "eq", "value": "lead77@example.com"}, "email", "email_norm"),
        ({"field": "email_norm", "op": "in", "value": ["a", "b"]}, "email", "email_norm"),
        ({"field": "status", "op": "eq", "value": "working"}, "status", "status"),
        ({"field": "owner_id", "op": "eq", "value": str(UUID(int=3))}, "owner", "owner_id"),
        ({"field": "created_at", "op": "gte", "value": {"hours_ago": 5}}, "created", "created_at"),
        ({"field": "created_at", "op": "gte", "value": "today"}, "created", "created_at"),
        (
            {"field": "last_touch_at", "op": "gte", "value": {"hours_ago": 5}},
            "last_touch",
            "last_touch_at",
        ),
        # No lead whose last touch is older has one in the window.
        (
            {"field": "touches", "kind": "call", "days": 1, "op": "gte", "value": 1},
            "last_touch",
            "last_touch_at",
        ),
    ],
)
async def test_an_indexed_field_is_looked_up(
    filled: Client, databases: Databases, written: Any, index: str, column: str
) -> None:
    plan = await plan_of(filled, databases, written)
    [scan] = [node for node in nodes(plan) if node.get("Relation Name") == "leads"]
    conditions = [node.get("Index Cond", "") for node in nodes(plan)]
    assert any(f"{column} " in condition for condition in conditions), plan
    assert f"leads_{index}_idx" in {node.get("Index Name") for node in nodes(plan)}
    assert scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0) < LEADS / 10


async def test_a_page_of_a_frequent_value_is_read_in_order(
    filled: Client, databases: Databases
) -> None:
    written = {"field": "status", "op": "eq", "value": "new"}
    plan = await plan_of(filled, databases, written, count=False)
    assert "Sort" not in {node["Node Type"] for node in nodes(plan)}
    for node in nodes(plan):
        assert node["Actual Rows"] <= 100
