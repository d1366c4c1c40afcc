"""Timelines over the wire."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from app.api.schemas.fields import Read, about


class TimelineEntryRead(Read):
    """One thing that happened: a touchpoint, or a change the journal holds."""

    id: UUID = about("Id of the touchpoint or event.", "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d")
    type: Literal["touchpoint", "event"] = about("Where the entry comes from.", "touchpoint")
    kind: str = about("The touchpoint's kind or the event's type.", "lead.qualified")
    occurred_at: datetime = about("When it happened.", "2026-03-02T09:30:00Z")
    recorded_at: datetime = about("When Touchline learnt of it.", "2026-03-02T09:30:01Z")
    lead_id: UUID | None = about("The lead it happened to.")
    user_id: UUID | None = about("The user who did it, or in whose name it was done.")
    api_key_id: UUID | None = about("The API key that was used.")
    data: dict[str, Any] = about("What else there is to know.", {"channel": "email"})
