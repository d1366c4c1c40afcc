"""Enrichment: providers, what they answered and cost, proposals."""

from alembic import op

from migrations.tenancy import tenant

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of enrichment."""
    op.execute(
        """
        CREATE TABLE enrichment_providers (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            name TEXT NOT NULL,
            active BOOLEAN NOT NULL,
            on_create BOOLEAN NOT NULL,
            lookup_by TEXT NOT NULL,
            method TEXT NOT NULL,
            url TEXT NOT NULL,
            headers JSONB NOT NULL,
            body JSONB,
            secret_sealed BYTEA,
            mapping JSONB NOT NULL,
            policy TEXT NOT NULL,
            policies JSONB NOT NULL,
            timeout_seconds INTEGER NOT NULL,
            monthly_budget INTEGER,
            cache_days INTEGER NOT NULL,
            miss_cache_days INTEGER NOT NULL,
            archived_at TIMESTAMP WITH TIME ZONE,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT enrichment_providers_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT enrichment_providers_lookup_by_check CHECK (lookup_by IN ('email', 'domain', 'phone')),
            CONSTRAINT enrichment_providers_policy_check CHECK (policy IN ('fill', 'refresh', 'propose'))
        )
        """
    )
    op.execute(
        "CREATE INDEX enrichment_providers_created_idx ON enrichment_providers (workspace_id, created_at, id)"
    )
    tenant("enrichment_providers")
    op.execute(
        """
        CREATE TABLE enrichment_usage (
            workspace_id UUID NOT NULL,
            provider_id UUID NOT NULL,
            month DATE NOT NULL,
            used INTEGER NOT NULL,
            CONSTRAINT enrichment_usage_pkey PRIMARY KEY (workspace_id, provider_id, month),
            CONSTRAINT enrichment_usage_provider_fk FOREIGN KEY(workspace_id, provider_id) REFERENCES enrichment_providers (workspace_id, id)
        )
        """
    )
    tenant("enrichment_usage")
    op.execute(
        """
        CREATE TABLE enrichment_breakers (
            workspace_id UUID NOT NULL,
            provider_id UUID NOT NULL,
            failures INTEGER NOT NULL,
            open_until TIMESTAMP WITH TIME ZONE,
            CONSTRAINT enrichment_breakers_pkey PRIMARY KEY (workspace_id, provider_id),
            CONSTRAINT enrichment_breakers_provider_fk FOREIGN KEY(workspace_id, provider_id) REFERENCES enrichment_providers (workspace_id, id)
        )
        """
    )
    tenant("enrichment_breakers")
    op.execute(
        """
        CREATE TABLE enrichment_answers (
            workspace_id UUID NOT NULL,
            provider_id UUID NOT NULL,
            lookup_key TEXT NOT NULL,
            told JSONB,
            found BOOLEAN,
            fetched_at TIMESTAMP WITH TIME ZONE,
            expires_at TIMESTAMP WITH TIME ZONE,
            asked_until TIMESTAMP WITH TIME ZONE,
            CONSTRAINT enrichment_answers_pkey PRIMARY KEY (workspace_id, provider_id, lookup_key),
            CONSTRAINT enrichment_answers_provider_fk FOREIGN KEY(workspace_id, provider_id) REFERENCES enrichment_providers (workspace_id, id)
        )
        """
    )
    tenant("enrichment_answers")
    op.execute(
        """
        CREATE TABLE enrichment_proposals (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            lead_id UUID NOT NULL,
            provider_id UUID NOT NULL,
            field TEXT NOT NULL,
            value JSONB,
            present JSONB,
            status TEXT NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            decided_at TIMESTAMP WITH TIME ZONE,
            user_id UUID,
            api_key_id UUID,
            CONSTRAINT enrichment_proposals_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT enrichment_proposals_status_check CHECK (status IN ('open', 'accepted', 'rejected')),
            CONSTRAINT enrichment_proposals_lead_fk FOREIGN KEY(workspace_id, lead_id) REFERENCES leads (workspace_id, id),
            CONSTRAINT enrichment_proposals_provider_fk FOREIGN KEY(workspace_id, provider_id) REFERENCES enrichment_providers (workspace_id, id)
        )
        """
    )
    op.execute(
        "CREATE INDEX enrichment_proposals_lead_idx ON enrichment_proposals (workspace_id, lead_id, created_at, id)"
    )
    op.execute(
        "CREATE UNIQUE INDEX enrichment_proposals_open_idx ON enrichment_proposals (workspace_id, lead_id, provider_id, field) WHERE status = 'open'"
    )
    tenant("enrichment_proposals")
    op.execute(
        """
        CREATE TABLE enrichment_progress (
            workspace_id UUID NOT NULL,
            position BIGINT NOT NULL,
            CONSTRAINT enrichment_progress_pkey PRIMARY KEY (workspace_id)
        )
        """
    )
    _begin_now()
    tenant("enrichment_progress")


def _begin_now() -> None:
    """Leads that are there already are enriched when they change, or on demand."""
    op.execute("ALTER TABLE event_positions NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "INSERT INTO enrichment_progress (workspace_id, position) "
        "SELECT workspace_id, last_position FROM event_positions"
    )
    op.execute("ALTER TABLE event_positions FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    """Drop the tables of enrichment."""
    for table in (
        "enrichment_progress",
        "enrichment_proposals",
        "enrichment_answers",
        "enrichment_breakers",
        "enrichment_usage",
        "enrichment_providers",
    ):
        op.execute(f"DROP TABLE {table}")
