"""Segments over the wire."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from app.api.schemas.conditions import ConditionBody
from app.api.schemas.fields import Body, Flag, Label, Paragraph, Read, about, kept, optional
from app.domain.ripeness.segments import SegmentKind

AN_ID = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"
A_CONDITION = {"field": "country_code", "op": "eq", "value": "DE"}

_NAME = "What it is called."
_DESCRIPTION = "What it is for."
_CONDITION = (
    "Who is in: leads that meet this. Trials are in only if it tests `is_test`. Leads that are "
    "deleted or merged into another never are."
)

Shown = Annotated[int, Field(strict=True, ge=0, le=50)]


class SegmentCreate(Body):
    """A new segment."""

    name: Label = about(_NAME, "Ripe in Germany")
    description: Paragraph | None = optional(_DESCRIPTION, "For the spring mailing")
    kind: SegmentKind = about(
        "`dynamic`: a condition says who is in. `static`: people do, lead by lead.", "static"
    )
    condition: ConditionBody | None = optional(_CONDITION + " Dynamic segments only.", A_CONDITION)

    def told(self) -> dict[str, Any]:
        """The domain's form."""
        return self.model_dump() | {"kind": self.kind.value}


class SegmentUpdate(Body):
    """A JSON merge patch: absent fields stay."""

    name: Label = kept(_NAME, "Ripe in Germany")
    description: Paragraph | None = optional(_DESCRIPTION, "For the spring mailing")
    condition: ConditionBody = kept(_CONDITION, A_CONDITION)
    archived: Flag = kept(
        "Whether it is archived: followed no more, its members stay.", example=True
    )


class SegmentSnapshot(Body):
    """What to call the copy."""

    name: Label = about(_NAME, "Ripe in Germany, end of March")
    description: Paragraph | None = optional(_DESCRIPTION, "Who got the spring mailing")


class SegmentPreviewBody(Body):
    """A condition to try out."""

    condition: ConditionBody = about(_CONDITION, A_CONDITION)
    limit: Shown = about("How many leads to show.", 10, default=10)


class SegmentRead(Read):
    """A segment as stored."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    name: str = about(_NAME, "Ripe in Germany")
    description: str | None = about(_DESCRIPTION, "For the spring mailing")
    kind: SegmentKind = about("Whether a condition or people say who is in.", "dynamic")
    condition: dict[str, Any] | None = about(_CONDITION, A_CONDITION)
    timed: bool = about(
        "Whether who is in changes as time passes; then all members are worked out again every "
        "quarter of an hour or so.",
        example=False,
    )
    evaluated_at: datetime | None = about(
        "As of when its members are right. Null until they were worked out for the first time, "
        "and after the condition was changed.",
        "2026-03-02T09:30:00Z",
    )
    refreshed_at: datetime | None = about(
        "When all members were last worked out.", "2026-03-02T09:00:00Z"
    )
    problem: str | None = about(
        "Why the condition cannot be followed, such as a custom field that is gone.",
        "/all/0/field: there is no such field",
    )
    snapshot_of: UUID | None = about("The segment that it is a copy of.")
    archived_at: datetime | None = about("When it was archived.")
    created_at: datetime = about("When it was created.", "2026-03-02T09:30:00Z")
    updated_at: datetime = about("When its fields last changed.", "2026-03-02T09:30:00Z")
    version: int = about("Grows with every change; the ETag.", 1)


class SegmentQuery(BaseModel):
    """Filters."""

    limit: int = about("How many items a page holds.", 50, default=50, ge=1, le=200)
    cursor: str | None = optional(
        "`next_cursor` of the page before; absent for the first page.", max_length=2000
    )
    kind: SegmentKind | None = optional("Those of this kind.", "dynamic")
    archived: bool | None = optional("Archived ones alone, or those that are not.", example=False)

    def filters(self) -> dict[str, list[Any]]:
        """The domain's form."""
        told = {"kind": self.kind and self.kind.value, "archived": self.archived}
        return {name: [value] for name, value in told.items() if value is not None}


class SegmentSize(Read):
    """How many leads there are at this moment."""

    size: int = about("Exactly how many leads are in, counted now.", 1_250)
    counted_at: datetime = about("When they were counted.", "2026-03-02T09:30:00Z")


class SegmentMember(Read):
    """A lead in a segment."""

    id: UUID = about("The lead's id.", AN_ID)
    entered_at: datetime = about("When it entered.", "2026-03-02T09:30:00Z")
    full_name: str | None = about("Its name.", "Ada Lovelace")
    company: str | None = about("Its company.", "Engines Ltd")
    email: str | None = about("Its e-mail address.", "ada@example.com")
    phone: str | None = about("Its phone number.", "+44 20 7946 0018")
    status: str = about("Where the work on it stands.", "working")
    lifecycle_stage: str = about("How far it has come.", "mql")
    owner_id: UUID | None = about("The user responsible.")


class SegmentPreview(SegmentSize):
    """Who would be in."""

    members: list[SegmentMember] = about("The newest of them, with now for `entered_at`.")
