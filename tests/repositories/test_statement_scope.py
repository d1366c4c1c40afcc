"""Every statement binds the workspace of every tenant table, and the checker of that can fail."""

import pytest

from app.platform.db import Database
from tests.conftest import Client
from tests.statement_scope import ScopeRecorder, complaints, tenant_tables

TABLES = frozenset({"leads", "events", "touchpoints"})

KEPT = {
    "select": "SELECT leads.id FROM leads WHERE leads.workspace_id = $1::UUID AND leads.id = $2",
    "alias": "SELECT l.id FROM public.leads AS l WHERE l.id = $2 AND l.workspace_id = $1",
    "alone": "SELECT id FROM leads WHERE workspace_id = $1",
    "parenthesis": "SELECT id FROM leads WHERE (leads.workspace_id = $1) AND (id = $2 OR id = $3)",
    "join": "SELECT 1 FROM leads JOIN events ON events.workspace_id = $1 AND events.id = leads.id "
    "WHERE leads.workspace_id = $1",
    "left join": "SELECT 1 FROM leads LEFT JOIN events AS e ON e.workspace_id = $1 "
    "WHERE leads.workspace_id = $1",
    "subquery": "SELECT 1 FROM leads WHERE leads.workspace_id = $1 AND NOT (EXISTS (SELECT 1 FROM "
    "events AS e WHERE e.workspace_id = $1 AND e.lead_id = leads.id))",
    "lateral": "SELECT 1 FROM unnest($1::UUID[]) AS a(id) JOIN LATERAL (SELECT events.id FROM "
    "events WHERE events.workspace_id = $2 LIMIT $3) AS e ON true",
    "union": "SELECT id FROM leads WHERE leads.workspace_id = $1 UNION ALL "
    "SELECT id FROM events WHERE events.workspace_id = $1",
    "distinct from": "SELECT 1 FROM leads WHERE leads.workspace_id = $1 AND a IS DISTINCT FROM b",
    "lock": "SELECT id FROM leads WHERE leads.workspace_id = $1 FOR NO KEY UPDATE OF leads",
    "update": "UPDATE leads SET a=x.a FROM unnest($2) AS x(a) WHERE leads.workspace_id = $1",
    "delete": "DELETE FROM leads USING unnest($1) AS x(id) WHERE leads.workspace_id = $2",
    "insert": "INSERT INTO leads (workspace_id, id) SELECT x.workspace_id, x.id "
    "FROM unnest($1, $2) AS x(workspace_id, id) ON CONFLICT (workspace_id, id) DO NOTHING",
    "insert values": "INSERT INTO leads (workspace_id) VALUES ($1) ON CONFLICT DO NOTHING",
    "cte": "WITH n AS (INSERT INTO leads (workspace_id, id) SELECT a, b FROM unnest($1, $2) "
    "AS x(a, b)) INSERT INTO events (workspace_id) VALUES ($3)",
    "not a tenant table": "SELECT workspaces.id FROM workspaces WHERE workspaces.slug = $1",
    "text": "SELECT 'FROM leads' AS a, extract(epoch FROM now())",
}

BROKEN = {
    "no condition": "SELECT leads.id FROM leads WHERE leads.id = $1",
    "nothing at all": "SELECT count(*) FROM leads",
    "or": "SELECT 1 FROM leads WHERE leads.workspace_id = $1 OR leads.id = $2",
    "nested or": "SELECT 1 FROM leads WHERE (leads.workspace_id = $1 OR true) AND leads.id = $2",
    "not": "SELECT 1 FROM leads WHERE NOT leads.workspace_id = $1",
    "unequal": "SELECT 1 FROM leads WHERE leads.workspace_id != $1",
    "setting": "SELECT 1 FROM leads WHERE leads.workspace_id = current_setting('a')::uuid",
    "only joined": "SELECT 1 FROM leads JOIN events ON events.workspace_id = leads.workspace_id "
    "WHERE leads.workspace_id = $1",
    "wrong side": "SELECT 1 FROM leads LEFT JOIN events ON leads.workspace_id = $1 "
    "AND events.workspace_id = $1",
    "comma": "SELECT 1 FROM leads, events WHERE leads.workspace_id = $1",
    "joined in parentheses": "SELECT 1 FROM (leads JOIN events ON true) "
    "WHERE leads.workspace_id = $1",
    "subquery": "SELECT 1 FROM leads WHERE leads.workspace_id = $1 AND EXISTS (SELECT 1 FROM "
    "events WHERE events.lead_id = leads.id AND leads.workspace_id = $1)",
    "scalar subquery": "SELECT (SELECT count(*) FROM events) FROM leads "
    "WHERE leads.workspace_id = $1",
    "second alias": "SELECT 1 FROM leads AS a JOIN leads AS b ON b.id = a.id "
    "WHERE a.workspace_id = $1",
    "union": "SELECT id FROM leads WHERE leads.workspace_id = $1 UNION SELECT id FROM events",
    "in a cte": "WITH n AS (SELECT id FROM leads) SELECT 1 FROM n",
    "update": "UPDATE leads SET workspace_id = $1 WHERE leads.id = $2",
    "update from": "UPDATE leads SET a = e.a FROM events AS e WHERE leads.workspace_id = $1",
    "delete": "DELETE FROM leads WHERE leads.id = $1",
    "delete using": "DELETE FROM leads USING events WHERE leads.workspace_id = $1",
    "insert": "INSERT INTO leads (id) VALUES ($1)",
    "insert without columns": "INSERT INTO leads VALUES ($1, $2)",
    "insert from": "INSERT INTO leads (workspace_id) SELECT events.workspace_id FROM events",
    "conflict": "INSERT INTO leads (workspace_id, id) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
    "truncate": "TRUNCATE leads",
    "copy": "COPY leads FROM STDIN",
    "merge": "MERGE INTO leads USING unnest($1) AS x(id) ON leads.workspace_id = $2",
    "only": "UPDATE ONLY leads SET a = $1 WHERE leads.workspace_id = $2",
    "quoted": 'SELECT 1 FROM "leads" WHERE id = $1',
    "two statements": "SELECT 1; SELECT 1 FROM leads",
}


@pytest.mark.parametrize("name", KEPT)
def test_a_statement_that_keeps_the_rule_is_accepted(name: str) -> None:
    assert complaints(KEPT[name], TABLES) == []


@pytest.mark.parametrize("name", BROKEN)
def test_a_statement_that_breaks_the_rule_is_found(name: str) -> None:
    assert complaints(BROKEN[name], TABLES)


def test_every_tenant_table_is_watched() -> None:
    assert {"leads", "events", "api_keys", "idempotency_keys"} <= tenant_tables()
    assert "workspaces" not in tenant_tables()


def test_a_statement_is_reported_once_to_the_test_that_sent_it() -> None:
    recorder = ScopeRecorder()
    recorder("SELECT count(*) FROM leads")
    recorder("SELECT count(*) FROM leads")
    assert len(recorder.take_problems()) == 1
    assert recorder.take_problems() == []


@pytest.mark.anyio
async def test_the_suite_hears_what_the_service_sends(
    client: Client, database: Database, statement_scope: ScopeRecorder
) -> None:
    assert (await client.get("/v1/leads")).status_code == 200
    assert any("FROM leads" in sql for sql in statement_scope.checked)
    assert any("FROM api_keys" in sql for sql in statement_scope.checked)
    await database.fetch("SELECT count(*) FROM leads")
    assert statement_scope.take_problems()
