"""The job that enriches one lead: from what it tells, then by the providers."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

from app.adapters.enrichment.offline import OfflineEnrichment
from app.adapters.enrichment.providers import Asks
from app.domain.leads.enrichment import EnrichmentProvider, lookup_key
from app.domain.reach.jobs import AttemptFailed
from app.platform.secrets import Secrets
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.enrichment_asking import BudgetSpent, Told, ask
from app.services.leads.enrichment_offline import fill_blanks
from app.services.leads.enrichment_writing import write
from app.services.reach.job_runner import JobContext

Questions = list[tuple[EnrichmentProvider, str]]


def enriching(
    asks: Asks, offline: OfflineEnrichment, secrets: Secrets
) -> Callable[[JobContext], Awaitable[None]]:
    """The handler of these jobs, with what it needs."""

    async def enrich_lead(context: JobContext) -> None:
        """Ask each provider and write what it says. One that fails leaves the others their say, and
        has the job tried again: what was answered is remembered until then."""
        lead_id, payload = UUID(context.payload["lead_id"]), context.payload

        def work() -> AbstractAsyncContextManager[UnitOfWork]:
            return context.unit_of_work()

        async with work() as uow:
            questions = await _questions(uow, offline, lead_id, payload.get("provider_ids"))
        told: list[tuple[EnrichmentProvider, Told]] = []
        failures: list[AttemptFailed] = []
        skipped: dict[str, str] = {}
        for provider, key in questions:
            try:
                told.append((provider, await ask(work, asks, secrets, provider, key)))
            except BudgetSpent:
                skipped[provider.name] = "budget"
            except AttemptFailed as error:
                failures.append(error)
        async with context.unit_of_work() if failures else context.finishing() as uow:
            report = await _write(uow, lead_id, told, overwrite=payload.get("overwrite") is True)
            await uow.jobs.report(context.job, report | {"skipped": skipped})
        if failures:
            raise next((error for error in failures if not error.final), failures[0])

    return enrich_lead


async def _questions(
    uow: UnitOfWork, offline: OfflineEnrichment, lead_id: UUID, wanted: list[str] | None
) -> Questions:
    """Fill what can be known at once; whom to ask about the rest, and by what."""
    lead = (await uow.leads.lock_many([lead_id])).get(lead_id)
    if lead is None:
        # It was deleted or merged since.
        return []
    await fill_blanks(uow, {lead: offline.known_of(vars(lead))})
    known = offline.known_of(vars(lead))
    questions = []
    for provider in await uow.enrichment_providers.active():
        key, _ = lookup_key(provider.lookup_by, vars(lead), known)
        if key and (wanted is None or str(provider.id) in wanted):
            questions.append((provider, key))
    return questions


async def _write(
    uow: UnitOfWork,
    lead_id: UUID,
    told: list[tuple[EnrichmentProvider, Told]],
    *,
    overwrite: bool,
) -> dict[str, Any]:
    report: dict[str, Any] = {
        "asked": sum(not answer.cached for _, answer in told),
        "remembered": sum(answer.cached for _, answer in told),
        "written": 0,
        "proposed": 0,
    }
    for provider, answer in told:
        lead = (await uow.leads.lock_many([lead_id])).get(lead_id)
        values: Mapping[str, Any] | None = answer.values
        if lead is not None and values:
            done = await write(uow, lead, provider, values, overwrite=overwrite)
            report["written"] += len(done.written)
            report["proposed"] += len(done.proposed)
    return report
