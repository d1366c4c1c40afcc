"""Candidates: what capture turns into leads and touchpoints."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.domain.leads.identities import Identity
from app.domain.leads.leads import Lead
from app.domain.record.touchpoints import NewTouchpoint, Touchpoint


class OnDuplicate(StrEnum):
    """What to do when a lead with the same identity exists."""

    REFUSE = "refuse"
    UPDATE = "update"
    LINK = "link"


class Outcome(StrEnum):
    """What became of a candidate."""

    CREATED = "created"
    UPDATED = "updated"
    LINKED = "linked"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Fields as typed, references in other systems, and the touch that brought it."""

    fields: dict[str, Any]
    references: list[Identity] = field(default_factory=list)
    touch: NewTouchpoint | None = None
    # False when telling the same again is no new touch, as for a sync that repeats itself.
    touch_when_known: bool = True


@dataclass(frozen=True, kw_only=True)
class Captured:
    """The lead a candidate became or was found to be."""

    lead: Lead
    outcome: Outcome
    touchpoint: Touchpoint | None
