"""How long a match takes among many leads, through HTTP as the service's own role."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import asyncpg

from app.domain.access.api_keys import KeyKind
from app.platform.config import with_database
from app.platform.db import Database
from app.platform.ids import new_id
from app.platform.secrets import Secrets
from app.repositories.schema import migrate
from app.repositories.tables.leads import leads as leads_table
from app.services.access.provisioning import add_api_key, create_workspace, find_workspace
from benchmarks.matching.sets import stored
from benchmarks.round_trips import client
from benchmarks.stage import SECRET, SLUG, Filled, Stage
from tests.matching.people import People

PEOPLE_AT_ONCE = 6_000
REQUESTS, WARM_UP = 2_000, 500
NOW = datetime(2026, 1, 1, tzinfo=UTC)

_COLUMNS = (
    "workspace_id id status lifecycle_stage first_name last_name full_name company email "
    "email_norm phone phone_norm website web_domain street city postal_code country country_code "
    "custom unnormalised search_key match_key touch_count is_test created_at updated_at version"
).split()
_IDENTITY = (
    "workspace_id id lead_id kind system value shared anchor source other_names created_at"
).split()
_KEY = "workspace_id record value record_id".split()


@dataclass(frozen=True)
class Latency:
    """Milliseconds a request."""

    leads: int
    keys: int
    requests: int
    p50: float
    p99: float
    slowest: float
    matched: float


async def measure_latency(leads: int, data_dir: Path | None) -> Latency:
    """Fill, warm up, ask."""
    async with Stage(data_dir).running() as stage:
        filled, keys = await _filled(stage, leads)
        asked = _questions(leads, WARM_UP + REQUESTS)
        took, matched = [], 0
        async with client(filled) as (caller, _):
            for body in asked:
                started = time.perf_counter()
                answer = await caller.post("/v1/leads/match", json=body)
                took.append((time.perf_counter() - started) * 1_000)
                matched += bool(answer.raise_for_status().json()["data"])
        warm = sorted(took[WARM_UP:])
        return Latency(
            leads=leads,
            keys=keys,
            requests=len(warm),
            p50=median(warm),
            p99=warm[int(len(warm) * 0.99)],
            slowest=warm[-1],
            matched=matched / len(asked),
        )


def _questions(leads: int, count: int) -> list[dict[str, Any]]:
    """People who are on record, told in as many ways as forms ask for them."""
    draw = random.Random(0)
    found: list[dict[str, Any]] = []
    while len(found) < count:
        seed = draw.randrange(max(1, leads // (PEOPLE_AT_ONCE * 3 // 2)))
        for known in draw.sample(People(seed, PEOPLE_AT_ONCE).records(), 200):
            names = ("first_name", "last_name", "full_name")
            some = draw.choice(
                (
                    known.fields.keys(),
                    (*names, "company", "email"),
                    (*names, "postal_code", "city", "phone"),
                    (*names, "company"),
                    ("email", "phone"),
                )
            )
            told = {name: known.fields[name] for name in some if name in known.fields}
            if told:
                found.append(told)
    return found[:count]


async def _filled(stage: Stage, leads: int) -> tuple[Filled, int]:
    """A database with this many leads, made now or taken up from an earlier run."""
    name = f"matching_{leads}"
    server = await asyncpg.connect(stage.postgres.url())
    try:
        if not await server.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await server.execute(f"CREATE DATABASE {name}")
    finally:
        await server.close()
    owner_url = with_database(stage.postgres.url(), name)
    await migrate(owner_url)
    database = Database(owner_url, pool_size=2, statement_timeout_seconds=600)
    await database.open()
    try:
        workspace_id = await find_workspace(database, SLUG)
        if workspace_id is None:
            workspace_id = await create_workspace(database, SLUG, "Bench", default_country="DE")
        key = await add_api_key(database, Secrets(SECRET), workspace_id, "bench", KeyKind.SECRET)
    finally:
        await database.close()
    connection = await asyncpg.connect(owner_url, command_timeout=7200)
    try:
        await connection.execute(f"SET app.workspace_id = '{workspace_id}'")
        if not await connection.fetchval("SELECT 1 FROM leads LIMIT 1"):
            await _fill(connection, workspace_id, leads)
        keys = await connection.fetchval("SELECT count(*) FROM match_keys")
    finally:
        await connection.close()
    return Filled(owner_url, workspace_id, key, leads), keys


async def _fill(connection: asyncpg.Connection, workspace_id: UUID, leads: int) -> None:
    print(f"filling {leads:,} leads …", flush=True)
    started = time.perf_counter()
    await connection.execute("SET session_replication_role = replica")
    # COPY is binary: the text behind the version of the format.
    await connection.set_type_codec(
        "jsonb",
        encoder=lambda text: b"\x01" + text.encode(),
        decoder=bytes,
        schema="pg_catalog",
        format="binary",
    )
    for seed, wanted in _batches(leads):
        people = People(seed, PEOPLE_AT_ONCE).records()[:wanted]
        rows = [_row(workspace_id, stored(known.fields)) for known in people]
        await connection.copy_records_to_table(
            "leads", records=[[row[n] for n in _COLUMNS] for row in rows], columns=_COLUMNS
        )
        await connection.copy_records_to_table(
            "lead_identities", records=_identities(workspace_id, seed, rows), columns=_IDENTITY
        )
        await connection.copy_records_to_table(
            "match_keys", records=_keys(workspace_id, rows), columns=_KEY
        )
    await connection.execute("VACUUM (ANALYZE)")
    await connection.execute("CHECKPOINT")
    print(f"  took {time.perf_counter() - started:.0f} s", flush=True)


def _batches(leads: int) -> Iterator[tuple[int, int]]:
    """As many sets of people as give so many records; a set gives about half as many again."""
    left, seed = leads, 0
    while left > 0:
        given = min(left, PEOPLE_AT_ONCE * 3 // 2)
        yield seed, given
        left, seed = left - given, seed + 1


def _row(workspace_id: UUID, columns: dict[str, Any]) -> dict[str, Any]:
    empty = dict.fromkeys(_COLUMNS)
    given = {name: value for name, value in columns.items() if name in leads_table.c}
    return {
        **empty,
        **given,
        "workspace_id": workspace_id,
        "id": new_id(),
        "status": "new",
        "lifecycle_stage": "lead",
        "custom": "{}",
        "unnormalised": "[]",
        "touch_count": 0,
        "is_test": False,
        "created_at": NOW,
        "updated_at": NOW,
        "version": 1,
    }


def _identities(workspace_id: UUID, seed: int, rows: list[dict[str, Any]]) -> list[list[Any]]:
    """The addresses and numbers of the leads; what several have is shared among them."""
    told = [
        (row["id"], kind, row[column])
        for row in rows
        for kind, column in (("email", "email_norm"), ("phone", "phone_norm"))
        if row[column]
    ]
    holders = Counter((kind, value) for _, kind, value in told)
    # What is unique in this set may be taken in another one.
    shared = [holders[kind, value] > 1 or seed > 0 for _, kind, value in told]
    return [
        [workspace_id, new_id(), *key[:2], "", key[2], common, not common, "migration", "[]", NOW]
        for key, common in zip(told, shared, strict=True)
    ]


def _keys(workspace_id: UUID, rows: list[dict[str, Any]]) -> list[list[Any]]:
    return [
        [workspace_id, "lead", int(key), row["id"]]
        for row in rows
        for key in row["match_key"].split()
    ]
