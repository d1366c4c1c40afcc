"""Contacts over the wire."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, model_validator

from app.api.schemas.fields import Body, Line, Paragraph, Read, about, optional
from app.api.schemas.sales.accounts import AN_ID, PlaceFields


class ContactDetails(PlaceFields):
    """What people tell about a contact, as they typed it."""

    first_name: Line | None = optional("First name.", "Ada")
    last_name: Line | None = optional("Last name.", "Lovelace")
    full_name: Line | None = optional(
        "The whole name, when it is not known which part is which.", "Ada Lovelace"
    )
    title: Line | None = optional("Job title.", "Head of Purchasing")
    email: Line | None = optional("E-mail address, kept as typed.", "Ada@Example.com")
    phone: Line | None = optional("Phone number, kept as typed.", "+44 20 7946 0018")
    language: Line | None = optional("Language, as a BCP 47 tag.", "en-GB")
    description: Paragraph | None = optional("Free text.", "Decides together with the board")
    source: Line | None = optional("Where the contact came from, in your words.", "website")
    owner_id: UUID | None = optional("The user responsible.")


class ContactFields(ContactDetails):
    """The same, with the account the contact belongs to."""

    account_id: UUID | None = optional("The account the contact belongs to.")


class ContactCreate(ContactFields, Body):
    """A new contact. At least one of name, e-mail and phone must be there."""

    @model_validator(mode="after")
    def _says_something(self) -> "ContactCreate":
        telling = ("first_name", "last_name", "full_name", "email", "phone")
        if not any((getattr(self, name) or "").strip() for name in telling):
            raise ValueError(f"a contact needs at least one of {', '.join(telling)}")
        return self


class ContactUpdate(ContactFields, Body):
    """A JSON merge patch: absent fields stay, null clears."""


class ContactRead(ContactFields, Read):
    """A contact, each normalised value beside the typed one."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    email_norm: str | None = about("The address as matched.", "ada@example.com")
    phone_norm: str | None = about("The number in E.164.", "+442079460018")
    country_code: str | None = about("ISO 3166-1 alpha-2.", "GB")
    originating_lead_id: UUID | None = about("The lead it was first converted from.", AN_ID)
    created_at: datetime = about("When it was created.", "2026-03-02T09:30:00Z")
    updated_at: datetime = about("When its fields last changed.", "2026-03-02T09:30:00Z")
    version: int = about("Grows with every change; the ETag.", 1)


class ContactQuery(BaseModel):
    """Filters; a repeated parameter means OR."""

    limit: int = about("How many items a page holds.", 50, default=50, ge=1, le=200)
    cursor: str | None = optional(
        "`next_cursor` of the page before; absent for the first page.", max_length=2000
    )
    sort: Literal["-created_at", "created_at"] = about(
        "The order; a minus means newest first.", "-created_at", default="-created_at"
    )
    account_id: list[UUID] | None = optional("Accounts.")
    email: list[Line] | None = optional("Exactly this e-mail address.", ["ada@example.com"])
    owner_id: list[UUID] | None = optional("Owners.")
