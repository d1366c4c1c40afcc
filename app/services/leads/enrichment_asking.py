"""Asking a provider: once for a key while its answer holds, within the budget, and not while it is
down.

Each step is a transaction of its own, and none is open while the provider is asked.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.adapters.enrichment.providers import Asks
from app.adapters.http_client import OutboundFailed, UnexpectedStatus
from app.domain.leads.enrichment import EnrichmentProvider, rest_after
from app.domain.reach.jobs import AttemptFailed
from app.platform.secrets import Secrets
from app.repositories.unit_of_work import UnitOfWork

# How much longer than its timeout nobody else asks the same.
_MARGIN = timedelta(seconds=10)
# Refusals that every further question would meet as well.
_SHUT = frozenset({401, 402, 403, 429})
_REFUSED = 300
_SECRET = "enrichment secret"  # noqa: S105 - a purpose

Work = Callable[[], AbstractAsyncContextManager[UnitOfWork]]


class BudgetSpent(Exception):
    """The provider may not be asked again this month."""


@dataclass(frozen=True)
class Told:
    """What a provider says of a key; `values` None when it knows nothing."""

    values: Mapping[str, Any] | None
    cached: bool


def with_secret(secrets: Secrets, provider: EnrichmentProvider, secret: str | None) -> bytes | None:
    """The secret, sealed for this provider alone."""
    return secrets.seal(_SECRET, secret.encode(), _bound_to(provider)) if secret else None


async def ask(
    work: Work, asks: Asks, secrets: Secrets, provider: EnrichmentProvider, key: str
) -> Told:
    """What the provider says, remembered or fresh; BudgetSpent or AttemptFailed if nothing."""
    secret = _secret_of(secrets, provider)
    async with work() as uow:
        reserved = await _reserved(uow, provider, key)
    if isinstance(reserved, Told):
        return reserved
    try:
        values = await asks.look_up(provider, key, secret)
    except AttemptFailed as error:
        async with work() as uow:
            await _failed(uow, provider, key, reserved, error)
        raise
    async with work() as uow:
        days = provider.miss_cache_days if values is None else provider.cache_days
        expires_at = uow.now + timedelta(days=days)
        remembering = {"lease": reserved, "expires_at": expires_at}
        await uow.enrichment_providers.remember(provider.id, key, values, **remembering)
        await uow.enrichment_providers.recovered(provider.id)
    return Told(values, cached=False)


async def remembered(uow: UnitOfWork, provider: EnrichmentProvider, key: str) -> Any:
    """The row of an answer that still holds."""
    row = await uow.enrichment_providers.answer_of(provider.id, key)
    holds = row is not None and row["expires_at"] is not None and row["expires_at"] > uow.now
    return row if holds else None


async def _reserved(uow: UnitOfWork, provider: EnrichmentProvider, key: str) -> Told | datetime:
    """The remembered answer, or until when it is ours to ask, and paid for.

    What is raised takes back all that was reserved before it.
    """
    row = await remembered(uow, provider, key)
    if row is not None:
        return Told(row["told"] if row["found"] else None, cached=True)
    providers = uow.enrichment_providers
    until = uow.now + timedelta(seconds=provider.timeout_seconds) + _MARGIN
    rests_until = await providers.open_until(provider.id)
    if rests_until is not None and not await providers.try_out(provider.id, until):
        raise AttemptFailed(
            f"{provider.name} is left alone after several failures",
            retry_after=_wait(rests_until, uow.now),
        )
    if not await providers.lease(provider.id, key, until):
        raise AttemptFailed(
            f"{provider.name} is being asked the same", retry_after=_wait(until, uow.now)
        )
    if not await providers.spend(provider.id, month_of(uow.now), provider.monthly_budget):
        raise BudgetSpent
    return until


async def _failed(
    uow: UnitOfWork, provider: EnrichmentProvider, key: str, lease: datetime, error: AttemptFailed
) -> None:
    providers = uow.enrichment_providers
    await providers.give_up(provider.id, key, lease)
    if isinstance(error, UnexpectedStatus) and _is_well(error):
        await providers.recovered(provider.id)
        return
    if not isinstance(error, OutboundFailed):
        # It was not asked.
        return
    rest = rest_after(await providers.failed(provider.id))
    if rest is not None:
        await providers.rest(provider.id, uow.now + max(rest, error.retry_after or timedelta()))


def _is_well(error: UnexpectedStatus) -> bool:
    """Whether it answered, only this question it does not take, or not yet."""
    return error.status < _REFUSED or (error.final and error.status not in _SHUT)


def month_of(instant: datetime) -> Any:
    """The month, in UTC, as its first day."""
    return instant.date().replace(day=1)


def _secret_of(secrets: Secrets, provider: EnrichmentProvider) -> str | None:
    if provider.secret_sealed is None:
        return None
    try:
        return secrets.unseal(_SECRET, provider.secret_sealed, _bound_to(provider)).decode()
    except ValueError as error:
        detail = "the secret was sealed with another TOUCHLINE_SECRET; give it again"
        raise AttemptFailed(f"{provider.name}: {detail}", final=True) from error


def _bound_to(provider: EnrichmentProvider) -> bytes:
    return provider.workspace_id.bytes + provider.id.bytes


def _wait(until: datetime, now: datetime) -> timedelta:
    return max(until - now, timedelta(seconds=1))
