"""Segments, who is in them, who was picked for them, and how far leads have been followed."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.ripeness.segments import SegmentKind
from app.repositories.tables import (
    index,
    instant,
    one_of,
    refers,
    tenant_table,
    text,
    versioned,
)

segments = tenant_table(
    "segments",
    text("name", required=True),
    text("description"),
    text("kind", required=True),
    Column("condition", JSONB),
    Column("edition", Integer, nullable=False),
    Column("timed", Boolean, nullable=False),
    text("problem"),
    Column("snapshot_of", Uuid),
    instant("refreshed_at"),
    instant("refresh_due_at"),
    instant("archived_at"),
    *versioned(),
    one_of("segments", "kind", SegmentKind),
    refers("segments", "snapshot_of", "segments", "snapshot_of"),
    index("segments", "created", "created_at", "id"),
)

# Who is in a segment now. Leads are never deleted, so no foreign key guards them: each check would
# lock, and so write, the row of the lead.
segment_members = tenant_table(
    "segment_members",
    Column("segment_id", Uuid, nullable=False),
    Column("lead_id", Uuid, nullable=False),
    instant("entered_at", required=True),
    refers("segment_members", "segment_id", "segments", "segment"),
    index("segment_members", "entered", "segment_id", "entered_at", "lead_id"),
    index("segment_members", "lead", "lead_id", "entered_at", "segment_id"),
    key=("segment_id", "lead_id"),
)

# Whom people put into a static segment. A lead that was merged is in it by the one that stands for
# it, and comes back by itself when the merge is undone.
segment_picks = tenant_table(
    "segment_picks",
    Column("segment_id", Uuid, nullable=False),
    Column("lead_id", Uuid, nullable=False),
    instant("picked_at", required=True),
    refers("segment_picks", "segment_id", "segments", "segment"),
    index("segment_picks", "lead", "lead_id", "segment_id"),
    key=("segment_id", "lead_id"),
)

# Up to which event of the journal the members of segments are right, and when that was all.
segment_progress = tenant_table(
    "segment_progress",
    Column("position", BigInteger, nullable=False),
    instant("followed_at"),
    key=(),
)
