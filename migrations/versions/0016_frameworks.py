"""Qualification frameworks and gates."""

from alembic import op

from migrations.tenancy import tenant

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

CRITERIA = "criterion IN ('budget', 'authority', 'need', 'timeline')"


def upgrade() -> None:
    """Create frameworks and gates, and let answers be about any criterion of any framework."""
    op.execute(
        "ALTER TABLE workspace_settings ADD COLUMN default_framework TEXT DEFAULT 'bant' NOT NULL"
    )
    _frameworks()
    _gates()
    op.execute("ALTER TABLE assessments ADD COLUMN framework_id UUID")
    op.execute("ALTER TABLE assessments ADD COLUMN form_id UUID")
    op.execute("ALTER TABLE assessments ADD COLUMN submission_id UUID")
    op.execute("ALTER TABLE assessment_answers ADD COLUMN framework TEXT DEFAULT 'bant' NOT NULL")
    op.execute("ALTER TABLE assessment_answers ADD COLUMN detail TEXT")
    op.execute("ALTER TABLE assessment_answers ADD COLUMN by_lead BOOLEAN DEFAULT false NOT NULL")
    op.execute("ALTER TABLE assessment_answers ADD COLUMN settles BOOLEAN DEFAULT false NOT NULL")
    _at_once(
        "ban-drop-constraint",
        "ALTER TABLE assessment_answers DROP CONSTRAINT assessment_answers_criterion_check",
    )
    # Of champions one assessment may name several.
    _at_once(
        "ban-drop-constraint",
        "ALTER TABLE assessment_answers DROP CONSTRAINT assessment_answers_criterion_key",
    )
    _at_once(
        "require-concurrent-index-creation",
        "CREATE INDEX assessment_answers_assessment_idx ON assessment_answers "
        "(workspace_id, assessment_id)",
    )


def downgrade() -> None:
    """Drop them, with the answers that only they allow."""
    for table in ("assessment_answers", "assessments"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"DELETE FROM {table} WHERE framework <> 'bant'")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute("DROP INDEX assessment_answers_assessment_idx")
    op.execute(
        "ALTER TABLE assessment_answers ADD CONSTRAINT assessment_answers_criterion_key "
        "UNIQUE (workspace_id, assessment_id, criterion)"
    )
    op.execute(
        "ALTER TABLE assessment_answers ADD CONSTRAINT assessment_answers_criterion_check "
        f"CHECK ({CRITERIA})"
    )
    for column in ("settles", "by_lead", "detail", "framework"):
        op.execute(f"ALTER TABLE assessment_answers DROP COLUMN {column}")
    for column in ("submission_id", "form_id", "framework_id"):
        op.execute(f"ALTER TABLE assessments DROP COLUMN {column}")
    op.execute("DROP TABLE gates")
    op.execute("DROP TABLE frameworks")
    op.execute("ALTER TABLE workspace_settings DROP COLUMN default_framework")


def _frameworks() -> None:
    op.execute(
        """
        CREATE TABLE frameworks (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            key TEXT NOT NULL,
            number INTEGER NOT NULL,
            name TEXT NOT NULL,
            status TEXT NOT NULL,
            document JSONB NOT NULL,
            based_on UUID,
            published_at TIMESTAMP WITH TIME ZONE,
            retired_at TIMESTAMP WITH TIME ZONE,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT frameworks_pkey PRIMARY KEY (workspace_id, id),
            CONSTRAINT frameworks_number_key UNIQUE (workspace_id, key, number),
            CONSTRAINT frameworks_status_check CHECK (status IN ('draft', 'published', 'retired'))
        )
        """
    )
    op.execute("CREATE INDEX frameworks_created_idx ON frameworks (workspace_id, created_at, id)")
    op.execute(
        "CREATE UNIQUE INDEX frameworks_published_idx ON frameworks (workspace_id, key) "
        "WHERE status = 'published'"
    )
    tenant("frameworks")


def _gates() -> None:
    op.execute(
        """
        CREATE TABLE gates (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            name TEXT NOT NULL,
            active BOOLEAN NOT NULL,
            statuses JSONB NOT NULL,
            lifecycle_stages JSONB NOT NULL,
            stage_ids JSONB NOT NULL,
            framework TEXT,
            criteria JSONB NOT NULL,
            min_score INTEGER,
            min_completeness INTEGER,
            no_conflicts BOOLEAN NOT NULL,
            condition JSONB,
            override_allowed BOOLEAN NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            version INTEGER NOT NULL,
            CONSTRAINT gates_pkey PRIMARY KEY (workspace_id, id)
        )
        """
    )
    op.execute("CREATE INDEX gates_created_idx ON gates (workspace_id, created_at, id)")
    tenant("gates")


def _at_once(rule: str, statement: str) -> None:
    """In the transaction of the migration, under the lock that it holds anyway."""
    op.execute(f"-- squawk-ignore {rule}\n{statement}")
