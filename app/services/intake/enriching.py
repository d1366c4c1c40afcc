"""What candidates change about leads that are known: what was blank, or all that they say."""

from collections.abc import Collection, Mapping, Set
from typing import Any
from uuid import UUID

from app.domain.intake.capture import Candidate, OnDuplicate
from app.domain.intake.enrichment import emptied
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
        self._changed: dict[UUID, Lead] = {}
        self._names: dict[UUID, set[str]] = {}
        self._no_trials_now: set[UUID] = set()

    @property
    def no_trials_now(self) -> Set[UUID]:
        """Leads that were trials until now: of their touches only the real ones count, and how
        many those are has to be worked out."""
        return self._no_trials_now

    def add(
        self, lead: Lead, columns: Mapping[str, Any], candidate: Candidate
    ) -> dict[str, dict[str, Any]]:
        """Add what a candidate says to a lead, nothing of a trial to one that is none; returns what
        is different now, before and after."""
        if candidate.is_test and not lead.is_test:
            return {}
        before = dict(vars(lead))
        given = self._fields.typed(columns)
        if candidate.on_duplicate is OnDuplicate.UPDATE:
            after = self._fields.updated(before, given, candidate)
        elif lead.status in _ENDED:
            return {}
        else:
            after = self._enriched(lead, given, candidate)
        vars(lead).update(after)
        if before["is_test"] and not lead.is_test:
            self._no_trials_now.add(lead.id)
        changes = difference(before, after)
        if not changes:
            return {}
        self._changed[lead.id] = lead
        self._names.setdefault(lead.id, set()).update(changes)
        told = {name: change for name, change in changes.items() if name not in _UNTOUCHED}
        record_changes(self._uow, lead.id, told, candidate.cause)
        return told

    def _enriched(
        self, lead: Lead, given: Mapping[str, Any], candidate: Candidate
    ) -> dict[str, Any]:
        held: dict[str, Any] = vars(lead)
        if lead.is_test and not candidate.is_test:
            held = emptied(held, given) | _UNTOUCHED | {"is_test": False}
            held |= {name: given[name] for name in _SETTLED if given.get(name)}
        return self._fields.enriched(held, given, candidate)

    def changed(self, new: Collection[UUID]) -> list[tuple[Lead, Set[str]]]:
        """Each lead that has changed and is not new, with the names of the columns."""
        known = self._changed.keys() - new
        return [(self._changed[lead_id], self._names[lead_id]) for lead_id in sorted(known)]

    async def store(self, new: Collection[UUID]) -> None:
        """Store what changed, but for leads that are stored whole anyway."""
        changed = [lead for lead in self._changed.values() if lead.id not in new]
        for lead in changed:
            lead.updated_at, lead.version = self._uow.now, lead.version + 1
        if changed:
            await self._uow.leads.store_many(changed)
