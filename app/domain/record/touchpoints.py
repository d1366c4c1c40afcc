"""The touchpoint: one interaction, written once and never changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

CAPTURED = "lead_captured"


@dataclass(eq=False, kw_only=True)
class Touchpoint:
    """What happened (`occurred_at`) and when we learnt of it (`recorded_at`)."""

    workspace_id: UUID
    id: UUID
    lead_id: UUID
    kind: str
    channel: str | None = None
    occurred_at: datetime
    recorded_at: datetime
    campaign_id: UUID | None = None
    utm: dict[str, str] | None = None
    click_ids: dict[str, str] | None = None
    page_url: str | None = None
    referrer: str | None = None
    products: list[str] | None = None
    summary: str | None = None
    payload: dict[str, Any] | None = None
    source_system: str | None = None
    external_id: str | None = None
    supersedes_id: UUID | None = None
    user_id: UUID | None = None
    api_key_id: UUID | None = None
    is_test: bool = False


@dataclass(frozen=True, kw_only=True)
class NewTouchpoint:
    """A touchpoint as somebody tells it; `occurred_at` None means now."""

    kind: str
    channel: str | None = None
    occurred_at: datetime | None = None
    campaign_id: UUID | None = None
    utm: dict[str, str] | None = None
    click_ids: dict[str, str] | None = None
    page_url: str | None = None
    referrer: str | None = None
    products: list[str] | None = None
    summary: str | None = None
    payload: dict[str, Any] | None = None
    source_system: str | None = None
    external_id: str | None = None
    supersedes_id: UUID | None = None
    is_test: bool = False

    @property
    def reference(self) -> tuple[str, str] | None:
        """The touch's own id in the system it comes from: the same reference is the same touch."""
        if self.source_system is None or self.external_id is None:
            return None
        return (self.source_system, self.external_id)
