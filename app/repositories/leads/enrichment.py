"""Providers of enrichment: who may be asked and how often, and what was answered.

Budgets, leases and breakers are decided by single statements, so that no two processes can both be
the last one that a budget allows.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, DateTime, Integer, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from app.domain.leads.enrichment import EnrichmentProvider
from app.repositories.resources import Resources
from app.repositories.statements import Statement, built, own, param
from app.repositories.tables.enrichment import (
    enrichment_answers,
    enrichment_breakers,
    enrichment_providers,
    enrichment_usage,
)

answers, breakers, usage = enrichment_answers.c, enrichment_breakers.c, enrichment_usage.c
_NOW = param("now", DateTime(timezone=True))


class EnrichmentProviderRepository(Resources[EnrichmentProvider]):
    """Providers by id and by page."""

    table = enrichment_providers
    entity = EnrichmentProvider
    noun = "enrichment provider"

    async def active(self) -> list[EnrichmentProvider]:
        """Those that may be asked, in the order of their creation."""
        rows = await self._transaction.rows(_ACTIVE)
        return [built(EnrichmentProvider, row) for row in rows]

    async def answer_of(self, provider_id: UUID, key: str) -> dict[str, Any] | None:
        """What is remembered of an answer, expired or not."""
        row = await self._transaction.row(_ANSWER, provider_id=provider_id, lookup_key=key)
        return dict(row) if row else None

    async def lease(self, provider_id: UUID, key: str, until: datetime) -> bool:
        """Be the one who asks; False while another does, or has an answer."""
        now = self._transaction.now
        values = {"provider_id": provider_id, "lookup_key": key, "until": until, "now": now}
        return bool(await self._transaction.rows(_LEASE, **values))

    async def remember(
        self,
        provider_id: UUID,
        key: str,
        told: Mapping[str, Any] | None,
        *,
        lease: datetime,
        expires_at: datetime,
    ) -> None:
        """Keep an answer until then; None when the provider knows nothing. Not when the lease is
        over: the question was changed meanwhile, or another asks."""
        await self._transaction.rows(
            _REMEMBER,
            provider_id=provider_id,
            lookup_key=key,
            lease=lease,
            new_found=told is not None,
            new_told=dict(told or {}),
            new_fetched_at=self._transaction.now,
            new_expires_at=expires_at,
        )

    async def give_up(self, provider_id: UUID, key: str, lease: datetime) -> None:
        """Let another ask, unless another does."""
        values = {"provider_id": provider_id, "lookup_key": key, "lease": lease}
        await self._transaction.rows(_GIVE_UP, **values)

    async def forget(self, provider_id: UUID) -> None:
        """Forget every answer, also those on their way: what is made of them has changed."""
        await self._transaction.rows(_FORGET, provider_id=provider_id)

    async def spend(self, provider_id: UUID, month: date, budget: int | None) -> bool:
        """Count one question; False when the month's budget is used up."""
        if budget == 0:
            return False
        # What no budget limits is limited by what fits.
        values = {"provider_id": provider_id, "month": month, "budget": budget or 2**31 - 1}
        return bool(await self._transaction.rows(_SPEND, **values))

    async def used(self, provider_id: UUID, month: date) -> int:
        """How often it was asked in a month."""
        row = await self._transaction.row(_USED, provider_id=provider_id, month=month)
        return int(row["used"]) if row else 0

    async def open_until(self, provider_id: UUID) -> datetime | None:
        """Until when it is left alone, though that may be past; None when nothing is wrong."""
        row = await self._transaction.row(_BREAKER, provider_id=provider_id)
        return row["open_until"] if row else None

    async def try_out(self, provider_id: UUID, until: datetime) -> bool:
        """Be the one who tries whether it is well again; the others wait until then."""
        now = self._transaction.now
        values = {"provider_id": provider_id, "new_open_until": until, "now": now}
        return bool(await self._transaction.rows(_TRY_OUT, **values))

    async def failed(self, provider_id: UUID) -> int:
        """Count a failure; how many there were in a row."""
        row = await self._transaction.row(_FAILED, provider_id=provider_id)
        return int(row["failures"]) if row else 0

    async def rest(self, provider_id: UUID, until: datetime) -> None:
        """Leave it alone until then."""
        await self._transaction.rows(_REST, provider_id=provider_id, new_open_until=until)

    async def recovered(self, provider_id: UUID) -> None:
        """It answered: its failures are forgotten."""
        await self._transaction.rows(_RECOVERED, provider_id=provider_id)


_PROVIDER = own(enrichment_answers) & (
    answers.provider_id == param("provider_id", answers.provider_id)
)
_ONE_ANSWER = _PROVIDER & (answers.lookup_key == param("lookup_key", answers.lookup_key))
_ONE_BREAKER = own(enrichment_breakers) & (
    breakers.provider_id == param("provider_id", breakers.provider_id)
)

_ACTIVE = Statement(
    select(enrichment_providers)
    .where(own(enrichment_providers), enrichment_providers.c.active)
    .order_by(enrichment_providers.c.created_at, enrichment_providers.c.id)
)
_ANSWER = Statement(select(enrichment_answers).where(_ONE_ANSWER))


def _lease() -> Statement:
    until = param("until", answers.asked_until)
    new = insert(enrichment_answers).values(
        workspace_id=param("workspace_id", answers.workspace_id),
        provider_id=param("provider_id", answers.provider_id),
        lookup_key=param("lookup_key", answers.lookup_key),
        asked_until=until,
    )
    return Statement(
        new.on_conflict_do_update(
            index_elements=["workspace_id", "provider_id", "lookup_key"],
            set_={"asked_until": new.excluded.asked_until},
            where=or_(answers.asked_until.is_(None), answers.asked_until <= _NOW)
            & or_(answers.expires_at.is_(None), answers.expires_at <= _NOW),
        ).returning(answers.lookup_key)
    )


def _spend() -> Statement:
    return Statement(
        insert(enrichment_usage)
        .values(
            workspace_id=param("workspace_id", usage.workspace_id),
            provider_id=param("provider_id", usage.provider_id),
            month=param("month", Date()),
            used=1,
        )
        .on_conflict_do_update(
            index_elements=["workspace_id", "provider_id", "month"],
            set_={"used": usage.used + 1},
            where=usage.used < param("budget", Integer()),
        )
        .returning(usage.used)
    )


def _failed() -> Statement:
    return Statement(
        insert(enrichment_breakers)
        .values(
            workspace_id=param("workspace_id", breakers.workspace_id),
            provider_id=param("provider_id", breakers.provider_id),
            failures=1,
        )
        .on_conflict_do_update(
            index_elements=["workspace_id", "provider_id"],
            set_={"failures": breakers.failures + 1},
        )
        .returning(breakers.failures)
    )


_LEASE = _lease()
_SPEND = _spend()
_FAILED = _failed()
_LEASED = _ONE_ANSWER & (answers.asked_until == param("lease", answers.asked_until))
_REMEMBER = Statement(
    update(enrichment_answers)
    .where(_LEASED)
    .values(
        asked_until=null(),
        **{
            name: param(f"new_{name}", answers[name])
            for name in ("found", "told", "fetched_at", "expires_at")
        },
    )
)
_GIVE_UP = Statement(update(enrichment_answers).where(_LEASED).values(asked_until=null()))
_FORGET = Statement(
    update(enrichment_answers).where(_PROVIDER).values(expires_at=null(), asked_until=null())
)
_USED = Statement(
    select(usage.used).where(
        own(enrichment_usage),
        usage.provider_id == param("provider_id", usage.provider_id),
        usage.month == param("month", Date()),
    )
)
_BREAKER = Statement(select(breakers.open_until).where(_ONE_BREAKER))
_TRY_OUT = Statement(
    update(enrichment_breakers)
    .where(_ONE_BREAKER, breakers.open_until <= _NOW)
    .values(open_until=param("new_open_until", breakers.open_until))
    .returning(breakers.provider_id)
)
_REST = Statement(
    update(enrichment_breakers)
    .where(_ONE_BREAKER)
    .values(open_until=param("new_open_until", breakers.open_until))
)
_RECOVERED = Statement(
    update(enrichment_breakers)
    .where(_ONE_BREAKER, breakers.failures > 0)
    .values(failures=0, open_until=null())
)
