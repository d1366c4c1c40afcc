"""What came in, as it came; how many receipts were given for it; what the database refused."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, Uuid, cast, extract, func
from sqlalchemy import literal_column as literally
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.intake.submissions import SubmissionKind, SubmissionStatus
from app.repositories.tables import index, instant, one_of, refers, tenant_table, text

# No foreign key on what a sender gives: the first write must not be able to fail on it.
submissions = tenant_table(
    "submissions",
    text("kind", required=True),
    instant("received_at", required=True),
    Column("raw", LargeBinary, nullable=False),
    Column("body_hash", LargeBinary, nullable=False),
    text("content_type", required=True),
    text("query", required=True),
    Column("headers", JSONB, nullable=False),
    text("address"),
    Column("form_id", Uuid),
    Column("connector_id", Uuid),
    Column("api_key_id", Uuid),
    text("visitor_id"),
    Column("fingerprint", LargeBinary),
    Column("part", Integer, nullable=False),
    Column("is_test", Boolean, nullable=False),
    Column("suspicions", JSONB, nullable=False),
    text("status", required=True),
    Column("findings", JSONB, nullable=False, server_default=sql("'[]'")),
    text("email_norm"),
    Column("lead_id", Uuid),
    text("outcome"),
    Column("touchpoint_id", Uuid),
    Column("duplicate_of", Uuid),
    Column("fetched", LargeBinary),
    Column("released", Boolean, nullable=False, server_default=sql("false")),
    Column("attempts", Integer, nullable=False, server_default=sql("0")),
    instant("processed_at"),
    one_of("submissions", "kind", SubmissionKind),
    one_of("submissions", "status", SubmissionStatus),
    refers("submissions", "lead_id", "leads", "lead"),
    index("submissions", "received", "received_at", "id"),
    index(
        "submissions",
        "pending",
        "received_at",
        "id",
        postgresql_where=sql("status = 'received'"),
    ),
    index(
        "submissions",
        "waiting",
        "status",
        "received_at",
        "id",
        postgresql_where=sql("status IN ('held', 'quarantined', 'rejected')"),
    ),
    index(
        "submissions",
        "fingerprint",
        "fingerprint",
        "received_at",
        postgresql_where=sql("fingerprint IS NOT NULL"),
    ),
    index(
        "submissions",
        "email",
        "email_norm",
        "received_at",
        "id",
        postgresql_where=sql("email_norm IS NOT NULL"),
    ),
    index(
        "submissions",
        "lead",
        "lead_id",
        "received_at",
        "id",
        postgresql_where=sql("lead_id IS NOT NULL"),
    ),
    added_at_intake=True,
)

# How many submissions were stored, counted in the statement that stores them: one row for each
# hour and process, so that no two processes wait for each other.
intake_counts = tenant_table(
    "intake_counts",
    Column("hour", BigInteger, nullable=False),
    Column("writer", Uuid, nullable=False),
    Column("issued", BigInteger, nullable=False),
    key=("hour", "writer"),
    added_at_intake=True,
)

# Records that the database refused, whole, as the spool would hold them.
quarantine = tenant_table(
    "quarantine",
    instant("received_at", required=True),
    Column("record", LargeBinary, nullable=False),
    text("reason", required=True),
    instant("resolved_at"),
    index("quarantine", "received", "received_at", "id"),
    added_at_intake=True,
)


def hour_of(instant_column: Any) -> Any:
    """The hour in `intake_counts` that an instant counts for."""
    seconds = func.floor(extract("epoch", instant_column))
    return cast(seconds, BigInteger).op("/")(literally("3600"))
