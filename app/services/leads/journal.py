"""What the journal says when a lead changes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.leads.status import STAGE_INSTANTS
from app.domain.reach.events import Cause, EventType
from app.repositories.unit_of_work import UnitOfWork

_MOVES = {
    "status": EventType.LEAD_STATUS_CHANGED,
    "owner_id": EventType.LEAD_OWNER_CHANGED,
    "lifecycle_stage": EventType.LEAD_STAGE_CHANGED,
}

_INSTANTS = frozenset(STAGE_INSTANTS.values())


def record_moves(
    uow: UnitOfWork,
    lead_id: UUID,
    changed: Mapping[str, Any],
    cause: Cause | None = None,
    occurred_at: datetime | None = None,
) -> None:
    """An event each for status, owner and lifecycle stage, so that a consumer can wait for one.

    `changed` is what `difference` found; other fields in it are left to the caller.
    """
    because = caused_by(cause)
    for name, event_type in _MOVES.items():
        if name in changed:
            told = {name: changed[name]} | because
            if name == "lifecycle_stage":
                told |= {instant: changed[instant] for instant in _INSTANTS & changed.keys()}
            uow.record(event_type, "lead", lead_id, told, lead_id=lead_id, occurred_at=occurred_at)


def record_changes(
    uow: UnitOfWork, lead_id: UUID, changed: Mapping[str, Any], cause: Cause | None = None
) -> None:
    """The same, and one event for all other fields together."""
    record_moves(uow, lead_id, changed, cause)
    if plain := remaining(changed):
        told = {"changes": plain} | caused_by(cause)
        uow.record(EventType.LEAD_UPDATED, "lead", lead_id, told, lead_id=lead_id)


def remaining(changed: Mapping[str, Any]) -> dict[str, Any]:
    """What `record_moves` leaves to be told; its keys only follow from other fields."""
    told = {*_MOVES, "search_key", "match_key"}
    if "lifecycle_stage" in changed:
        told |= _INSTANTS
    return {name: change for name, change in changed.items() if name not in told}


def caused_by(cause: Cause | None) -> dict[str, Any]:
    """What an event says of its cause; nothing when the caller named in it asked for it."""
    return {"cause": cause.told()} if cause else {}
