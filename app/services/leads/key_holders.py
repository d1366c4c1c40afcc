"""Who holds which key: as stored, and as a set of candidates changes it on the way.

The order is always the same: queue up for the keys that several may hold, look who holds them,
lock the leads that may be meant, look again. Then resolve one claim after the other, each in the
light of those before it, and store what came of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from app.adapters.persons import person_of
from app.domain.errors import LostRace
from app.domain.leads.identities import (
    Claim,
    Identity,
    IdentityKind,
    IdentitySource,
    LeadIdentity,
    People,
    Person,
    Resolution,
    keys_added,
    may_mean,
    resolve,
    unclaimed,
)
from app.domain.leads.leads import Lead
from app.domain.leads.names import name_noted
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork


class _Persons(dict[UUID, Person]):
    """The persons behind leads, each worked out when it is first compared."""

    def __init__(self, leads: Mapping[UUID, Lead]) -> None:
        super().__init__()
        self._leads = leads

    def __missing__(self, lead_id: UUID) -> Person:
        person = self[lead_id] = person_of(vars(self._leads[lead_id]))
        return person


class KeyHolders:
    """Decides whose keys they are, for one transaction."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._keys: list[Identity] = []
        # Every lead that is known here; those of `locked` may be changed.
        self.leads: dict[UUID, Lead] = {}
        self.locked: dict[UUID, Lead] = {}
        self._persons = _Persons(self.leads)
        self._held: dict[Identity, list[LeadIdentity]] = {}
        self._new: dict[UUID, LeadIdentity] = {}
        self._to_share: set[Identity] = set()
        self._noted: dict[UUID, list[str]] = {}

    async def find(self, keys: Iterable[Identity]) -> None:
        """Look up who holds these keys."""
        self._keys = list(dict.fromkeys(keys))
        of_roles = [key for key in self._keys if key.is_of_a_role]
        if of_roles:
            await self._uow.identities.queue_up(of_roles)
        await self._look_up(self._keys)
        shared = [k for k, held in self._held.items() if held[0].shared and not k.is_of_a_role]
        if shared:
            await self._uow.identities.queue_up(shared)
            await self._look_up(self._keys)

    async def lock(
        self, claims: Iterable[tuple[Claim, Mapping[str, Any]]], others: Iterable[UUID] = ()
    ) -> None:
        """Lock the leads that claims may mean, and others by id. LostRace when a lead changed hands
        meanwhile."""
        ids = set(others)
        for claim, columns in claims:
            if self._is_held(claim):
                ids |= may_mean(claim, self._held, People(person_of(columns), self._persons))
        if not ids:
            return
        before = self._who_holds()
        self.locked = await self._uow.leads.lock_many(ids)
        if self._held:
            # Those that nobody had are guarded by the index that lets each be taken once.
            await self._look_up(self._held)
        if self._who_holds() != before:
            raise LostRace("a lead changed while it was being matched; try again")
        self.leads.update(self.locked)

    def resolve(self, claim: Claim, columns: Mapping[str, Any]) -> Resolution:
        """Whose keys they are."""
        if not self._is_held(claim):
            return unclaimed(claim)
        return resolve(claim, self._held, People(person_of(columns), self._persons))

    def apply(
        self,
        lead: Lead,
        resolution: Resolution,
        columns: Mapping[str, Any],
        source: IdentitySource,
        *,
        renames: bool = False,
    ) -> list[LeadIdentity]:
        """Give a lead its further keys; returns those. `renames` says that it takes over the name
        that is claimed, so that the one it had is noted in case they are two people's."""
        if resolution.noted is not None:
            person = self._persons[lead.id] if renames else person_of(columns)
            self._note(lead, resolution.noted, name_noted(person.name))
        return self._give(lead, resolution.adds, resolution.shared, source)

    def assign(
        self, lead: Lead, keys: Sequence[Identity], source: IdentitySource = IdentitySource.API
    ) -> list[LeadIdentity]:
        """Give a lead those of these keys that it has not, as somebody who knows says."""
        adds, shared = keys_added(Claim(keys), self._held, lead.id)
        return self._give(lead, adds, shared, source)

    def held_by(self, lead: Lead, key: Identity) -> LeadIdentity | None:
        """A key as the lead has it, if it does."""
        return next((h for h in self._held.get(key, ()) if h.lead_id == lead.id), None)

    def others(self, lead: Lead, key: Identity) -> list[LeadIdentity]:
        """A key as other leads have it."""
        return [held for held in self._held.get(key, ()) if held.lead_id != lead.id]

    def changed(self, lead: Lead) -> None:
        """Say that a lead's fields have changed, so that it is compared as it is now."""
        self._persons.pop(lead.id, None)

    def take_new(self) -> list[LeadIdentity]:
        """What is to be added, for a statement that stores it along with its own rows."""
        taken = list(self._new.values())
        self._new = {}
        return taken

    async def store(self) -> None:
        """Store what became of keys that were there before, and what was not taken."""
        if self._to_share:
            keys = sorted(self._to_share, key=lambda key: (key.kind, key.value))
            if await self._uow.identities.share(keys) != self._to_share:
                raise LostRace("a key became shared meanwhile; try again")
            self._to_share = set()
        if self._noted:
            await self._uow.identities.note_names(self._noted)
            self._noted = {}
        if self._new:
            await self._uow.identities.add_all(self.take_new())

    def _is_held(self, claim: Claim) -> bool:
        return any(key in self._held for key in claim.keys)

    def _give(
        self,
        lead: Lead,
        adds: Sequence[tuple[Identity, bool]],
        shared: Sequence[Identity],
        source: IdentitySource,
    ) -> list[LeadIdentity]:
        self.leads[lead.id] = lead
        for key in shared:
            for held in self._held[key]:
                if not held.shared and held.id not in self._new:
                    self._to_share.add(key)
                held.shared = True
        added = []
        for key, is_shared in adds:
            identity = self._identity(lead, key, source, shared=is_shared)
            added.append(identity)
            self._new[identity.id] = identity
            self._held.setdefault(key, []).append(identity)
        return added

    def _identity(
        self, lead: Lead, key: Identity, source: IdentitySource, *, shared: bool
    ) -> LeadIdentity:
        return LeadIdentity(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            lead_id=lead.id,
            kind=key.kind.value,
            system=key.system,
            value=key.value,
            shared=shared,
            verified_at=None,
            source=source.value,
            other_names=[],
            created_at=self._uow.now,
        )

    def _note(self, lead: Lead, key: Identity, name: str) -> None:
        [held] = [each for each in self._held[key] if each.lead_id == lead.id]
        if name and name not in held.other_names:
            held.other_names = [*held.other_names, name]
            if held.id not in self._new:
                self._noted[held.id] = held.other_names

    async def _look_up(self, keys: Iterable[Identity]) -> None:
        wanted, self._held = list(keys), {}
        for lead, identity in await self._uow.identities.holders(wanted):
            self.leads[lead.id] = lead
            self._held.setdefault(identity.identity, []).append(identity)
        self._persons.clear()

    def _who_holds(self) -> set[tuple[UUID, UUID, bool]]:
        # With the lead: a merge takes a key as it is to another one.
        held = (each for several in self._held.values() for each in several)
        return {(each.id, each.lead_id, each.shared) for each in held}


def keys_of(columns: Mapping[str, Any], references: Sequence[Identity] = ()) -> list[Identity]:
    """The keys that a lead's columns and its references are, in the order of their weight."""
    email, phone = columns.get("email_norm"), columns.get("phone_norm")
    return [
        *([Identity(IdentityKind.EMAIL, email)] if email else []),
        *references,
        *([Identity(IdentityKind.PHONE, phone)] if phone else []),
    ]
