"""Forms: their parts are JSON, which nothing here looks into."""

from sqlalchemy import Boolean, Column, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from app.repositories.tables import index, instant, refers, tenant_table, text, versioned

forms = tenant_table(
    "forms",
    text("name", required=True),
    Column("active", Boolean, nullable=False),
    text("touch_kind", required=True),
    text("source"),
    Column("campaign_id", Uuid),
    text("default_country"),
    Column("fields", JSONB, nullable=False),
    Column("mapping", JSONB, nullable=False),
    Column("consents", JSONB, nullable=False),
    Column("success", JSONB, nullable=False),
    Column("allowed_origins", JSONB, nullable=False),
    Column("double_opt_in", JSONB, nullable=False),
    Column("protection", JSONB, nullable=False),
    instant("archived_at"),
    *versioned(),
    refers("forms", "campaign_id", "campaigns", "campaign"),
    index("forms", "created", "created_at", "id"),
)
