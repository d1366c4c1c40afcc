"""The journal of what changed, and the jobs that are to be done."""

from sqlalchemy import BigInteger, Column, Index, Integer, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.reach.jobs import JobStatus
from app.repositories.tables import index, instant, local_table, one_of, tenant_table, text

events = tenant_table(
    "events",
    text("type", required=True),
    text("subject_type", required=True),
    Column("subject_id", Uuid, nullable=False),
    Column("lead_id", Uuid),
    Column("user_id", Uuid),
    Column("api_key_id", Uuid),
    Column("data", JSONB, nullable=False),
    instant("occurred_at", required=True),
    instant("recorded_at", required=True),
    Column("position", BigInteger),
    index(
        "events", "position", "position", unique=True, postgresql_where=sql("position IS NOT NULL")
    ),
    index("events", "unplaced", "id", postgresql_where=sql("position IS NULL")),
    index(
        "events",
        "lead",
        "lead_id",
        "occurred_at",
        "id",
        postgresql_where=sql("lead_id IS NOT NULL"),
    ),
    index("events", "subject", "subject_id", "occurred_at", "id"),
)

event_positions = tenant_table(
    "event_positions",
    Column("last_position", BigInteger, nullable=False),
    key=(),
)

# Spelled out, and not bound as parameters: a generic plan sees that the partial indexes fit.
WAITING = "status IN ('queued', 'failed')"
RUNNING = "status = 'running'"
LIVE = "status IN ('queued', 'failed', 'running')"
OVER = "status IN ('done', 'cancelled', 'dead')"

jobs = local_table(
    "jobs",
    text("kind", required=True),
    Column("payload", JSONB, nullable=False),
    text("status", required=True),
    instant("run_at", required=True),
    Column("attempts", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    instant("locked_until"),
    Column("generation", BigInteger, nullable=False),
    text("last_error"),
    Column("progress", JSONB, nullable=False),
    text("dedupe_key"),
    instant("created_at", required=True),
    instant("updated_at", required=True),
    instant("finished_at"),
    one_of("jobs", "status", JobStatus),
    Index("jobs_due_idx", "run_at", "id", postgresql_where=sql(WAITING)),
    Index("jobs_lease_idx", "locked_until", postgresql_where=sql(RUNNING)),
    Index("jobs_finished_idx", "finished_at", postgresql_where=sql(OVER)),
    index("jobs", "created", "created_at", "id"),
    index(
        "jobs",
        "dedupe",
        "kind",
        "dedupe_key",
        unique=True,
        postgresql_where=sql(f"{LIVE} AND dedupe_key IS NOT NULL"),
    ),
)
