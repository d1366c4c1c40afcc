"""Submissions, the count of receipts, and quarantine."""

from alembic import op

from migrations.tenancy import tenant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# What the pipeline may change; what came stays as it came.
STATE = (
    "status, findings, email_norm, lead_id, outcome, touchpoint_id, duplicate_of, fetched, "
    "released, attempts, processed_at"
)


def upgrade() -> None:
    """Create submissions, intake_counts and quarantine."""
    for table in ("leads", "touchpoints"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN is_test BOOLEAN DEFAULT false NOT NULL")
    op.execute(
        """
        CREATE TABLE submissions (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            kind TEXT NOT NULL,
            received_at TIMESTAMP WITH TIME ZONE NOT NULL,
            raw BYTEA NOT NULL,
            body_hash BYTEA NOT NULL,
            content_type TEXT NOT NULL,
            query TEXT NOT NULL,
            headers JSONB NOT NULL,
            address TEXT,
            form_id UUID,
            connector_id UUID,
            api_key_id UUID,
            visitor_id TEXT,
            fingerprint BYTEA,
            part INTEGER NOT NULL,
            is_test BOOLEAN NOT NULL,
            suspicions JSONB NOT NULL,
            status TEXT NOT NULL,
            findings JSONB DEFAULT '[]' NOT NULL,
            email_norm TEXT,
            lead_id UUID,
            outcome TEXT,
            touchpoint_id UUID,
            duplicate_of UUID,
            fetched BYTEA,
            released BOOLEAN DEFAULT false NOT NULL,
            attempts INTEGER DEFAULT 0 NOT NULL,
            processed_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT submissions_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT submissions_kind_check CHECK (kind IN ('api', 'form', 'connector', 'email', 'visitor')),
            CONSTRAINT submissions_status_check CHECK (status IN ('received', 'captured', 'held', 'quarantined', 'rejected')),
            CONSTRAINT submissions_lead_fk FOREIGN KEY(workspace_id, lead_id) REFERENCES leads (workspace_id, id)
        )
        """
    )
    op.execute(
        "CREATE INDEX submissions_received_idx ON submissions (workspace_id, received_at, id)"
    )
    op.execute(
        "CREATE INDEX submissions_pending_idx ON submissions (workspace_id, received_at, id) WHERE status = 'received'"
    )
    op.execute(
        "CREATE INDEX submissions_waiting_idx ON submissions (workspace_id, status, received_at, id) WHERE status IN ('held', 'quarantined', 'rejected')"
    )
    op.execute(
        "CREATE INDEX submissions_fingerprint_idx ON submissions (workspace_id, fingerprint, received_at) WHERE fingerprint IS NOT NULL"
    )
    op.execute(
        "CREATE INDEX submissions_email_idx ON submissions (workspace_id, email_norm, received_at, id) WHERE email_norm IS NOT NULL"
    )
    op.execute(
        "CREATE INDEX submissions_lead_idx ON submissions (workspace_id, lead_id, received_at, id) WHERE lead_id IS NOT NULL"
    )
    tenant("submissions", may=f"SELECT, UPDATE ({STATE})")
    # The intake adds submissions of any workspace, and sees of them only what tells a repeat.
    op.execute("GRANT INSERT ON submissions TO touchline_intake")
    op.execute(
        "GRANT SELECT (workspace_id, id, received_at, body_hash, status) ON submissions TO touchline_intake"
    )
    op.execute(
        "CREATE POLICY submissions_intake_add ON submissions FOR INSERT TO touchline_intake WITH CHECK (true)"
    )
    op.execute(
        "CREATE POLICY submissions_intake_see ON submissions FOR SELECT TO touchline_intake USING (true)"
    )
    op.execute(
        """
        CREATE TABLE intake_counts (
            workspace_id UUID NOT NULL,
            hour BIGINT NOT NULL,
            writer UUID NOT NULL,
            issued BIGINT NOT NULL,
            CONSTRAINT intake_counts_pkey PRIMARY KEY (workspace_id, hour, writer)
        )
        """
    )
    tenant("intake_counts", may="SELECT")
    op.execute("GRANT SELECT, INSERT, UPDATE ON intake_counts TO touchline_intake")
    op.execute(
        "CREATE POLICY intake_counts_intake ON intake_counts TO touchline_intake USING (true) WITH CHECK (true)"
    )
    op.execute(
        """
        CREATE TABLE quarantine (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            received_at TIMESTAMP WITH TIME ZONE NOT NULL,
            record BYTEA NOT NULL,
            reason TEXT NOT NULL,
            resolved_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT quarantine_pkey PRIMARY KEY (workspace_id, id)
        )
        """
    )
    op.execute("CREATE INDEX quarantine_received_idx ON quarantine (workspace_id, received_at, id)")
    tenant("quarantine", may="SELECT, UPDATE (resolved_at)")
    op.execute("GRANT INSERT ON quarantine TO touchline_intake")
    op.execute("GRANT SELECT (workspace_id, id, received_at) ON quarantine TO touchline_intake")
    op.execute(
        "CREATE POLICY quarantine_intake_add ON quarantine FOR INSERT TO touchline_intake WITH CHECK (true)"
    )
    op.execute(
        "CREATE POLICY quarantine_intake_see ON quarantine FOR SELECT TO touchline_intake USING (true)"
    )


def downgrade() -> None:
    """Drop quarantine, intake_counts and submissions."""
    op.execute("DROP TABLE quarantine")
    op.execute("DROP TABLE intake_counts")
    op.execute("DROP TABLE submissions")
    for table in ("touchpoints", "leads"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN is_test")
