"""Segments and their members."""

from alembic import op

from migrations.tenancy import tenant

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of segments."""
    op.execute(
        """
        CREATE TABLE segments (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            name TEXT NOT NULL,
            description TEXT,
            kind TEXT NOT NULL,
            condition JSONB,
            edition INTEGER NOT NULL,
            timed BOOLEAN NOT NULL,
            problem TEXT,
            snapshot_of UUID,
            refreshed_at TIMESTAMP WITH TIME ZONE,
            refresh_due_at TIMESTAMP WITH TIME ZONE,
            archived_at TIMESTAMP WITH TIME ZONE,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT segments_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT segments_kind_check CHECK (kind IN ('static', 'dynamic')),
            CONSTRAINT segments_snapshot_of_fk FOREIGN KEY(workspace_id, snapshot_of) REFERENCES segments (workspace_id, id)
        )
        """
    )
    op.execute("CREATE INDEX segments_created_idx ON segments (workspace_id, created_at, id)")
    tenant("segments")
    op.execute(
        """
        CREATE TABLE segment_members (
            workspace_id UUID NOT NULL,
            segment_id UUID NOT NULL,
            lead_id UUID NOT NULL,
            entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT segment_members_pkey PRIMARY KEY (workspace_id, segment_id, lead_id),
            CONSTRAINT segment_members_segment_fk FOREIGN KEY(workspace_id, segment_id) REFERENCES segments (workspace_id, id)
        )
        """
    )
    op.execute(
        "CREATE INDEX segment_members_entered_idx ON segment_members (workspace_id, segment_id, entered_at, lead_id)"
    )
    op.execute(
        "CREATE INDEX segment_members_lead_idx ON segment_members (workspace_id, lead_id, entered_at, segment_id)"
    )
    tenant("segment_members")
    op.execute(
        """
        CREATE TABLE segment_picks (
            workspace_id UUID NOT NULL,
            segment_id UUID NOT NULL,
            lead_id UUID NOT NULL,
            picked_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT segment_picks_pkey PRIMARY KEY (workspace_id, segment_id, lead_id),
            CONSTRAINT segment_picks_segment_fk FOREIGN KEY(workspace_id, segment_id) REFERENCES segments (workspace_id, id)
        )
        """
    )
    op.execute(
        "CREATE INDEX segment_picks_lead_idx ON segment_picks (workspace_id, lead_id, segment_id)"
    )
    tenant("segment_picks")
    op.execute(
        """
        CREATE TABLE segment_progress (
            workspace_id UUID NOT NULL,
            position BIGINT NOT NULL,
            followed_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT segment_progress_pkey PRIMARY KEY (workspace_id)
        )
        """
    )
    tenant("segment_progress")


def downgrade() -> None:
    """Drop the tables of segments."""
    for table in ("segment_progress", "segment_picks", "segment_members", "segments"):
        op.execute(f"DROP TABLE {table}")
