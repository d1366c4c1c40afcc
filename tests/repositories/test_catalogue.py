"""The catalogue of the database, table by table: the rules of section 6 as Postgres sees them."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from app.platform.config import with_user
from app.repositories.leads.lead_rows import MOVES, STAYS
from app.repositories.schema import ROLES
from app.repositories.tables import TableClass, metadata
from app.repositories.unit_of_work import UnitOfWork  # noqa: F401 - declares every table
from tests.conftest import Databases

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

BOOKKEEPING = {"alembic_version"}
POLICY = (
    "(workspace_id = (NULLIF(current_setting('app.workspace_id'::text, true), ''::text))::uuid)"
)

# Policies beside the workspace's own, and why. None of them is for the role of the service.
OTHER_POLICIES = {
    ("api_keys", "api_keys_auth", "touchline_auth"): "resolves a key before a workspace is known",
    ("leads", "leads_search", "touchline_search"): "owns the audited search function",
    ("submissions", "submissions_intake_add", "touchline_intake"): "adds those of any workspace",
    ("submissions", "submissions_intake_see", "touchline_intake"): "knows a repeat",
    ("quarantine", "quarantine_intake_add", "touchline_intake"): "keeps what was refused",
    ("quarantine", "quarantine_intake_see", "touchline_intake"): "knows a repeat",
    ("intake_counts", "intake_counts_intake", "touchline_intake"): "counts receipts",
}
DEFINER_FUNCTIONS = {"search_leads"}

# Of what it adds the intake sees a few columns, by which it knows a repeat.
INTAKE = {
    "submissions": {"INSERT", "SELECT"},
    "quarantine": {"INSERT", "SELECT"},
    "intake_counts": {"INSERT", "SELECT", "UPDATE"},
}
SEEN_AT_INTAKE = {
    "submissions": {"workspace_id", "id", "received_at", "body_hash", "status"},
    "quarantine": {"workspace_id", "id", "received_at"},
}

TENANT = sorted(t.name for t in metadata.tables.values() if t.info["class"] is TableClass.TENANT)
APPEND_ONLY = sorted(t.name for t in metadata.tables.values() if t.info["append_only"])
MOVED_BY_MERGES = sorted(t.name for t in metadata.tables.values() if t.info.get("moves_with_lead"))


@pytest.fixture
async def owner(databases: Databases) -> AsyncIterator[asyncpg.Connection]:
    """The schema's owner, in a transaction that is rolled back."""
    connection = await asyncpg.connect(databases.owner_url)
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


# Each query finds what breaks a rule of tenant tables; $1 names the tables.
FAULTS = {
    "no row-level security, or not forced": """
        SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class
         WHERE relname = ANY($1::text[]) AND relnamespace = 'public'::regnamespace
           AND NOT (relrowsecurity AND relforcerowsecurity)""",
    "workspace_id is not first, a uuid and required": """
        SELECT t.name FROM unnest($1::text[]) AS t(name)
         WHERE NOT EXISTS (SELECT FROM pg_attribute
                            WHERE attrelid = t.name::regclass AND attname = 'workspace_id'
                              AND attnum = 1 AND atttypid = 'uuid'::regtype AND attnotnull)""",
    "no primary key that starts with workspace_id": """
        SELECT t.name FROM unnest($1::text[]) AS t(name)
         WHERE NOT EXISTS (SELECT FROM pg_index i
                            WHERE i.indrelid = t.name::regclass AND i.indisprimary
                              AND i.indkey[0] = 1)""",
    "an index that does not start with workspace_id": """
        SELECT t.name, i.indexrelid::regclass::text
          FROM unnest($1::text[]) AS t(name) JOIN pg_index i ON i.indrelid = t.name::regclass
         WHERE i.indkey[0] <> 1""",
    "a foreign key without workspace_id first on both sides": """
        SELECT t.name, k.conname
          FROM unnest($1::text[]) AS t(name)
          JOIN pg_constraint k ON k.conrelid = t.name::regclass AND k.contype = 'f'
         WHERE k.conkey[1] <> 1 OR k.confkey[1] <> 1 OR cardinality(k.conkey) < 2""",
    "a foreign key that acts other than by CASCADE on delete": """
        SELECT k.conrelid::regclass::text, k.conname FROM pg_constraint k
         WHERE k.contype = 'f' AND k.conrelid::regclass::text = ANY($1::text[])
           AND (k.confdeltype NOT IN ('a', 'r', 'c') OR k.confupdtype <> 'a')""",
    "a foreign key from another kind of table": """
        SELECT k.conrelid::regclass::text, k.conname FROM pg_constraint k
         WHERE k.contype = 'f' AND k.confrelid::regclass::text = ANY($1::text[])
           AND NOT k.conrelid::regclass::text = ANY($1::text[])""",
    "a foreign key to a table that is neither tenant nor reference": """
        SELECT k.conrelid::regclass::text, k.conname FROM pg_constraint k
         WHERE k.contype = 'f' AND k.conrelid::regclass::text = ANY($1::text[])
           AND NOT k.confrelid::regclass::text = ANY($1::text[] || $2::text[])""",
    "a trigger or a rule": """
        SELECT g.tgrelid::regclass::text, g.tgname FROM pg_trigger g
          JOIN pg_class c ON c.oid = g.tgrelid
         WHERE NOT g.tgisinternal AND c.relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT r.ev_class::regclass::text, r.rulename FROM pg_rewrite r
          JOIN pg_class c ON c.oid = r.ev_class WHERE c.relnamespace = 'public'::regnamespace""",
    "an enum, domain, citext or other type that is not built in": """
        SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_class c
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          JOIN pg_type y ON y.oid = a.atttypid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
           AND (y.typnamespace <> 'pg_catalog'::regnamespace OR y.typtype <> 'b')""",
    "a type that row-level security keeps from its index": """
        SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_class c
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relname = ANY($1::text[]) AND a.atttypid IN
               ('numeric'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'timestamp'::regtype)""",
    "a default made by the database": """
        SELECT d.adrelid::regclass::text, pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
         WHERE d.adrelid::regclass::text = ANY($1::text[])
           AND pg_get_expr(d.adbin, d.adrelid) ~ '\\('""",
    "an identity that is not bigint": """
        SELECT attrelid::regclass::text, attname FROM pg_attribute
         WHERE attrelid::regclass::text = ANY($1::text[]) AND attidentity <> ''
           AND atttypid <> 'int8'::regtype""",
    "a name over 50 characters": """
        SELECT conname FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace AND length(conname) > 50
        UNION ALL
        SELECT relname FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND length(relname) > 50""",
    "a partition or a child table": """
        SELECT inhrelid::regclass::text FROM pg_inherits
          JOIN pg_class c ON c.oid = inhrelid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')""",
    "a view that does not check as its caller": """
        SELECT relname FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')
           AND NOT (relkind = 'v' AND coalesce(reloptions, '{}') @> '{security_invoker=true}')""",
    "a grant to everybody": """
        SELECT c.relname FROM pg_class c, aclexplode(c.relacl) g
         WHERE c.relnamespace = 'public'::regnamespace AND g.grantee = 0
        UNION ALL
        SELECT a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid,
               aclexplode(a.attacl) g
         WHERE c.relnamespace = 'public'::regnamespace AND g.grantee = 0
        UNION ALL
        SELECT nspname FROM pg_namespace WHERE nspname = 'public'
           AND has_schema_privilege('public', 'public', 'CREATE')""",
}

# How each rule is broken, to see it found.
BREAKERS = {
    "no row-level security, or not forced": "ALTER TABLE leads NO FORCE ROW LEVEL SECURITY",
    "workspace_id is not first, a uuid and required": "ALTER TABLE leads DROP CONSTRAINT "
    "leads_pkey CASCADE; ALTER TABLE leads ALTER workspace_id DROP NOT NULL",
    "no primary key that starts with workspace_id": "ALTER TABLE events DROP CONSTRAINT "
    "events_pkey, ADD CONSTRAINT events_pkey PRIMARY KEY (id, workspace_id)",
    "an index that does not start with workspace_id": "CREATE INDEX x ON leads (email)",
    "a foreign key without workspace_id first on both sides": "ALTER TABLE leads ADD FOREIGN KEY "
    "(workspace_id) REFERENCES workspaces (id) NOT VALID",
    "a foreign key that acts other than by CASCADE on delete": "ALTER TABLE leads ADD FOREIGN KEY "
    "(workspace_id, team_id) REFERENCES teams ON DELETE SET NULL NOT VALID",
    "a foreign key from another kind of table": "CREATE TABLE x (w uuid, i uuid, "
    "FOREIGN KEY (w, i) REFERENCES leads)",
    "a foreign key to a table that is neither tenant nor reference": "CREATE TABLE x "
    "(w uuid, i uuid, PRIMARY KEY (w, i)); ALTER TABLE leads ADD FOREIGN KEY "
    "(workspace_id, id) REFERENCES x NOT VALID",
    "a trigger or a rule": "CREATE TRIGGER x BEFORE UPDATE ON leads EXECUTE FUNCTION "
    "suppress_redundant_updates_trigger()",
    "an enum, domain, citext or other type that is not built in": "CREATE TYPE mood AS ENUM ('a'); "
    "ALTER TABLE leads ADD mood mood",
    "a type that row-level security keeps from its index": "ALTER TABLE leads ADD n numeric",
    "a default made by the database": "ALTER TABLE leads ALTER created_at SET DEFAULT now()",
    "an identity that is not bigint": "ALTER TABLE leads ADD n int GENERATED ALWAYS AS IDENTITY",
    "a name over 50 characters": f"CREATE INDEX {'x' * 51} ON leads (workspace_id)",
    "a partition or a child table": "CREATE TABLE x () INHERITS (leads)",
    "a view that does not check as its caller": "CREATE VIEW x AS SELECT * FROM leads",
    "a grant to everybody": "GRANT SELECT ON leads TO PUBLIC",
}


async def _faults(connection: asyncpg.Connection, rule: str) -> list[tuple[Any, ...]]:
    references = [t.name for t in metadata.tables.values() if t.name not in TENANT]
    sql = FAULTS[rule]
    arguments = [a for mark, a in (("$1", TENANT), ("$2", references)) if mark in sql]
    return [tuple(row) for row in await connection.fetch(sql, *arguments)]


@pytest.mark.parametrize("rule", FAULTS)
async def test_no_table_has_this_fault(owner: asyncpg.Connection, rule: str) -> None:
    assert await _faults(owner, rule) == []


@pytest.mark.parametrize("rule", FAULTS)
async def test_the_fault_is_found_when_it_is_there(owner: asyncpg.Connection, rule: str) -> None:
    await owner.execute(BREAKERS[rule])
    assert await _faults(owner, rule)


async def test_every_table_is_declared_with_its_class(owner: asyncpg.Connection) -> None:
    rows = await owner.fetch(
        "SELECT relname FROM pg_class "
        "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'f')"
    )
    assert {row["relname"] for row in rows} - BOOKKEEPING == set(metadata.tables)
    assert all(isinstance(t.info["class"], TableClass) for t in metadata.tables.values())
    with_workspace = {t.name for t in metadata.tables.values() if "workspace_id" in t.columns}
    assert set(TENANT) >= with_workspace - _local_tables()


async def test_every_tenant_table_has_the_one_policy(owner: asyncpg.Connection) -> None:
    assert await _policy_faults(owner) == []


@pytest.mark.parametrize(
    "breaker",
    [
        "DROP POLICY leads_workspace ON leads",
        "ALTER POLICY leads_workspace ON leads WITH CHECK (true)",
        "ALTER POLICY leads_workspace ON leads USING (true)",
        "ALTER POLICY leads_workspace ON leads TO touchline_app",
        "CREATE POLICY more ON leads USING (true)",
        "CREATE POLICY more ON leads FOR SELECT TO touchline_app USING (true)",
    ],
)
async def test_a_policy_that_is_not_the_one_is_found(
    owner: asyncpg.Connection, breaker: str
) -> None:
    await owner.execute(breaker)
    assert await _policy_faults(owner)


async def _policy_faults(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch("SELECT * FROM pg_policies WHERE schemaname = 'public'")
    found = []
    for table in TENANT:
        for_everybody = [r for r in rows if r["tablename"] == table and r["roles"] == ["public"]]
        wanted = [("PERMISSIVE", "ALL", POLICY, POLICY)]
        if [
            (r["permissive"], r["cmd"], r["qual"], r["with_check"]) for r in for_everybody
        ] != wanted:
            found.append(f"{table}: {for_everybody}")
    others = {
        (r["tablename"], r["policyname"], *r["roles"]) for r in rows if r["roles"] != ["public"]
    }
    return found + [f"not accounted for: {other}" for other in others ^ OTHER_POLICIES.keys()]


@pytest.mark.parametrize("role", ROLES)
async def test_no_role_can_step_around_the_policies(owner: asyncpg.Connection, role: str) -> None:
    found = await owner.fetchrow("SELECT * FROM pg_roles WHERE rolname = $1", role)
    assert found is not None
    for power in ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolreplication"):
        assert not found[power], power
    member_of = await owner.fetch(
        "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = $1::regrole", role
    )
    assert member_of == []
    owned = await owner.fetch(
        """
        SELECT c.relname AS name FROM pg_class c WHERE c.relowner = $1::regrole
        UNION ALL SELECT p.proname FROM pg_proc p WHERE p.proowner = $1::regrole
        UNION ALL SELECT n.nspname FROM pg_namespace n WHERE n.nspowner = $1::regrole
        UNION ALL SELECT d.datname FROM pg_database d WHERE d.datdba = $1::regrole
        """,
        role,
    )
    expected = DEFINER_FUNCTIONS if role == "touchline_search" else set()
    assert {row["name"] for row in owned} == expected


async def test_only_the_roles_that_serve_log_in(owner: asyncpg.Connection) -> None:
    rows = await owner.fetch(
        "SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname = ANY($1::text[])", list(ROLES)
    )
    assert {row["rolname"]: row["rolcanlogin"] for row in rows} == ROLES
    assert not ROLES["touchline_search"]


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_what_is_on_record_stays_as_it_is(owner: asyncpg.Connection, table: str) -> None:
    allowed = {"UPDATE"} if table in MOVED_BY_MERGES else set()
    assert await _privileges(owner, "touchline_app", table) & {"UPDATE", "DELETE"} == allowed


@pytest.mark.parametrize("table", MOVED_BY_MERGES)
async def test_a_merge_changes_nothing_but_the_lead(owner: asyncpg.Connection, table: str) -> None:
    rows = await owner.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 "
        "AND has_column_privilege('touchline_app', attrelid, attname, 'UPDATE')",
        table,
    )
    assert [row["attname"] for row in rows] == ["lead_id"]


async def test_merging_knows_every_column_that_points_to_a_lead(owner: asyncpg.Connection) -> None:
    rows = await owner.fetch(
        """
        SELECT c.relname AS table, a.attname AS column FROM pg_class c
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
           AND (a.attname ~ '(^|_)lead(_id|_[ab])?$|^(record|first|second)_id$' OR EXISTS
                (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid
                    AND k.confrelid = 'leads'::regclass AND a.attnum = ANY(k.conkey)
                    AND a.attname <> 'workspace_id'))
           AND a.atttypid = 'uuid'::regtype
        """
    )
    pointing = {(row["table"], row["column"]) for row in rows}
    moved = {(moves.table.name, column) for moves in MOVES for column in moves.columns}
    assert moved & STAYS.keys() == set()
    assert pointing == moved | STAYS.keys()


async def test_an_event_can_be_placed_and_not_changed(owner: asyncpg.Connection) -> None:
    assert await _privileges(owner, "touchline_app", "events") == {"SELECT", "INSERT", "UPDATE"}
    rows = await owner.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'events'::regclass AND attnum > 0 "
        "AND has_column_privilege('touchline_app', 'events', attname, 'UPDATE')"
    )
    assert [row["attname"] for row in rows] == ["position"]


@pytest.mark.parametrize("table", sorted(metadata.tables))
async def test_each_role_may_do_its_own_work_only(owner: asyncpg.Connection, table: str) -> None:
    assert await _privileges(owner, "touchline_app", table) <= {
        "SELECT",
        "INSERT",
        "UPDATE",
        "DELETE",
    }
    auth = {"SELECT"} if table == "api_keys" else set()
    assert await _privileges(owner, "touchline_auth", table) == auth
    assert await _privileges(owner, "touchline_intake", table) == INTAKE.get(table, set())
    search = {"SELECT"} if table == "leads" else set()
    assert await _privileges(owner, "touchline_search", table) == search


@pytest.mark.parametrize("table", sorted(SEEN_AT_INTAKE))
async def test_the_intake_sees_no_content(owner: asyncpg.Connection, table: str) -> None:
    rows = await owner.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 "
        "AND has_column_privilege('touchline_intake', attrelid, attname, 'SELECT')",
        table,
    )
    assert {row["attname"] for row in rows} == SEEN_AT_INTAKE[table]


async def test_definer_functions_are_the_listed_ones(owner: asyncpg.Connection) -> None:
    rows = await owner.fetch(
        """
        SELECT p.proname AS name, p.proconfig AS settings,
               has_function_privilege('public', p.oid, 'EXECUTE') AS for_everybody,
               has_function_privilege('touchline_auth', p.oid, 'EXECUTE') AS for_auth
          FROM pg_proc p
         WHERE p.prosecdef AND p.pronamespace NOT IN
               ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
        """
    )
    assert {row["name"] for row in rows} == DEFINER_FUNCTIONS
    for row in rows:
        assert row["settings"] == ["search_path=pg_catalog, public"]
        assert not row["for_everybody"]
        assert not row["for_auth"]


async def test_there_is_no_other_stored_logic(owner: asyncpg.Connection) -> None:
    rows = await owner.fetch(
        """
        SELECT proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
           AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
        """
    )
    assert {row["proname"] for row in rows} == DEFINER_FUNCTIONS


async def test_the_role_that_resolves_keys_reads_nothing_else(databases: Databases) -> None:
    connection = await asyncpg.connect(with_user(databases.owner_url, "touchline_auth"))
    try:
        await connection.fetch("SELECT 1 FROM api_keys")
        for table in sorted(set(metadata.tables) - {"api_keys"}):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f"SELECT 1 FROM {table}")
        for statement in ("DELETE FROM api_keys", "UPDATE api_keys SET name = 'x'"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def _privileges(connection: asyncpg.Connection, role: str, table: str) -> set[str]:
    """What the role may do with the table or any column of it."""
    found = set()
    for privilege in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"):
        by_column = privilege in ("SELECT", "INSERT", "UPDATE", "REFERENCES")
        check = "has_any_column_privilege" if by_column else "has_table_privilege"
        if await connection.fetchval(f"SELECT {check}($1, $2, $3)", role, table, privilege):
            found.add(privilege)
    return found


def _local_tables() -> set[str]:
    return {t.name for t in metadata.tables.values() if t.info["class"] is TableClass.LOCAL}
