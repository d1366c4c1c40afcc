"""API keys: made, listed, revoked."""

from datetime import datetime
from uuid import UUID

from app.domain.access.api_keys import PUBLISHABLE_SCOPES, ApiKey, KeyKind, Scope, Signer
from app.domain.errors import Forbidden, Invalid
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import new_api_key


class ApiKeyService:
    """Use cases of API keys."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def create(
        self,
        signer: Signer,
        name: str,
        kind: KeyKind,
        scopes: frozenset[Scope],
        expires_at: datetime | None,
    ) -> tuple[ApiKey, str]:
        """A stored key and its text, which nobody can read again.

        Forbidden when the calling key lacks one of the scopes itself.
        """
        if kind is KeyKind.PUBLISHABLE and scopes != PUBLISHABLE_SCOPES:
            raise Invalid.field("/scopes", "a publishable key can only have the scope intake:write")
        if expires_at is not None and expires_at <= self._uow.now:
            raise Invalid.field("/expires_at", "must lie in the future")
        lacking = sorted(scopes - self._uow.caller.scopes)
        if lacking:
            raise Forbidden(
                "a key can only give scopes that it has itself", extra={"lacking_scopes": lacking}
            )
        key, text = new_api_key(self._uow, signer, name, kind, scopes)
        key.expires_at = expires_at
        await self._uow.api_keys.add(key)
        told = {"name": key.name, "kind": key.kind, "scopes": key.scopes}
        self._uow.record(EventType.API_KEY_CREATED, "api_key", key.id, told)
        await self._uow.flush()
        return key, text

    async def get(self, key_id: UUID) -> ApiKey:
        """One key."""
        return await self._uow.api_keys.get(key_id)

    async def page(self, request: PageRequest) -> Page[ApiKey]:
        """A page of keys, the revoked and expired ones too."""
        return await self._uow.api_keys.page(request)

    async def revoke(self, key_id: UUID) -> ApiKey:
        """The key, revoked now or before."""
        key = await self._uow.api_keys.get(key_id, lock=True)
        if key.revoked_at is not None:
            return key
        revoked = await self._uow.api_keys.change(key_id, {"revoked_at": self._uow.now})
        self._uow.record(EventType.API_KEY_REVOKED, "api_key", key_id, {"name": key.name})
        await self._uow.flush()
        return revoked
