"""Providers of enrichment, what they answered and cost, and what they propose."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, LargeBinary, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.leads.enrichment import LookupBy, ProposalStatus, WritePolicy
from app.repositories.tables import (
    index,
    instant,
    one_of,
    refers,
    tenant_table,
    text,
    versioned,
)

enrichment_providers = tenant_table(
    "enrichment_providers",
    text("name", required=True),
    Column("active", Boolean, nullable=False),
    Column("on_create", Boolean, nullable=False),
    text("lookup_by", required=True),
    text("method", required=True),
    text("url", required=True),
    Column("headers", JSONB, nullable=False),
    Column("body", JSONB),
    Column("secret_sealed", LargeBinary),
    Column("mapping", JSONB, nullable=False),
    text("policy", required=True),
    Column("policies", JSONB, nullable=False),
    Column("timeout_seconds", Integer, nullable=False),
    Column("monthly_budget", Integer),
    Column("cache_days", Integer, nullable=False),
    Column("miss_cache_days", Integer, nullable=False),
    instant("archived_at"),
    *versioned(),
    one_of("enrichment_providers", "lookup_by", LookupBy),
    one_of("enrichment_providers", "policy", WritePolicy),
    index("enrichment_providers", "created", "created_at", "id"),
)

# How often a provider was asked in a month; the month is its first day.
enrichment_usage = tenant_table(
    "enrichment_usage",
    Column("provider_id", Uuid, nullable=False),
    Column("month", Date, nullable=False),
    Column("used", Integer, nullable=False),
    refers("enrichment_usage", "provider_id", "enrichment_providers", "provider"),
    key=("provider_id", "month"),
)

# Failures in a row, and until when a provider is left alone for them.
enrichment_breakers = tenant_table(
    "enrichment_breakers",
    Column("provider_id", Uuid, nullable=False),
    Column("failures", Integer, nullable=False),
    instant("open_until"),
    refers("enrichment_breakers", "provider_id", "enrichment_providers", "provider"),
    key=("provider_id",),
)

# What was answered, or null while the first answer is waited for: one asks, others wait.
enrichment_answers = tenant_table(
    "enrichment_answers",
    Column("provider_id", Uuid, nullable=False),
    text("lookup_key", required=True),
    Column("told", JSONB),
    Column("found", Boolean),
    instant("fetched_at"),
    instant("expires_at"),
    instant("asked_until"),
    refers("enrichment_answers", "provider_id", "enrichment_providers", "provider"),
    key=("provider_id", "lookup_key"),
)

enrichment_proposals = tenant_table(
    "enrichment_proposals",
    Column("lead_id", Uuid, nullable=False),
    Column("provider_id", Uuid, nullable=False),
    text("field", required=True),
    Column("value", JSONB),
    Column("present", JSONB),
    text("status", required=True),
    instant("created_at", required=True),
    instant("decided_at"),
    Column("user_id", Uuid),
    Column("api_key_id", Uuid),
    one_of("enrichment_proposals", "status", ProposalStatus),
    refers("enrichment_proposals", "lead_id", "leads", "lead"),
    refers("enrichment_proposals", "provider_id", "enrichment_providers", "provider"),
    index("enrichment_proposals", "lead", "lead_id", "created_at", "id"),
    index(
        "enrichment_proposals",
        "open",
        "lead_id",
        "provider_id",
        "field",
        unique=True,
        postgresql_where=sql("status = 'open'"),
    ),
)

# Up to which event of the journal leads have been enriched by themselves.
enrichment_progress = tenant_table(
    "enrichment_progress",
    Column("position", BigInteger, nullable=False),
    key=(),
)
