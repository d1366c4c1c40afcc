"""Frameworks, what is known of leads in their words, and the gates that ask for it."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, Text, Uuid, false
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.ripeness.frameworks import FrameworkStatus
from app.domain.ripeness.verdicts import Outcome
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

frameworks = tenant_table(
    "frameworks",
    text("key", required=True),
    Column("number", Integer, nullable=False),
    text("name", required=True),
    text("status", required=True),
    Column("document", JSONB, nullable=False),
    Column("based_on", Uuid),
    instant("published_at"),
    instant("retired_at"),
    *versioned(),
    one_of("frameworks", "status", FrameworkStatus),
    unique("frameworks", "number", "key", "number"),
    index("frameworks", "created", "created_at", "id"),
    index(
        "frameworks",
        "published",
        "key",
        unique=True,
        postgresql_where=sql("status = 'published'"),
    ),
)

gates = tenant_table(
    "gates",
    text("name", required=True),
    Column("active", Boolean, nullable=False),
    Column("statuses", JSONB, nullable=False),
    Column("lifecycle_stages", JSONB, nullable=False),
    Column("stage_ids", JSONB, nullable=False),
    text("framework"),
    Column("criteria", JSONB, nullable=False),
    Column("min_score", Integer),
    Column("min_completeness", Integer),
    Column("no_conflicts", Boolean, nullable=False),
    Column("condition", JSONB),
    Column("override_allowed", Boolean, nullable=False),
    *versioned(),
    index("gates", "created", "created_at", "id"),
)

assessments = tenant_table(
    "assessments",
    Column("lead_id", Uuid, nullable=False),
    text("framework", required=True),
    text("outcome", required=True),
    Column("score", Integer, nullable=False),
    Column("completeness", Integer, nullable=False),
    text("note"),
    instant("assessed_at", required=True),
    instant("recorded_at", required=True),
    Column("user_id", Uuid),
    Column("api_key_id", Uuid),
    Column("framework_id", Uuid),
    Column("form_id", Uuid),
    Column("submission_id", Uuid),
    one_of("assessments", "outcome", Outcome),
    refers("assessments", "lead_id", "leads", "lead"),
    index("assessments", "lead", "lead_id", "assessed_at", "id"),
    append_only=True,
    moves_with_lead=True,
)

assessment_answers = tenant_table(
    "assessment_answers",
    Column("assessment_id", Uuid, nullable=False),
    Column("lead_id", Uuid, nullable=False),
    text("criterion", required=True),
    text("answer", required=True),
    Column("amount_minor", BigInteger),
    text("currency"),
    Column("decision_on", Date),
    text("role"),
    Column("confidence", Integer, nullable=False),
    text("evidence_text"),
    Column("evidence_touchpoint_id", Uuid),
    instant("answered_at", required=True),
    Column("answered_by", Uuid),
    Column("framework", Text, nullable=False, server_default="bant"),
    text("detail"),
    Column("by_lead", Boolean, nullable=False, server_default=false()),
    Column("settles", Boolean, nullable=False, server_default=false()),
    index("assessment_answers", "assessment", "assessment_id"),
    refers("assessment_answers", "assessment_id", "assessments", "assessment"),
    refers("assessment_answers", "lead_id", "leads", "lead"),
    refers("assessment_answers", "evidence_touchpoint_id", "touchpoints", "evidence"),
    index("assessment_answers", "lead", "lead_id", "criterion", "answered_at", "id"),
    append_only=True,
    moves_with_lead=True,
)
