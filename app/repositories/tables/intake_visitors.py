"""Visitors: what somebody did before we knew who it was."""

from sqlalchemy import Boolean, Column, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from app.repositories.tables import index, instant, refers, tenant_table, text

visitors = tenant_table(
    "visitors",
    text("visitor_id", required=True),
    Column("lead_id", Uuid),
    Column("shared", Boolean, nullable=False, server_default=sql("false")),
    instant("first_seen_at", required=True),
    instant("last_seen_at", required=True),
    instant("identified_at"),
    refers("visitors", "lead_id", "leads", "lead"),
    index("visitors", "lead", "lead_id", postgresql_where=sql("lead_id IS NOT NULL")),
    key=("visitor_id",),
)

visitor_touches = tenant_table(
    "visitor_touches",
    text("visitor_id", required=True),
    Column("submission_id", Uuid, nullable=False),
    text("kind", required=True),
    instant("occurred_at", required=True),
    instant("recorded_at", required=True),
    Column("utm", JSONB),
    Column("click_ids", JSONB),
    text("page_url"),
    text("referrer"),
    Column("products", JSONB),
    text("summary"),
    Column("payload", JSONB),
    Column("campaign_id", Uuid),
    Column("is_test", Boolean, nullable=False),
    Column("lead_id", Uuid),
    index("visitor_touches", "visitor", "visitor_id", "occurred_at", "id"),
    index("visitor_touches", "lead", "lead_id", postgresql_where=sql("lead_id IS NOT NULL")),
)
