"""Identities: normalised keys that point to leads, and the rules by which they do.

A key is exclusive to one lead until it is known to be shared: the address of a role, a
switchboard's number, or any key that somebody claims who is clearly another person. A shared key
alone says nothing; it needs a second signal that agrees.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from operator import eq
from uuid import UUID

from app.domain.leads.names import SameWord, Words, name_noted, names_agree
from app.domain.leads.role_addresses import is_role_address


class IdentityKind(StrEnum):
    """What sort of key it is."""

    EMAIL = "email"
    PHONE = "phone"
    EXTERNAL = "external"
    VISITOR = "visitor"


class IdentitySource(StrEnum):
    """By which way we learnt of a key."""

    API = "api"
    FORM = "form"
    CONNECTOR = "connector"
    IMPORT = "import"
    MERGE = "merge"
    ENRICHMENT = "enrichment"
    MIGRATION = "migration"


@dataclass(frozen=True)
class Identity:
    """One key; `system` is empty for keys that mean the same everywhere, such as e-mail."""

    kind: IdentityKind
    value: str
    system: str = ""

    @property
    def is_of_a_role(self) -> bool:
        """Whether nobody could have it alone."""
        return self.kind is IdentityKind.EMAIL and is_role_address(self.value)


@dataclass(frozen=True, kw_only=True)
class NewIdentity:
    """A key as somebody tells it, not normalised yet."""

    kind: IdentityKind
    value: str
    system: str | None = None
    shared: bool = False
    verified: bool = False


@dataclass(eq=False, kw_only=True)
class LeadIdentity:
    """A key as stored with its lead.

    `other_names` are those of people seen with it who are not the lead. An `anchor` keeps others
    from taking the key for their own; it stays one when the key becomes shared.
    """

    workspace_id: UUID
    id: UUID
    lead_id: UUID
    kind: str
    system: str
    value: str
    shared: bool
    verified_at: datetime | None
    source: str
    other_names: list[str]
    created_at: datetime
    anchor: bool | None = None

    def __post_init__(self) -> None:
        if self.anchor is None:
            self.anchor = not self.shared

    @property
    def identity(self) -> Identity:
        """The key itself."""
        return Identity(IdentityKind(self.kind), self.value, self.system)


@dataclass(frozen=True)
class Person:
    """What tells people apart, folded so that it can be compared.

    `email` is a personal address, `domain` that of a company and never of a free-mail service.
    """

    name: Words = ()
    company: str = ""
    email: str = ""
    domain: str = ""
    is_trial: bool = False


@dataclass(frozen=True)
class Claim:
    """Keys that somebody gives as theirs, in the order of their weight."""

    keys: Sequence[Identity]
    is_trial: bool = False
    # The kinds of keys by which a lead may be found.
    found_by: frozenset[IdentityKind] = frozenset(IdentityKind)


@dataclass(frozen=True)
class Resolution:
    """Whose keys they are, and what that makes of the keys.

    `found` has, the best first, each lead that is meant and the key that found it; empty for
    somebody new. `adds` are the keys to store with the lead, each with whether it is shared,
    `shared` those that stop being exclusive, `noted` the address with which another name than its
    lead's is seen.
    """

    found: tuple[tuple[UUID, Identity], ...] = ()
    adds: tuple[tuple[Identity, bool], ...] = ()
    shared: tuple[Identity, ...] = ()
    noted: Identity | None = None

    @property
    def lead_id(self) -> UUID | None:
        """The lead that is meant."""
        return self.found[0][0] if self.found else None


class _Strength(IntEnum):
    """How surely a key means its lead; the lowest is the best."""

    SURE = 0
    NAMED_OTHERWISE = 1
    NAME_AGREES = 2
    UNOPPOSED = 3
    BOTH_NOBODY = 4
    SECOND_KEY = 5


Holders = Mapping[Identity, Sequence[LeadIdentity]]


class People:
    """Compares the person who claims with those who hold."""

    def __init__(
        self, claiming: Person, holding: Mapping[UUID, Person], same_word: SameWord = eq
    ) -> None:
        self._claiming = claiming
        self._holding = holding
        self._same_word = same_word
        self.noted_name = name_noted(claiming.name)

    def named_alike(self, lead_id: UUID) -> bool | None:
        """Whether the names agree; None when it cannot be said."""
        return names_agree(self._claiming.name, self._holding[lead_id].name, self._same_word)

    def is_trial(self, lead_id: UUID) -> bool:
        """Whether the lead is no real one."""
        return self._holding[lead_id].is_trial

    def both_nobody(self, lead_id: UUID) -> bool:
        """Whether neither has a name, or an address that the other has not."""
        one, other = self._claiming, self._holding[lead_id]
        return not one.name and not other.name and one.email == other.email

    def opposed(self, lead_id: UUID) -> bool:
        """Whether something other than the names speaks against their being one."""
        one, other = self._claiming, self._holding[lead_id]
        pairs = (
            (one.email, other.email),
            (one.company, other.company),
            (one.domain, other.domain),
        )
        return any(mine and theirs and mine != theirs for mine, theirs in pairs)


def resolve(claim: Claim, holders: Holders, people: People) -> Resolution:
    """Whose keys they are.

    An external id is always its lead's. So is a personal address, though the name differs once;
    with a second different name it is nobody's alone. A phone number needs a name that agrees, or
    that nothing speaks against it; a shared key needs a name that agrees, or another key of the
    same lead. Who gives no name, and no address of their own, is the nobody known by the same key.
    """
    meant = _meant(claim, holders, people)
    found = tuple((lead_id, key) for lead_id, _, key in meant)
    lead_id = found[0][0] if found else None
    if claim.is_trial and lead_id and not people.is_trial(lead_id):
        return Resolution(found=found)
    named_otherwise = bool(meant) and meant[0][1] is _Strength.NAMED_OTHERWISE
    adds, shared = keys_added(claim, holders, lead_id, only_external=named_otherwise)
    noted = found[0][1] if named_otherwise else None
    return Resolution(found=found, adds=adds, shared=shared, noted=noted)


def may_mean(claim: Claim, holders: Holders, people: People) -> set[UUID]:
    """The leads that may be meant, also when some of the keys turn out to be shared."""
    ids: set[UUID] = set()
    weak: set[UUID] = set()
    for key in claim.keys:
        for held in holders.get(key, ()):
            lead_id = held.lead_id
            sure = not held.shared and key.kind is not IdentityKind.PHONE
            alike = sure or people.named_alike(lead_id)
            likely = not held.shared or people.both_nobody(lead_id) or lead_id in weak
            if alike or (alike is None and likely):
                ids.add(lead_id)
            elif alike is None:
                weak.add(lead_id)
    return ids


def unclaimed(claim: Claim) -> Resolution:
    """The same for keys that nobody holds."""
    adds, _ = keys_added(claim, {}, None)
    return Resolution(adds=adds)


def _meant(
    claim: Claim, holders: Holders, people: People
) -> list[tuple[UUID, _Strength, Identity]]:
    """The leads that are meant, the best first: all that are sure, else the best of the others."""
    found: dict[UUID, tuple[_Strength, int, Identity]] = {}
    weak: dict[UUID, list[tuple[int, Identity]]] = {}
    for rank, key in enumerate(claim.keys):
        for holding in holders.get(key, ()) if key.kind in claim.found_by else ():
            strength = _strength(claim, key, holding, people)
            if strength is None:
                weak.setdefault(holding.lead_id, []).append((rank, key))
            elif holding.lead_id not in found or strength < found[holding.lead_id][0]:
                found[holding.lead_id] = strength, rank, key
    if not found:
        by_two = [
            (lead_id, keys[0])
            for lead_id, keys in weak.items()
            if len(keys) > 1 and people.named_alike(lead_id) is not False
        ]
        if len(by_two) == 1:
            [(lead_id, (rank, key))] = by_two
            found[lead_id] = _Strength.SECOND_KEY, rank, key
    ordered = sorted((told[0], told[1], lead_id) for lead_id, told in found.items())
    sure = [each for each in ordered if each[0] <= _Strength.NAMED_OTHERWISE]
    return [(lead_id, strength, found[lead_id][2]) for strength, _, lead_id in sure or ordered[:1]]


def _strength(
    claim: Claim, key: Identity, holding: LeadIdentity, people: People
) -> _Strength | None:
    if key.kind is IdentityKind.EXTERNAL:
        return _Strength.SURE
    alike = people.named_alike(holding.lead_id)
    if key.kind is IdentityKind.EMAIL and not holding.shared:
        if alike is not False or claim.is_trial or people.is_trial(holding.lead_id):
            return _Strength.SURE
        once = not holding.other_names or people.noted_name in holding.other_names
        return _Strength.NAMED_OTHERWISE if once else None
    if alike:
        return _Strength.NAME_AGREES
    if alike is False or people.opposed(holding.lead_id):
        return None
    if not holding.shared:
        return _Strength.UNOPPOSED
    return _Strength.BOTH_NOBODY if people.both_nobody(holding.lead_id) else None


def keys_added(
    claim: Claim, holders: Holders, lead_id: UUID | None, *, only_external: bool = False
) -> tuple[tuple[tuple[Identity, bool], ...], tuple[Identity, ...]]:
    """The keys that the lead gets, and those of them that were somebody else's alone."""
    adds: list[tuple[Identity, bool]] = []
    shared: list[Identity] = []
    for key in dict.fromkeys(claim.keys):
        others = holders.get(key, ())
        if any(h.lead_id == lead_id for h in others):
            continue
        exclusive = any(not h.shared for h in others)
        if key.kind is IdentityKind.EXTERNAL:
            adds += [] if others else [(key, False)]
        elif only_external or (claim.is_trial and (exclusive or key.kind is IdentityKind.PHONE)):
            # Somebody else's, or made up.
            continue
        else:
            adds.append((key, bool(others) or key.is_of_a_role))
            shared += [key] if exclusive else []
    return tuple(adds), tuple(shared)
