"""Duplicates over the wire."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, model_validator

from app.api.schemas.fields import Body, Line, Read, about, optional
from app.api.schemas.leads.leads import AN_ID
from app.api.schemas.leads.matching import A_SIGNAL, RecordSummary, SignalRead
from app.domain.leads.matching import Band, Record


class ScanRequest(Body):
    """What to scan."""

    record: Record = about("What to compare with its like.", "lead", default=Record.LEAD)


class PairRead(Read):
    """Two records that a scan found alike."""

    id: UUID = about("The pair's id.", AN_ID)
    record: Record = about("What they are.", "lead")
    first: RecordSummary = about("The one.")
    second: RecordSummary = about("The other.")
    probability: float = about("That both are one.", 0.97)
    band: Band = about("`review` waits for somebody; `auto` is as good as certain.", "review")
    prior: float = about("The log2 of the odds before anything is compared.", -13.0)
    signals: list[SignalRead] = about("What makes it up, the heaviest first.", [A_SIGNAL])
    cluster_id: UUID | None = about("The group that this pair belongs to.", AN_ID)
    found_at: datetime = about("When a scan last found it.", "2026-03-02T09:30:00Z")


class ClusterRead(Read):
    """Records that pairs join, each with the next."""

    id: UUID = about("The smallest id among the members.", AN_ID)
    members: list[UUID] = about("The records.", [AN_ID])
    pairs: int = about("How many pairs join them.", 2)
    lowest_probability: float = about("That of the weakest pair.", 0.71)
    highest_probability: float = about("That of the strongest pair.", 0.99)


class PairQuery(BaseModel):
    """Filters; a repeated parameter means OR."""

    limit: int = about("How many items a page holds.", 50, default=50, ge=1, le=200)
    cursor: str | None = optional(
        "`next_cursor` of the page before; absent for the first page.", max_length=2000
    )
    record: Record = about("What kind of record.", "lead", default=Record.LEAD)
    band: list[Band] | None = optional("Bands.", ["review"])
    cluster_id: UUID | None = optional("The pairs of one group.")
    record_id: UUID | None = optional("The pairs of one record.")


class ClusterQuery(BaseModel):
    """Which groups."""

    limit: int = about("How many items a page holds.", 50, default=50, ge=1, le=200)
    cursor: str | None = optional(
        "`next_cursor` of the page before; absent for the first page.", max_length=2000
    )
    record: Record = about("What kind of record.", "lead", default=Record.LEAD)


class DismissRequest(Body):
    """Two records that are not one."""

    record: Record = about("What they are.", "lead", default=Record.LEAD)
    first_id: UUID = about("The one.", AN_ID)
    second_id: UUID = about("The other.", AN_ID)
    reason: Line | None = optional("Why, for those who look later.", "Father and son")

    @model_validator(mode="after")
    def _are_two(self) -> Self:
        if self.first_id == self.second_id:
            raise ValueError("a record is no duplicate of itself; give two ids")
        return self


class DismissalRead(Read):
    """Somebody said that two records are not one."""

    id: UUID = about("The dismissal's id.", AN_ID)
    record: Record = about("What they are.", "lead")
    lead_a: UUID = about("The one, of whatever kind: the smaller id.", AN_ID)
    lead_b: UUID = about("The other.", AN_ID)
    reason: str | None = about("Why.", "Father and son")
    user_id: UUID | None = about("The user in whose name it was said.")
    api_key_id: UUID | None = about("The API key it was said with.")
    created_at: datetime = about("When it was said.", "2026-03-02T09:30:00Z")
