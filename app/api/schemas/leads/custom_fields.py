"""Custom fields over the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.api.schemas.fields import Body, Flag, Label, Paragraph, Read, Token, about, kept, optional
from app.domain.leads.custom_fields import FieldType

AN_ID = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"

Choices = Annotated[list[Label], Field(max_length=500)]


class CustomFieldCreate(Body):
    """A field of the workspace's own, for every lead."""

    key: Token = about("Its name in `custom`, in snake_case; for good.", "segment")
    label: Label = about("Its name for people.", "Segment")
    type: FieldType = about("What its values are; for good.", "choice")
    choices: Choices = about(
        "The values that a field of type `choice` can have; for no other type.",
        ["enterprise", "mid_market"],
        default_factory=list,
    )
    required: Flag = about("Whether a new lead needs a value.", example=False, default=False)
    description: Paragraph | None = optional("What it means.", "By number of employees")


class CustomFieldUpdate(Body):
    """A JSON merge patch: absent fields stay, null clears the description."""

    label: Label = kept("Its name for people.", "Segment")
    choices: Choices = kept(
        "All the values it can have: those there are, and new ones.",
        ["enterprise", "mid_market", "public_sector"],
    )
    required: Flag = kept("Whether a new lead needs a value.", example=True)
    description: Paragraph | None = optional("What it means.", "By number of employees")


class CustomFieldRead(Read):
    """The declaration of a field."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    key: str = about("Its name in `custom`.", "segment")
    label: str = about("Its name for people.", "Segment")
    type: FieldType = about("What its values are.", "choice")
    choices: list[str] = about("The values it can have.", ["enterprise", "mid_market"])
    required: bool = about("Whether a new lead needs a value.", example=False)
    description: str | None = about("What it means.", "By number of employees")
    created_at: datetime = about("When it was declared.", "2026-03-02T09:30:00Z")
    updated_at: datetime = about("When it last changed.", "2026-03-02T09:30:00Z")
    version: int = about("Grows with every change; the ETag.", 1)
