"""The keys of a lead together with the devices it was seen on."""

from uuid import UUID

from app.domain.errors import AlreadyExists, Invalid
from app.domain.intake.visitors import is_visitor_id
from app.domain.leads.identities import IdentityKind, LeadIdentity, NewIdentity
from app.domain.reach.events import EventType
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.visitors import Joining
from app.services.leads.identities import IdentityService


class LeadKeys(IdentityService):
    """The same use cases, and to say whose device one is: what was done on it before joins the
    lead's timeline."""

    def __init__(self, uow: UnitOfWork) -> None:
        super().__init__(uow)

    async def add(self, lead_id: UUID, new: NewIdentity) -> tuple[LeadIdentity, bool]:
        """The key with its lead, and whether it is new there."""
        if new.kind is not IdentityKind.VISITOR:
            return await super().add(lead_id, new)
        if not is_visitor_id(new.value):
            detail = "a visitor's id has 8 to 64 letters, digits, hyphens and underscores"
            raise Invalid.field("/value", detail)
        if new.shared or new.verified:
            raise Invalid.field("/kind", "a device is known by its visits alone")
        # Visitors are locked before leads, here as everywhere.
        joining = await Joining.among(self._uow, [], [(new.value, self._uow.now)])
        joining.living = await self._uow.leads.lock_existing({lead_id, *joining.owners})
        await self._uow.leads.get(lead_id)
        owner = joining.owner_of(new.value)
        if owner not in (None, lead_id):
            raise AlreadyExists(
                "this device is known to be another lead's",
                code="identity_taken",
                extra={"lead_id": str(owner)},
            )
        await joining.join([(new.value, lead_id)])
        added = await self._uow.identities.device_of(lead_id, new.value)
        if owner is None:
            self._tell(EventType.IDENTITY_ADDED, added)
        await self._uow.flush()
        return added, owner is None
