"""Providers of enrichment: created, read, changed, archived."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from app.domain.errors import Invalid
from app.domain.intake.mapping import check_mapping
from app.domain.leads.enrichment import EnrichmentProvider, check_provider, goes_elsewhere
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType, difference
from app.platform.ids import new_id
from app.platform.secrets import Secrets
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.enrichment_asking import with_secret
from app.services.patching import check_version

# What an answer is made of: when that changes, remembered answers are those of another question.
_ASKING = frozenset({"lookup_by", "method", "url", "headers", "body", "mapping"})
# Where a secret might be typed in the open.
_UNTOLD = frozenset({"url", "headers", "body"})


class EnrichmentProviderService:
    """Use cases of providers."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def create(self, fields: Mapping[str, Any], secrets: Secrets) -> EnrichmentProvider:
        """A new provider; its secret is sealed at once."""
        now = self._uow.now
        provider = EnrichmentProvider(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            secret_sealed=None,
            archived_at=None if fields["active"] else now,
            created_at=now,
            updated_at=now,
            version=1,
            **{name: value for name, value in fields.items() if name != "secret"},
        )
        provider.secret_sealed = with_secret(secrets, provider, fields.get("secret"))
        _check(provider)
        await self._uow.enrichment_providers.add(provider)
        told = {name: getattr(provider, name) for name in ("name", "lookup_by", "active")}
        self._record(provider.id, told)
        await self._uow.flush()
        return provider

    async def get(self, provider_id: UUID) -> EnrichmentProvider:
        """One provider, archived or not."""
        return await self._uow.enrichment_providers.get(provider_id)

    async def page(
        self, filters: Mapping[str, Sequence[Any]], request: PageRequest
    ) -> Page[EnrichmentProvider]:
        """A page of providers."""
        return await self._uow.enrichment_providers.page(request, filters)

    async def update(
        self,
        provider_id: UUID,
        fields: Mapping[str, Any],
        if_match: int | None,
        secrets: Secrets,
    ) -> EnrichmentProvider:
        """Change the given fields; a null secret takes it away."""
        repository = self._uow.enrichment_providers
        before = await repository.get(provider_id, lock=True)
        check_version(before.version, if_match)
        changed = {name: value for name, value in fields.items() if name != "secret"}
        if "active" in changed and changed["active"] != before.active:
            changed["archived_at"] = None if changed["active"] else self._uow.now
        after = replace(before, **changed)
        if before.secret_set and goes_elsewhere(before.url, after.url) and "secret" not in fields:
            detail = "give it again: it was not meant for this server"
            raise Invalid.field("/secret", detail, code="missing")
        if "secret" in fields:
            after.secret_sealed = with_secret(secrets, after, fields["secret"])
        _check(after)
        changes = {n: v for n, v in vars(after).items() if getattr(before, n) != v}
        if not changes:
            return before
        stamp = {"updated_at": self._uow.now, "version": before.version + 1}
        stored = await repository.change(provider_id, changes | stamp)
        if _ASKING & changes.keys():
            await repository.forget(provider_id)
        self._record(provider_id, {"changes": _told_changes(before, changes)})
        await self._uow.flush()
        return stored

    async def archive(self, provider_id: UUID, if_match: int | None, secrets: Secrets) -> None:
        """Ask it no more. It stays, for the values it gave are on record."""
        await self.update(provider_id, {"active": False}, if_match, secrets)

    def _record(self, provider_id: UUID, told: dict[str, Any]) -> None:
        event = EventType.ENRICHMENT_UPDATED
        self._uow.record(event, "enrichment_provider", provider_id, told)


def _check(provider: EnrichmentProvider) -> None:
    check_mapping(provider.mapping)
    check_provider(provider)


def _told_changes(before: EnrichmentProvider, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes as the journal may have them: of what may hold a secret only that it changed."""
    hidden = _UNTOLD | {"secret_sealed"}
    plain = {name: value for name, value in changes.items() if name not in hidden}
    told: dict[str, Any] = difference(vars(before), plain)
    names = sorted(_UNTOLD & changes.keys()) + ["secret"] * ("secret_sealed" in changes)
    return told | ({"replaced": names} if names else {})
