"""Vendors that send leads: each has its own shapes, and its own way to prove that it is the sender.

All of them are total: whatever is sent, a vendor answers with what it can make of it. What it
cannot read becomes a part without an id, and a lead that waits with the finding `unreadable`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from app.domain.intake.submissions import ConsentGiven, Delivery, Finding
from app.domain.record.channels import Channel


class Proof(StrEnum):
    """How a vendor proves that it is the sender."""

    # A signature over the body, or a key inside it: without our copy of the secret nothing can
    # be checked, so a connector that checks has to have one.
    SIGNATURE = "signature"
    # A shared secret in a header or in the URL, if one is agreed upon. The URL itself is secret.
    SHARED = "shared"
    # Browsers send it, and a browser keeps no secret.
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a vendor sent. Names of headers are in lower case; the query is as it stood."""

    raw: bytes
    content_type: str = ""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One lead of a delivery, by the vendor's id for it.

    `content` is a body that holds this lead alone and is the same whenever it is sent again; None
    stands for the body as it came.
    """

    vendor_id: str | None = None
    is_test: bool = False
    content: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class VendorLead:
    """What one part says. `fields` has what can be told without a mapping, by our names.

    `answers` keeps the order and the names of the vendor; `about` has what the vendor says of the
    lead: forms, ads, pages. With `fetch` the vendor must first be asked for the lead by that id.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    vendor_id: str | None = None
    touch_kind: str | None = None
    summary: str | None = None
    occurred_at: datetime | None = None
    utm: dict[str, str] = field(default_factory=dict)
    click_ids: dict[str, str] = field(default_factory=dict)
    page_url: str | None = None
    referrer: str | None = None
    campaigns: list[str] = field(default_factory=list)
    consents: list[ConsentGiven] = field(default_factory=list)
    is_test: bool = False
    holds: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    fetch: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the connector's owner wants senders to see."""

    message: str = "Thank you."
    redirect_url: str | None = None
    allowed_hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What goes back over HTTP."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class Vendor(Protocol):
    """One sender of leads."""

    @property
    def name(self) -> str:
        """What the API calls it."""

    @property
    def proof(self) -> Proof:
        """How it proves that it is the sender."""

    @property
    def ids_are_global(self) -> bool:
        """Whether no two of its leads, in whatever account, have the same id."""

    @property
    def touch_kind(self) -> str:
        """What its leads did, unless a lead or the connector says otherwise."""

    @property
    def channel(self) -> Channel | None:
        """How its leads found us, when nothing in them tells."""

    @property
    def fetches(self) -> bool:
        """Whether its deliveries may only name leads, which must then be asked for."""

    def verify(self, call: Call, secret: bytes | None, now: datetime) -> str | None:
        """Why the call is not genuine; None when it is. Looks at the bytes as they came."""

    def parts(self, call: Call) -> list[Part]:
        """The leads in a call, at least one."""

    def read(self, delivery: Delivery) -> VendorLead:
        """What the delivery's part says."""

    def redact(self, raw: bytes, content_type: str) -> bytes | None:
        """The body with the secret in it covered by as many asterisks; None if there is none."""

    def redact_query(self, query: str) -> str:
        """The query, likewise."""

    def greet(self, query: str, secret: bytes | None, token: str) -> Answer:
        """The answer to a GET, by which some vendors make sure of a URL.

        `token` is the word that we gave the vendor's user to paste there.
        """

    def answer(self, call: Call, reply: Reply, receipts: list[str]) -> Answer:
        """The answer to a call that was taken in."""

    def refusal(self, status: int, detail: str, request_id: str) -> Answer | None:
        """The answer to a call that was not, where the vendor's clients expect a shape."""
