"""Campaigns, leads, identities and custom fields."""

from alembic import op

from migrations.tenancy import tenant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Row-level security hides rows before it lets a query use a trigram index, because LIKE is not
# leakproof. This function runs as a role that sees every row of these four columns, and therefore
# checks the workspace itself, against the same setting as the policies.
SEARCH_LEADS = """
CREATE FUNCTION search_leads(ws uuid, pattern text, words text[], most integer)
RETURNS TABLE (id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
SELECT found.id FROM public.leads AS found
WHERE found.workspace_id = ws
  AND found.workspace_id = nullif(current_setting('app.workspace_id', true), '')::uuid
  AND found.deleted_at IS NULL
  AND found.search_key LIKE pattern
  AND NOT EXISTS (SELECT FROM unnest(words) AS word WHERE strpos(found.search_key, word) = 0)
LIMIT most
$$
"""


def upgrade() -> None:
    """Create campaigns, leads, identities and custom fields."""
    op.execute(
        """
        CREATE TABLE campaigns (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            channel TEXT,
            status TEXT NOT NULL,
            starts_on DATE,
            ends_on DATE,
            budget_minor BIGINT,
            cost_minor BIGINT,
            currency TEXT,
            description TEXT,
            source_system TEXT,
            external_id TEXT,
            owner_id UUID,
            parent_id UUID,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT campaigns_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT campaigns_status_check CHECK (status IN ('planned', 'active', 'paused', 'ended')),
            CONSTRAINT campaigns_channel_check CHECK (channel IN ('organic_search', 'paid_search', 'organic_social', 'paid_social', 'display', 'video', 'affiliate', 'email', 'sms', 'referral', 'partner', 'event', 'webinar', 'phone', 'chat', 'direct_mail', 'product', 'direct', 'api', 'other')),
            CONSTRAINT campaigns_owner_fk FOREIGN KEY(workspace_id, owner_id) REFERENCES users (workspace_id, id),
            CONSTRAINT campaigns_parent_fk FOREIGN KEY(workspace_id, parent_id) REFERENCES campaigns (workspace_id, id)
        )
        """
    )
    op.execute("CREATE INDEX campaigns_created_idx ON campaigns (workspace_id, created_at, id)")
    op.execute(
        "CREATE UNIQUE INDEX campaigns_external_idx ON campaigns (workspace_id, source_system, external_id) WHERE external_id IS NOT NULL"
    )
    tenant("campaigns")
    op.execute(
        """
        CREATE TABLE leads (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            status TEXT NOT NULL,
            lifecycle_stage TEXT NOT NULL,
            first_name TEXT,
            last_name TEXT,
            full_name TEXT,
            title TEXT,
            company TEXT,
            email TEXT,
            email_norm TEXT,
            phone TEXT,
            phone_norm TEXT,
            website TEXT,
            web_domain TEXT,
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
            language TEXT,
            description TEXT,
            source TEXT,
            campaign_id UUID,
            owner_id UUID,
            team_id UUID,
            custom JSONB NOT NULL,
            unnormalised JSONB NOT NULL,
            search_key TEXT NOT NULL,
            qualification_outcome TEXT,
            qualification_score INTEGER,
            qualification_completeness INTEGER,
            disqualified_reason TEXT,
            disqualified_note TEXT,
            mql_at TIMESTAMP WITH TIME ZONE,
            sql_at TIMESTAMP WITH TIME ZONE,
            opportunity_at TIMESTAMP WITH TIME ZONE,
            customer_at TIMESTAMP WITH TIME ZONE,
            first_touch_at TIMESTAMP WITH TIME ZONE,
            last_touch_at TIMESTAMP WITH TIME ZONE,
            touch_count INTEGER NOT NULL,
            deleted_at TIMESTAMP WITH TIME ZONE,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT leads_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT leads_status_check CHECK (status IN ('new', 'working', 'nurturing', 'qualified', 'converted', 'disqualified')),
            CONSTRAINT leads_lifecycle_stage_check CHECK (lifecycle_stage IN ('lead', 'mql', 'sql', 'opportunity', 'customer')),
            CONSTRAINT leads_qualification_outcome_check CHECK (qualification_outcome IN ('qualified', 'not_yet', 'disqualified')),
            CONSTRAINT leads_campaign_fk FOREIGN KEY(workspace_id, campaign_id) REFERENCES campaigns (workspace_id, id),
            CONSTRAINT leads_owner_fk FOREIGN KEY(workspace_id, owner_id) REFERENCES users (workspace_id, id),
            CONSTRAINT leads_team_fk FOREIGN KEY(workspace_id, team_id) REFERENCES teams (workspace_id, id)
        )
        """
    )
    op.execute("CREATE INDEX leads_created_idx ON leads (workspace_id, created_at, id)")
    op.execute("CREATE INDEX leads_email_idx ON leads (workspace_id, email_norm, created_at, id)")
    op.execute("CREATE INDEX leads_last_touch_idx ON leads (workspace_id, last_touch_at, id)")
    op.execute("CREATE INDEX leads_owner_idx ON leads (workspace_id, owner_id, created_at, id)")
    op.execute(
        "CREATE INDEX leads_search_idx ON leads USING gin (workspace_id, search_key gin_trgm_ops)"
    )
    op.execute("CREATE INDEX leads_status_idx ON leads (workspace_id, status, created_at, id)")
    op.execute("CREATE INDEX leads_updated_idx ON leads (workspace_id, updated_at, id)")
    tenant("leads")
    op.execute(
        "GRANT SELECT (workspace_id, id, search_key, deleted_at) ON leads TO touchline_search"
    )
    op.execute("CREATE POLICY leads_search ON leads FOR SELECT TO touchline_search USING (true)")
    op.execute(SEARCH_LEADS)
    op.execute("ALTER FUNCTION search_leads(uuid, text, text[], integer) OWNER TO touchline_search")
    op.execute("REVOKE ALL ON FUNCTION search_leads(uuid, text, text[], integer) FROM PUBLIC")
    op.execute(
        "GRANT EXECUTE ON FUNCTION search_leads(uuid, text, text[], integer) TO touchline_app"
    )
    op.execute(
        """
        CREATE TABLE lead_identities (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            lead_id UUID NOT NULL,
            kind TEXT NOT NULL,
            system TEXT NOT NULL,
            value TEXT NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT lead_identities_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT lead_identities_kind_check CHECK (kind IN ('email', 'external')),
            CONSTRAINT lead_identities_value_key UNIQUE (workspace_id, kind, system, value),
            CONSTRAINT lead_identities_lead_fk FOREIGN KEY(workspace_id, lead_id) REFERENCES leads (workspace_id, id)
        )
        """
    )
    op.execute("CREATE INDEX lead_identities_lead_idx ON lead_identities (workspace_id, lead_id)")
    tenant("lead_identities")
    op.execute(
        """
        CREATE TABLE custom_fields (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            key TEXT NOT NULL,
            label TEXT NOT NULL,
            type TEXT NOT NULL,
            choices JSONB NOT NULL,
            required BOOLEAN DEFAULT false NOT NULL,
            description TEXT,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT custom_fields_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT custom_fields_type_check CHECK (type IN ('text', 'number', 'boolean', 'date', 'choice')),
            CONSTRAINT custom_fields_key_key UNIQUE (workspace_id, key)
        )
        """
    )
    tenant("custom_fields")


def downgrade() -> None:
    """Drop campaigns, leads, identities and custom fields."""
    op.execute("DROP FUNCTION search_leads(uuid, text, text[], integer)")
    op.execute("DROP TABLE custom_fields")
    op.execute("DROP TABLE lead_identities")
    op.execute("DROP TABLE leads")
    op.execute("DROP TABLE campaigns")
