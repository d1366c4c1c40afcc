"""Leads, the identities that point to them, and the workspace's own fields."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.leads.custom_fields import FieldType
from app.domain.leads.identities import IdentityKind
from app.domain.leads.status import LifecycleStage, Status
from app.domain.ripeness.qualification import Outcome
from app.repositories.tables import (
    index,
    instant,
    one_of,
    refers,
    tenant_table,
    text,
    unique,
    versioned,
)

leads = tenant_table(
    "leads",
    text("status", required=True),
    text("lifecycle_stage", required=True),
    text("first_name"),
    text("last_name"),
    text("full_name"),
    text("title"),
    text("company"),
    text("email"),
    text("email_norm"),
    text("phone"),
    text("phone_norm"),
    text("website"),
    text("web_domain"),
    text("street"),
    text("city"),
    text("region"),
    text("postal_code"),
    text("country"),
    text("country_code"),
    text("industry"),
    Column("employee_count", Integer),
    Column("annual_revenue_minor", BigInteger),
    text("currency"),
    text("language"),
    text("description"),
    text("source"),
    Column("campaign_id", Uuid),
    Column("owner_id", Uuid),
    Column("team_id", Uuid),
    Column("custom", JSONB, nullable=False),
    Column("unnormalised", JSONB, nullable=False),
    text("search_key", required=True),
    text("qualification_outcome"),
    Column("qualification_score", Integer),
    Column("qualification_completeness", Integer),
    text("disqualified_reason"),
    text("disqualified_note"),
    instant("mql_at"),
    instant("sql_at"),
    instant("opportunity_at"),
    instant("customer_at"),
    instant("first_touch_at"),
    instant("last_touch_at"),
    Column("touch_count", Integer, nullable=False),
    instant("deleted_at"),
    *versioned(),
    one_of("leads", "status", Status),
    one_of("leads", "lifecycle_stage", LifecycleStage),
    one_of("leads", "qualification_outcome", Outcome),
    refers("leads", "campaign_id", "campaigns", "campaign"),
    refers("leads", "owner_id", "users", "owner"),
    refers("leads", "team_id", "teams", "team"),
    index("leads", "created", "created_at", "id"),
    index("leads", "updated", "updated_at", "id"),
    index("leads", "last_touch", "last_touch_at", "id"),
    index("leads", "status", "status", "created_at", "id"),
    index("leads", "owner", "owner_id", "created_at", "id"),
    index("leads", "email", "email_norm", "created_at", "id"),
    index("leads", "search", "search_key", postgresql_using="gin", postgresql_ops={"search_key": "gin_trgm_ops"}),
)

lead_identities = tenant_table(
    "lead_identities",
    Column("lead_id", Uuid, nullable=False),
    text("kind", required=True),
    text("system", required=True),
    text("value", required=True),
    instant("created_at", required=True),
    one_of("lead_identities", "kind", IdentityKind),
    unique("lead_identities", "value", "kind", "system", "value"),
    refers("lead_identities", "lead_id", "leads", "lead"),
    index("lead_identities", "lead", "lead_id"),
)

custom_fields = tenant_table(
    "custom_fields",
    text("key", required=True),
    text("label", required=True),
    text("type", required=True),
    Column("choices", JSONB, nullable=False),
    Column("required", Boolean, nullable=False, server_default=sql("false")),
    text("description"),
    *versioned(),
    one_of("custom_fields", "type", FieldType),
    unique("custom_fields", "key", "key"),
)
