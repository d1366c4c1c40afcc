"""What finds records that may be one, and what was found."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, JSONB

from app.domain.leads.matching import Band, Record
from app.repositories.tables import (
    index,
    instant,
    one_of,
    tenant_table,
    text,
    unique,
    versioned,
)

# Every key under which a record is looked up: see `app/adapters/match_keys.py`. One that a record
# had before a change may stay; it costs a comparison, and the comparison decides.
match_keys = tenant_table(
    "match_keys",
    text("record", required=True),
    Column("value", BigInteger, nullable=False),
    Column("record_id", Uuid, nullable=False),
    one_of("match_keys", "record", Record),
    key=("record", "value", "record_id"),
)

# How many records have a value in a field, counted by a scan.
matching_terms = tenant_table(
    "matching_terms",
    text("record", required=True),
    text("field", required=True),
    Column("value", BigInteger, nullable=False),
    Column("scan_id", Uuid, nullable=False),
    Column("count", Integer, nullable=False),
    one_of("matching_terms", "record", Record),
    key=("record", "field", "value", "scan_id"),
)

matching_settings = tenant_table(
    "matching_settings",
    Column("auto_at", DOUBLE_PRECISION, nullable=False),
    Column("review_at", DOUBLE_PRECISION, nullable=False),
    Column("auto_merge", Boolean, nullable=False, server_default=sql("false")),
    Column("compared_custom", JSONB, nullable=False),
    Column("ignored_fields", JSONB, nullable=False),
    Column("weights", JSONB, nullable=False),
    Column("prior", DOUBLE_PRECISION),
    # By record: the scan that counted the frequencies, and how many records there were.
    Column("terms", JSONB, nullable=False),
    Column("estimate", JSONB),
    *versioned(),
    key=(),
)

duplicate_pairs = tenant_table(
    "duplicate_pairs",
    text("record", required=True),
    Column("first_id", Uuid, nullable=False),
    Column("second_id", Uuid, nullable=False),
    text("band", required=True),
    Column("probability", DOUBLE_PRECISION, nullable=False),
    Column("prior", DOUBLE_PRECISION, nullable=False),
    Column("signals", JSONB, nullable=False),
    Column("cluster_id", Uuid),
    Column("scan_id", Uuid, nullable=False),
    instant("found_at", required=True),
    one_of("duplicate_pairs", "record", Record),
    one_of("duplicate_pairs", "band", Band),
    unique("duplicate_pairs", "pair", "record", "first_id", "second_id"),
    index("duplicate_pairs", "likely", "record", "probability", "id"),
    index("duplicate_pairs", "cluster", "record", "cluster_id"),
)

# Two records of which somebody said that they are not one; `lead_a` is the smaller id. For contacts
# and accounts the same.
duplicate_dismissals = tenant_table(
    "duplicate_dismissals",
    text("record", required=True),
    Column("lead_a", Uuid, nullable=False),
    Column("lead_b", Uuid, nullable=False),
    text("reason"),
    Column("user_id", Uuid),
    Column("api_key_id", Uuid),
    instant("created_at", required=True),
    one_of("duplicate_dismissals", "record", Record),
    unique("duplicate_dismissals", "pair", "record", "lead_a", "lead_b"),
    index("duplicate_dismissals", "b", "record", "lead_b"),
    index("duplicate_dismissals", "created", "created_at", "id"),
)
