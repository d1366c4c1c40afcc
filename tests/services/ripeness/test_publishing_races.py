"""What happens to leads while a model is being published ends up in their scores, once."""

import asyncio
import math
from random import Random
from typing import Any
from uuid import UUID

import pytest

from app.domain.ripeness.scoring_models import LeadScore
from app.platform.db import Database
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.model_directory import MODELS
from app.services.reach.job_runner import JobRunner
from app.services.ripeness import scoring_publishing
from tests.conftest import Client
from tests.factories.merges import new_lead
from tests.factories.scoring import DOCUMENT, ask_publish, new_model, read_model

pytestmark = pytest.mark.anyio

INDUSTRIES = ("Software", "Retail", "Rival")
KINDS = ("call", "content_downloaded", "page_viewed")
FEWEST = 15


@pytest.fixture
def as_in_many_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told that a model is live: everybody finds out by asking."""
    monkeypatch.setattr(MODELS, "seconds", 0.3)
    monkeypatch.setattr(MODELS, "forget", lambda _: None)
    monkeypatch.setattr(scoring_publishing, "FIRST_BATCH", 3)
    monkeypatch.setattr(scoring_publishing, "LARGEST_BATCH", 3)


class Traffic:
    """Writers that go on until they are told to stop."""

    def __init__(self, client: Client, leads: list[str], seed: int) -> None:
        self._client, self._leads, self._random = client, leads, Random(seed)
        self.stopped = False
        self.done = 0

    async def run(self) -> None:
        while not self.stopped or self.done < FEWEST:
            await self._one()
            self.done += 1

    async def _one(self) -> None:
        random, client = self._random, self._client
        lead_id = random.choice(self._leads)
        what = random.random()
        if what < 0.5:
            touch = {"kind": random.choice(KINDS), "occurred_at": self._instant()}
            answer = await client.post(f"/v1/leads/{lead_id}/touchpoints", json=touch)
        elif what < 0.75:
            change = {
                "industry": random.choice(INDUSTRIES),
                "employee_count": random.choice((1, 400)),
            }
            answer = await client.patch(f"/v1/leads/{lead_id}", json=change)
        else:
            touch = {"kind": random.choice(KINDS), "occurred_at": self._instant()}
            body = {"full_name": "Ada", "industry": random.choice(INDUSTRIES), "touchpoint": touch}
            answer = await client.post("/v1/leads", json=body)
            self._leads.append(answer.json()["id"])
        assert answer.status_code in (200, 201), answer.text

    def _instant(self) -> str:
        return f"2026-0{self._random.randint(1, 9)}-{self._random.randint(10, 28)}T09:30:00Z"


async def both_ways(
    database: Database, client: Client, model: dict[str, Any], leads: list[str]
) -> tuple[dict[UUID, LeadScore], dict[UUID, LeadScore]]:
    """The scores as they were kept, and as they are from scratch."""
    async with UnitOfWork(database, client.caller) as uow:
        [stored] = await uow.scoring_models.live()
        assert str(stored.id) == model["id"]
        ids = [UUID(lead_id) for lead_id in leads]
        kept = await uow.score_recompute.stored(stored.id, ids)
        anew = await uow.score_recompute.work_out(stored.model(), ids)
    return kept, {score.lead_id: score for score in anew}


@pytest.mark.parametrize("seed", range(3))
async def test_scores_kept_amid_publishing_are_those_from_scratch(
    client: Client, database: Database, as_in_many_processes: None, seed: int
) -> None:
    leads = [(await new_lead(client, industry="Software"))["id"] for _ in range(20)]
    engagement = DOCUMENT["engagement"] | {"half_life_days": 7}
    second = DOCUMENT | {"engagement": engagement}
    for document in (DOCUMENT, second):
        model = await new_model(client, document=document)
        await ask_publish(client, model)
        traffic = [Traffic(client, leads, seed * 10 + n) for n in range(4)]
        writing = [asyncio.create_task(each.run()) for each in traffic]
        handlers = scoring_publishing.scoring_handlers(database)
        await JobRunner(database, handlers, poll_seconds=0.02).drain()
        for each in traffic:
            each.stopped = True
        await asyncio.gather(*writing)
        assert (await read_model(client, model))["status"] == "published"
        kept, anew = await both_ways(database, client, model, leads)
        assert kept.keys() == anew.keys() == {UUID(lead_id) for lead_id in leads}
        for lead_id, score in anew.items():
            found = kept[lead_id]
            assert (found.fit, found.knocked_out_by) == (score.fit, score.knocked_out_by)
            assert found.engagement_at == score.engagement_at
            assert math.isclose(found.engagement, score.engagement, abs_tol=1e-9)
            assert abs(found.engagement_key - score.engagement_key) <= 64
