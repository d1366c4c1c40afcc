"""Back-tests of scoring models, each with the rules it was of and what came of it."""

from sqlalchemy import Column, ForeignKeyConstraint, Integer, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.ripeness.backtests import BacktestStatus
from app.repositories.tables import index, instant, one_of, tenant_table, text

scoring_backtests = tenant_table(
    "scoring_backtests",
    Column("model_id", Uuid, nullable=False),
    Column("model_number", Integer, nullable=False),
    text("model_name", required=True),
    Column("model_version", Integer, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("declared_fields", JSONB, nullable=False),
    Column("horizon_days", Integer, nullable=False),
    Column("leads_limit", Integer, nullable=False),
    text("status", required=True),
    Column("job_id", Uuid),
    Column("result", JSONB),
    instant("created_at", required=True),
    instant("finished_at"),
    one_of("scoring_backtests", "status", BacktestStatus),
    # A draft that is deleted takes its tests with it.
    ForeignKeyConstraint(
        ["workspace_id", "model_id"],
        ["scoring_models.workspace_id", "scoring_models.id"],
        name="scoring_backtests_model_fk",
        ondelete="CASCADE",
    ),
    index("scoring_backtests", "model", "model_id", "created_at", "id"),
)
