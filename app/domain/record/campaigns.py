"""Campaigns: anything that causes touches. A referral or an inbound call is one too."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from app.domain.errors import FieldError, Invalid


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

    @property
    def has_money(self) -> bool:
        """True when an amount is known, which means nothing without its currency."""
        return self.budget_minor is not None or self.cost_minor is not None


def check_campaign(campaign: Campaign) -> None:
    """Raise Invalid, naming every field that does not fit the others."""
    problems: list[FieldError] = []
    if campaign.starts_on and campaign.ends_on and campaign.ends_on < campaign.starts_on:
        detail = "a campaign does not end before it starts"
        problems.append(FieldError(pointer="/ends_on", detail=detail))
    for name, other in (("source_system", "external_id"), ("external_id", "source_system")):
        if getattr(campaign, name) is None and getattr(campaign, other) is not None:
            detail = f"goes together with {other}"
            problems.append(FieldError(pointer=f"/{name}", code="missing", detail=detail))
    if problems:
        raise Invalid("the campaign's fields do not fit together", errors=problems)
