"""Enriching one lead on demand, and deciding on what is proposed for it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.adapters.enrichment.offline import OfflineEnrichment
from app.domain.errors import IllegalMove, Invalid, NotFound
from app.domain.leads.enrichment import (
    Addresses,
    EnrichmentProvider,
    Fill,
    Proposal,
    ProposalStatus,
    lookup_key,
    offline_fills,
)
from app.domain.leads.leads import Lead
from app.domain.paging import Page, PageRequest
from app.domain.reach.jobs import Job
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.enrichment_asking import month_of, remembered
from app.services.leads.enrichment_offline import ENRICH_LEAD
from app.services.leads.enrichment_writing import put

_TABLES = OfflineEnrichment()


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a provider would be asked; `skipped` says why it would not be.

    `answer` is `found` or `nothing` where one is remembered, and `none` where it has to be asked.
    """

    provider_id: UUID
    provider: str
    lookup_by: str
    key: str | None
    skipped: str | None
    answer: str
    fetched_at: Any = None
    used_this_month: int = 0
    monthly_budget: int | None = None


@dataclass(frozen=True, kw_only=True)
class EnrichmentPlan:
    """What an enrichment would do, and the job that does it, unless it was only asked for."""

    fills: list[Fill]
    questions: list[Question] = field(default_factory=list)
    job: Job | None = None


class EnrichmentService:
    """Use cases of enrichment."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def enrich(
        self, lead_id: UUID, provider_id: UUID | None, *, overwrite: bool, rehearse: bool
    ) -> EnrichmentPlan:
        """Have a lead enriched by all providers or one; a rehearsal only tells what would be
        asked."""
        lead = await self._uow.leads.get(lead_id)
        providers = await self._wanted(provider_id)
        known = _TABLES.known_of(vars(lead))
        questions = [await self._question(provider, lead, known) for provider in providers]
        plan = EnrichmentPlan(fills=offline_fills(vars(lead), known), questions=questions)
        if rehearse:
            return plan
        ids = None if provider_id is None else [str(provider_id)]
        payload = {"lead_id": str(lead_id), "provider_ids": ids, "overwrite": overwrite}
        job_id = await self._uow.jobs.add(ENRICH_LEAD, payload)
        if job_id is None:
            raise AssertionError("a job without a key is always added")
        job = await self._uow.jobs.get(job_id)
        return EnrichmentPlan(fills=plan.fills, questions=questions, job=job)

    async def proposals(
        self, lead_id: UUID, statuses: list[str] | None, request: PageRequest
    ) -> Page[Proposal]:
        """A page of what is or was proposed for a lead."""
        await self._uow.leads.get(lead_id)
        return await self._uow.enrichment_proposals.of_lead(lead_id, statuses, request)

    async def accept(self, lead_id: UUID, proposal_id: UUID) -> Proposal:
        """Give the lead the proposed value."""
        lead = await self._uow.leads.get(lead_id, lock=True)
        proposal = await self._open(lead_id, proposal_id)
        provider = await self._uow.enrichment_providers.get(proposal.provider_id)
        if not await put(self._uow, lead, provider, {proposal.field: proposal.value}):
            raise Invalid.field("/", "this value is the key of another lead", code="taken")
        return await self._decided(proposal, ProposalStatus.ACCEPTED)

    async def reject(self, lead_id: UUID, proposal_id: UUID) -> Proposal:
        """Leave the lead as it is; the same value is not proposed again."""
        await self._uow.leads.get(lead_id, lock=True)
        return await self._decided(await self._open(lead_id, proposal_id), ProposalStatus.REJECTED)

    async def _wanted(self, provider_id: UUID | None) -> list[EnrichmentProvider]:
        active = await self._uow.enrichment_providers.active()
        if provider_id is None:
            return active
        named = [provider for provider in active if provider.id == provider_id]
        if not named:
            detail = "no such active enrichment provider in this workspace"
            raise Invalid.field("/provider_id", detail, code="not_found")
        return named

    async def _question(
        self, provider: EnrichmentProvider, lead: Lead, known: Addresses
    ) -> Question:
        key, skipped = lookup_key(provider.lookup_by, vars(lead), known)
        row = await remembered(self._uow, provider, key) if key else None
        used = await self._uow.enrichment_providers.used(provider.id, month_of(self._uow.now))
        budget = provider.monthly_budget
        if key and row is None and budget is not None and used >= budget:
            skipped = "budget"
        return Question(
            provider_id=provider.id,
            provider=provider.name,
            lookup_by=provider.lookup_by,
            key=key,
            skipped=skipped,
            answer="none" if row is None else "found" if row["found"] else "nothing",
            fetched_at=row["fetched_at"] if row else None,
            used_this_month=used,
            monthly_budget=budget,
        )

    async def _open(self, lead_id: UUID, proposal_id: UUID) -> Proposal:
        proposal = await self._uow.enrichment_proposals.get(proposal_id, lock=True)
        if proposal.lead_id != lead_id:
            raise NotFound("no such proposal in this workspace")
        if proposal.status != ProposalStatus.OPEN:
            raise IllegalMove(
                f"this proposal was {proposal.status} before", extra={"status": proposal.status}
            )
        return proposal

    async def _decided(self, proposal: Proposal, status: ProposalStatus) -> Proposal:
        caller = self._uow.caller
        stored = await self._uow.enrichment_proposals.change(
            proposal.id,
            {
                "status": status.value,
                "decided_at": self._uow.now,
                "user_id": caller.user_id,
                "api_key_id": caller.api_key_id,
            },
        )
        await self._uow.flush()
        return stored
