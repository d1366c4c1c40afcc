"""Assessments: versions of what is known about budget, authority, need and timeline."""

from sqlalchemy import BigInteger, Column, Date, Integer, Uuid

from app.domain.ripeness.qualification import Criterion, Outcome
from app.repositories.tables import (
    index,
    instant,
    one_of,
    refers,
    tenant_table,
    text,
    unique,
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
    one_of("assessment_answers", "criterion", Criterion),
    unique("assessment_answers", "criterion", "assessment_id", "criterion"),
    refers("assessment_answers", "assessment_id", "assessments", "assessment"),
    refers("assessment_answers", "lead_id", "leads", "lead"),
    refers("assessment_answers", "evidence_touchpoint_id", "touchpoints", "evidence"),
    index("assessment_answers", "lead", "lead_id", "criterion", "answered_at", "id"),
    append_only=True,
    moves_with_lead=True,
)
