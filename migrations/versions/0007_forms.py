"""Forms."""

from alembic import op

from migrations.tenancy import tenant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create forms."""
    op.execute(
        """
        CREATE TABLE forms (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            name TEXT NOT NULL,
            active BOOLEAN NOT NULL,
            touch_kind TEXT NOT NULL,
            source TEXT,
            campaign_id UUID,
            default_country TEXT,
            fields JSONB NOT NULL,
            mapping JSONB NOT NULL,
            consents JSONB NOT NULL,
            success JSONB NOT NULL,
            allowed_origins JSONB NOT NULL,
            double_opt_in JSONB NOT NULL,
            protection JSONB NOT NULL,
            archived_at TIMESTAMP WITH TIME ZONE,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT forms_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT forms_campaign_fk FOREIGN KEY(workspace_id, campaign_id) REFERENCES campaigns (workspace_id, id)
        )
        """
    )
    op.execute("CREATE INDEX forms_created_idx ON forms (workspace_id, created_at, id)")
    tenant("forms", may="SELECT, INSERT, UPDATE")


def downgrade() -> None:
    """Drop forms."""
    op.execute("DROP TABLE forms")
