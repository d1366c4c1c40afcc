"""The journal of what changed."""

from sqlalchemy import BigInteger, Column, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from app.repositories.tables import index, instant, tenant_table, text

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
