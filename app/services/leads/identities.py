"""The keys of one lead: listed, added, changed and set free by whoever knows better."""

from typing import NoReturn
from uuid import UUID

from app.adapters import normalisers
from app.domain.errors import AlreadyExists, Conflict, FieldError, Invalid
from app.domain.leads.identities import (
    Identity,
    IdentityKind,
    LeadIdentity,
    NewIdentity,
)
from app.domain.leads.leads import Lead
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType, difference
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.key_holders import KeyHolders, keys_of

# The field of a lead that one of its keys is made of.
_FIELDS = {IdentityKind.EMAIL: "email", IdentityKind.PHONE: "phone"}


class IdentityService:
    """Use cases of a lead's keys, but for the devices it was seen on."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def page(self, lead_id: UUID, request: PageRequest) -> Page[LeadIdentity]:
        """What points to a lead."""
        await self._uow.leads.get(lead_id)
        return await self._uow.identities.page_of(lead_id, request)

    async def add(self, lead_id: UUID, new: NewIdentity) -> tuple[LeadIdentity, bool]:
        """The key with its lead, and whether it is new there. Refused when it is another lead's
        alone, unless it is said to be shared."""
        lead = await self._uow.leads.get(lead_id, lock=True)
        key = await self._normalised(lead, new)
        holders = KeyHolders(self._uow)
        await holders.find([key])
        held = holders.held_by(lead, key)
        if held is not None:
            return held, False
        others = holders.others(lead, key)
        if others and (key.kind is IdentityKind.EXTERNAL or not (new.shared or others[0].shared)):
            _refuse(others[0].lead_id)
        [added] = holders.assign(lead, [key])
        added.shared = added.shared or new.shared
        added.verified_at = self._uow.now if new.verified else None
        await holders.store()
        self._tell(EventType.IDENTITY_ADDED, added)
        await self._uow.flush()
        return added, True

    async def change(
        self, lead_id: UUID, identity_id: UUID, *, verified: bool | None, shared: bool | None
    ) -> LeadIdentity:
        """Say that a key was verified, or whether it is shared."""
        await self._uow.leads.get(lead_id, lock=True)
        before = await self._uow.identities.of_lead(lead_id, identity_id)
        if before.kind == IdentityKind.VISITOR:
            raise Invalid.field("/", "a device is known by its visits; it can only be taken away")
        changes: dict[str, object] = {}
        if verified is not None and verified != (before.verified_at is not None):
            changes["verified_at"] = self._uow.now if verified else None
        if shared is not None and shared != before.shared:
            await self._check_shared(before, shared=shared)
            changes |= {"shared": shared, "anchor": bool(before.anchor) or not shared}
        if not changes:
            return before
        stored = await self._uow.identities.change(identity_id, changes)
        told = difference(vars(before), {n: v for n, v in changes.items() if n != "anchor"})
        self._tell(EventType.IDENTITY_UPDATED, stored, changes=told)
        await self._uow.flush()
        return stored

    async def remove(self, lead_id: UUID, identity_id: UUID) -> None:
        """Set a key free. What is the lead's own e-mail or phone goes with that field alone."""
        lead = await self._uow.leads.get(lead_id, lock=True)
        identity = await self._uow.identities.of_lead(lead_id, identity_id)
        if identity.kind == IdentityKind.VISITOR:
            await self._uow.visitors.forget(identity.value)
        elif identity.identity in keys_of(vars(lead)):
            name = _FIELDS[IdentityKind(identity.kind)]
            detail = f"it is the lead's {name}; to change that field sets it free"
            wrong = FieldError(pointer=f"/{name}", code="in_use", detail=detail)
            raise Conflict(detail, code="identity_in_use", errors=[wrong])
        else:
            await self._uow.identities.remove(identity_id)
        self._tell(EventType.IDENTITY_REMOVED, identity)
        await self._uow.flush()

    async def _normalised(self, lead: Lead, new: NewIdentity) -> Identity:
        value: str | None = new.value
        if new.kind is IdentityKind.EMAIL:
            value = normalisers.email(new.value)
        elif new.kind is IdentityKind.PHONE:
            value = normalisers.phone(new.value, lead.country_code or await self._country(new))
        if value is None:
            raise Invalid.field("/value", f"this cannot be read as {_NOUNS[new.kind]}")
        return Identity(new.kind, value, new.system or "")

    async def _country(self, new: NewIdentity) -> str | None:
        if new.value.lstrip().startswith("+"):
            return None
        return (await self._uow.workspace_settings.get(self._uow.workspace_id)).default_country

    async def _check_shared(self, identity: LeadIdentity, *, shared: bool) -> None:
        if identity.kind == IdentityKind.EXTERNAL:
            raise Invalid.field("/shared", "an id in another system is one lead's alone")
        if shared:
            return
        others = [
            held.lead_id
            for _, held in await self._uow.identities.holders([identity.identity])
            if held.lead_id != identity.lead_id
        ]
        if others:
            _refuse(others[0])

    def _tell(self, event_type: EventType, identity: LeadIdentity, **more: object) -> None:
        told = {
            name: getattr(identity, name)
            for name in ("kind", "system", "value", "shared", "source")
        }
        self._uow.record(event_type, "identity", identity.id, told | more, lead_id=identity.lead_id)


_NOUNS = {IdentityKind.EMAIL: "an e-mail address", IdentityKind.PHONE: "a phone number"}


def _refuse(lead_id: UUID) -> NoReturn:
    raise AlreadyExists(
        "another lead has this identity; `shared` says that both use it",
        code="identity_taken",
        extra={"lead_id": str(lead_id)},
    )
