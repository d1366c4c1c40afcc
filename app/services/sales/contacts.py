"""Contacts: created, read, found, changed."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.adapters import normalisers
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType
from app.domain.sales.contacts import Contact
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.normalisation import (
    contact_key,
    derived_names,
    names_after,
    normal_forms_in,
)
from app.services.patching import apply_patch, check_version

_SOURCES = frozenset({"email", "phone", "country"})
_KEYED = _SOURCES | {"first_name", "last_name", "full_name", "postal_code"}


class ContactService:
    """Use cases of contacts."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def create(self, fields: Mapping[str, Any]) -> Contact:
        """A new contact."""
        contact = await self.build(fields)
        await self.add(contact)
        await self._uow.flush()
        return contact

    async def get(self, contact_id: UUID) -> Contact:
        """One contact."""
        return await self._uow.contacts.get(contact_id)

    async def page(
        self, filters: Mapping[str, Sequence[Any]], request: PageRequest
    ) -> Page[Contact]:
        """A page of contacts, narrowed to these values of account_id, email and owner_id;
        addresses are compared in their normal form."""
        wanted = dict(filters)
        if "email" in wanted:
            typed = wanted.pop("email")
            wanted["email_norm"] = [normalisers.email(value) or value for value in typed]
        return await self._uow.contacts.page(request, wanted)

    async def update(
        self, contact_id: UUID, fields: Mapping[str, Any], if_match: int | None
    ) -> Contact:
        """Change the given fields; a null clears one. Stale when the version has moved on."""
        contact = await self._uow.contacts.get(contact_id, lock=True)
        check_version(contact.version, if_match)
        return await self.apply(contact, fields)

    async def build(
        self, fields: Mapping[str, Any], originating_lead_id: UUID | None = None
    ) -> Contact:
        """The contact to store, with the normal forms of what was typed."""
        columns = dict(fields)
        columns |= {name: value for name, value in derived_names(columns).items() if value}
        columns |= await normal_forms_in(self._uow, columns)
        return Contact(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            originating_lead_id=originating_lead_id,
            created_at=self._uow.now,
            updated_at=self._uow.now,
            **columns,
            match_key=contact_key(columns),
        )

    async def add(self, contact: Contact) -> None:
        """Store a new contact and tell the journal."""
        await self._uow.contacts.add(contact)
        self._uow.record(
            EventType.CONTACT_CREATED,
            "contact",
            contact.id,
            {
                "name": contact.display_name,
                "account_id": contact.account_id,
                "owner_id": contact.owner_id,
            },
            lead_id=contact.originating_lead_id,
        )

    async def apply(self, contact: Contact, fields: Mapping[str, Any]) -> Contact:
        """The contact with these fields changed; its row is locked already."""
        changes = {**fields, **names_after(vars(contact), fields)}
        if _SOURCES & changes.keys():
            changes |= await normal_forms_in(self._uow, vars(contact) | changes)
        if _KEYED & changes.keys():
            changes["match_key"] = contact_key(vars(contact) | changes)
        lead_id = changes.get("originating_lead_id", contact.originating_lead_id)
        return await apply_patch(
            self._uow,
            self._uow.contacts,
            contact,
            changes,
            EventType.CONTACT_UPDATED,
            lead_id=lead_id,
        )
