"""Merges that can be undone."""

from alembic import op

from migrations.tenancy import APP, tenant

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# On record for ever, and yet a merge has to point them to the lead that is left.
MOVED_BY_MERGES = ("touchpoints", "assessments", "assessment_answers")


def upgrade() -> None:
    """Create lead_merges and lead_merge_moves; let leads name the lead they were merged into."""
    op.execute("ALTER TABLE leads ADD COLUMN merged_into UUID")
    # No row names another lead yet, so that there is nothing to look at.
    _at_once(
        "adding-foreign-key-constraint, constraint-missing-not-valid",
        "ALTER TABLE leads ADD CONSTRAINT leads_merged_into_fk "
        "FOREIGN KEY (workspace_id, merged_into) REFERENCES leads (workspace_id, id)",
    )
    _at_once(
        "require-concurrent-index-creation",
        "CREATE INDEX leads_merged_into_idx ON leads (workspace_id, merged_into) "
        "WHERE merged_into IS NOT NULL",
    )
    _at_once(
        "require-concurrent-index-creation",
        "CREATE INDEX visitor_touches_lead_idx ON visitor_touches (workspace_id, lead_id) "
        "WHERE lead_id IS NOT NULL",
    )
    op.execute("ALTER TABLE workspace_settings ADD COLUMN merge_rules JSONB DEFAULT '{}' NOT NULL")
    op.execute(
        """
        CREATE TABLE lead_merges (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            winner_id UUID NOT NULL,
            loser_id UUID NOT NULL,
            cause JSONB,
            rules JSONB NOT NULL,
            fields JSONB NOT NULL,
            consents JSONB NOT NULL,
            moved JSONB NOT NULL,
            winner_before JSONB NOT NULL,
            winner_after JSONB NOT NULL,
            loser_before JSONB NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            user_id UUID,
            api_key_id UUID,
            undone_at TIMESTAMP WITH TIME ZONE,
            undone_user_id UUID,
            undone_api_key_id UUID,
            undone JSONB,
            CONSTRAINT lead_merges_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT lead_merges_winner_fk FOREIGN KEY(workspace_id, winner_id) REFERENCES leads (workspace_id, id),
            CONSTRAINT lead_merges_loser_fk FOREIGN KEY(workspace_id, loser_id) REFERENCES leads (workspace_id, id)
        )
        """
    )
    op.execute("CREATE INDEX lead_merges_created_idx ON lead_merges (workspace_id, created_at, id)")
    op.execute(
        "CREATE INDEX lead_merges_winner_idx ON lead_merges (workspace_id, winner_id, created_at, id)"
    )
    op.execute(
        "CREATE INDEX lead_merges_loser_idx ON lead_merges (workspace_id, loser_id, created_at, id)"
    )
    tenant(
        "lead_merges",
        may="SELECT, INSERT, UPDATE (undone_at, undone_user_id, undone_api_key_id, undone)",
    )
    op.execute(
        """
        CREATE TABLE lead_merge_moves (
            workspace_id UUID NOT NULL,
            merge_id UUID NOT NULL,
            moved_from TEXT NOT NULL,
            row_key TEXT NOT NULL,
            CONSTRAINT lead_merge_moves_pkey PRIMARY KEY (workspace_id, merge_id, moved_from, row_key),
            CONSTRAINT lead_merge_moves_merge_fk FOREIGN KEY(workspace_id, merge_id) REFERENCES lead_merges (workspace_id, id) ON DELETE CASCADE
        )
        """
    )
    tenant("lead_merge_moves", may="SELECT, INSERT")
    for table in MOVED_BY_MERGES:
        op.execute(f"GRANT UPDATE (lead_id) ON {table} TO {APP}")


def downgrade() -> None:
    """Drop the ledger and what it stands on; merged leads stay deleted."""
    for table in MOVED_BY_MERGES:
        op.execute(f"REVOKE UPDATE (lead_id) ON {table} FROM {APP}")
    op.execute("DROP TABLE lead_merge_moves")
    op.execute("DROP TABLE lead_merges")
    op.execute("ALTER TABLE workspace_settings DROP COLUMN merge_rules")
    op.execute("DROP INDEX visitor_touches_lead_idx")
    op.execute("DROP INDEX leads_merged_into_idx")
    op.execute("ALTER TABLE leads DROP COLUMN merged_into")


def _at_once(rules: str, statement: str) -> None:
    """In the transaction of the migration, under the lock that it holds anyway."""
    op.execute(f"-- squawk-ignore {rules}\n{statement}")
