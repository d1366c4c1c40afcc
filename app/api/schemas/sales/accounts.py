"""Accounts over the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.api.schemas.fields import (
    Body,
    Count,
    CurrencyCode,
    Line,
    Minor,
    Paragraph,
    Read,
    Url,
    about,
    kept,
    optional,
)

AN_ID = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"

# A person's whole name fits, when a lead without a company becomes an account.
Name = Annotated[str, Field(min_length=1, max_length=1_100, pattern=r"\S")]


class PlaceFields(BaseModel):
    """An address, as typed."""

    street: Line | None = optional("Street and number.", "12 St James's Square")
    city: Line | None = optional("City.", "London")
    region: Line | None = optional("State or province.", "Greater London")
    postal_code: Line | None = optional("Postal code.", "SW1Y 4JH")
    country: Line | None = optional("Country: a name in any language or an ISO code.", "UK")


class AccountFields(PlaceFields):
    """What people tell about an account, as they typed it."""

    website: Url | None = optional("Web site.", "https://www.example.com")
    phone: Line | None = optional("Phone number, kept as typed.", "+44 20 7946 0018")
    industry: Line | None = optional("Industry.", "Manufacturing")
    employee_count: Count | None = optional("How many people it employs.", 250)
    annual_revenue_minor: Minor | None = optional(
        "Annual revenue in minor units of `currency`.", 1_200_000_000
    )
    currency: CurrencyCode | None = optional("ISO 4217 code.", "GBP")
    description: Paragraph | None = optional("Free text.", "Buys through its holding")
    owner_id: UUID | None = optional("The user responsible.")


class AccountCreate(AccountFields, Body):
    """A new account."""

    name: Name = about("The company, or the person, that buys.", "Analytical Engines Ltd")


class AccountUpdate(AccountFields, Body):
    """A JSON merge patch: absent fields stay, null clears."""

    name: Name = kept("The company, or the person, that buys.", "Analytical Engines Ltd")


class AccountRead(AccountFields, Read):
    """An account, each normalised value beside the typed one."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    name: str = about("The company, or the person, that buys.", "Analytical Engines Ltd")
    name_norm: str = about("The name as matched.", "analytical engines ltd")
    web_domain: str | None = about("The registrable domain of the web site.", "example.com")
    phone_norm: str | None = about("The number in E.164.", "+442079460018")
    country_code: str | None = about("ISO 3166-1 alpha-2.", "GB")
    originating_lead_id: UUID | None = about("The lead it was first converted from.", AN_ID)
    created_at: datetime = about("When it was created.", "2026-03-02T09:30:00Z")
    updated_at: datetime = about("When its fields last changed.", "2026-03-02T09:30:00Z")
    version: int = about("Grows with every change; the ETag.", 1)


class AccountQuery(BaseModel):
    """Filters; a repeated parameter means OR."""

    limit: int = about("How many items a page holds.", 50, default=50, ge=1, le=200)
    cursor: str | None = optional(
        "`next_cursor` of the page before; absent for the first page.", max_length=2000
    )
    sort: Literal["-created_at", "created_at"] = about(
        "The order; a minus means newest first.", "-created_at", default="-created_at"
    )
    name: list[Name] | None = optional(
        "Exactly this name; case and spaces do not matter.", ["Analytical Engines Ltd"]
    )
    web_domain: list[Line] | None = optional(
        "This web domain, or the one of this web site.", ["example.com"]
    )
    owner_id: list[UUID] | None = optional("Owners.")
