"""Candidates: what capture turns into leads and touchpoints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.domain.errors import FieldError
from app.domain.intake.submissions import Finding
from app.domain.leads.identities import Identity, IdentityKind, IdentitySource
from app.domain.leads.leads import Lead
from app.domain.reach.events import Cause
from app.domain.record.touchpoints import NewTouchpoint, Touchpoint


class OnDuplicate(StrEnum):
    """What to do when a lead with the same identity exists; to enrich fills in what is blank."""

    REFUSE = "refuse"
    UPDATE = "update"
    LINK = "link"
    ENRICH = "enrich"


class Outcome(StrEnum):
    """What became of a candidate."""

    CREATED = "created"
    UPDATED = "updated"
    LINKED = "linked"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Fields as typed, references in other systems, and the touches that brought it.

    `columns` are the lead's columns when the fields were read already. With `may_create` False
    only known leads are added to. `is_test` marks a trial: what it says holds for no real lead.
    """

    fields: dict[str, Any]
    references: Sequence[Identity] = ()
    touches: Sequence[NewTouchpoint] = ()
    # False when telling the same again is no new touch, as for a sync that repeats itself.
    touch_when_known: bool = True
    on_duplicate: OnDuplicate = OnDuplicate.REFUSE
    may_create: bool = True
    found_by: frozenset[IdentityKind] = frozenset(IdentityKind)
    cause: Cause | None = None
    identity_source: IdentitySource = IdentitySource.API
    created_at: datetime | None = None
    default_country: str | None = None
    is_test: bool = False
    columns: Mapping[str, Any] | None = None

    @property
    def touch(self) -> NewTouchpoint | None:
        """The touch that brought it."""
        return self.touches[0] if self.touches else None


@dataclass(kw_only=True)
class Captured:
    """The lead a candidate became or was found to be.

    `email_norm` is the candidate's address, not always the lead's; `touchpoints` are those of
    its touches, new or known. `changes` says what became different about a lead that was known,
    `notes` what was left out of it and what was odd.
    """

    lead: Lead
    outcome: Outcome
    email_norm: str | None = None
    touchpoints: list[Touchpoint] = field(default_factory=list)
    new_touches: int = 0
    matched_on: IdentityKind | None = None
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[Finding] = field(default_factory=list)

    @property
    def touchpoint(self) -> Touchpoint | None:
        """The touch that brought it."""
        return self.touchpoints[0] if self.touchpoints else None


@dataclass(kw_only=True)
class Refused:
    """Why a candidate became nothing: a stable code, a sentence, the fields that are wrong.

    `candidates` are the leads it might be, each with the key that found it.
    """

    code: str
    detail: str
    errors: list[FieldError] = field(default_factory=list)
    candidates: list[tuple[Lead, Identity]] = field(default_factory=list)
    lead_id: UUID | None = None
