"""Leads as they were at a moment, so that what is learnt from them rests on what was known then.

A verdict is what became of a lead: it was converted, or disqualified. Judging a score by its
verdicts is only fair with the values that the lead had before it, for much is filled in afterwards.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.domain.conditions import ValueType
from app.domain.leads import field_history
from app.domain.leads.fields import LEAD_COLUMNS
from app.domain.leads.leads import Lead
from app.domain.reach.events import Event, EventType
from app.domain.record.touchpoints import Touchpoint

HORIZON = timedelta(days=14)
# The resolution of the journal's instants.
_JUST = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class LeadOutcome:
    """What became of a lead, and when: converted (also where only its lifecycle stage says that it
    is an opportunity or a customer), else disqualified."""

    lead_id: UUID
    converted: bool
    at: datetime
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A lead at a moment.

    `lead` has the columns of then; first and last touch and their count are those of `touches`,
    which are the ones that count and had happened by then, whenever they were recorded, oldest
    first. `known_late` names the fields (custom ones as `custom.<key>`) that were blank then and
    are filled in by now. `back_filled` says that the lead was told to the service only after the
    moment, as by an import of old leads: of what it was told with, nobody knows here since when it
    was known. The moment may then lie before `lead.created_at`.
    """

    lead: Lead
    moment: datetime
    touches: Sequence[Touchpoint]
    known_late: frozenset[str]
    back_filled: bool


def moment_of(outcome: LeadOutcome, horizon: timedelta = HORIZON) -> datetime:
    """When to look at a lead: some time after it came, and in any case before its verdict."""
    return min(outcome.created_at + horizon, outcome.at - _JUST)


def snapshot_of(
    present: Lead, events: Iterable[Event], touches: Sequence[Touchpoint], moment: datetime
) -> Snapshot | None:
    """The lead at a moment; None when it was deleted already.

    `events` are all of the lead's; `touches` the ones that count until then, oldest first.
    """
    ordered = field_history.in_order(events)
    # Of a moment before the creation: all that happened since is taken back, and what it was
    # created with stays.
    early = replace(present, created_at=min(present.created_at, moment))
    then = field_history.as_of(early, ordered, moment)
    if then is None:
        return None
    told = _told_elsewhere(then, ordered, moment)
    happened = [touch.occurred_at for touch in touches]
    then = replace(
        then,
        **told,
        created_at=present.created_at,
        first_touch_at=min(happened, default=None),
        last_touch_at=max(happened, default=None),
        touch_count=len(happened),
    )
    known_then = field_history.present_values(then).keys()
    return Snapshot(
        lead=then,
        moment=moment,
        touches=touches,
        known_late=frozenset(field_history.present_values(present).keys() - known_then),
        back_filled=_is_back_filled(ordered, moment),
    )


def _is_back_filled(events: Sequence[Event], moment: datetime) -> bool:
    created = next((e for e in events if e.type == EventType.LEAD_CREATED), None)
    return created is not None and created.recorded_at > moment


def _told_elsewhere(lead: Lead, events: Sequence[Event], moment: datetime) -> dict[str, Any]:
    """What another system's field history says that fields were before they were changed there.

    The values that an import brought are those at the time of the import; the history that came
    along has the true times at which they were filled in.
    """
    changes = [
        (event.occurred_at, change)
        for event in events
        if event.occurred_at > moment
        for change in event.data.get("history") or ()
    ]
    # The earliest change after the moment knows what there was at the moment.
    changes.sort(key=lambda each: each[0], reverse=True)
    columns: dict[str, Any] = {}
    custom = dict(lead.custom or {})
    keys = {_plain(key): key for key in custom}
    for _, change in changes:
        name, key = change.get("field"), keys.get(_plain(str(change.get("label") or "")))
        if name in _REVERSIBLE:
            columns[name] = _read(name, change.get("before"))
        elif name is None and key is not None:
            custom[key] = change.get("before") or None
    if custom != (lead.custom or {}):
        columns["custom"] = {key: value for key, value in custom.items() if value is not None}
    return columns


_REVERSIBLE: Mapping[str, ValueType] = {
    name: field.type
    for name, field in LEAD_COLUMNS.items()
    if name in field_history.FIELDS
    and field.type in (ValueType.TEXT, ValueType.CODE, ValueType.INTEGER)
}


def _read(name: str, text: Any) -> Any:
    """A value as another system wrote it; None where it cannot be read."""
    if text is None or not str(text).strip():
        return None
    if _REVERSIBLE[name] is not ValueType.INTEGER:
        return str(text)
    return int(text) if re.fullmatch(r"[0-9]{1,9}", str(text)) else None


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())
