"""A merge patch of a plain resource: what really changes is stored, and the journal is told."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar
from uuid import UUID

from app.domain.errors import Stale
from app.domain.reach.events import EventType, difference
from app.repositories.resources import Resources
from app.repositories.unit_of_work import UnitOfWork


class Versioned(Protocol):
    """What can be patched."""

    id: UUID
    version: int


V = TypeVar("V", bound=Versioned)


def check_version(present: int, if_match: int | None) -> None:
    """Raise Stale when If-Match names another version."""
    if if_match is not None and if_match != present:
        raise Stale(
            f"the resource is at version {present}; read it again and repeat the change",
            extra={"version": present},
        )


async def apply_patch(
    uow: UnitOfWork,
    repository: Resources[V],
    entity: V,
    fields: Mapping[str, Any],
    event_type: EventType,
    *,
    lead_id: UUID | None = None,
) -> V:
    """The entity as stored, with a new version; itself when the patch changes nothing.

    The caller has locked the row, checked the version and applied the rules of the resource.
    The timeline of the lead `lead_id` shows the change as well.
    """
    before = vars(entity)
    changes = {name: value for name, value in fields.items() if before[name] != value}
    if not changes:
        return entity
    stamp = {"updated_at": uow.now, "version": entity.version + 1}
    stored = await repository.change(entity.id, changes | stamp)
    subject_type = event_type.value.partition(".")[0]
    told = {"changes": {n: c for n, c in difference(before, changes).items() if n != "match_key"}}
    uow.record(event_type, subject_type, entity.id, told, lead_id=lead_id)
    await uow.flush()
    return stored
