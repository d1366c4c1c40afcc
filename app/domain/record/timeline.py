"""The timeline: one ordered view of everything that happened."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class EntryType(StrEnum):
    """Where an entry comes from."""

    TOUCHPOINT = "touchpoint"
    EVENT = "event"


@dataclass(eq=False, kw_only=True)
class TimelineEntry:
    """One entry. `kind` is a touchpoint's kind or an event's type; `data` holds the rest."""

    id: UUID
    type: str
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    lead_id: UUID | None
    user_id: UUID | None
    api_key_id: UUID | None
    data: dict[str, Any]


@dataclass(frozen=True)
class HistorySources:
    """Whose touches and whose own events make up a timeline."""

    lead_ids: list[UUID]
    subject_ids: list[UUID]
