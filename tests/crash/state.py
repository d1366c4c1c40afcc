"""What the service has stored, looked up behind its back as the superuser."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg

from tests.crash.ledger import DOMAIN, Found, key_of
from tests.crash.postgres import CrashablePostgres
from tests.crash.raw_http import Broken, HttpClient, NobodyListens
from tests.crash.service import Service

_ADDRESS = re.compile(rb"[a-z0-9-]+@" + re.escape(DOMAIN.encode()))
WAITS = "received"
SIDE_BY_SIDE = timedelta(seconds=0.5)
# Where a submission may rest when all is done; the suites send nothing that would be held.
DONE = "captured"


async def found(postgres: CrashablePostgres, workspace_id: UUID) -> Found:
    """Submissions, leads and touchpoints of a workspace."""
    submissions = await postgres.fetch(
        "SELECT id, raw, status FROM submissions WHERE workspace_id = $1", workspace_id
    )
    quarantined = await postgres.fetch(
        "SELECT id FROM quarantine WHERE workspace_id = $1", workspace_id
    )
    people = await postgres.fetch(
        """
        SELECT l.email_norm AS email, count(DISTINCT l.id) AS leads, count(t.id) AS touches
          FROM leads AS l
          LEFT JOIN touchpoints AS t ON t.workspace_id = l.workspace_id AND t.lead_id = l.id
         WHERE l.workspace_id = $1
         GROUP BY l.email_norm
        """,
        workspace_id,
    )
    counts = await postgres.fetch(
        "SELECT sum(issued) AS n FROM intake_counts WHERE workspace_id = $1", workspace_id
    )
    keys = {row["id"]: _named(row["raw"]) for row in submissions}
    return Found(
        submissions=[(str(receipt), key) for receipt, key in keys.items()],
        leads=Counter({key_of(row["email"] or "?"): row["leads"] for row in people}),
        touches=Counter({key_of(row["email"] or "?"): row["touches"] for row in people}),
        waiting=frozenset(str(row["id"]) for row in quarantined),
        quarantined=len(quarantined),
        issued=int(counts[0]["n"] or 0),
        uncaptured=frozenset(keys[row["id"]] for row in submissions if row["status"] != DONE),
    )


async def count_submissions(postgres: CrashablePostgres, workspace_id: UUID) -> int:
    """How many there are."""
    rows = await postgres.fetch(
        "SELECT count(*) AS n FROM submissions WHERE workspace_id = $1", workspace_id
    )
    return int(rows[0]["n"])


class Rest(NamedTuple):
    """What is not at rest yet: acknowledged and not stored, stored and not captured."""

    missing: int
    uncaptured: int


async def rest(
    postgres: CrashablePostgres, workspace_id: UUID, receipts: Sequence[str]
) -> Rest | None:
    """What is still to be done; None while Postgres does not say."""
    try:
        rows = await postgres.fetch(
            """
            SELECT (SELECT count(*) FROM submissions
                     WHERE workspace_id = $1 AND status = $2) AS uncaptured,
                   (SELECT count(*) FROM submissions
                     WHERE workspace_id = $1 AND id = ANY ($3::uuid[])) AS stored
            """,
            workspace_id,
            WAITS,
            receipts,
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return None
    return Rest(max(0, len(receipts) - int(rows[0]["stored"])), int(rows[0]["uncaptured"]))


async def metric(service: Service, name: str) -> float:
    """One figure of a running service's /metrics, all its labels summed; 0 when it is not told."""
    client = HttpClient(service.port)
    try:
        answer = await client.send("GET", "/metrics", {"Connection": "close"})
    except (Broken, NobodyListens):
        return 1.0
    finally:
        client.close()
    lines = answer.body.decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if re.match(rf"{name}[ {{]", line))


def _named(raw: bytes) -> str:
    address = _ADDRESS.search(raw)
    return key_of(address[0].decode()) if address else f"no address in {raw[:80]!r}"


async def out_of_order(postgres: CrashablePostgres, workspace_id: UUID, receipts: set[str]) -> int:
    """How many of these were captured well before one that had been received earlier.

    Two loops of the service capture side by side, so that neighbours may overtake by a moment.
    """
    rows = await postgres.fetch(
        "SELECT id, processed_at FROM submissions WHERE workspace_id = $1 ORDER BY received_at",
        workspace_id,
    )
    times = [row["processed_at"] for row in rows if str(row["id"]) in receipts]
    late, latest = 0, None
    for at in times:
        if at is None or (latest is not None and at < latest - SIDE_BY_SIDE):
            late += 1
        else:
            latest = at if latest is None else max(latest, at)
    return late


def alarm_raised(said: str, receipt: str, workspace_id: UUID, missing: int) -> bool:
    """Whether this log tells that this one is missing, or how many are in its workspace."""
    for line in said.splitlines():
        if '"critical"' not in line:
            continue
        told = json.loads(line)
        of_ours = told.get("workspace_id") == str(workspace_id)
        if told.get("receipt_id") == receipt or (of_ours and told.get("difference") == -missing):
            return True
    return False
