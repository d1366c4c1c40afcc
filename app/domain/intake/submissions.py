"""Submissions: what came, kept as it came, and what became of it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.domain.leads.identities import Identity
from app.domain.record.touchpoints import NewTouchpoint


class SubmissionKind(StrEnum):
    """By which door it came."""

    API = "api"
    FORM = "form"
    CONNECTOR = "connector"
    EMAIL = "email"
    VISITOR = "visitor"


class SubmissionStatus(StrEnum):
    """Where it stands."""

    RECEIVED = "received"
    CAPTURED = "captured"
    HELD = "held"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"


@dataclass(kw_only=True)
class Delivery:
    """One submission as it came, before anything is interpreted.

    `headers` has the few that matter, in lower case. A delivery that holds several leads is stored
    once for each, with `part` counting from 0. `fetched` is what a vendor gave when asked for the
    lead that the delivery only named.
    """

    workspace_id: UUID
    id: UUID
    kind: SubmissionKind
    received_at: datetime
    raw: bytes
    body_hash: bytes
    content_type: str = ""
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    address: str | None = None
    form_id: UUID | None = None
    connector_id: UUID | None = None
    api_key_id: UUID | None = None
    visitor_id: str | None = None
    fingerprint: bytes | None = None
    part: int = 0
    is_test: bool = False
    suspicions: list[str] = field(default_factory=list)
    fetched: bytes | None = None


@dataclass(eq=False, kw_only=True)
class Submission:
    """A submission as stored, without its bytes, and what became of it."""

    workspace_id: UUID
    id: UUID
    kind: str
    received_at: datetime
    content_type: str
    headers: dict[str, str]
    address: str | None
    form_id: UUID | None
    connector_id: UUID | None
    api_key_id: UUID | None
    visitor_id: str | None
    part: int
    is_test: bool
    suspicions: list[str]
    status: str
    findings: list[dict[str, Any]]
    email_norm: str | None
    lead_id: UUID | None
    outcome: str | None
    touchpoint_id: UUID | None
    duplicate_of: UUID | None
    released: bool
    attempts: int
    processed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A submission taken to be read; `released` is True when somebody said that it is genuine."""

    delivery: Delivery
    released: bool
    attempts: int


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What becomes of a submission."""

    id: UUID
    status: SubmissionStatus
    findings: list["Finding"] = field(default_factory=list)
    email_norm: str | None = None
    lead_id: UUID | None = None
    outcome: str | None = None
    touchpoint_id: UUID | None = None
    duplicate_of: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class SubmissionFilter:
    """What a list of submissions is narrowed by; lists mean OR, fields mean AND."""

    status: list[str] | None = None
    kind: list[str] | None = None
    form_id: list[UUID] | None = None
    connector_id: list[UUID] | None = None
    lead_id: list[UUID] | None = None
    email: str | None = None
    is_test: bool | None = None
    received_from: datetime | None = None
    received_before: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Why a submission waits, or what was odd about it: a stable code and a sentence."""

    code: str
    detail: str
    field: str | None = None


@dataclass(frozen=True, kw_only=True)
class ConsentGiven:
    """A consent text that a person agreed to, or did not."""

    purpose: str
    version: str
    text: str
    granted: bool


@dataclass(frozen=True, kw_only=True)
class QuestionAnswered:
    """What the lead itself says to a criterion of a qualification framework; `field` asked it."""

    framework: str
    criterion: str
    values: list[str]
    field: str


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a submission says, read by its form, by its connector, or as plain JSON.

    `fields` are fields of a lead, as typed, and `custom`. `holds` keep it from being captured
    until somebody releases it; `notes` do not. `signs` are what a robot would get wrong:
    `honeypot`, `rendered_at`, `submitted_at`. With `fetch` it is a vendor's lead that must first
    be asked for by that id. `origin` is the name of the form or the connector.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    references: list[Identity] = field(default_factory=list)
    touch: NewTouchpoint | None = None
    visitor_id: str | None = None
    default_country: str | None = None
    consents: list[ConsentGiven] = field(default_factory=list)
    answers: list[QuestionAnswered] = field(default_factory=list)
    is_test: bool = False
    holds: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    signs: dict[str, Any] = field(default_factory=dict)
    fetch: str | None = None
    origin: str | None = None

    @property
    def touches(self) -> list[NewTouchpoint]:
        """The touch it tells of, if it does."""
        return [self.touch] if self.touch else []
