"""Connectors; their secrets are sealed before they get here."""

from sqlalchemy import Boolean, Column, LargeBinary, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.intake.connectors import VendorName
from app.repositories.tables import (
    index,
    instant,
    one_of,
    refers,
    tenant_table,
    text,
    versioned,
)

connectors = tenant_table(
    "connectors",
    text("name", required=True),
    text("vendor", required=True),
    Column("active", Boolean, nullable=False),
    Column("verify_signature", Boolean, nullable=False),
    Column("secret_sealed", LargeBinary),
    Column("access_token_sealed", LargeBinary),
    text("api_url"),
    text("touch_kind"),
    text("source"),
    Column("campaign_id", Uuid),
    text("default_country"),
    Column("mapping", JSONB, nullable=False),
    Column("consent_purposes", JSONB, nullable=False),
    Column("success", JSONB, nullable=False),
    instant("archived_at"),
    *versioned(),
    one_of("connectors", "vendor", VendorName),
    refers("connectors", "campaign_id", "campaigns", "campaign"),
    index("connectors", "created", "created_at", "id"),
)
