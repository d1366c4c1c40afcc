"""Many leads as they were, against what `as_of` tells of each; and what became of them."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.domain.ripeness.lead_snapshots import HORIZON, LeadOutcome, Snapshot, moment_of
from app.platform import clock
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.ripeness import lead_snapshots
from tests.api.leads.test_leads import create
from tests.api.leads.test_provenance import STEPS, Walk, read
from tests.conftest import Client
from tests.factories.imports import imported

pytestmark = pytest.mark.anyio

# What `GET …?as_of=` shows and a snapshot does not: work on the row itself, counts of touches that
# go by when they were recorded, and what other resources add.
_ROW = {"updated_at", "version", "first_touch_at", "last_touch_at", "touch_count"}


async def taken(client: Client, moments: Mapping[UUID, datetime]) -> list[Snapshot]:
    """The snapshots."""
    async with UnitOfWork(client.app.state.runtime.database, client.caller) as uow:
        return await lead_snapshots.snapshots(uow, moments)


async def taken_of(client: Client, lead: Mapping[str, Any], moment: datetime) -> Snapshot:
    """One of them."""
    [snapshot] = await taken(client, {UUID(lead["id"]): moment})
    return snapshot


async def verdicts(client: Client, limit: int = 100) -> dict[str, LeadOutcome]:
    """What became of the leads, by id."""
    async with UnitOfWork(client.app.state.runtime.database, client.caller) as uow:
        found = await lead_snapshots.outcomes(uow, limit)
    return {str(outcome.lead_id): outcome for outcome in found}


async def post(client: Client, path: str, **body: Any) -> dict[str, Any]:
    """The answer to something that works."""
    answer = await client.post(path, json=body)
    assert answer.status_code in (200, 201), answer.text
    told: dict[str, Any] = answer.json()
    return told


def shown(value: Any) -> Any:
    """A value as the API shows it."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, UUID) else value


@pytest.mark.parametrize("seed", range(100, 104))
async def test_they_are_what_as_of_tells(app: FastAPI, client: Client, seed: int) -> None:
    walk = Walk(app, client, seed)
    await walk.begin()
    instants = [clock.now()]
    for _ in range(STEPS):
        await asyncio.sleep(0.001)
        await walk.step()
        instants.append(clock.now())
    compared = 0
    for instant in instants:
        told = await read(client, walk.lead_id, as_of=shown(instant))
        snapshot = await taken_of(client, {"id": walk.lead_id}, instant)
        columns = vars(snapshot.lead)
        for name in told.keys() & columns.keys() - _ROW:
            compared += 1
            assert shown(columns[name]) == told[name], f"{name} after {walk.done}"
        assert len(snapshot.touches) == told["touch_count"] == columns["touch_count"]
    assert compared > 30 * len(instants)


async def test_ten_thousand_take_a_handful_of_statements(
    client: Client, statements: list[str]
) -> None:
    lead = await create(client)
    moments = {new_id(): clock.now() for _ in range(9_999)}
    statements.clear()
    found = await taken(client, {**moments, UUID(lead["id"]): clock.now()})
    assert [str(snapshot.lead.id) for snapshot in found] == [lead["id"]]
    assert len([sql for sql in statements if sql.startswith("SELECT")]) == 6


class TestWhatWasKnown:
    async def test_a_field_filled_in_later_is_blank_and_named(self, client: Client) -> None:
        await post(client, "/v1/custom-fields", key="budget", label="Budget", type="text")
        lead = await create(client, full_name="Ada", city="London")
        then = clock.now()
        url = f"/v1/leads/{lead['id']}"
        await client.patch(url, json={"industry": "Mills", "custom": {"budget": "high"}})
        snapshot = await taken_of(client, lead, then)
        assert (snapshot.lead.industry, snapshot.lead.custom) == (None, {})
        assert snapshot.known_late == {"industry", "custom.budget"}
        assert not snapshot.back_filled
        assert (await taken_of(client, lead, clock.now())).known_late == frozenset()

    async def test_touches_count_by_when_they_happened(self, client: Client) -> None:
        lead = await create(client, full_name="Ada", touchpoint=None)
        url = f"/v1/leads/{lead['id']}/touchpoints"
        early = await post(client, url, kind="call", occurred_at="2026-01-05T10:00:00Z")
        await post(client, url, kind="call", occurred_at="2026-02-05T10:00:00Z")
        wrong = await post(client, url, kind="meeting", occurred_at="2026-01-04T10:00:00Z")
        right = await post(
            client,
            url,
            kind="meeting",
            occurred_at="2026-01-03T10:00:00Z",
            supersedes_id=wrong["id"],
        )
        snapshot = await taken_of(client, lead, datetime.fromisoformat("2026-01-31T00:00:00Z"))
        assert [str(touch.id) for touch in snapshot.touches] == [right["id"], early["id"]]
        assert snapshot.lead.touch_count == 2
        assert shown(snapshot.lead.first_touch_at) == "2026-01-03T10:00:00Z"
        assert shown(snapshot.lead.last_touch_at) == "2026-01-05T10:00:00Z"

    async def test_one_that_was_deleted_by_then_is_left_out(self, client: Client) -> None:
        lead = await create(client)
        then = clock.now()
        await client.delete(f"/v1/leads/{lead['id']}")
        assert await taken(client, {UUID(lead["id"]): clock.now()}) == []
        assert len(await taken(client, {UUID(lead["id"]): then})) == 1

    async def test_another_workspace_sees_none(self, client: Client, stranger: Client) -> None:
        lead = await create(client)
        assert await taken(stranger, {UUID(lead["id"]): clock.now()}) == []


class TestOldLeadsOfAnImport:
    FILE = (
        "email,full_name,industry,{}Created Date,Converted Date\n"
        "ada@x.example,Ada,Mills,{}2024-03-01,2024-03-20\n"
    )

    async def test_the_verdict_that_came_along_is_taken_back(self, client: Client) -> None:
        await imported(client, self.FILE.format("", ""))
        [lead_id, outcome] = next(iter((await verdicts(client)).items()))
        assert outcome.converted
        # The days of the file are the workspace's own.
        assert abs(outcome.at - datetime.fromisoformat("2024-03-20T00:00:00Z")) < timedelta(1)
        snapshot = await taken_of(client, {"id": lead_id}, moment_of(outcome))
        assert snapshot.back_filled
        assert (snapshot.lead.status, snapshot.lead.industry) == ("new", "Mills")
        assert snapshot.lead.lifecycle_stage == "lead"

    async def test_a_verdict_from_before_the_creation_is_no_hint(self, client: Client) -> None:
        """A file without a column of when a lead was created."""
        file = self.FILE.format("", "").replace("Created Date", "Segment")
        await imported(client, file)
        [lead_id, outcome] = next(iter((await verdicts(client)).items()))
        moment = moment_of(outcome)
        assert moment < outcome.at < outcome.created_at
        snapshot = await taken_of(client, {"id": lead_id}, moment)
        assert (snapshot.lead.status, snapshot.lead.industry) == ("new", "Mills")

    async def test_the_field_history_of_the_other_system_is_heeded(self, client: Client) -> None:
        await post(client, "/v1/custom-fields", key="lead_quality", label="Q", type="text")
        file = self.FILE.format("Lead Quality,", "High,")
        names = ("email", "full_name", "industry")
        mapping = {name: name for name in names} | {
            "Lead Quality": "custom.lead_quality",
            "Created Date": "created_at",
            "Converted Date": "converted_at",
        }
        await imported(client, file, mapping)
        history = (
            "email,Field,Old Value,New Value,Edit Date\n"
            "ada@x.example,Industry,,Farms,2024-03-18\n"
            "ada@x.example,Industry,Farms,Mills,2024-03-19\n"
            "ada@x.example,Lead Quality,,High,2024-03-19\n"
            "ada@x.example,Full Name,A.,Ada,2024-03-02\n"
        )
        done = await imported(client, history, query={"kind": "audit"})
        assert done["counts"]["created"] == 4, done
        [lead_id, outcome] = next(iter((await verdicts(client)).items()))
        snapshot = await taken_of(client, {"id": lead_id}, moment_of(outcome))
        assert (snapshot.lead.industry, snapshot.lead.full_name) == (None, "Ada")
        assert snapshot.known_late == {"industry", "custom.lead_quality", "sql_at"}


class TestOutcomes:
    async def test_converted_and_disqualified_leads_have_one(self, client: Client) -> None:
        won, lost, back, open_ = [await create(client, full_name=name) for name in "abcd"]
        await post(client, f"/v1/leads/{won['id']}/convert", override_reason="Signed")
        for lead in (lost, back):
            await post(client, f"/v1/leads/{lead['id']}/disqualify", reason="no_budget")
        await post(client, f"/v1/leads/{back['id']}/reactivate", status="working")
        gone = await create(client, full_name="f")
        await post(client, f"/v1/leads/{gone['id']}/disqualify", reason="no_budget")
        await client.delete(f"/v1/leads/{gone['id']}")
        found = await verdicts(client)
        assert {lead_id: outcome.converted for lead_id, outcome in found.items()} == {
            won["id"]: True,
            lost["id"]: False,
        }
        assert list(await verdicts(client, 1)) == [lost["id"]]
        assert open_["id"] not in found

    async def test_its_instant_is_that_of_the_verdict(self, client: Client) -> None:
        lead = await create(client)
        await post(client, f"/v1/leads/{lead['id']}/disqualify", reason="no_budget")
        before = clock.now()
        # What happens to it afterwards does not postpone it.
        await client.patch(f"/v1/leads/{lead['id']}", json={"city": "London"})
        [outcome] = (await verdicts(client)).values()
        assert outcome.created_at < outcome.at <= before
        snapshot = await taken_of(client, lead, moment_of(outcome))
        assert (snapshot.lead.status, snapshot.lead.disqualified_reason) == ("new", None)

    async def test_it_is_looked_at_before_its_verdict_or_after_two_weeks(self) -> None:
        came = clock.now()

        def outcome_at(at: datetime) -> LeadOutcome:
            return LeadOutcome(lead_id=new_id(), converted=True, at=at, created_at=came)

        assert moment_of(outcome_at(came + timedelta(days=90))) == came + HORIZON
        verdict = came + timedelta(days=3)
        assert verdict - timedelta(seconds=1) < moment_of(outcome_at(verdict)) < verdict
        assert moment_of(outcome_at(verdict), timedelta(days=1)) == came + timedelta(days=1)
