"""What `touchline doctor` finds out about the database."""

import asyncio
import pkgutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

from app.cli.data_dir import DataDir
from app.cli.databases import embedded_settings, opened
from app.cli.problems import explained
from app.cli.settings import is_embedded
from app.platform import clock
from app.platform.config import Settings
from app.platform.db import MAXIMUM_VERSION, MINIMUM_VERSION, Database
from app.repositories import schema, tables

MOST_SKEW_SECONDS = 2.0
MIGRATE = "run `touchline migrate`"


@dataclass(frozen=True)
class Finding:
    """One line of the table; `remedy` says what to do, and is None when all is well."""

    subject: str
    value: str
    remedy: str | None = None


def database_findings(settings: Settings) -> list[Finding]:
    """Everything about the database that the settings lead to; nothing in it is changed."""
    if not is_embedded(settings):
        return asyncio.run(_all(settings))
    data_dir = DataDir(settings.data_dir)
    if not data_dir.postgres.cluster.exists():
        return [Finding("database", "none yet; `touchline serve` makes one")]
    try:
        with data_dir.running():
            return asyncio.run(_all(embedded_settings(settings, data_dir)))
    except Exception as error:
        return [Finding("database", "does not run", explained(error))]


async def _all(settings: Settings) -> list[Finding]:
    findings: list[Finding] = []
    if settings.database_owner_url is not None:
        findings += await _as_role("owner", settings.owner_url, [])
    if settings.database_url is None:
        remedy = "set it to the database, as the role touchline_app"
        return [*findings, Finding("TOUCHLINE_DATABASE_URL", "is not set", remedy)]
    checks = [_server, _role, _revision, _row_level_security, _extensions, _clock]
    findings += await _as_role("service", settings.app_url, checks)
    findings += await _as_role("key look-up", settings.auth_url, [_reads_keys_alone])
    return findings + await _as_role("intake", settings.intake_url, [])


Check = Callable[[Database], Awaitable[Finding]]


async def _as_role(subject: str, url: str, checks: Sequence[Check]) -> list[Finding]:
    findings = []
    try:
        async with opened(url) as database:
            [row] = await database.fetch("SELECT current_user AS role, current_database() AS name")
            findings.append(Finding(subject, f"reaches {row['name']} as {row['role']}"))
            findings += [await check(database) for check in checks]
    except Exception as error:
        findings.append(Finding(subject, "cannot use the database", explained(error)))
    return findings


async def _server(database: Database) -> Finding:
    [row] = await database.fetch(
        "SELECT current_setting('server_version') AS version,"
        " current_setting('server_version_num')::int / 10000 AS major"
    )
    fits = MINIMUM_VERSION <= row["major"] <= MAXIMUM_VERSION
    remedy = f"Touchline is made for {MINIMUM_VERSION} to {MAXIMUM_VERSION}"
    return Finding("postgres", row["version"], None if fits else remedy)


async def _role(database: Database) -> Finding:
    [row] = await database.fetch(
        """
        SELECT r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole,
               EXISTS (SELECT FROM pg_class c
                        WHERE c.relowner = r.oid AND c.relnamespace = 'public'::regnamespace)
                   AS owns
          FROM pg_roles r WHERE r.rolname = current_user
        """
    )
    powers = {
        "is a superuser": row["rolsuper"],
        "bypasses row-level security": row["rolbypassrls"],
        "creates roles": row["rolcreaterole"],
        "owns tables": row["owns"],
    }
    found = [power for power, held in powers.items() if held]
    if found:
        remedy = "connect as touchline_app (TOUCHLINE_DATABASE_URL)"
        return Finding("rights", f"{row['rolname']} {' and '.join(found)}", remedy)
    return Finding("rights", "no more than the service needs")


async def _revision(database: Database) -> Finding:
    present, newest = await schema.schema_revision(database), schema.head_revision()
    if present == newest:
        return Finding("schema", f"{present}, the newest")
    return Finding("schema", f"{present or 'none'}, the newest is {newest}", MIGRATE)


async def _row_level_security(database: Database) -> Finding:
    tenant = _tenant_tables()
    rows = await database.fetch(
        """
        SELECT c.relname FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace
           AND c.relrowsecurity AND c.relforcerowsecurity
           AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
        """
    )
    bare = sorted(tenant - {row["relname"] for row in rows})
    if bare:
        return Finding("row-level security", f"not forced on {', '.join(bare)}", MIGRATE)
    return Finding("row-level security", f"forced on all {len(tenant)} tables of workspaces")


def _tenant_tables() -> set[str]:
    for module in pkgutil.iter_modules(tables.__path__):
        import_module(f"{tables.__name__}.{module.name}")
    declared = tables.metadata.tables.values()
    return {t.name for t in declared if t.info["class"] is tables.TableClass.TENANT}


async def _extensions(database: Database) -> Finding:
    rows = await database.fetch("SELECT extname, extversion FROM pg_extension ORDER BY extname")
    found = {row["extname"]: row["extversion"] for row in rows}
    missing = [name for name in schema.EXTENSIONS if name not in found]
    if missing:
        return Finding("extensions", f"{', '.join(missing)} missing", MIGRATE)
    return Finding("extensions", ", ".join(f"{name} {found[name]}" for name in schema.EXTENSIONS))


async def _clock(database: Database) -> Finding:
    before = clock.now()
    [row] = await database.fetch("SELECT clock_timestamp() AS now")
    skew = (row["now"] - (before + (clock.now() - before) / 2)).total_seconds()
    remedy = "set both machines by NTP" if abs(skew) > MOST_SKEW_SECONDS else None
    return Finding("clocks", f"{abs(skew):.3f} s between here and the database", remedy)


async def _reads_keys_alone(database: Database) -> Finding:
    rows = await database.fetch(
        """
        SELECT c.relname FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
           AND has_table_privilege(c.oid, 'SELECT') ORDER BY c.relname
        """
    )
    readable = [row["relname"] for row in rows]
    if readable == ["api_keys"]:
        return Finding("key look-up rights", "reads api_keys and nothing else")
    remedy = "TOUCHLINE_DATABASE_AUTH_URL needs the role touchline_auth; " + MIGRATE
    return Finding("key look-up rights", f"reads {', '.join(readable) or 'nothing'}", remedy)
