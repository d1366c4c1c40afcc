"""Touchpoints and the campaigns that caused them."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.record.campaigns import CampaignStatus
from app.domain.record.channels import Channel
from app.repositories.tables import (
    index,
    instant,
    one_of,
    refers,
    tenant_table,
    text,
    versioned,
)

campaigns = tenant_table(
    "campaigns",
    text("name", required=True),
    text("kind", required=True),
    text("channel"),
    text("status", required=True),
    Column("starts_on", Date),
    Column("ends_on", Date),
    Column("budget_minor", BigInteger),
    Column("cost_minor", BigInteger),
    text("currency"),
    text("description"),
    text("source_system"),
    text("external_id"),
    Column("owner_id", Uuid),
    Column("parent_id", Uuid),
    *versioned(),
    one_of("campaigns", "status", CampaignStatus),
    one_of("campaigns", "channel", Channel),
    refers("campaigns", "owner_id", "users", "owner"),
    refers("campaigns", "parent_id", "campaigns", "parent"),
    index("campaigns", "created", "created_at", "id"),
    index(
        "campaigns",
        "external",
        "source_system",
        "external_id",
        unique=True,
        postgresql_where=sql("external_id IS NOT NULL"),
    ),
)

touchpoints = tenant_table(
    "touchpoints",
    Column("lead_id", Uuid, nullable=False),
    text("kind", required=True),
    text("channel"),
    instant("occurred_at", required=True),
    instant("recorded_at", required=True),
    Column("campaign_id", Uuid),
    Column("utm", JSONB),
    Column("click_ids", JSONB),
    text("page_url"),
    text("referrer"),
    Column("products", JSONB),
    text("summary"),
    Column("payload", JSONB),
    text("source_system"),
    text("external_id"),
    Column("supersedes_id", Uuid),
    Column("user_id", Uuid),
    Column("api_key_id", Uuid),
    Column("is_test", Boolean, nullable=False, server_default=sql("false")),
    one_of("touchpoints", "channel", Channel),
    refers("touchpoints", "lead_id", "leads", "lead"),
    refers("touchpoints", "campaign_id", "campaigns", "campaign"),
    refers("touchpoints", "supersedes_id", "touchpoints", "supersedes"),
    index("touchpoints", "lead", "lead_id", "occurred_at", "id"),
    index(
        "touchpoints",
        "campaign",
        "campaign_id",
        "occurred_at",
        postgresql_where=sql("campaign_id IS NOT NULL"),
    ),
    index(
        "touchpoints",
        "external",
        "source_system",
        "external_id",
        unique=True,
        postgresql_where=sql("external_id IS NOT NULL"),
    ),
    index(
        "touchpoints",
        "supersedes",
        "supersedes_id",
        unique=True,
        postgresql_where=sql("supersedes_id IS NOT NULL"),
    ),
    append_only=True,
    moves_with_lead=True,
)
