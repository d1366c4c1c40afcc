"""Merges of leads: what each changed and moved, so that it can be taken back."""

from sqlalchemy import Column, ForeignKeyConstraint, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from app.repositories.tables import index, instant, refers, tenant_table, text

# Of the merges of one loser at most one is not undone: the lead's row is locked for each.
lead_merges = tenant_table(
    "lead_merges",
    Column("winner_id", Uuid, nullable=False),
    Column("loser_id", Uuid, nullable=False),
    Column("cause", JSONB),
    Column("rules", JSONB, nullable=False),
    Column("fields", JSONB, nullable=False),
    Column("consents", JSONB, nullable=False),
    Column("moved", JSONB, nullable=False),
    Column("winner_before", JSONB, nullable=False),
    Column("winner_after", JSONB, nullable=False),
    Column("loser_before", JSONB, nullable=False),
    instant("created_at", required=True),
    Column("user_id", Uuid),
    Column("api_key_id", Uuid),
    instant("undone_at"),
    Column("undone_user_id", Uuid),
    Column("undone_api_key_id", Uuid),
    Column("undone", JSONB),
    refers("lead_merges", "winner_id", "leads", "winner"),
    refers("lead_merges", "loser_id", "leads", "loser"),
    index("lead_merges", "created", "created_at", "id"),
    index("lead_merges", "winner", "winner_id", "created_at", "id"),
    index("lead_merges", "loser", "loser_id", "created_at", "id"),
)

# Which rows of which table a merge pointed to the winner, by their key.
lead_merge_moves = tenant_table(
    "lead_merge_moves",
    Column("merge_id", Uuid, nullable=False),
    text("moved_from", required=True),
    text("row_key", required=True),
    ForeignKeyConstraint(
        ["workspace_id", "merge_id"],
        ["lead_merges.workspace_id", "lead_merges.id"],
        name="lead_merge_moves_merge_fk",
        ondelete="CASCADE",
    ),
    key=("merge_id", "moved_from", "row_key"),
    append_only=True,
)
