"""Scoring models, a version each, and how leads score by those that are live."""

from sqlalchemy import BigInteger, Column, Integer, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, JSONB

from app.domain.ripeness.scoring_models import ModelStatus
from app.repositories.tables import (
    index,
    instant,
    one_of,
    tenant_table,
    text,
    unique,
    versioned,
)

scoring_models = tenant_table(
    "scoring_models",
    Column("number", Integer, nullable=False),
    text("name", required=True),
    text("status", required=True),
    Column("document", JSONB, nullable=False),
    # How the workspace's own fields that the document tests were declared when it was written.
    Column("declared_fields", JSONB, nullable=False),
    # May be gone: a draft can be deleted.
    Column("based_on", Uuid),
    # The job that publishes it, or did so last.
    Column("job_id", Uuid),
    instant("published_at"),
    instant("retired_at"),
    *versioned(),
    one_of("scoring_models", "status", ModelStatus),
    unique("scoring_models", "number", "number"),
    index("scoring_models", "created", "created_at", "id"),
    index(
        "scoring_models",
        "published",
        "status",
        unique=True,
        postgresql_where=sql("status = 'published'"),
    ),
    index(
        "scoring_models",
        "publishing",
        "status",
        unique=True,
        postgresql_where=sql("status = 'publishing'"),
    ),
)

# The number that the next model gets. A draft that is deleted takes its number with it.
scoring_numbers = tenant_table(
    "scoring_numbers",
    Column("last", Integer, nullable=False),
    key=(),
)

# Engagement is `engagement` as of `engagement_at`; `engagement_key` orders leads by what it is
# worth at any time. Nothing refers to leads or models: rows are many, and leads are never removed.
lead_scores = tenant_table(
    "lead_scores",
    Column("model_id", Uuid, nullable=False),
    Column("lead_id", Uuid, nullable=False),
    Column("fit", Integer, nullable=False),
    text("knocked_out_by"),
    Column("engagement", DOUBLE_PRECISION, nullable=False),
    instant("engagement_at"),
    Column("engagement_key", BigInteger, nullable=False),
    instant("scored_at", required=True),
    index("lead_scores", "engagement", "model_id", "engagement_key", "lead_id"),
    index("lead_scores", "fit", "model_id", "fit", "lead_id"),
    key=("model_id", "lead_id"),
)
