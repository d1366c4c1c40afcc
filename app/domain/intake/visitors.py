"""A visitor: a device that was on our pages, and perhaps the person behind it."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

_VISITOR_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


def is_visitor_id(text: str) -> bool:
    """Whether a device's id has the form that is taken."""
    return _VISITOR_ID.fullmatch(text) is not None


@dataclass(eq=False, kw_only=True)
class Visitor:
    """`shared` once a second person was identified on it: then its later touches are nobody's."""

    workspace_id: UUID
    visitor_id: str
    lead_id: UUID | None
    shared: bool
    first_seen_at: datetime
    last_seen_at: datetime
    identified_at: datetime | None


@dataclass(eq=False, kw_only=True)
class VisitorTouch:
    """Something a visitor did; `lead_id` once it is on that lead's timeline. A trial never is."""

    workspace_id: UUID
    id: UUID
    visitor_id: str
    submission_id: UUID
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    utm: dict[str, str] | None
    click_ids: dict[str, str] | None
    page_url: str | None
    referrer: str | None
    products: list[str] | None
    summary: str | None
    payload: dict[str, Any] | None
    campaign_id: UUID | None
    is_test: bool
    lead_id: UUID | None
