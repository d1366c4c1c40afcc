"""Workspaces, users, teams and API keys."""

from alembic import op

from migrations.tenancy import reference, tenant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create workspaces, users, teams and API keys."""
    op.execute(
        """
        CREATE TABLE workspaces (
            id UUID NOT NULL,
            slug TEXT NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT workspaces_pkey PRIMARY KEY (id),
            CONSTRAINT workspaces_slug_key UNIQUE (slug)
        )
        """
    )
    op.execute("GRANT SELECT ON workspaces TO touchline_app")
    reference("workspaces")
    op.execute(
        """
        CREATE TABLE workspace_settings (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            name TEXT NOT NULL,
            default_country TEXT,
            default_currency TEXT NOT NULL,
            time_zone TEXT NOT NULL,
            qualification_policy JSONB NOT NULL,
            disqualify_reasons JSONB NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT workspace_settings_pkey PRIMARY KEY (workspace_id, id)
        )
        """
    )
    tenant("workspace_settings")
    op.execute(
        """
        CREATE TABLE teams (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            name TEXT NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT teams_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT teams_name_key UNIQUE (workspace_id, name)
        )
        """
    )
    tenant("teams")
    op.execute(
        """
        CREATE TABLE users (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            name TEXT NOT NULL,
            email TEXT NOT NULL,
            role TEXT NOT NULL,
            team_id UUID,
            time_zone TEXT NOT NULL,
            active BOOLEAN NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT users_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT users_role_check CHECK (role IN ('rep', 'manager', 'admin')),
            CONSTRAINT users_email_key UNIQUE (workspace_id, email),
            CONSTRAINT users_team_fk FOREIGN KEY(workspace_id, team_id) REFERENCES teams (workspace_id, id)
        )
        """
    )
    op.execute("CREATE INDEX users_created_idx ON users (workspace_id, created_at, id)")
    tenant("users")
    op.execute(
        """
        CREATE TABLE api_keys (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            prefix TEXT NOT NULL,
            key_hash BYTEA NOT NULL,
            scopes JSONB NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            expires_at TIMESTAMP WITH TIME ZONE,
            revoked_at TIMESTAMP WITH TIME ZONE,
            last_used_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT api_keys_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT api_keys_kind_check CHECK (kind IN ('secret', 'publishable')),
            CONSTRAINT api_keys_hash_key UNIQUE (workspace_id, key_hash)
        )
        """
    )
    op.execute("CREATE INDEX api_keys_created_idx ON api_keys (workspace_id, created_at, id)")
    tenant("api_keys")
    op.execute("GRANT SELECT ON api_keys TO touchline_auth")
    op.execute("CREATE POLICY api_keys_auth ON api_keys FOR SELECT TO touchline_auth USING (true)")
    op.execute(
        """
        CREATE TABLE idempotency_keys (
            workspace_id UUID NOT NULL,
            key TEXT NOT NULL,
            fingerprint BYTEA NOT NULL,
            status INTEGER NOT NULL,
            headers JSONB NOT NULL,
            body BYTEA NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT idempotency_keys_pkey PRIMARY KEY (workspace_id, key)
        )
        """
    )
    op.execute(
        "CREATE INDEX idempotency_keys_created_idx ON idempotency_keys (workspace_id, created_at)"
    )
    tenant("idempotency_keys")


def downgrade() -> None:
    """Drop workspaces, users, teams and API keys."""
    op.execute("DROP TABLE idempotency_keys")
    op.execute("DROP TABLE api_keys")
    op.execute("DROP TABLE users")
    op.execute("DROP TABLE teams")
    op.execute("DROP TABLE workspace_settings")
    op.execute("DROP TABLE workspaces")
