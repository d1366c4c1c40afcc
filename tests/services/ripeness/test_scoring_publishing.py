"""Publishing goes on where it was killed, gives way when it is called off, and waits for others."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from app.platform.db import Database
from app.repositories.ripeness.score_recompute import ScoreRecomputeRepository
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.model_directory import ModelDirectory
from app.services.reach.job_runner import JobRunner
from app.services.ripeness import scoring_publishing
from app.services.ripeness.scoring_models import PUBLISH_MODEL
from tests.conftest import Client
from tests.factories.merges import new_lead
from tests.factories.scoring import (
    MODELS_URL,
    ask_publish,
    new_model,
    no_waiting,
    publish,
    published,
    read_model,
    work,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring_publishing, "FIRST_BATCH", 2)
    monkeypatch.setattr(scoring_publishing, "LARGEST_BATCH", 2)


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The batch at which the worker dies; 0 for none."""
    at, seen = [0], [0]
    store = ScoreRecomputeRepository.store

    async def dying(self: Any, *args: Any) -> None:
        seen[0] += 1
        await store(self, *args)
        if seen[0] == at[0]:
            raise RuntimeError("killed")

    monkeypatch.setattr(ScoreRecomputeRepository, "store", dying)
    return iter([at])


async def job_of(client: Client, job: dict[str, Any]) -> dict[str, Any]:
    answer = await client.get(f"/v1/jobs/{job['id']}")
    found: dict[str, Any] = answer.json()
    return found


async def scored(database: Database, client: Client) -> list[tuple[str, str]]:
    """Which lead has a score by which model."""
    rows = await database.fetch(
        "SELECT model_id, lead_id FROM lead_scores WHERE workspace_id = $1 ORDER BY 1, 2",
        client.workspace_id,
    )
    return [(str(row["model_id"]), str(row["lead_id"])) for row in rows]


async def due_at_once(database: Database, client: Client) -> None:
    await database.fetch(
        "UPDATE jobs SET run_at = now() WHERE workspace_id = $1", client.workspace_id
    )


async def test_a_job_that_dies_goes_on_where_it_was(
    client: Client,
    database: Database,
    owner_database: Database,
    small_batches: None,
    breaking: Iterator[list[int]],
) -> None:
    leads = [await new_lead(client) for _ in range(7)]
    model = await new_model(client)
    [at] = breaking
    at[0] = 2
    job = await ask_publish(client, model)
    await work(database)
    failed = await job_of(client, job)
    assert (failed["status"], failed["progress"]["leads"]) == ("failed", 2)
    assert (await read_model(client, model))["status"] == "publishing"
    assert len(await scored(owner_database, client)) == 2
    await due_at_once(owner_database, client)
    await work(database)
    done = await job_of(client, job)
    assert (done["status"], done["progress"]["leads"]) == ("done", 7)
    assert (await read_model(client, model))["status"] == "published"
    assert await scored(owner_database, client) == sorted(
        (model["id"], lead["id"]) for lead in leads
    )


async def test_a_long_job_is_cut_into_turns(
    client: Client, database: Database, small_batches: None
) -> None:
    for _ in range(5):
        await new_lead(client)
    model = await new_model(client)
    job = await ask_publish(client, model)
    await work(database, turn_seconds=0.02)
    done = await job_of(client, job)
    assert (done["status"], done["progress"]["leads"], done["attempts"]) == ("done", 5, 1)
    assert (await read_model(client, model))["status"] == "published"


async def test_a_publishing_that_is_called_off_leaves_the_model_before(
    client: Client,
    database: Database,
    owner_database: Database,
    small_batches: None,
    breaking: Iterator[list[int]],
) -> None:
    leads = [await new_lead(client) for _ in range(5)]
    first = await published(client)
    [at] = breaking
    at[0] = 5
    second = await new_model(client, template="standard")
    job = await ask_publish(client, second)
    await work(database)
    assert (await read_model(client, second))["status"] == "publishing"
    url = f"{MODELS_URL}/{second['id']}"
    third = await new_model(client)
    # While the job may yet go on, nothing else takes its place.
    for answer in (
        await client.post(f"{MODELS_URL}/{third['id']}/publish", json={}),
        await client.delete(url),
        await client.patch(url, json={"name": "Other"}),
    ):
        assert answer.status_code == 409, answer.text
    assert (await client.post(f"/v1/jobs/{job['id']}/cancel")).status_code == 200
    await publish(client, third)
    statuses = [(await read_model(client, each))["status"] for each in (first, second, third)]
    assert statuses == ["retired", "draft", "published"]
    assert await scored(owner_database, client) == sorted(
        (third["id"], lead["id"]) for lead in leads
    )


async def test_a_job_that_is_cancelled_at_work_puts_the_model_back(
    client: Client,
    database: Database,
    owner_database: Database,
    small_batches: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(5):
        await new_lead(client)
    model = await new_model(client)
    job = await ask_publish(client, model)
    leads_after = ScoreRecomputeRepository.leads_after
    calls = [0]

    async def cancelling(self: Any, *args: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] == 2:
            # The job's row is held until the batch ends: whoever cancels waits for that.
            asking = asyncio.create_task(client.post(f"/v1/jobs/{job['id']}/cancel"))
            asked.append(asking)
            await asyncio.sleep(0.1)
            assert not asking.done()
        return await leads_after(self, *args, **options)

    asked: list[asyncio.Task[Any]] = []
    monkeypatch.setattr(ScoreRecomputeRepository, "leads_after", cancelling)
    await work(database)
    assert (await asked[0]).status_code == 200
    assert (await read_model(client, model))["status"] == "draft"
    assert await scored(owner_database, client) == []


async def test_a_lead_without_a_score_is_found_before_the_model_takes_over(
    client: Client,
    database: Database,
    owner_database: Database,
    small_batches: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leads = [await new_lead(client) for _ in range(6)]
    leads_after = ScoreRecomputeRepository.leads_after

    async def forgetful(self: Any, last: UUID, limit: int, *, lock: bool) -> Any:
        found = await leads_after(self, last, limit, lock=lock)
        return found[1:] or found if lock else found

    monkeypatch.setattr(ScoreRecomputeRepository, "leads_after", forgetful)
    monkeypatch.setattr(scoring_publishing, "SWEPT_AT_ONCE", 4)
    job = await publish(client, await new_model(client))
    assert job["progress"]["leads"] == 6
    assert [lead for _, lead in await scored(owner_database, client)] == sorted(
        lead["id"] for lead in leads
    )


async def test_it_waits_for_whoever_may_not_know_of_the_model(
    client: Client, database: Database
) -> None:
    model = await new_model(client)
    await ask_publish(client, model)
    async with UnitOfWork(database, client.caller) as uow:
        await uow.leads.existing([UUID(int=0)])
        working = asyncio.create_task(work(database))
        for _ in range(50):
            await asyncio.sleep(0.02)
        assert not working.done()
        assert (await read_model(client, model))["status"] == "publishing"
    await working
    assert (await read_model(client, model))["status"] == "published"


async def test_leads_with_very_many_touches_make_smaller_batches(
    client: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring_publishing, "SLOW_SECONDS", 0.0)
    monkeypatch.setattr(scoring_publishing, "FIRST_BATCH", 4)
    sizes = []
    leads_after = ScoreRecomputeRepository.leads_after

    async def noting(self: Any, last: UUID, limit: int, *, lock: bool) -> Any:
        sizes.append(limit)
        return await leads_after(self, last, limit, lock=lock)

    monkeypatch.setattr(ScoreRecomputeRepository, "leads_after", noting)
    for _ in range(7):
        await new_lead(client)
    await publish(client, await new_model(client))
    assert sizes[:4] == [4, 2, 1, 1]


async def test_the_directory_asks_once_a_second_and_trusts_only_who_has_begun(
    client: Client, database: Database
) -> None:
    directory = ModelDirectory(seconds=1.0)

    async def live(*, begun: bool) -> list[str]:
        async with UnitOfWork(database, client.caller) as uow:
            if begun:
                await uow.leads.existing([UUID(int=0)])
            return [str(model.id) for model in await directory.live(uow)]

    assert await live(begun=True) == []
    model = await published(client)
    # Told a moment ago: a transaction that has begun is one that publishing would wait for.
    assert await live(begun=True) == []
    assert await live(begun=False) == [model["id"]]
    assert await live(begun=True) == [model["id"]]


async def test_a_second_worker_takes_over_from_one_that_is_gone(
    client: Client, database: Database, owner_database: Database, small_batches: None
) -> None:
    """A process that is killed says nothing: its lease runs out."""
    for _ in range(4):
        await new_lead(client)
    model = await new_model(client)
    await ask_publish(client, model)
    reached = asyncio.Event()

    async def stuck(context: Any) -> None:
        publishing = scoring_publishing.ModelPublishing(context, database, 60.0)
        for step in ("begin", "wait", "score"):
            await getattr(publishing, f"_{step}")(*(["score"] if step == "wait" else []))
        reached.set()
        await asyncio.Event().wait()

    with no_waiting():
        runner = JobRunner(database, {PUBLISH_MODEL: stuck}, poll_seconds=0.02)
        working = asyncio.create_task(runner.run())
        await asyncio.wait_for(reached.wait(), 10)
        await owner_database.fetch(
            "UPDATE jobs SET locked_until = now() - interval '1 second' WHERE workspace_id = $1",
            client.workspace_id,
        )
        await work(database)
        for task in list(runner._running):
            task.cancel()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    assert (await read_model(client, model))["status"] == "published"
    assert len(await scored(owner_database, client)) == 4
