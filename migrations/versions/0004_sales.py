"""Accounts, contacts, opportunities and conversions."""

from alembic import op

from migrations.tenancy import tenant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create accounts, contacts, opportunities and conversions."""
    op.execute(
        """
        CREATE TABLE pipelines (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            name TEXT NOT NULL,
            is_default BOOLEAN NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT pipelines_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT pipelines_name_key UNIQUE (workspace_id, name)
        )
        """
    )
    tenant("pipelines")
    op.execute(
        """
        CREATE TABLE stages (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            pipeline_id UUID NOT NULL,
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            rank INTEGER NOT NULL,
            probability INTEGER NOT NULL,
            CONSTRAINT stages_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT stages_kind_check CHECK (kind IN ('open', 'won', 'lost')),
            CONSTRAINT stages_rank_key UNIQUE (workspace_id, pipeline_id, rank),
            CONSTRAINT stages_pipeline_fk FOREIGN KEY(workspace_id, pipeline_id) REFERENCES pipelines (workspace_id, id)
        )
        """
    )
    tenant("stages")
    op.execute(
        """
        CREATE TABLE accounts (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            name TEXT NOT NULL,
            name_norm TEXT NOT NULL,
            website TEXT,
            web_domain TEXT,
            phone TEXT,
            phone_norm TEXT,
            street TEXT,
            city TEXT,
            region TEXT,
            postal_code TEXT,
            country TEXT,
            country_code TEXT,
            industry TEXT,
            employee_count INTEGER,
            annual_revenue_minor BIGINT,
            currency TEXT,
            description TEXT,
            owner_id UUID,
            originating_lead_id UUID,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT accounts_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT accounts_owner_fk FOREIGN KEY(workspace_id, owner_id) REFERENCES users (workspace_id, id),
            CONSTRAINT accounts_originating_lead_fk FOREIGN KEY(workspace_id, originating_lead_id) REFERENCES leads (workspace_id, id)
        )
        """
    )
    op.execute("CREATE INDEX accounts_created_idx ON accounts (workspace_id, created_at, id)")
    op.execute(
        "CREATE INDEX accounts_domain_idx ON accounts (workspace_id, web_domain, created_at, id)"
    )
    op.execute(
        "CREATE INDEX accounts_name_idx ON accounts (workspace_id, name_norm, created_at, id)"
    )
    op.execute(
        "CREATE INDEX accounts_owner_idx ON accounts (workspace_id, owner_id, created_at, id)"
    )
    tenant("accounts")
    op.execute(
        """
        CREATE TABLE contacts (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            account_id UUID,
            first_name TEXT,
            last_name TEXT,
            full_name TEXT,
            title TEXT,
            email TEXT,
            email_norm TEXT,
            phone TEXT,
            phone_norm TEXT,
            street TEXT,
            city TEXT,
            region TEXT,
            postal_code TEXT,
            country TEXT,
            country_code TEXT,
            language TEXT,
            description TEXT,
            source TEXT,
            owner_id UUID,
            originating_lead_id UUID,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT contacts_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT contacts_account_fk FOREIGN KEY(workspace_id, account_id) REFERENCES accounts (workspace_id, id),
            CONSTRAINT contacts_owner_fk FOREIGN KEY(workspace_id, owner_id) REFERENCES users (workspace_id, id),
            CONSTRAINT contacts_originating_lead_fk FOREIGN KEY(workspace_id, originating_lead_id) REFERENCES leads (workspace_id, id)
        )
        """
    )
    op.execute(
        "CREATE INDEX contacts_account_idx ON contacts (workspace_id, account_id, created_at, id)"
    )
    op.execute("CREATE INDEX contacts_created_idx ON contacts (workspace_id, created_at, id)")
    op.execute(
        "CREATE INDEX contacts_email_idx ON contacts (workspace_id, email_norm, created_at, id)"
    )
    op.execute(
        "CREATE INDEX contacts_owner_idx ON contacts (workspace_id, owner_id, created_at, id)"
    )
    tenant("contacts")
    op.execute(
        """
        CREATE TABLE opportunities (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            name TEXT NOT NULL,
            account_id UUID,
            contact_id UUID,
            pipeline_id UUID NOT NULL,
            stage_id UUID NOT NULL,
            status TEXT NOT NULL,
            amount_minor BIGINT,
            currency TEXT,
            probability INTEGER NOT NULL,
            closes_on DATE,
            closed_at TIMESTAMP WITH TIME ZONE,
            lost_reason TEXT,
            source TEXT,
            campaign_id UUID,
            description TEXT,
            owner_id UUID,
            originating_lead_id UUID,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT opportunities_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT opportunities_status_check CHECK (status IN ('open', 'won', 'lost')),
            CONSTRAINT opportunities_account_fk FOREIGN KEY(workspace_id, account_id) REFERENCES accounts (workspace_id, id),
            CONSTRAINT opportunities_contact_fk FOREIGN KEY(workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
            CONSTRAINT opportunities_pipeline_fk FOREIGN KEY(workspace_id, pipeline_id) REFERENCES pipelines (workspace_id, id),
            CONSTRAINT opportunities_stage_fk FOREIGN KEY(workspace_id, stage_id) REFERENCES stages (workspace_id, id),
            CONSTRAINT opportunities_campaign_fk FOREIGN KEY(workspace_id, campaign_id) REFERENCES campaigns (workspace_id, id),
            CONSTRAINT opportunities_owner_fk FOREIGN KEY(workspace_id, owner_id) REFERENCES users (workspace_id, id),
            CONSTRAINT opportunities_originating_lead_fk FOREIGN KEY(workspace_id, originating_lead_id) REFERENCES leads (workspace_id, id)
        )
        """
    )
    op.execute(
        "CREATE INDEX opportunities_account_idx ON opportunities (workspace_id, account_id, created_at, id)"
    )
    op.execute(
        "CREATE INDEX opportunities_contact_idx ON opportunities (workspace_id, contact_id, created_at, id)"
    )
    op.execute(
        "CREATE INDEX opportunities_created_idx ON opportunities (workspace_id, created_at, id)"
    )
    op.execute(
        "CREATE INDEX opportunities_owner_idx ON opportunities (workspace_id, owner_id, created_at, id)"
    )
    op.execute(
        "CREATE INDEX opportunities_stage_idx ON opportunities (workspace_id, stage_id, created_at, id)"
    )
    tenant("opportunities")
    op.execute(
        """
        CREATE TABLE conversions (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            lead_id UUID NOT NULL,
            account_id UUID NOT NULL,
            contact_id UUID NOT NULL,
            opportunity_id UUID,
            created JSONB NOT NULL,
            filled JSONB NOT NULL,
            override_reason TEXT,
            converted_at TIMESTAMP WITH TIME ZONE NOT NULL,
            user_id UUID,
            api_key_id UUID,
            CONSTRAINT conversions_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT conversions_lead_key UNIQUE (workspace_id, lead_id),
            CONSTRAINT conversions_lead_fk FOREIGN KEY(workspace_id, lead_id) REFERENCES leads (workspace_id, id),
            CONSTRAINT conversions_account_fk FOREIGN KEY(workspace_id, account_id) REFERENCES accounts (workspace_id, id),
            CONSTRAINT conversions_contact_fk FOREIGN KEY(workspace_id, contact_id) REFERENCES contacts (workspace_id, id),
            CONSTRAINT conversions_opportunity_fk FOREIGN KEY(workspace_id, opportunity_id) REFERENCES opportunities (workspace_id, id)
        )
        """
    )
    op.execute("CREATE INDEX conversions_account_idx ON conversions (workspace_id, account_id)")
    op.execute("CREATE INDEX conversions_contact_idx ON conversions (workspace_id, contact_id)")
    op.execute(
        "CREATE INDEX conversions_opportunity_idx ON conversions (workspace_id, opportunity_id) WHERE opportunity_id IS NOT NULL"
    )
    tenant("conversions", may="SELECT, INSERT")


def downgrade() -> None:
    """Drop accounts, contacts, opportunities and conversions."""
    op.execute("DROP TABLE conversions")
    op.execute("DROP TABLE opportunities")
    op.execute("DROP TABLE contacts")
    op.execute("DROP TABLE accounts")
    op.execute("DROP TABLE stages")
    op.execute("DROP TABLE pipelines")
