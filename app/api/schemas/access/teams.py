"""Teams over the wire."""

from datetime import datetime
from uuid import UUID

from app.api.schemas.fields import Body, Label, Read, about, kept


class TeamCreate(Body):
    """A new team."""

    name: Label = about("What the team is called; no other team is.", "Inside Sales North")


class TeamUpdate(Body):
    """A JSON merge patch: absent fields stay."""

    name: Label = kept("What the team is called; no other team is.", "Inside Sales North")


class TeamRead(Read):
    """Users who share a queue of leads."""

    id: UUID = about("Id, a UUIDv7.", "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d")
    name: str = about("What the team is called.", "Inside Sales North")
    created_at: datetime = about("When it was created.", "2026-03-02T09:30:00Z")
    updated_at: datetime = about("When it last changed.", "2026-03-02T09:30:00Z")
    version: int = about("Grows with every change; the ETag.", 1)
