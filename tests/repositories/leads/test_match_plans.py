"""Candidates come off the indexes, as the service's own role under row-level security."""

import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from app.domain.leads.matching import Record
from app.platform.db import Database
from app.repositories.leads import match_candidates
from app.repositories.statements import Statement
from tests.conftest import Client, Databases

pytestmark = pytest.mark.anyio

KEYS, LEADS_A_KEY = 3_000, 4

FILL_KEYS = """
INSERT INTO match_keys (workspace_id, record, value, record_id)
SELECT $1, 'lead', n % 3000, gen_random_uuid() FROM generate_series(1, 12000) AS n
"""
FILL_IDENTITIES = """
INSERT INTO lead_identities (workspace_id, id, lead_id, kind, system, value, shared, anchor, source,
                             other_names, created_at)
SELECT $1, gen_random_uuid(), $2, 'phone', '', '+49' || n, true, false, 'api', '[]', now()
FROM generate_series(1, 12000) AS n
"""


@pytest.fixture
async def filled(client: Client, owner_database: Database) -> Client:
    """A workspace with many keys."""
    lead = (await client.post("/v1/leads", json={"full_name": "Ada Lovelace"})).json()
    async with owner_database.connection() as connection, connection.transaction():
        await connection.execute(f"SET LOCAL app.workspace_id = '{client.workspace_id}'")
        await connection.execute(FILL_KEYS, client.workspace_id)
        await connection.execute(FILL_IDENTITIES, client.workspace_id, lead["id"])
        await connection.execute("ANALYZE match_keys")
        await connection.execute("ANALYZE lead_identities")
    return client


async def test_keys_and_identities_are_looked_up_on_indexes(
    filled: Client, databases: Databases
) -> None:
    nobody = filled.workspace_id
    values = {
        "workspace_id": filled.workspace_id,
        "record": "lead",
        "askers": [nobody] * 5,
        "keys": [1, 2, 3, 4, 2_999],
        "reachers": [nobody],
        "kinds": ["phone"],
        "values": ["+4977"],
    }
    connection = await asyncpg.connect(databases.app_url)
    try:
        await connection.execute("BEGIN")
        await connection.execute(f"SET LOCAL app.workspace_id = '{filled.workspace_id}'")
        # The plan that every further call will use.
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        plan = await explained(connection, match_candidates.sharing_leads(), values)
    finally:
        await connection.close()
    scans = [node for node in nodes(plan) if "Relation Name" in node]
    assert {node["Relation Name"] for node in scans} == {"match_keys", "lead_identities"}
    for node in scans:
        assert node["Node Type"] in ("Index Scan", "Index Only Scan"), node
        assert "value = " in node["Index Cond"], node
        assert node.get("Rows Removed by Filter", 0) == 0
        assert node["Actual Rows"] <= 2 * LEADS_A_KEY


async def test_a_frequent_key_is_not_read_to_its_end(
    filled: Client, owner_database: Database, databases: Databases
) -> None:
    async with owner_database.connection() as connection, connection.transaction():
        await connection.execute(f"SET LOCAL app.workspace_id = '{filled.workspace_id}'")
        await connection.execute(FILL_KEYS.replace("n % 3000", "7"), filled.workspace_id)
    connection = await asyncpg.connect(databases.app_url)
    try:
        await connection.execute("BEGIN")
        await connection.execute(f"SET LOCAL app.workspace_id = '{filled.workspace_id}'")
        values = {
            "workspace_id": filled.workspace_id,
            "record": Record.LEAD.value,
            "askers": [filled.workspace_id],
            "keys": [7],
        }
        plan = await explained(connection, match_candidates.sharing(), values)
    finally:
        await connection.close()
    [scan] = [node for node in nodes(plan) if node.get("Relation Name") == "match_keys"]
    assert scan["Actual Rows"] == match_candidates.MOST_OF_A_KEY + 1


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
