"""Identifiers: UUIDv7, made here and never by the database, so that they grow with time."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7; ids made later sort after ids made earlier."""
    return uuid7()
