"""Campaigns: anything that causes touches. A referral or an inbound call is one too."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class CampaignStatus(StrEnum):
    """Whether a campaign runs."""

    PLANNED = "planned"
    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(eq=False, kw_only=True)
class Campaign:
    """A campaign as stored; money in minor units of `currency`."""

    workspace_id: UUID
    id: UUID
    name: str
    kind: str
    channel: str | None
    status: str
    starts_on: date | None
    ends_on: date | None
    budget_minor: int | None
    cost_minor: int | None
    currency: str | None
    description: str | None
    source_system: str | None
    external_id: str | None
    owner_id: UUID | None
    parent_id: UUID | None
    created_at: datetime
    updated_at: datetime
    version: int
