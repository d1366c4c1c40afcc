"""Imports."""

from alembic import op

from migrations.tenancy import tenant

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create imports, the pieces of their files, and their rows."""
    op.execute(
        """
        CREATE TABLE imports (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            status TEXT NOT NULL,
            file_hash TEXT NOT NULL,
            file_size BIGINT NOT NULL,
            format JSONB NOT NULL,
            columns JSONB NOT NULL,
            mapping JSONB NOT NULL,
            options JSONB NOT NULL,
            row_count BIGINT NOT NULL,
            cursor BIGINT NOT NULL,
            counts JSONB NOT NULL,
            preview JSONB NOT NULL,
            error TEXT,
            job_id UUID,
            user_id UUID,
            api_key_id UUID,
            started_at TIMESTAMP WITH TIME ZONE,
            finished_at TIMESTAMP WITH TIME ZONE,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT imports_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT imports_kind_check CHECK (kind IN ('leads', 'touchpoints', 'opportunities', 'audit')),
            CONSTRAINT imports_status_check CHECK (status IN ('ready', 'previewing', 'running', 'done', 'failed', 'cancelled', 'undoing', 'undone'))
        )
        """
    )
    op.execute("CREATE INDEX imports_created_idx ON imports (workspace_id, created_at, id)")
    op.execute("CREATE INDEX imports_file_idx ON imports (workspace_id, file_hash, name)")
    tenant("imports")
    op.execute(
        """
        CREATE TABLE import_files (
            workspace_id UUID NOT NULL,
            import_id UUID NOT NULL,
            number INTEGER NOT NULL,
            data BYTEA NOT NULL,
            CONSTRAINT import_files_pkey PRIMARY KEY (workspace_id, import_id, number),
            CONSTRAINT import_files_import_fk FOREIGN KEY(workspace_id, import_id) REFERENCES imports (workspace_id, id)
        )
        """
    )
    tenant("import_files", may="SELECT, INSERT, DELETE")
    op.execute(
        """
        CREATE TABLE import_rows (
            workspace_id UUID NOT NULL,
            import_id UUID NOT NULL,
            phase TEXT NOT NULL,
            line BIGINT NOT NULL,
            outcome TEXT NOT NULL,
            lead_id UUID,
            first_line BIGINT,
            reasons JSONB,
            cells JSONB,
            undone JSONB,
            recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT import_rows_pkey PRIMARY KEY (workspace_id, import_id, phase, line),
            CONSTRAINT import_rows_phase_check CHECK (phase IN ('preview', 'run')),
            CONSTRAINT import_rows_outcome_check CHECK (outcome IN ('created', 'updated', 'unchanged', 'skipped', 'duplicate', 'invalid'))
        )
        """
    )
    op.execute(
        "CREATE INDEX import_rows_lead_idx ON import_rows (workspace_id, import_id, lead_id) WHERE lead_id IS NOT NULL"
    )
    op.execute(
        "CREATE INDEX import_rows_remarkable_idx ON import_rows (workspace_id, import_id, phase, outcome, line) WHERE outcome IN ('skipped', 'duplicate', 'invalid')"
    )
    tenant("import_rows")


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TABLE import_rows")
    op.execute("DROP TABLE import_files")
    op.execute("DROP TABLE imports")
