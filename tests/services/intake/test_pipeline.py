"""The pipeline: whatever goes wrong with one submission, the others are captured."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.domain.errors import LostRace, Unavailable
from app.domain.intake.submissions import Claimed, Delivery
from app.repositories.intake.submissions import SubmissionRepository
from app.services.intake import pipeline as module
from app.services.intake.pipeline import Pipeline
from app.worker import Worker
from tests.conftest import Client, client_of
from tests.factories.intake import delivery, submit

pytestmark = pytest.mark.anyio


@pytest.fixture
def pipeline(app: FastAPI) -> Pipeline:
    found: Pipeline = app.state.runtime.pipeline
    return found


async def sent(client: Client, app: FastAPI, count: int, **fields: Any) -> list[Delivery]:
    """So many submissions that wait."""
    made = [
        delivery(client.workspace_id, {"full_name": f"Ada {n}", **fields}) for n in range(count)
    ]
    await asyncio.gather(*(app.state.runtime.reception.accept(each) for each in made))
    return made


async def standing(client: Client) -> dict[str, int]:
    """How many submissions there are of each status."""
    counts: dict[str, int] = {}
    cursor = ""
    while True:
        page = (await client.get(f"/v1/submissions?limit=200{cursor}")).json()
        for each in page["data"]:
            counts[each["status"]] = counts.get(each["status"], 0) + 1
        if page["next_cursor"] is None:
            return counts
        cursor = f"&cursor={page['next_cursor']}"


class TestPoison:
    @pytest.fixture
    def fails_with(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        """Has the reading of some submissions fail."""

        def arrange(error: Exception, ids: set[UUID]) -> None:
            original = module._settled

            async def settled(uow: Any, claimed: Sequence[Claimed]) -> Any:
                if ids & {each.delivery.id for each in claimed}:
                    raise error
                return await original(uow, claimed)

            monkeypatch.setattr(module, "_settled", settled)

        return arrange

    async def test_what_cannot_be_captured_is_set_aside_and_can_be_retried(
        self, client: Client, app: FastAPI, pipeline: Pipeline, fails_with: Any
    ) -> None:
        made = await sent(client, app, 30)
        bad = {made[0].id, made[17].id}
        fails_with(ZeroDivisionError("boom"), bad)
        assert await pipeline.run(client.workspace_id) == 30
        assert await standing(client) == {"captured": 28, "quarantined": 2}
        shown = (await client.get(f"/v1/submissions/{made[17].id}")).json()
        assert (shown["attempts"], shown["findings"][0]["code"]) == (1, "not_captured")
        bad.clear()
        await client.post(f"/v1/submissions/{made[17].id}/release", json={})
        await pipeline.run(client.workspace_id)
        assert await standing(client) == {"captured": 29, "quarantined": 1}

    @pytest.mark.parametrize("error", [LostRace("again"), Unavailable("a statement took too long")])
    async def test_one_that_is_never_its_turn_does_not_stop_the_others(
        self,
        client: Client,
        app: FastAPI,
        pipeline: Pipeline,
        fails_with: Any,
        monkeypatch: pytest.MonkeyPatch,
        error: Exception,
    ) -> None:
        monkeypatch.setattr(module, "ATTEMPTS", 2)
        monkeypatch.setattr(module, "PATIENCE", 3)
        made = await sent(client, app, 20)
        fails_with(error, {made[0].id})
        assert await pipeline.turn(client.workspace_id) == 19
        assert await standing(client) == {"captured": 19, "received": 1}
        async with asyncio.timeout(10):
            assert await pipeline.run(client.workspace_id) == 0
            assert await pipeline.run(client.workspace_id) == 1
        assert await standing(client) == {"captured": 19, "quarantined": 1}

    async def test_without_a_database_it_ends(
        self, client: Client, app: FastAPI, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await sent(client, app, 3)

        async def down(*_: Any) -> Any:
            raise ConnectionRefusedError

        monkeypatch.setattr(SubmissionRepository, "claim", down)
        async with asyncio.timeout(5):
            with pytest.raises(Unavailable):
                await pipeline.run(client.workspace_id)


class TestTogether:
    async def test_two_workers_capture_each_submission_once(
        self, client: Client, app: FastAPI, pipeline: Pipeline
    ) -> None:
        for n in range(150):
            await submit(client, {"email": f"{n % 20}@example.com"})
        others = [Pipeline(app.state.runtime.database) for _ in range(3)]
        await asyncio.gather(*(each.run(client.workspace_id) for each in (pipeline, *others)))
        await pipeline.run(client.workspace_id)
        assert await standing(client) == {"captured": 150}
        leads = (await client.get("/v1/leads?limit=200")).json()["data"]
        assert len(leads) == 20
        assert sum(lead["touch_count"] for lead in leads) == 150

    async def test_waiting_for_the_outcome_while_workers_run(
        self, client: Client, app: FastAPI
    ) -> None:
        other = Pipeline(app.state.runtime.database)

        async def work() -> None:
            for _ in range(40):
                await other.turn(client.workspace_id)
                await asyncio.sleep(0.005)

        workers = [asyncio.create_task(work()) for _ in range(2)]
        answers = await asyncio.gather(
            *(
                submit(client, {"email": f"{n % 5}@example.com"}, query="?wait=true")
                for n in range(30)
            )
        )
        await asyncio.gather(*workers)
        assert {a.status_code for a in answers} <= {200, 201}
        assert sorted(a.json()["outcome"] for a in answers) == ["created"] * 5 + ["matched"] * 25

    async def test_visits_and_forms_of_the_same_people_never_lock_each_other_out(
        self, client: Client, app: FastAPI, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lost = 0
        pause = module._pause

        async def counted(attempt: int) -> None:
            nonlocal lost
            lost += 1
            await pause(attempt)

        monkeypatch.setattr(module, "_pause", counted)
        monkeypatch.setattr(module, "BATCH", 4)
        for n in range(6):
            context = {"visitor_id": f"visitor-{n}"}
            await submit(client, {"email": f"{n}@example.com"}, context=context)
        await pipeline.run(client.workspace_id)
        for n in range(60):
            who = n * 7 % 6
            visit = {"touchpoints": [{"kind": "page_viewed"}]}
            await client.post(f"/v1/visitors/visitor-{who}/touchpoints", json=visit)
            other = (n * 5 + 1) % 6
            context = {"visitor_id": f"visitor-{other}"}
            await submit(client, {"email": f"{other}@example.com"}, context=context)
        workers = [Pipeline(app.state.runtime.database) for _ in range(4)]
        await asyncio.gather(*(each.run(client.workspace_id) for each in workers))
        await pipeline.run(client.workspace_id)
        assert await standing(client) == {"captured": 126}
        leads = (await client.get("/v1/leads")).json()["data"]
        assert sum(lead["touch_count"] for lead in leads) == 126
        assert lost == 0


class TestTurns:
    async def test_a_backlog_does_not_keep_the_others_waiting(
        self, app: FastAPI, client: Client, owner_database: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "BATCH", 5)
        runtime = app.state.runtime
        async with await client_of(app, owner_database) as small:
            await sent(client, app, 60)
            await sent(small, app, 1)
            order: list[UUID] = []

            class Watched(Pipeline):
                async def turn(self, workspace_id: UUID) -> int:
                    order.append(workspace_id)
                    return await super().turn(workspace_id)

            arrived = {client.workspace_id, small.workspace_id}
            worker = Worker(runtime.database, arrived=arrived)
            worker._pipeline = Watched(runtime.database)
            await worker.capture_arrived()
            assert order.index(small.workspace_id) <= 1
            assert await standing(client) == {"captured": 60}
            assert await standing(small) == {"captured": 1}
            assert arrived == set()

    async def test_a_workspace_that_always_fails_keeps_nobody_waiting(
        self, app: FastAPI, client: Client, owner_database: Any
    ) -> None:
        runtime = app.state.runtime
        async with await client_of(app, owner_database) as failing:
            await sent(client, app, 2)
            await sent(failing, app, 2)

            class Failing(Pipeline):
                async def turn(self, workspace_id: UUID) -> int:
                    if workspace_id == failing.workspace_id:
                        raise ZeroDivisionError
                    return await super().turn(workspace_id)

            worker = Worker(runtime.database, inbox=runtime.reception.inbox)
            worker._pipeline = Failing(runtime.database)
            async with asyncio.timeout(10):
                await worker.capture_pending()
            assert await standing(client) == {"captured": 2}
            assert await standing(failing) == {"received": 2}
            await runtime.pipeline.run(failing.workspace_id)


def counted(statements: list[str]) -> int:
    return sum(not sql.startswith(("BEGIN", "COMMIT", "ROLLBACK")) for sql in statements)


@pytest.mark.parametrize("known", [False, True])
async def test_a_batch_of_50_costs_what_one_of_5_does(
    known: bool, client: Client, app: FastAPI, pipeline: Pipeline, statements: list[str]
) -> None:
    costs: list[int] = []
    for size in (5, 5, 50):
        emails = [f"{size}-{len(costs)}-{n}@example.com" for n in range(size)]
        if known:
            for email in emails:
                await submit(client, {"email": email})
            await pipeline.run(client.workspace_id)
        for n, email in enumerate(emails):
            told = {"email": email, "company": f"Company {n}", "phone": "030 1234567"}
            context = {"visitor_id": f"visitor-{size}-{len(costs)}-{n}"}
            reference = [{"system": "shop", "external_id": email}]
            await submit(client, told, context=context, external_references=reference)
        statements.clear()
        assert await pipeline.turn(client.workspace_id) == size
        costs.append(counted(statements))
    assert costs[2] == costs[1], statements
    assert costs[2] <= 18, statements
