"""What submissions add to leads: what was blank, and everything where there was only a trial."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from app.domain.intake.enrichment import emptied
from app.domain.intake.submissions import Reading
from app.domain.leads.leads import Lead
from app.domain.leads.status import Status
from app.domain.reach.events import difference
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.fields import FieldReader
from app.services.leads.journal import record_changes

_ENDED = (Status.CONVERTED, Status.DISQUALIFIED)
# A trial settles nothing: neither who won the lead nor when it was first touched.
_SETTLED = ("source", "campaign_id")
_UNTOUCHED = {"first_touch_at": None, "last_touch_at": None, "touch_count": 0}


class Enriching:
    """Changes leads in memory, and stores those that changed in one statement."""

    def __init__(self, uow: UnitOfWork, fields: FieldReader) -> None:
        self._uow = uow
        self._fields = fields
        self._before: dict[UUID, tuple[Lead, dict[str, Any]]] = {}

    def add(self, lead: Lead, columns: Mapping[str, Any], reading: Reading) -> None:
        """Add what a reading says to a lead; nothing of a trial to one that is none."""
        if lead.status in _ENDED or (reading.is_test and not lead.is_test):
            return
        self._before.setdefault(lead.id, (lead, dict(vars(lead))))
        given = self._fields.typed(columns)
        held: dict[str, Any] = vars(lead)
        if lead.is_test and not reading.is_test:
            held = emptied(held, given) | _UNTOUCHED | {"is_test": False}
            held |= {name: given[name] for name in _SETTLED if given.get(name)}
        vars(lead).update(self._fields.enriched(held, given, reading))

    async def store(self, new: Collection[UUID]) -> None:
        """Store what changed, but for leads that are stored whole anyway."""
        changed = []
        for lead, before in self._before.values():
            changes = {name: v for name, v in vars(lead).items() if before[name] != v}
            if lead.id in new or not changes:
                continue
            lead.updated_at, lead.version = self._uow.now, lead.version + 1
            changed.append(lead)
            told = {name: v for name, v in changes.items() if name not in _UNTOUCHED}
            record_changes(self._uow, lead.id, difference(before, told))
        if changed:
            await self._uow.leads.store_many(changed)
