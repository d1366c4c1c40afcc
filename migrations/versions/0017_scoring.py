"""Scoring models and the scores of leads."""

from alembic import op

from migrations.tenancy import tenant

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create scoring_models, scoring_numbers and lead_scores."""
    op.execute(
        """
        CREATE TABLE scoring_models (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            number INTEGER NOT NULL,
            name TEXT NOT NULL,
            status TEXT NOT NULL,
            document JSONB NOT NULL,
            declared_fields JSONB NOT NULL,
            based_on UUID,
            job_id UUID,
            published_at TIMESTAMP WITH TIME ZONE,
            retired_at TIMESTAMP WITH TIME ZONE,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT scoring_models_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT scoring_models_status_check CHECK (status IN ('draft', 'publishing', 'published', 'retired')),
            CONSTRAINT scoring_models_number_key UNIQUE (workspace_id, number)
        )
        """
    )
    op.execute(
        "CREATE INDEX scoring_models_created_idx ON scoring_models (workspace_id, created_at, id)"
    )
    for status in ("published", "publishing"):
        op.execute(
            f"CREATE UNIQUE INDEX scoring_models_{status}_idx ON scoring_models (workspace_id, status) WHERE status = '{status}'"
        )
    tenant("scoring_models")
    op.execute(
        """
        CREATE TABLE scoring_numbers (
            workspace_id UUID NOT NULL,
            last INTEGER NOT NULL,
            CONSTRAINT scoring_numbers_pkey PRIMARY KEY (workspace_id)
        )
        """
    )
    tenant("scoring_numbers")
    op.execute(
        """
        CREATE TABLE lead_scores (
            workspace_id UUID NOT NULL,
            model_id UUID NOT NULL,
            lead_id UUID NOT NULL,
            fit INTEGER NOT NULL,
            knocked_out_by TEXT,
            engagement DOUBLE PRECISION NOT NULL,
            engagement_at TIMESTAMP WITH TIME ZONE,
            engagement_key BIGINT NOT NULL,
            scored_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT lead_scores_pkey PRIMARY KEY (workspace_id, model_id, lead_id)
        )
        """
    )
    op.execute(
        "CREATE INDEX lead_scores_engagement_idx ON lead_scores (workspace_id, model_id, engagement_key, lead_id)"
    )
    op.execute(
        "CREATE INDEX lead_scores_fit_idx ON lead_scores (workspace_id, model_id, fit, lead_id)"
    )
    tenant("lead_scores")


def downgrade() -> None:
    """Drop what scoring keeps."""
    for table in ("lead_scores", "scoring_numbers", "scoring_models"):
        op.execute(f"DROP TABLE {table}")
