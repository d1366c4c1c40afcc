"""What the journal says when a lead changes."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.domain.leads.status import STAGE_INSTANTS
from app.domain.reach.events import EventType
from app.repositories.unit_of_work import UnitOfWork

_MOVES = {
    "status": EventType.LEAD_STATUS_CHANGED,
    "owner_id": EventType.LEAD_OWNER_CHANGED,
    "lifecycle_stage": EventType.LEAD_STAGE_CHANGED,
}

# What has an event of its own, or only follows from another change.
_FOLLOWS = {*_MOVES, *STAGE_INSTANTS.values(), "search_key"}


def record_moves(uow: UnitOfWork, lead_id: UUID, changed: Mapping[str, Any]) -> None:
    """An event each for status, owner and lifecycle stage, so that a consumer can wait for one.

    `changed` is what `difference` found; other fields in it are left to the caller.
    """
    for name, event_type in _MOVES.items():
        if name in changed:
            uow.record(event_type, "lead", lead_id, {name: changed[name]}, lead_id=lead_id)


def record_changes(uow: UnitOfWork, lead_id: UUID, changed: Mapping[str, Any]) -> None:
    """The same, and one event for all other fields together."""
    record_moves(uow, lead_id, changed)
    plain = {name: change for name, change in changed.items() if name not in _FOLLOWS}
    if plain:
        uow.record(EventType.LEAD_UPDATED, "lead", lead_id, {"changes": plain}, lead_id=lead_id)
