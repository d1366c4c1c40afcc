"""Connectors."""

from alembic import op

from migrations.tenancy import tenant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create connectors."""
    op.execute(
        """
        CREATE TABLE connectors (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            name TEXT NOT NULL,
            vendor TEXT NOT NULL,
            active BOOLEAN NOT NULL,
            verify_signature BOOLEAN NOT NULL,
            secret_sealed BYTEA,
            access_token_sealed BYTEA,
            api_url TEXT,
            touch_kind TEXT,
            source TEXT,
            campaign_id UUID,
            default_country TEXT,
            mapping JSONB NOT NULL,
            consent_purposes JSONB NOT NULL,
            success JSONB NOT NULL,
            archived_at TIMESTAMP WITH TIME ZONE,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT connectors_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT connectors_vendor_check CHECK (vendor IN ('salesforce_web_to_lead', 'hubspot_forms', 'google_ads', 'meta_lead_ads', 'linkedin', 'typeform', 'calendly', 'webflow', 'elementor', 'gravity_forms', 'contact_form_7', 'unbounce', 'mailchimp', 'generic_json', 'email')),
            CONSTRAINT connectors_campaign_fk FOREIGN KEY(workspace_id, campaign_id) REFERENCES campaigns (workspace_id, id)
        )
        """
    )
    op.execute("CREATE INDEX connectors_created_idx ON connectors (workspace_id, created_at, id)")
    tenant("connectors", may="SELECT, INSERT, UPDATE")


def downgrade() -> None:
    """Drop connectors."""
    op.execute("DROP TABLE connectors")
