"""Members of segments over the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    Field,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from app.api.errors import describe
from app.api.schemas.fields import Body, Read, about, optional
from app.api.schemas.record.touchpoints import ItemError
from app.api.schemas.ripeness.segments import AN_ID, SegmentMember
from app.domain.errors import Invalid
from app.domain.ripeness.segments import SegmentKind
from app.services.ripeness.segment_members import Picked, PickResult

_ID: TypeAdapter[UUID] = TypeAdapter(UUID)


class NoId:
    """Something that stands where an id should."""


def _each_alone(value: Any, read_all: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read_all(value)
    except ValidationError:
        if not isinstance(value, list) or not 1 <= len(value) <= 1000:
            raise
    return [_read_one(item) for item in value]


def _read_one(item: Any) -> UUID | NoId:
    try:
        return _ID.validate_python(item)
    except ValidationError:
        return NoId()


class SegmentPicks(Body):
    """Up to 1,000 leads."""

    lead_ids: Annotated[
        list[UUID], Field(min_length=1, max_length=1000), WrapValidator(_each_alone)
    ] = about("The leads; each is judged alone.", [AN_ID])

    def split(self) -> tuple[list[Picked], list[PickResult]]:
        """The ids, and the results of what is none."""
        picked: list[Picked] = []
        rejected: list[PickResult] = []
        for index, lead_id in enumerate(self.lead_ids):
            if isinstance(lead_id, NoId):
                error = Invalid.field(f"/lead_ids/{index}", "must be an id")
                rejected.append(PickResult(index=index, status="rejected", error=error))
            else:
                picked.append(Picked(index, lead_id))
        return picked, rejected


class SegmentPickResult(Read):
    """What became of one item."""

    index: int = about("Its place in the request, from 0.", 0)
    status: Literal["added", "present", "removed", "absent", "rejected"] = about(
        "`present`: it was in already; `absent`: it was not in.", "added"
    )
    lead_id: UUID | None = about(
        "The lead; of one that was merged, the one that stands for it.", AN_ID
    )
    error: ItemError | None = about("Why it was rejected.")


class SegmentPickResults(Read):
    """One result an item, in the order of the request."""

    results: list[SegmentPickResult] = about("The results.")


def pick_results(results: list[PickResult]) -> SegmentPickResults:
    """The answer to a batch."""
    ordered = sorted(results, key=lambda result: result.index)
    return SegmentPickResults(results=[_told(result) for result in ordered])


def _told(result: PickResult) -> SegmentPickResult:
    error = None
    if result.error is not None:
        told = describe(result.error)
        error = ItemError(code=told["code"], detail=told["detail"], errors=told["errors"])
    return SegmentPickResult(
        index=result.index, status=result.status, lead_id=result.lead_id, error=error
    )


class SegmentMemberPage(Read):
    """A page of members."""

    data: list[SegmentMember] = about("The members.")
    next_cursor: str | None = Field(
        description="Give it as `cursor` to read on; null on the last page.", examples=[None]
    )
    evaluated_at: datetime | None = about(
        "As of when who is in is right: null while that is being worked out for the first time.",
        "2026-03-02T09:30:00Z",
    )


class SegmentMemberQuery(BaseModel):
    """Which page, in which order."""

    limit: int = about("How many items a page holds.", 50, default=50, ge=1, le=200)
    cursor: str | None = optional(
        "`next_cursor` of the page before; absent for the first page.", max_length=2000
    )
    sort: Literal["-entered_at", "entered_at", "lead_id", "-lead_id"] = about(
        "By when they entered, a minus for newest first, or by lead.",
        "-entered_at",
        default="-entered_at",
    )


class LeadSegment(Read):
    """A segment that a lead is in."""

    id: UUID = about("The segment's id.", AN_ID)
    name: str = about("What it is called.", "Ripe in Germany")
    kind: SegmentKind = about("Whether a condition or people say who is in.", "dynamic")
    entered_at: datetime = about("When the lead entered.", "2026-03-02T09:30:00Z")
