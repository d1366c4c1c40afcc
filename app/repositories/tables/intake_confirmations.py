"""Double opt-in: which submissions wait for their sender's word, and when it was given."""

from sqlalchemy import Column, ForeignKeyConstraint, LargeBinary, Uuid
from sqlalchemy import text as sql

from app.repositories.tables import index, instant, tenant_table, text, unique

# The address itself stands with the submission alone; `address_key` only tells equal ones.
confirmations = tenant_table(
    "confirmations",
    Column("submission_id", Uuid, nullable=False),
    Column("form_id", Uuid, nullable=False),
    Column("address_key", LargeBinary, nullable=False),
    instant("created_at", required=True),
    instant("expires_at", required=True),
    instant("asked_at"),
    instant("confirmed_at"),
    text("confirmed_from"),
    unique("confirmations", "submission", "submission_id"),
    ForeignKeyConstraint(
        ["workspace_id", "submission_id"],
        ["submissions.workspace_id", "submissions.id"],
        name="confirmations_submission_fk",
        ondelete="CASCADE",
    ),
    index(
        "confirmations",
        "waiting",
        "form_id",
        "address_key",
        postgresql_where=sql("confirmed_at IS NULL"),
    ),
)
