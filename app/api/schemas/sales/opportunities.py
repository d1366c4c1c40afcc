"""Opportunities over the wire."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from app.api.schemas.fields import (
    Body,
    CurrencyCode,
    Day,
    Line,
    Minor,
    Paragraph,
    Percent,
    Read,
    about,
    kept,
    optional,
)
from app.api.schemas.leads.overriding import Overriding
from app.api.schemas.sales.accounts import AN_ID, Name
from app.domain.sales.pipelines import StageKind


class OpportunityTerms(BaseModel):
    """What people tell about a deal, wherever it stands."""

    amount_minor: Minor | None = optional("What it is worth, in minor units.", 4_500_000)
    currency: CurrencyCode | None = optional(
        "ISO 4217 code; the workspace's when an amount is given without.", "EUR"
    )
    probability: Percent | None = optional(
        "The chance to win it, in percent; null means what its stage says.", 40
    )
    closes_on: Day | None = optional("When it is expected to close.", "2026-09-30")
    lost_reason: Paragraph | None = optional(
        "Why it was lost; only a lost opportunity has one.", "Chose a competitor"
    )
    source: Line | None = optional("Where it came from, in your words.", "website")
    campaign_id: UUID | None = optional("The campaign that won it.")
    description: Paragraph | None = optional("Free text.", "Twelve engines, two years")
    owner_id: UUID | None = optional("The user responsible.")


class OpportunityDetails(OpportunityTerms, Body):
    """An opportunity to create from what else is known."""

    name: Name = kept("What to call it.", "Analytical Engines, renewal")
    pipeline_id: UUID = kept("Its pipeline; by default the workspace's default one.", AN_ID)
    stage_id: UUID = kept("Its stage; by default the first open one of the pipeline.", AN_ID)


class OpportunityMembers(BaseModel):
    """Whom an opportunity is with."""

    account_id: UUID | None = optional("The account that would buy.")
    contact_id: UUID | None = optional("The contact it is negotiated with.")


class OpportunityCreate(OpportunityMembers, OpportunityDetails):
    """A new opportunity."""

    name: Name = about("What to call it.", "Analytical Engines, renewal")


class OpportunityUpdate(OpportunityMembers, OpportunityDetails, Overriding):
    """A JSON merge patch: absent fields stay, null clears.

    A move to a stage that is won or lost closes the opportunity, a move to an open one opens it
    again. Its probability becomes the stage's unless one is given along.
    """


class OpportunityRead(OpportunityMembers, OpportunityTerms, Read):
    """An opportunity."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    name: str = about("What to call it.", "Analytical Engines, renewal")
    pipeline_id: UUID = about("Its pipeline.", AN_ID)
    stage_id: UUID = about("Its stage.", AN_ID)
    status: StageKind = about("Whether it is open, won or lost; its stage says.", "open")
    probability: int = about("The chance to win it, in percent.", 40)
    closes_on: date | None = about("When it is expected to close.", "2026-09-30")
    closed_at: datetime | None = about("When it was won or lost.", "2026-09-28T15:00:00Z")
    originating_lead_id: UUID | None = about("The lead it was converted from.", AN_ID)
    created_at: datetime = about("When it was created.", "2026-03-02T09:30:00Z")
    updated_at: datetime = about("When its fields last changed.", "2026-03-02T09:30:00Z")
    version: int = about("Grows with every change; the ETag.", 1)


class OpportunityQuery(BaseModel):
    """Filters; a repeated parameter means OR."""

    limit: int = about("How many items a page holds.", 50, default=50, ge=1, le=200)
    cursor: str | None = optional(
        "`next_cursor` of the page before; absent for the first page.", max_length=2000
    )
    sort: Literal["-created_at", "created_at"] = about(
        "The order; a minus means newest first.", "-created_at", default="-created_at"
    )
    status: list[StageKind] | None = optional("Open, won or lost.", ["open"])
    stage_id: list[UUID] | None = optional("Stages.")
    pipeline_id: list[UUID] | None = optional("Pipelines.")
    account_id: list[UUID] | None = optional("Accounts.")
    contact_id: list[UUID] | None = optional("Contacts.")
    owner_id: list[UUID] | None = optional("Owners.")
