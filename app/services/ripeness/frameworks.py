"""Frameworks: drafted, published, retired, a version after the other."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.domain.errors import Conflict, Invalid
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType
from app.domain.ripeness.frameworks import BANT, Framework, FrameworkStatus, document_of
from app.domain.ripeness.frameworks_builtin import TEMPLATES
from app.domain.ripeness.frameworks_checking import check_document
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.patching import apply_patch, check_version

_DOCUMENT = ("criteria", "qualified_at", "disqualified_below", "conflicts")


class FrameworkService:
    """Use cases of frameworks."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def create(
        self, key: str, name: str | None, template: str | None, fields: Mapping[str, Any]
    ) -> Framework:
        """A new draft: the template's document with the given members over it."""
        if key == BANT:
            detail = (
                "bant is built in and weighed by the workspace's qualification_policy; "
                "give your own another key"
            )
            raise Invalid.field("/key", detail)
        start = TEMPLATES[template] if template else None
        document = (document_of(start) if start else {}) | dict(fields)
        if "criteria" not in document:
            raise Invalid.field("/criteria", "give criteria, or a template to start from")
        name = name or (start.name if start else key)
        return await self._add(key, name, document, None)

    def templates(self) -> list[dict[str, Any]]:
        """What to start from."""
        return [
            {"key": each.key, "name": each.name} | document_of(each) for each in TEMPLATES.values()
        ]

    async def get(self, framework_id: UUID) -> Framework:
        """One version."""
        return await self._uow.frameworks.get(framework_id)

    async def page(
        self, filters: Mapping[str, Sequence[Any]], request: PageRequest
    ) -> Page[Framework]:
        """A page of versions."""
        return await self._uow.frameworks.page(request, filters)

    async def update(
        self, framework_id: UUID, fields: Mapping[str, Any], if_match: int | None
    ) -> Framework:
        """Change a draft."""
        framework = await self._draft(framework_id, if_match)
        told = {name: fields[name] for name in _DOCUMENT if name in fields}
        document = framework.document | told
        check_document(document)
        changed = {name: value for name, value in fields.items() if name not in _DOCUMENT}
        return await apply_patch(
            self._uow,
            self._uow.frameworks,
            framework,
            changed | {"document": document},
            EventType.FRAMEWORK_UPDATED,
        )

    async def delete(self, framework_id: UUID, if_match: int | None) -> None:
        """Throw a draft away."""
        framework = await self._draft(framework_id, if_match)
        await self._uow.frameworks.remove(framework_id)
        self._record(EventType.FRAMEWORK_DELETED, framework)

    async def draft(self, framework_id: UUID) -> Framework:
        """A new draft of the same key that starts as this version is."""
        start = await self._uow.frameworks.get(framework_id)
        return await self._add(start.key, start.name, start.document, start.id)

    async def publish(self, framework_id: UUID) -> Framework:
        """Put a version in force in place of the one that is; a retired one comes back."""
        await self._lock_publishing()
        framework = await self._uow.frameworks.get(framework_id, lock=True)
        if framework.status == FrameworkStatus.PUBLISHED:
            return framework
        before = await self._uow.frameworks.published(framework.key, lock=True)
        if before is not None:
            await self._retire(before)
        changes = {
            "status": FrameworkStatus.PUBLISHED.value,
            "published_at": self._uow.now,
            "retired_at": None,
        }
        stored = await self._change(framework, changes, EventType.FRAMEWORK_PUBLISHED)
        await self._uow.flush()
        return stored

    async def retire(self, framework_id: UUID) -> Framework:
        """Take a version out of force. What was answered stays on record."""
        default = await self._lock_publishing()
        framework = await self._uow.frameworks.get(framework_id, lock=True)
        if framework.status == FrameworkStatus.RETIRED:
            return framework
        if framework.status == FrameworkStatus.DRAFT:
            raise Conflict("a draft was never in force; delete it instead", code="not_published")
        if framework.key == default:
            detail = "it is the workspace's default_framework; choose another one first"
            raise Conflict(detail, code="default_framework")
        stored = await self._retire(framework)
        await self._uow.flush()
        return stored

    async def _lock_publishing(self) -> str:
        """One publishes at a time, and nobody chooses a default meanwhile; returns the default."""
        workspace_id = self._uow.workspace_id
        settings = await self._uow.workspace_settings.get(workspace_id, lock=True)
        return settings.default_framework

    async def _add(
        self, key: str, name: str, document: Mapping[str, Any], based_on: UUID | None
    ) -> Framework:
        whole = {"qualified_at": 70, "disqualified_below": 0, "conflicts": "show"} | dict(document)
        check_document(whole)
        framework = Framework(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            key=key,
            number=await self._uow.frameworks.next_number(key),
            name=name,
            status=FrameworkStatus.DRAFT.value,
            document=whole,
            based_on=based_on,
            published_at=None,
            retired_at=None,
            created_at=self._uow.now,
            updated_at=self._uow.now,
            version=1,
        )
        await self._uow.frameworks.add(framework)
        self._record(EventType.FRAMEWORK_CREATED, framework)
        await self._uow.flush()
        return framework

    async def _draft(self, framework_id: UUID, if_match: int | None) -> Framework:
        framework = await self._uow.frameworks.get(framework_id, lock=True)
        check_version(framework.version, if_match)
        if framework.status != FrameworkStatus.DRAFT:
            detail = f"a version that is {framework.status} stays as it is; make a draft of it"
            raise Conflict(detail, code="not_a_draft")
        return framework

    async def _retire(self, framework: Framework) -> Framework:
        changes = {"status": FrameworkStatus.RETIRED.value, "retired_at": self._uow.now}
        return await self._change(framework, changes, EventType.FRAMEWORK_RETIRED)

    async def _change(
        self, framework: Framework, changes: dict[str, Any], event: EventType
    ) -> Framework:
        stamp = {"updated_at": self._uow.now, "version": framework.version + 1}
        stored = await self._uow.frameworks.change(framework.id, changes | stamp)
        self._record(event, stored)
        return stored

    def _record(self, event: EventType, framework: Framework) -> None:
        told = {"key": framework.key, "number": framework.number, "name": framework.name}
        self._uow.record(event, "framework", framework.id, told)
