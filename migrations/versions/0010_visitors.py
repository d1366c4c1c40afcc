"""Visitors and what they did before they were known."""

from alembic import op

from migrations.tenancy import tenant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create visitors and visitor_touches."""
    op.execute(
        """
        CREATE TABLE visitors (
            workspace_id UUID NOT NULL,
            visitor_id TEXT NOT NULL,
            lead_id UUID,
            shared BOOLEAN DEFAULT false NOT NULL,
            first_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
            last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
            identified_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT visitors_pkey PRIMARY KEY (workspace_id, visitor_id),
            CONSTRAINT visitors_lead_fk FOREIGN KEY(workspace_id, lead_id) REFERENCES leads (workspace_id, id)
        )
        """
    )
    op.execute(
        "CREATE INDEX visitors_lead_idx ON visitors (workspace_id, lead_id) WHERE lead_id IS NOT NULL"
    )
    tenant("visitors", may="SELECT, INSERT, UPDATE")
    op.execute(
        """
        CREATE TABLE visitor_touches (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            visitor_id TEXT NOT NULL,
            submission_id UUID NOT NULL,
            kind TEXT NOT NULL,
            occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
            recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
            utm JSONB,
            click_ids JSONB,
            page_url TEXT,
            referrer TEXT,
            products JSONB,
            summary TEXT,
            payload JSONB,
            campaign_id UUID,
            is_test BOOLEAN NOT NULL,
            lead_id UUID,
            CONSTRAINT visitor_touches_pkey PRIMARY KEY (workspace_id, id)
        )
        """
    )
    op.execute(
        "CREATE INDEX visitor_touches_visitor_idx ON visitor_touches (workspace_id, visitor_id, occurred_at, id)"
    )
    tenant("visitor_touches", may="SELECT, INSERT, UPDATE (lead_id)")


def downgrade() -> None:
    """Drop visitor_touches and visitors."""
    op.execute("DROP TABLE visitor_touches")
    op.execute("DROP TABLE visitors")
