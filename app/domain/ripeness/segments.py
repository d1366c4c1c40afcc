"""Segments: leads that are spoken of together, by a condition or picked one by one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from graphlib import TopologicalSorter
from typing import Any
from uuid import UUID

from app.domain.reach.events import EventType

SEGMENT_FIELD = "segment"
TEST_FIELD = "is_test"

# Scores change for many leads at once, without a word about each, when a model is published.
_SCORES = ("fit", "engagement", "score", "grade", "temperature", "knocked_out_by")
_PREDICTIONS = ("prediction",)
_CUSTOM = ("custom.",)
# Events that may change many leads at once, and how the fields begin that they are about.
BROAD: dict[EventType, tuple[str, ...]] = {
    EventType.SCORING_MODEL_PUBLISHED: _SCORES,
    EventType.SCORING_MODEL_RETIRED: _SCORES,
    EventType.PREDICTION_TRAINED: _PREDICTIONS,
    EventType.CUSTOM_FIELD_CREATED: _CUSTOM,
    EventType.CUSTOM_FIELD_UPDATED: _CUSTOM,
    EventType.CUSTOM_FIELD_DELETED: _CUSTOM,
}

# Who is in by the calendar is worked out this often, less often when that takes long; everybody
# else is, too, once a day.
TIMED_EVERY = timedelta(minutes=15)
EVERY = timedelta(days=1)
REST = 20


class SegmentKind(StrEnum):
    """Whether people pick the members, or a condition does."""

    STATIC = "static"
    DYNAMIC = "dynamic"


@dataclass(eq=False, kw_only=True)
class Segment:
    """A segment as stored. `edition` counts its conditions; `timed` says that who is a member may
    change by the mere passing of time; `problem`, why its condition cannot be followed."""

    workspace_id: UUID
    id: UUID
    name: str
    description: str | None
    kind: str
    condition: dict[str, Any] | None
    edition: int
    timed: bool
    problem: str | None
    snapshot_of: UUID | None
    refreshed_at: datetime | None
    refresh_due_at: datetime | None
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    # Up to when the changes of leads were looked at; read along with the row.
    followed_at: datetime | None = None

    @property
    def dynamic(self) -> bool:
        """Whether a condition says who is a member."""
        return self.kind == SegmentKind.DYNAMIC

    @property
    def evaluated_at(self) -> datetime | None:
        """As of when its members are right; None before they were worked out for the first time."""
        if self.refreshed_at is None or self.timed or self.problem:
            return self.refreshed_at
        known = max(self.refreshed_at, self.followed_at or self.refreshed_at)
        return min(known, self.archived_at) if self.archived_at else known


@dataclass(frozen=True, kw_only=True)
class Member:
    """A lead in a segment, as a list shows it."""

    id: UUID
    entered_at: datetime
    full_name: str | None
    company: str | None
    email: str | None
    phone: str | None
    status: str
    lifecycle_stage: str
    owner_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class Membership:
    """A segment that a lead is in."""

    id: UUID
    name: str
    kind: str
    entered_at: datetime


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """A lead that entered a segment, or left it."""

    segment_id: UUID
    lead_id: UUID
    entered: bool

    @property
    def event_type(self) -> EventType:
        """What the journal calls it."""
        return EventType.SEGMENT_ENTERED if self.entered else EventType.SEGMENT_LEFT


def next_refresh(segment: Segment, began: datetime, ended: datetime) -> datetime:
    """When its members are to be worked out anew."""
    return ended + max(TIMED_EVERY if segment.timed else EVERY, REST * (ended - began))


def written_tests(document: Any, at: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every test of a written condition, with its place."""
    if not isinstance(document, dict):
        return
    for group in ("all", "any"):
        parts = document.get(group)
        for place, part in enumerate(parts if isinstance(parts, list) else ()):
            yield from written_tests(part, f"{at}/{group}/{place}")
    yield from written_tests(document.get("not"), f"{at}/not")
    if "field" in document:
        yield at, document


def fields_in(document: Any) -> frozenset[str]:
    """The names of all fields that a written condition tests."""
    return frozenset(str(test["field"]) for _, test in written_tests(document))


def segments_in(document: Any, at: str = "") -> dict[UUID, str]:
    """The segments that a written condition names, and where."""
    found: dict[UUID, str] = {}
    for place, test in written_tests(document, at):
        if test["field"] == SEGMENT_FIELD and "value" in test:
            value = test["value"]
            for each in value if isinstance(value, list) else [value]:
                found.setdefault(UUID(str(each)), f"{place}/value")
    return found


def concerned(segments: Iterable[Segment], event_types: Iterable[str]) -> set[UUID]:
    """The segments whose fields these events are about."""
    about = tuple(name for each in event_types for name in BROAD[EventType(each)])
    return {
        segment.id
        for segment in segments
        if about and any(name.startswith(about) for name in fields_in(segment.condition))
    }


def circle(start: UUID, named_by: Mapping[UUID, Iterable[UUID]]) -> bool:
    """Whether a segment names itself, directly or through others."""
    waiting, seen = list(named_by.get(start, ())), set[UUID]()
    while waiting:
        each = waiting.pop()
        if each == start:
            return True
        if each not in seen:
            seen.add(each)
            waiting += named_by.get(each, ())
    return False


def in_order(segments: Sequence[Segment]) -> list[Segment]:
    """Those that others name before those that name them."""
    by_id = {segment.id: segment for segment in segments}
    graph = {each.id: segments_in(each.condition).keys() & by_id.keys() for each in segments}
    return [by_id[segment_id] for segment_id in TopologicalSorter(graph).static_order()]
