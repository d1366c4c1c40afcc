"""Predictions, and back-tests of scoring models."""

from alembic import op

from migrations.tenancy import tenant

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of predictions."""
    _settings_and_models()
    _predictions()
    _backtests()


def _settings_and_models() -> None:
    op.execute(
        """
        CREATE TABLE prediction_settings (
            workspace_id UUID NOT NULL,
            enabled BOOLEAN NOT NULL,
            horizon_days INTEGER NOT NULL,
            retrain_days INTEGER,
            "exclude" JSONB NOT NULL,
            "include" JSONB NOT NULL,
            next_training_at TIMESTAMP WITH TIME ZONE,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT prediction_settings_pkey PRIMARY KEY (workspace_id)
        )
        """
    )
    tenant("prediction_settings")
    op.execute(
        """
        CREATE TABLE prediction_models (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            number INTEGER NOT NULL,
            status TEXT NOT NULL,
            converted INTEGER NOT NULL,
            disqualified INTEGER NOT NULL,
            auc DOUBLE PRECISION NOT NULL,
            brier DOUBLE PRECISION NOT NULL,
            log_loss DOUBLE PRECISION NOT NULL,
            document JSONB NOT NULL,
            report JSONB NOT NULL,
            drift JSONB,
            trained_at TIMESTAMP WITH TIME ZONE NOT NULL,
            published_at TIMESTAMP WITH TIME ZONE,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT prediction_models_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT prediction_models_status_check CHECK (status IN ('retired', 'published')),
            CONSTRAINT prediction_models_number_key UNIQUE (workspace_id, number)
        )
        """
    )
    op.execute(
        "CREATE INDEX prediction_models_created_idx ON prediction_models (workspace_id, created_at, id)"
    )
    op.execute(
        "CREATE UNIQUE INDEX prediction_models_published_idx ON prediction_models (workspace_id) WHERE status = 'published'"
    )
    tenant("prediction_models")


def _predictions() -> None:
    op.execute(
        """
        CREATE TABLE lead_predictions (
            workspace_id UUID NOT NULL,
            lead_id UUID NOT NULL,
            model_id UUID,
            percent INTEGER,
            probability DOUBLE PRECISION,
            predicted_at TIMESTAMP WITH TIME ZONE,
            due_at TIMESTAMP WITH TIME ZONE,
            override_percent INTEGER,
            override_reason TEXT,
            overridden_at TIMESTAMP WITH TIME ZONE,
            overridden_by UUID,
            override_api_key_id UUID,
            CONSTRAINT lead_predictions_pkey PRIMARY KEY (workspace_id, lead_id),
            CONSTRAINT lead_predictions_model_fk FOREIGN KEY(workspace_id, model_id) REFERENCES prediction_models (workspace_id, id)
        )
        """
    )
    op.execute(
        "CREATE INDEX lead_predictions_percent_idx ON lead_predictions (workspace_id, percent, lead_id)"
    )
    op.execute(
        "CREATE INDEX lead_predictions_due_idx ON lead_predictions (workspace_id, due_at, lead_id) WHERE due_at IS NOT NULL"
    )
    tenant("lead_predictions")
    op.execute(
        """
        CREATE TABLE prediction_progress (
            workspace_id UUID NOT NULL,
            position BIGINT NOT NULL,
            CONSTRAINT prediction_progress_pkey PRIMARY KEY (workspace_id)
        )
        """
    )
    tenant("prediction_progress")


def _backtests() -> None:
    op.execute(
        """
        CREATE TABLE scoring_backtests (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            model_id UUID NOT NULL,
            model_number INTEGER NOT NULL,
            model_name TEXT NOT NULL,
            model_version INTEGER NOT NULL,
            document JSONB NOT NULL,
            declared_fields JSONB NOT NULL,
            horizon_days INTEGER NOT NULL,
            leads_limit INTEGER NOT NULL,
            status TEXT NOT NULL,
            job_id UUID,
            result JSONB,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            finished_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT scoring_backtests_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT scoring_backtests_status_check CHECK (status IN ('pending', 'done')),
            CONSTRAINT scoring_backtests_model_fk FOREIGN KEY(workspace_id, model_id) REFERENCES scoring_models (workspace_id, id) ON DELETE CASCADE
        )
        """
    )
    op.execute(
        "CREATE INDEX scoring_backtests_model_idx ON scoring_backtests (workspace_id, model_id, created_at, id)"
    )
    tenant("scoring_backtests")


def downgrade() -> None:
    """Drop the tables of predictions."""
    for table in (
        "scoring_backtests",
        "prediction_progress",
        "lead_predictions",
        "prediction_models",
        "prediction_settings",
    ):
        op.execute(f"DROP TABLE {table}")
