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


@dataclass(frozen=True, kw_only=True)
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
class Reading:
    """What a submission says, read by its form, by its connector, or as plain JSON.

    `fields` are fields of a lead, as typed, and `custom`. `holds` keep it from being captured
    until somebody releases it; `notes` do not. With `fetch` it is a vendor's lead that must first
    be asked for by that id.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    references: list[Identity] = field(default_factory=list)
    touch: NewTouchpoint | None = None
    visitor_id: str | None = None
    consents: list[ConsentGiven] = field(default_factory=list)
    is_test: bool = False
    holds: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    fetch: str | None = None
