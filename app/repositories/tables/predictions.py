"""The learnt probability of conversion: settings, versions of the model, what it says of leads."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, JSONB

from app.domain.ripeness.prediction import ModelStatus
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

prediction_settings = tenant_table(
    "prediction_settings",
    Column("enabled", Boolean, nullable=False),
    Column("horizon_days", Integer, nullable=False),
    Column("retrain_days", Integer),
    Column("exclude", JSONB, nullable=False),
    Column("include", JSONB, nullable=False),
    # When the schedule next looks whether to train; null: at once.
    instant("next_training_at"),
    *versioned(),
    key=(),
)

prediction_models = tenant_table(
    "prediction_models",
    Column("number", Integer, nullable=False),
    text("status", required=True),
    Column("converted", Integer, nullable=False),
    Column("disqualified", Integer, nullable=False),
    Column("auc", DOUBLE_PRECISION, nullable=False),
    Column("brier", DOUBLE_PRECISION, nullable=False),
    Column("log_loss", DOUBLE_PRECISION, nullable=False),
    # The features with their weights, and how well they foretell.
    Column("document", JSONB, nullable=False),
    Column("report", JSONB, nullable=False),
    Column("drift", JSONB),
    instant("trained_at", required=True),
    instant("published_at"),
    instant("created_at", required=True),
    one_of("prediction_models", "status", ModelStatus),
    unique("prediction_models", "number", "number"),
    index("prediction_models", "created", "created_at", "id"),
    index(
        "prediction_models",
        "published",
        unique=True,
        postgresql_where=sql("status = 'published'"),
    ),
)

# `percent` is what counts: the override where there is one, else the probability in whole percent.
lead_predictions = tenant_table(
    "lead_predictions",
    Column("lead_id", Uuid, nullable=False),
    Column("model_id", Uuid),
    Column("percent", Integer),
    Column("probability", DOUBLE_PRECISION),
    instant("predicted_at"),
    # When time alone will have changed enough to look again; null: never.
    instant("due_at"),
    Column("override_percent", Integer),
    text("override_reason"),
    instant("overridden_at"),
    Column("overridden_by", Uuid),
    Column("override_api_key_id", Uuid),
    refers("lead_predictions", "model_id", "prediction_models", "model"),
    index("lead_predictions", "percent", "percent", "lead_id"),
    index(
        "lead_predictions", "due", "due_at", "lead_id", postgresql_where=sql("due_at IS NOT NULL")
    ),
    key=("lead_id",),
)

# Up to which event of the journal leads have been predicted. Whoever writes predictions holds it.
prediction_progress = tenant_table(
    "prediction_progress",
    Column("position", BigInteger, nullable=False),
    key=(),
)
