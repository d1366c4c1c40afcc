"""Jobs over the wire."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from app.api.schemas.fields import Read, Token, about, optional
from app.domain.reach.jobs import JobStatus

AN_ID = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"


class JobRead(Read):
    """Work that the service does later, and how far it is."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    kind: str = about("What is to be done.", "send_confirmation")
    payload: dict[str, Any] = about("What it is to be done with.", {"submission_id": AN_ID})
    status: JobStatus = about(
        "`failed` waits for its next attempt at `run_at`; `dead` has none left and waits for you.",
        "failed",
    )
    run_at: datetime = about("When it is due, or was.", "2026-03-02T09:30:00Z")
    attempts: int = about("How often it was tried.", 1)
    max_attempts: int = about("After how many failures it is dead.", 8)
    last_error: str | None = about(
        "Why the last attempt failed.", "MailFailed: the mail server cannot be reached"
    )
    progress: dict[str, Any] = about("How far it is; what stands here depends on `kind`.", {})
    created_at: datetime = about("When it was added.", "2026-03-02T09:30:00Z")
    updated_at: datetime = about("When it last changed.", "2026-03-02T09:30:01Z")
    finished_at: datetime | None = about("When it was done, given up or cancelled.")


class JobQuery(BaseModel):
    """Filters; a repeated parameter means OR."""

    limit: int = about("How many items a page holds.", 50, default=50, ge=1, le=200)
    cursor: str | None = optional(
        "`next_cursor` of the page before; absent for the first page.", max_length=2000
    )
    status: list[JobStatus] | None = optional("Statuses.", ["dead", "failed"])
    kind: list[Token] | None = optional("Kinds.", ["send_confirmation"])
