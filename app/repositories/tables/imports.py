"""Imports: the file in pieces, and a row for each row of it."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.intake.import_fields import ImportKind
from app.domain.intake.imports import ImportStatus, Phase, RowOutcome
from app.repositories.tables import (
    index,
    instant,
    one_of,
    refers,
    tenant_table,
    text,
    versioned,
)

# Spelled out, so that a generic plan sees that the partial indexes fit.
REMARKABLE_ROWS = "outcome IN ('skipped', 'duplicate', 'invalid')"
ROWS_OF_LEADS = "lead_id IS NOT NULL"

imports = tenant_table(
    "imports",
    text("name", required=True),
    text("kind", required=True),
    text("status", required=True),
    text("file_hash", required=True),
    Column("file_size", BigInteger, nullable=False),
    Column("format", JSONB, nullable=False),
    Column("columns", JSONB, nullable=False),
    Column("mapping", JSONB, nullable=False),
    Column("options", JSONB, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("cursor", BigInteger, nullable=False),
    Column("counts", JSONB, nullable=False),
    Column("preview", JSONB, nullable=False),
    text("error"),
    Column("job_id", Uuid),
    Column("user_id", Uuid),
    Column("api_key_id", Uuid),
    instant("started_at"),
    instant("finished_at"),
    *versioned(),
    one_of("imports", "kind", ImportKind),
    one_of("imports", "status", ImportStatus),
    index("imports", "created", "created_at", "id"),
    index("imports", "file", "file_hash", "name"),
)

import_files = tenant_table(
    "import_files",
    Column("import_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    refers("import_files", "import_id", "imports", "import"),
    key=("import_id", "number"),
)

# No foreign keys: a million rows would look up the one import and their leads a million times.
import_rows = tenant_table(
    "import_rows",
    Column("import_id", Uuid, nullable=False),
    text("phase", required=True),
    Column("line", BigInteger, nullable=False),
    text("outcome", required=True),
    Column("lead_id", Uuid),
    Column("first_line", BigInteger),
    Column("reasons", JSONB),
    Column("cells", JSONB),
    Column("undone", JSONB),
    instant("recorded_at", required=True),
    one_of("import_rows", "phase", Phase),
    one_of("import_rows", "outcome", RowOutcome),
    index("import_rows", "lead", "import_id", "lead_id", postgresql_where=sql(ROWS_OF_LEADS)),
    index(
        "import_rows",
        "remarkable",
        "import_id",
        "phase",
        "outcome",
        "line",
        postgresql_where=sql(REMARKABLE_ROWS),
    ),
    key=("import_id", "phase", "line"),
)
