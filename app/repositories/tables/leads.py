"""Leads, the identities that point to them, and the workspace's own fields."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, Integer, Text, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.leads.custom_fields import FieldType
from app.domain.leads.identities import IdentityKind, IdentitySource
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


def _countable(name: str, *columns: str) -> Index:
    """An index from which leads are counted without a look at their rows: whether one is deleted or
    a trial is asked by every list."""
    where = sql("deleted_at IS NULL")
    return index("leads", name, *columns, postgresql_include=["is_test"], postgresql_where=where)


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
    Column("match_key", Text, nullable=False, server_default=sql("''")),
    text("qualification_outcome"),
    Column("qualification_score", Integer),
    Column("qualification_completeness", Integer),
    text("disqualified_reason"),
    text("disqualified_note"),
    instant("mql_at"),
    instant("sql_at"),
    instant("opportunity_at"),
    instant("customer_at"),
    Column("is_test", Boolean, nullable=False, server_default=sql("false")),
    instant("first_touch_at"),
    instant("last_touch_at"),
    Column("touch_count", Integer, nullable=False),
    instant("deleted_at"),
    Column("merged_into", Uuid),
    *versioned(),
    one_of("leads", "status", Status),
    one_of("leads", "lifecycle_stage", LifecycleStage),
    one_of("leads", "qualification_outcome", Outcome),
    refers("leads", "campaign_id", "campaigns", "campaign"),
    refers("leads", "owner_id", "users", "owner"),
    refers("leads", "team_id", "teams", "team"),
    refers("leads", "merged_into", "leads", "merged_into"),
    _countable("created", "created_at", "id"),
    index("leads", "updated", "updated_at", "id"),
    _countable("last_touch", "last_touch_at", "id"),
    _countable("status", "status", "created_at", "id"),
    _countable("owner", "owner_id", "created_at", "id"),
    index("leads", "email", "email_norm", "created_at", "id"),
    index("leads", "merged_into", "merged_into", postgresql_where=sql("merged_into IS NOT NULL")),
    index(
        "leads",
        "search",
        "search_key",
        postgresql_using="gin",
        postgresql_ops={"search_key": "gin_trgm_ops"},
    ),
)

lead_identities = tenant_table(
    "lead_identities",
    Column("lead_id", Uuid, nullable=False),
    text("kind", required=True),
    text("system", required=True),
    text("value", required=True),
    Column("shared", Boolean, nullable=False, server_default=sql("false")),
    # Stands in the way of whoever would take the key for their own: an exclusive key does, and goes
    # on to when it becomes shared, for those who looked before it was there.
    Column("anchor", Boolean, nullable=False, server_default=sql("true")),
    instant("verified_at"),
    text("source", required=True),
    # The names of people seen with it who are not the lead.
    Column("other_names", JSONB, nullable=False),
    instant("created_at", required=True),
    one_of("lead_identities", "kind", IdentityKind),
    one_of("lead_identities", "source", IdentitySource),
    CheckConstraint("anchor OR shared", name="lead_identities_anchor_check"),
    unique("lead_identities", "lead", "lead_id", "kind", "system", "value"),
    refers("lead_identities", "lead_id", "leads", "lead"),
    index(
        "lead_identities",
        "anchor",
        "kind",
        "system",
        "value",
        unique=True,
        postgresql_where=sql("anchor"),
    ),
    # With the id, so that the newest of many who share a key are found at once.
    index("lead_identities", "value", "kind", "system", "value", "id"),
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
