"""Custom fields of leads: declared, read, changed, forgotten."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.domain.leads.custom_fields import CustomField, check_choices
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.patching import apply_patch, check_version


class CustomFieldService:
    """Use cases of declarations."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def declare(self, fields: Mapping[str, Any]) -> CustomField:
        """A new field; AlreadyExists when another has its key."""
        now = self._uow.now
        field = CustomField(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            created_at=now,
            updated_at=now,
            version=1,
            **fields,
        )
        check_choices(field.type, field.choices)
        await self._uow.custom_fields.add(field)
        told = {name: getattr(field, name) for name in ("key", "label", "type", "required")}
        self._uow.record(EventType.CUSTOM_FIELD_CREATED, "custom_field", field.id, told)
        await self._uow.flush()
        return field

    async def get(self, field_id: UUID) -> CustomField:
        """One declaration."""
        return await self._uow.custom_fields.get(field_id)

    async def page(self, request: PageRequest) -> Page[CustomField]:
        """A page of declarations."""
        return await self._uow.custom_fields.page(request)

    async def update(
        self, field_id: UUID, fields: Mapping[str, Any], if_match: int | None
    ) -> CustomField:
        """Change the given fields; choices may be added and never taken away."""
        field = await self._uow.custom_fields.get(field_id, lock=True)
        check_version(field.version, if_match)
        if "choices" in fields:
            check_choices(field.type, fields["choices"], field.choices)
        return await apply_patch(
            self._uow, self._uow.custom_fields, field, fields, EventType.CUSTOM_FIELD_UPDATED
        )

    async def remove(self, field_id: UUID, if_match: int | None) -> None:
        """Forget a declaration; values already stored stay in the leads."""
        field = await self._uow.custom_fields.get(field_id, lock=True)
        check_version(field.version, if_match)
        await self._uow.custom_fields.remove(field)
        told = {"key": field.key}
        self._uow.record(EventType.CUSTOM_FIELD_DELETED, "custom_field", field.id, told)
        await self._uow.flush()
