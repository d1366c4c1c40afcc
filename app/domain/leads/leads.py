"""The lead: a person or company that showed interest and is not yet a customer."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.leads.status import STAGE_INSTANTS, LifecycleStage, Status, check_move, further

# Filled in together or not at all, or a street would stand beside another person's city.
BLOCKS = (
    ("first_name", "last_name", "full_name"),
    ("street", "city", "region", "postal_code"),
    ("annual_revenue_minor", "currency"),
)


@dataclass(eq=False, kw_only=True)
class Lead:
    """A lead as stored. Each normalised value stands beside what was typed."""

    workspace_id: UUID
    id: UUID
    status: str = Status.NEW
    lifecycle_stage: str = LifecycleStage.LEAD
    first_name: str | None = None
    last_name: str | None = None
    full_name: str | None = None
    title: str | None = None
    company: str | None = None
    email: str | None = None
    email_norm: str | None = None
    phone: str | None = None
    phone_norm: str | None = None
    website: str | None = None
    web_domain: str | None = None
    street: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
    country_code: str | None = None
    industry: str | None = None
    employee_count: int | None = None
    annual_revenue_minor: int | None = None
    currency: str | None = None
    language: str | None = None
    description: str | None = None
    source: str | None = None
    campaign_id: UUID | None = None
    owner_id: UUID | None = None
    team_id: UUID | None = None
    custom: dict[str, Any] = field(default_factory=dict)
    unnormalised: list[str] = field(default_factory=list)
    search_key: str = ""
    match_key: str = ""
    qualification_outcome: str | None = None
    qualification_score: int | None = None
    qualification_completeness: int | None = None
    disqualified_reason: str | None = None
    disqualified_note: str | None = None
    mql_at: datetime | None = None
    sql_at: datetime | None = None
    opportunity_at: datetime | None = None
    customer_at: datetime | None = None
    is_test: bool = False
    first_touch_at: datetime | None = None
    last_touch_at: datetime | None = None
    touch_count: int = 0
    deleted_at: datetime | None = None
    merged_into: UUID | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @property
    def display_name(self) -> str:
        """What to call the lead when only one line is left for it."""
        name = self.full_name or " ".join(p for p in (self.first_name, self.last_name) if p)
        return name or self.company or self.email or str(self.id)


def moved(lead: Lead, wanted: Status) -> dict[str, Any]:
    """The changes that a legal status move makes; IllegalMove otherwise."""
    check_move(lead.status, wanted)
    changes: dict[str, Any] = {"status": wanted.value}
    if wanted is not Status.DISQUALIFIED and lead.status == Status.DISQUALIFIED:
        changes |= {"disqualified_reason": None, "disqualified_note": None}
    return changes


def advanced(lead: Lead, wanted: LifecycleStage, now: datetime) -> dict[str, Any]:
    """The changes that reaching a stage makes: none when the lead is there or beyond."""
    if not further(lead.lifecycle_stage, wanted):
        return {}
    return {"lifecycle_stage": wanted.value, STAGE_INSTANTS[wanted]: now}


@dataclass(frozen=True, kw_only=True)
class LeadFilter:
    """What a list of leads is narrowed by; lists mean OR, fields mean AND."""

    status: list[str] | None = None
    lifecycle_stage: list[str] | None = None
    owner_id: list[UUID] | None = None
    team_id: list[UUID] | None = None
    campaign_id: list[UUID] | None = None
    source: list[str] | None = None
    country: list[str] | None = None
    email: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    last_touch_from: datetime | None = None
    last_touch_before: datetime | None = None
    q: str | None = None
    custom: dict[str, Any] | None = None
