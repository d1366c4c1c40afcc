"""Touchpoints and assessments."""

from alembic import op

from migrations.tenancy import tenant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create touchpoints and assessments."""
    op.execute(
        """
        CREATE TABLE touchpoints (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            lead_id UUID NOT NULL,
            kind TEXT NOT NULL,
            channel TEXT,
            occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
            recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
            campaign_id UUID,
            utm JSONB,
            click_ids JSONB,
            page_url TEXT,
            referrer TEXT,
            products JSONB,
            summary TEXT,
            payload JSONB,
            source_system TEXT,
            external_id TEXT,
            supersedes_id UUID,
            user_id UUID,
            api_key_id UUID,
            CONSTRAINT touchpoints_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT touchpoints_channel_check CHECK (channel IN ('organic_search', 'paid_search', 'organic_social', 'paid_social', 'display', 'video', 'affiliate', 'email', 'sms', 'referral', 'partner', 'event', 'webinar', 'phone', 'chat', 'direct_mail', 'product', 'direct', 'api', 'other')),
            CONSTRAINT touchpoints_lead_fk FOREIGN KEY(workspace_id, lead_id) REFERENCES leads (workspace_id, id),
            CONSTRAINT touchpoints_campaign_fk FOREIGN KEY(workspace_id, campaign_id) REFERENCES campaigns (workspace_id, id),
            CONSTRAINT touchpoints_supersedes_fk FOREIGN KEY(workspace_id, supersedes_id) REFERENCES touchpoints (workspace_id, id)
        )
        """
    )
    op.execute(
        "CREATE INDEX touchpoints_campaign_idx ON touchpoints (workspace_id, campaign_id, occurred_at) WHERE campaign_id IS NOT NULL"
    )
    op.execute(
        "CREATE UNIQUE INDEX touchpoints_external_idx ON touchpoints (workspace_id, source_system, external_id) WHERE external_id IS NOT NULL"
    )
    op.execute(
        "CREATE INDEX touchpoints_lead_idx ON touchpoints (workspace_id, lead_id, occurred_at, id)"
    )
    op.execute(
        "CREATE UNIQUE INDEX touchpoints_supersedes_idx ON touchpoints (workspace_id, supersedes_id) WHERE supersedes_id IS NOT NULL"
    )
    tenant("touchpoints", may="SELECT, INSERT")
    op.execute(
        """
        CREATE TABLE assessments (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            lead_id UUID NOT NULL,
            framework TEXT NOT NULL,
            outcome TEXT NOT NULL,
            score INTEGER NOT NULL,
            completeness INTEGER NOT NULL,
            note TEXT,
            assessed_at TIMESTAMP WITH TIME ZONE NOT NULL,
            recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
            user_id UUID,
            api_key_id UUID,
            CONSTRAINT assessments_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT assessments_outcome_check CHECK (outcome IN ('qualified', 'not_yet', 'disqualified')),
            CONSTRAINT assessments_lead_fk FOREIGN KEY(workspace_id, lead_id) REFERENCES leads (workspace_id, id)
        )
        """
    )
    op.execute(
        "CREATE INDEX assessments_lead_idx ON assessments (workspace_id, lead_id, assessed_at, id)"
    )
    tenant("assessments", may="SELECT, INSERT")
    op.execute(
        """
        CREATE TABLE assessment_answers (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            assessment_id UUID NOT NULL,
            lead_id UUID NOT NULL,
            criterion TEXT NOT NULL,
            answer TEXT NOT NULL,
            amount_minor BIGINT,
            currency TEXT,
            decision_on DATE,
            role TEXT,
            confidence INTEGER NOT NULL,
            evidence_text TEXT,
            evidence_touchpoint_id UUID,
            answered_at TIMESTAMP WITH TIME ZONE NOT NULL,
            answered_by UUID,
            CONSTRAINT assessment_answers_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT assessment_answers_criterion_check CHECK (criterion IN ('budget', 'authority', 'need', 'timeline')),
            CONSTRAINT assessment_answers_criterion_key UNIQUE (workspace_id, assessment_id, criterion),
            CONSTRAINT assessment_answers_assessment_fk FOREIGN KEY(workspace_id, assessment_id) REFERENCES assessments (workspace_id, id),
            CONSTRAINT assessment_answers_lead_fk FOREIGN KEY(workspace_id, lead_id) REFERENCES leads (workspace_id, id),
            CONSTRAINT assessment_answers_evidence_fk FOREIGN KEY(workspace_id, evidence_touchpoint_id) REFERENCES touchpoints (workspace_id, id)
        )
        """
    )
    op.execute(
        "CREATE INDEX assessment_answers_lead_idx ON assessment_answers (workspace_id, lead_id, criterion, answered_at, id)"
    )
    tenant("assessment_answers", may="SELECT, INSERT")


def downgrade() -> None:
    """Drop touchpoints and assessments."""
    op.execute("DROP TABLE assessment_answers")
    op.execute("DROP TABLE assessments")
    op.execute("DROP TABLE touchpoints")
