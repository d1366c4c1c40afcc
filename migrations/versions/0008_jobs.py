"""Jobs, and the confirmations of double opt-in."""

from alembic import op

from migrations.tenancy import local, tenant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create jobs and confirmations."""
    op.execute(
        """
        CREATE TABLE jobs (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            kind TEXT NOT NULL,
            payload JSONB NOT NULL,
            status TEXT NOT NULL,
            run_at TIMESTAMP WITH TIME ZONE NOT NULL,
            attempts INTEGER NOT NULL,
            max_attempts INTEGER NOT NULL,
            locked_until TIMESTAMP WITH TIME ZONE,
            generation BIGINT NOT NULL,
            last_error TEXT,
            progress JSONB NOT NULL,
            dedupe_key TEXT,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            finished_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT jobs_pkey PRIMARY KEY (id),
            CONSTRAINT jobs_status_check CHECK (status IN ('queued', 'running', 'done', 'failed', 'dead', 'cancelled'))
        )
        """
    )
    op.execute(
        "CREATE INDEX jobs_due_idx ON jobs (run_at, id) WHERE status IN ('queued', 'failed')"
    )
    op.execute("CREATE INDEX jobs_lease_idx ON jobs (locked_until) WHERE status = 'running'")
    op.execute(
        "CREATE INDEX jobs_finished_idx ON jobs (finished_at) WHERE status IN ('done', 'cancelled', 'dead')"
    )
    op.execute("CREATE INDEX jobs_created_idx ON jobs (workspace_id, created_at, id)")
    op.execute(
        "CREATE UNIQUE INDEX jobs_dedupe_idx ON jobs (workspace_id, kind, dedupe_key) WHERE status IN ('queued', 'failed', 'running') AND dedupe_key IS NOT NULL"
    )
    local("jobs")
    op.execute(
        """
        CREATE TABLE confirmations (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            submission_id UUID NOT NULL,
            form_id UUID NOT NULL,
            address_key BYTEA NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
            asked_at TIMESTAMP WITH TIME ZONE,
            confirmed_at TIMESTAMP WITH TIME ZONE,
            confirmed_from TEXT,
            CONSTRAINT confirmations_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT confirmations_submission_key UNIQUE (workspace_id, submission_id),
            CONSTRAINT confirmations_submission_fk FOREIGN KEY(workspace_id, submission_id) REFERENCES submissions (workspace_id, id) ON DELETE CASCADE
        )
        """
    )
    op.execute(
        "CREATE INDEX confirmations_waiting_idx ON confirmations (workspace_id, form_id, address_key) WHERE confirmed_at IS NULL"
    )
    tenant("confirmations", may="SELECT, INSERT, UPDATE (asked_at, confirmed_at, confirmed_from)")


def downgrade() -> None:
    """Drop confirmations and jobs."""
    op.execute("DROP TABLE confirmations")
    op.execute("DROP TABLE jobs")
