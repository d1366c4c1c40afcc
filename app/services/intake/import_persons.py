"""Whose a row is, where it has to be a lead that is known."""

from collections.abc import Sequence
from uuid import UUID

from app.domain.intake.import_cells import Known
from app.domain.intake.import_rows import ReadRow
from app.domain.leads.identities import Identity, IdentityKind
from app.repositories.unit_of_work import UnitOfWork


class Persons:
    """Finds leads by id, by their id elsewhere, or by an e-mail address of their own."""

    def __init__(self, system: str, known: Known) -> None:
        self._system = system
        self._known = known

    async def found(self, uow: UnitOfWork, rows: Sequence[ReadRow]) -> dict[int, UUID]:
        """The lead of each line that has one."""
        keys = {row.line: key for row in rows if (key := self._key(row))}
        named = {row.values["lead_id"] for row in rows if "lead_id" in row.values}
        # Who was merged is the lead that is left.
        heads = await uow.merges.survivors(named) if named else {}
        existing = await uow.leads.existing(named) if named else set()
        heads |= {lead_id: lead_id for lead_id in existing - heads.keys()}
        by_key: dict[Identity, set[UUID]] = {}
        if keys:
            for lead, held in await uow.identities.holders(list(dict.fromkeys(keys.values()))):
                by_key.setdefault(held.identity, set()).add(lead.id)
        found = {
            row.line: heads[lead_id]
            for row in rows
            if (lead_id := row.values.get("lead_id")) in heads
        }
        for line, key in keys.items():
            leads = by_key.get(key, set())
            if len(leads) == 1:
                found.setdefault(line, next(iter(leads)))
        return found

    def nobody(self, row: ReadRow) -> str:
        """Why no lead was found."""
        if "lead_id" in row.values:
            return "names a lead that is not here"
        if self._key(row) is None:
            return "says not whose it is: no lead id, external id or e-mail address"
        return "no lead, or more than one, has this external id or e-mail address"

    def _key(self, row: ReadRow) -> Identity | None:
        if "lead_id" in row.values:
            return None
        if external_id := row.values.get("external_id"):
            return Identity(IdentityKind.EXTERNAL, external_id, self._system)
        email = row.values.get("email")
        normal = self._known.email(email) if email else None
        return Identity(IdentityKind.EMAIL, normal) if normal else None
