"""The journal of changes."""

from alembic import op

from migrations.tenancy import tenant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the journal of changes."""
    op.execute(
        """
        CREATE TABLE events (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            type TEXT NOT NULL,
            subject_type TEXT NOT NULL,
            subject_id UUID NOT NULL,
            lead_id UUID,
            user_id UUID,
            api_key_id UUID,
            data JSONB NOT NULL,
            occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
            recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
            position BIGINT,
            CONSTRAINT events_pkey PRIMARY KEY (workspace_id, id)
        )
        """
    )
    op.execute(
        "CREATE INDEX events_lead_idx ON events (workspace_id, lead_id, occurred_at, id) WHERE lead_id IS NOT NULL"
    )
    op.execute(
        "CREATE UNIQUE INDEX events_position_idx ON events (workspace_id, position) WHERE position IS NOT NULL"
    )
    op.execute(
        "CREATE INDEX events_subject_idx ON events (workspace_id, subject_id, occurred_at, id)"
    )
    op.execute(
        "CREATE INDEX events_unplaced_idx ON events (workspace_id, id) WHERE position IS NULL"
    )
    tenant("events", may="SELECT, INSERT, UPDATE (position)")
    op.execute(
        """
        CREATE TABLE event_positions (
            workspace_id UUID NOT NULL,
            last_position BIGINT NOT NULL,
            CONSTRAINT event_positions_pkey PRIMARY KEY (workspace_id)
        )
        """
    )
    tenant("event_positions", may="SELECT, INSERT, UPDATE")


def downgrade() -> None:
    """Drop the journal of changes."""
    op.execute("DROP TABLE event_positions")
    op.execute("DROP TABLE events")
