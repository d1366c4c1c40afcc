"""What the journal knows of a lead's fields: the lead as it was, and where each value comes from.

An event that changes a lead tells `{field: {"before", "after"}}`, under `changes` or by itself. The
past is the present with the later changes taken back. Events count in the order of their ids, which
are made under the lead's lock; `recorded_at` is when their transaction began, and may run backwards
where one had to wait for another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.leads.leads import Lead
from app.domain.leads.status import STAGE_INSTANTS, further
from app.domain.reach.events import CauseKind, Event, EventType

# Counted from the touchpoints, worked out from other columns, or about the row and not the lead.
_NO_VALUES = frozenset(
    "workspace_id id created_at updated_at version search_key match_key first_touch_at "
    "last_touch_at touch_count custom deleted_at merged_into".split()
)
FIELDS = tuple(name for name in Lead.__dataclass_fields__ if name not in _NO_VALUES)
_TOLD = frozenset(FIELDS) | {"custom", "deleted_at", "merged_into"}

# They change a lead though they take no value over.
_MERGES = frozenset({EventType.LEAD_MERGED.value, EventType.LEAD_UNMERGED.value})

_INSTANTS = frozenset({*STAGE_INSTANTS.values(), "deleted_at"})
_IDS = frozenset({"campaign_id", "owner_id", "team_id", "merged_into"})
# An assessment's event names what it changes in short.
SHORT_NAMES = {
    "qualification_outcome": "outcome",
    "qualification_score": "score",
    "qualification_completeness": "completeness",
}
_LONG_NAMES = {short: name for name, short in SHORT_NAMES.items()}


@dataclass(frozen=True, kw_only=True)
class ValueOrigin:
    """Where a value comes from: when it came, by what, and who did it.

    `source` is the kind of the cause (`submission`, `import`, `enrichment`, `merge`, …), `user` for
    a person who used the API and `api` for a program that did; `name` is the source in words, such
    as the form's or the provider's name. `by_hand` says that somebody gave the lead this value:
    a person, or a program that changed the lead after it was there.
    """

    at: datetime
    source: str
    name: str | None = None
    cause_id: UUID | None = None
    user_id: UUID | None = None
    api_key_id: UUID | None = None
    event_id: UUID | None = None
    by_hand: bool = False


@dataclass(frozen=True, kw_only=True)
class FieldValue:
    """A value that a field had, from an instant on, until another; `until` None: it has it yet."""

    value: Any
    since: datetime
    until: datetime | None
    origin: ValueOrigin


def in_order(events: Iterable[Event]) -> list[Event]:
    """The events oldest first, each with the earliest instant at which it can have been seen."""
    ordered = sorted(events, key=lambda event: event.id)
    for place in range(1, len(ordered)):
        before = ordered[place - 1].recorded_at
        if ordered[place].recorded_at < before:
            ordered[place] = replace(ordered[place], recorded_at=before)
    return ordered


def told_changes(event: Event) -> dict[str, tuple[Any, Any]]:
    """The fields that an event says it changed, each with its value before and after."""
    told: dict[str, tuple[Any, Any]] = {}
    for name, change in (event.data | (event.data.get("changes") or {})).items():
        known = _LONG_NAMES.get(name, name) if event.type == EventType.LEAD_ASSESSED else name
        if known in _TOLD and isinstance(change, Mapping) and change.keys() == {"before", "after"}:
            told[known] = (read_value(known, change["before"]), read_value(known, change["after"]))
    return told


def as_of(lead: Lead, events: Sequence[Event], instant: datetime) -> Lead | None:
    """The lead as it was at an instant; None when it was not there yet, or was deleted already.

    The events are all of the lead's, in the order of `in_order`. Touches are not looked at.
    """
    if instant < lead.created_at:
        return None
    until, later = split_at(events, instant)
    values: dict[str, Any] = dict(vars(lead))
    writes = set()
    for event in reversed(later):
        told = told_changes(event)
        values |= {name: before for name, (before, _) in told.items()}
        if "lifecycle_stage" in told:
            values |= _not_reached(told["lifecycle_stage"][0], values)
        if told or event.type in _MERGES:
            writes.add(event.recorded_at)
    if values["deleted_at"] is not None and values["deleted_at"] <= instant:
        return None
    if writes:
        values["version"] = max(1, lead.version - len(writes))
        changing = _MERGES | {EventType.LEAD_CREATED.value}
        known = [e.recorded_at for e in until if e.type in changing or told_changes(e)]
        values["updated_at"] = max(known, default=lead.created_at)
    kept = Lead.__dataclass_fields__.keys() & values.keys()
    return Lead(**{name: values[name] for name in kept} | {"deleted_at": None})


def is_merged_after(events: Sequence[Event], instant: datetime) -> bool:
    """Whether touches were moved to the lead or away from it since."""
    return any(event.type in _MERGES for event in split_at(events, instant)[1])


def split_at(events: Sequence[Event], instant: datetime) -> tuple[list[Event], list[Event]]:
    """The events until an instant, and those after it."""
    until = [event for event in events if event.recorded_at <= instant]
    return until, list(events[len(until) :])


def origins(lead: Lead, events: Sequence[Event]) -> dict[str, ValueOrigin]:
    """Where each value comes from that the lead has after these events, oldest first.

    A custom field is named `custom.<key>`. Blank fields are left out.
    """
    first = next((e for e in events if e.type == EventType.LEAD_CREATED), None)
    created = origin_of(first) if first else ValueOrigin(at=lead.created_at, source="api")
    found: dict[str, ValueOrigin] = dict.fromkeys(present_values(lead), created)
    # What came before each merge, which comes back when that is undone.
    replaced: dict[tuple[UUID | None, str], ValueOrigin] = {}
    undone: set[UUID | None] = set()
    for event in events:
        origin = origin_of(event)
        if event.type == EventType.LEAD_UNMERGED:
            undone.add(origin.cause_id)
        for name in _changed_names(event, found):
            was = found[name]
            if origin.source == CauseKind.MERGE:
                replaced.setdefault((origin.cause_id, name), was)
            found[name] = origin
            if origin.source == CauseKind.MERGE_UNDO:
                found[name] = replaced.get((origin.cause_id, name), origin)
            while found[name].source == CauseKind.MERGE and found[name].cause_id in undone:
                found[name] = replaced[found[name].cause_id, name]
    return found


def _changed_names(event: Event, among: Iterable[str]) -> list[str]:
    """Which of these fields an event says it changed."""
    names: list[str] = []
    for name, (before, after) in told_changes(event).items():
        if name == "custom":
            names += [f"custom.{key}" for key in _keys_that_differ(before, after)]
        elif before != after:
            names.append(name)
    present = frozenset(among)
    return [name for name in names if name in present]


def origin_of(event: Event) -> ValueOrigin:
    """Who brought the values that an event tells of, and by what."""
    cause = event.data.get("cause") or {}
    source = cause.get("kind") or ("user" if event.user_id else "api")
    if not cause and event.type == EventType.LEAD_CREATED and event.data.get("submission_id"):
        source, cause = CauseKind.SUBMISSION.value, {"id": event.data["submission_id"]}
    created = event.type == EventType.LEAD_CREATED
    # Of a value that a merge brought it is not known here who gave it to the other lead.
    handed_on = source in (CauseKind.MERGE, CauseKind.MERGE_UNDO)
    return ValueOrigin(
        at=event.recorded_at,
        source=source,
        name=cause.get("name"),
        cause_id=UUID(str(cause["id"])) if cause.get("id") else None,
        user_id=event.user_id,
        api_key_id=event.api_key_id,
        event_id=event.id,
        by_hand=handed_on or source == "user" or (source == "api" and not created),
    )


def present_values(lead: Lead) -> dict[str, Any]:
    """Every field that is not blank, custom ones as `custom.<key>`."""
    values = {name: getattr(lead, name) for name in FIELDS}
    values |= {f"custom.{key}": value for key, value in (lead.custom or {}).items()}
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def read_value(name: str, value: Any) -> Any:
    """A value of the journal as the lead has it."""
    if isinstance(value, str):
        if name in _INSTANTS:
            return datetime.fromisoformat(value)
        if name in _IDS:
            return UUID(value)
    return value


def _not_reached(stage: str, values: Mapping[str, Any]) -> dict[str, None]:
    """The instants of the stages that lie ahead: events of former versions did not tell them."""
    ahead = (instant for known, instant in STAGE_INSTANTS.items() if further(stage, known))
    return {name: None for name in ahead if values.get(name) is not None}


def _keys_that_differ(before: Any, after: Any) -> list[str]:
    one, other = before or {}, after or {}
    return [key for key in {**one, **other} if one.get(key) != other.get(key)]
