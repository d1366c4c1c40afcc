"""Workspaces and who may enter them."""

from sqlalchemy import Boolean, Column, Integer, LargeBinary, PrimaryKeyConstraint, Text, Uuid
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.access.api_keys import KeyKind
from app.domain.access.users import Role
from app.repositories.tables import (
    index,
    instant,
    one_of,
    reference_table,
    refers,
    tenant_table,
    text,
    unique,
    versioned,
)

workspaces = reference_table(
    "workspaces",
    Column("id", Uuid, nullable=False),
    text("slug", required=True),
    instant("created_at", required=True),
    PrimaryKeyConstraint("id", name="workspaces_pkey"),
    Unique("slug", name="workspaces_slug_key"),
)

workspace_settings = tenant_table(
    "workspace_settings",
    text("name", required=True),
    text("default_country"),
    text("default_currency", required=True),
    text("time_zone", required=True),
    Column("qualification_policy", JSONB, nullable=False),
    Column("disqualify_reasons", JSONB, nullable=False),
    Column("merge_rules", JSONB, nullable=False, server_default=sql("'{}'")),
    Column("default_framework", Text, nullable=False, server_default="bant"),
    *versioned(),
)

teams = tenant_table(
    "teams",
    text("name", required=True),
    *versioned(),
    unique("teams", "name", "name"),
)

users = tenant_table(
    "users",
    text("name", required=True),
    text("email", required=True),
    text("role", required=True),
    Column("team_id", Uuid),
    text("time_zone", required=True),
    Column("active", Boolean, nullable=False),
    *versioned(),
    one_of("users", "role", Role),
    unique("users", "email", "email"),
    refers("users", "team_id", "teams", "team"),
    index("users", "created", "created_at", "id"),
)

api_keys = tenant_table(
    "api_keys",
    text("name", required=True),
    text("kind", required=True),
    text("prefix", required=True),
    Column("key_hash", LargeBinary, nullable=False),
    Column("scopes", JSONB, nullable=False),
    instant("created_at", required=True),
    instant("expires_at"),
    instant("revoked_at"),
    instant("last_used_at"),
    one_of("api_keys", "kind", KeyKind),
    unique("api_keys", "hash", "key_hash"),
    index("api_keys", "created", "created_at", "id"),
)

idempotency_keys = tenant_table(
    "idempotency_keys",
    Column("key", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    instant("created_at", required=True),
    index("idempotency_keys", "created", "created_at"),
    key=("key",),
)
