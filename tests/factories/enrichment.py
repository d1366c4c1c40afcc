"""Enrichment: a provider to ask, workers that do what is due, proposals."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

import httpx
from fastapi import FastAPI

from app.adapters.enrichment.offline import OfflineEnrichment
from app.adapters.enrichment.providers import Asks
from app.domain.leads.enrichment import Proposal
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.enrichment_jobs import enriching
from app.services.leads.enrichment_offline import ENRICH_LEAD, enrich_new
from app.services.reach.events import EventService
from app.services.reach.job_runner import JobRunner
from tests.conftest import Client

MAPPING = [
    {"to": "industry", "from": "$.company.industry"},
    {"to": "employee_count", "from": "$.company.employees"},
    {"to": "city", "from": "$.company.city"},
]


async def new_provider(client: Client, url: str = "", **told: Any) -> dict[str, Any]:
    """A new provider that is asked by domain, unless told otherwise."""
    body: dict[str, Any] = {
        "name": "Company register",
        "lookup_by": "domain",
        "url": url or "https://companies.example.com/{domain}",
        "mapping": MAPPING,
    }
    answer = await client.post("/v1/enrichment-providers", json=body | told)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


class Enricher:
    """Workers that enrich, and do nothing else."""

    def __init__(self, app: FastAPI, asks: Asks, offline: OfflineEnrichment | None = None) -> None:
        self.runtime = app.state.runtime
        self.offline = offline or OfflineEnrichment()
        handler = enriching(asks, self.offline, self.runtime.secrets)
        self.handlers = {ENRICH_LEAD: handler}

    async def new_leads(self, client: Client) -> None:
        """Enrich what came, as the worker does every few seconds."""
        async with UnitOfWork(self.runtime.database, client.caller) as uow:
            while await EventService(uow).place():
                pass
        more = 1
        while more:
            async with UnitOfWork(self.runtime.database, client.caller) as uow:
                more = await enrich_new(uow, self.offline)

    async def work(self, **options: Any) -> None:
        """Do the jobs that are due."""
        await JobRunner(self.runtime.database, self.handlers, **options).drain()


async def open_proposal(
    client: Client, lead_id: str, provider_id: str, field: str = "industry", value: Any = "Mills"
) -> str:
    """A proposal, as a provider would have made it."""
    app = cast(FastAPI, cast(httpx.ASGITransport, client._transport).app)
    async with UnitOfWork(app.state.runtime.database, client.caller) as uow:
        proposal = Proposal(
            workspace_id=client.workspace_id,
            id=new_id(),
            lead_id=UUID(lead_id),
            provider_id=UUID(provider_id),
            field=field,
            value=value,
            present=None,
            status="open",
            created_at=uow.now,
            decided_at=None,
            user_id=None,
            api_key_id=None,
        )
        await uow.enrichment_proposals.put([proposal])
    return str(proposal.id)


def company(**told: Any) -> Mapping[str, Any]:
    """What a provider answers."""
    return {"company": {"industry": "Machines", "employees": "250", "city": "London"} | told}
