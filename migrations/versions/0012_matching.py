"""Matching: keys of candidates, frequencies, settings, pairs and dismissals."""

from alembic import op

from migrations.tenancy import tenant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEYED = ("leads", "contacts", "accounts")
RECORDS = "record IN ('lead', 'contact', 'account')"


def upgrade() -> None:
    """Create match_keys, matching_terms, matching_settings, duplicate_pairs and their dismissals.

    Rows that are here already get their keys from the first scan.
    """
    for table in KEYED:
        op.execute(f"ALTER TABLE {table} ADD COLUMN match_key TEXT DEFAULT '' NOT NULL")
    op.execute(
        f"""
        CREATE TABLE match_keys (
            workspace_id UUID NOT NULL,
            record TEXT NOT NULL,
            value BIGINT NOT NULL,
            record_id UUID NOT NULL,
            CONSTRAINT match_keys_pkey PRIMARY KEY (workspace_id, record, value, record_id),
            CONSTRAINT match_keys_record_check CHECK ({RECORDS})
        )
        """
    )
    tenant("match_keys")
    op.execute(
        f"""
        CREATE TABLE matching_terms (
            workspace_id UUID NOT NULL,
            record TEXT NOT NULL,
            field TEXT NOT NULL,
            value BIGINT NOT NULL,
            scan_id UUID NOT NULL,
            count INTEGER NOT NULL,
            CONSTRAINT matching_terms_pkey PRIMARY KEY (workspace_id, record, field, value, scan_id),
            CONSTRAINT matching_terms_record_check CHECK ({RECORDS})
        )
        """
    )
    tenant("matching_terms")
    op.execute(
        """
        CREATE TABLE matching_settings (
            workspace_id UUID NOT NULL,
            auto_at DOUBLE PRECISION NOT NULL,
            review_at DOUBLE PRECISION NOT NULL,
            auto_merge BOOLEAN DEFAULT false NOT NULL,
            compared_custom JSONB NOT NULL,
            ignored_fields JSONB NOT NULL,
            weights JSONB NOT NULL,
            prior DOUBLE PRECISION,
            terms JSONB NOT NULL,
            estimate JSONB,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT matching_settings_pkey PRIMARY KEY (workspace_id)
        )
        """
    )
    tenant("matching_settings")
    op.execute(
        f"""
        CREATE TABLE duplicate_pairs (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            record TEXT NOT NULL,
            first_id UUID NOT NULL,
            second_id UUID NOT NULL,
            band TEXT NOT NULL,
            probability DOUBLE PRECISION NOT NULL,
            prior DOUBLE PRECISION NOT NULL,
            signals JSONB NOT NULL,
            cluster_id UUID,
            scan_id UUID NOT NULL,
            found_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT duplicate_pairs_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT duplicate_pairs_record_check CHECK ({RECORDS}),
            CONSTRAINT duplicate_pairs_band_check CHECK (band IN ('auto', 'review', 'ignore')),
            CONSTRAINT duplicate_pairs_pair_key UNIQUE (workspace_id, record, first_id, second_id)
        )
        """
    )
    op.execute(
        "CREATE INDEX duplicate_pairs_likely_idx ON duplicate_pairs (workspace_id, record, probability, id)"
    )
    op.execute(
        "CREATE INDEX duplicate_pairs_cluster_idx ON duplicate_pairs (workspace_id, record, cluster_id)"
    )
    tenant("duplicate_pairs")
    op.execute(
        f"""
        CREATE TABLE duplicate_dismissals (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            record TEXT NOT NULL,
            lead_a UUID NOT NULL,
            lead_b UUID NOT NULL,
            reason TEXT,
            user_id UUID,
            api_key_id UUID,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT duplicate_dismissals_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT duplicate_dismissals_record_check CHECK ({RECORDS}),
            CONSTRAINT duplicate_dismissals_pair_key UNIQUE (workspace_id, record, lead_a, lead_b)
        )
        """
    )
    op.execute(
        "CREATE INDEX duplicate_dismissals_b_idx ON duplicate_dismissals (workspace_id, record, lead_b)"
    )
    op.execute(
        "CREATE INDEX duplicate_dismissals_created_idx ON duplicate_dismissals (workspace_id, created_at, id)"
    )
    tenant("duplicate_dismissals")


def downgrade() -> None:
    """Drop what matching keeps."""
    for table in (
        "duplicate_dismissals",
        "duplicate_pairs",
        "matching_settings",
        "matching_terms",
        "match_keys",
    ):
        op.execute(f"DROP TABLE {table}")
    for table in KEYED:
        op.execute(f"ALTER TABLE {table} DROP COLUMN match_key")
