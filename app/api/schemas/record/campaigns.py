"""Campaigns over the wire."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from app.api.schemas.fields import (
    Body,
    CurrencyCode,
    Day,
    ExternalId,
    Label,
    Minor,
    Paragraph,
    Read,
    System,
    Token,
    about,
    kept,
    optional,
)
from app.domain.record.campaigns import CampaignStatus
from app.domain.record.channels import Channel

AN_ID = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"


class CampaignFields(BaseModel):
    """What may be known of a campaign, and may be cleared."""

    channel: Channel | None = optional("Where its touches come from.", "paid_search")
    starts_on: Day | None = optional("Its first day.", "2026-03-01")
    ends_on: Day | None = optional("Its last day, not before the first; null for no end.")
    budget_minor: Minor | None = optional("The budget in minor units of `currency`.", 500_000)
    cost_minor: Minor | None = optional("What it has cost so far, in minor units.", 123_450)
    currency: CurrencyCode | None = optional(
        "ISO 4217 code; the workspace's when there is money and no code.", "EUR"
    )
    description: Paragraph | None = optional("Free text.", "Heat pumps, spring")
    source_system: System | None = optional("The system it comes from.", "google_ads")
    external_id: ExternalId | None = optional(
        "Its id there; no other campaign has this source_system and external_id.", "20931"
    )
    owner_id: UUID | None = optional("The user responsible.")
    parent_id: UUID | None = optional("The campaign it is a part of.")


class CampaignCreate(CampaignFields, Body):
    """A new campaign: anything that causes touches, a referral or an inbound call too."""

    name: Label = about("What it is called.", "Spring 2026, search")
    kind: Token = about(
        "What sort of campaign, in snake_case; e.g. paid_search, trade_fair, webinar, referral.",
        "paid_search",
    )
    status: CampaignStatus = about("Whether it runs.", "active", default=CampaignStatus.PLANNED)


class CampaignUpdate(CampaignFields, Body):
    """A JSON merge patch: absent fields stay, null clears."""

    name: Label = kept("What it is called.", "Spring 2026, search")
    kind: Token = kept("What sort of campaign, in snake_case.", "paid_search")
    status: CampaignStatus = kept("Whether it runs.", "ended")


class CampaignRead(Read):
    """A campaign as stored."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    name: str = about("What it is called.", "Spring 2026, search")
    kind: str = about("What sort of campaign.", "paid_search")
    channel: Channel | None = about("Where its touches come from.", "paid_search")
    status: CampaignStatus = about("Whether it runs.", "active")
    starts_on: date | None = about("Its first day.", "2026-03-01")
    ends_on: date | None = about("Its last day.", "2026-05-31")
    budget_minor: int | None = about("The budget in minor units of `currency`.", 500_000)
    cost_minor: int | None = about("What it has cost so far, in minor units.", 123_450)
    currency: str | None = about("ISO 4217 code.", "EUR")
    description: str | None = about("Free text.", "Heat pumps, spring")
    source_system: str | None = about("The system it comes from.", "google_ads")
    external_id: str | None = about("Its id there.", "20931")
    owner_id: UUID | None = about("The user responsible.")
    parent_id: UUID | None = about("The campaign it is a part of.")
    created_at: datetime = about("When it was created.", "2026-03-02T09:30:00Z")
    updated_at: datetime = about("When it last changed.", "2026-03-02T09:30:00Z")
    version: int = about("Grows with every change; the ETag.", 1)


class CampaignQuery(BaseModel):
    """Filters; a repeated parameter means OR."""

    limit: int = about("How many items a page holds.", 50, default=50, ge=1, le=200)
    cursor: str | None = optional(
        "`next_cursor` of the page before; absent for the first page.", max_length=2000
    )
    status: list[CampaignStatus] | None = optional("Statuses.", ["active"])
    kind: list[Token] | None = optional("Kinds.", ["paid_search"])
    channel: list[Channel] | None = optional("Channels.", ["paid_search"])
    owner_id: list[UUID] | None = optional("Owners.")
