"""Conversions foretold: learnt from the workspace's own leads, told part by part, overridden."""

import asyncio
import math
import random
import sys
from typing import Any
from uuid import UUID

import pytest

from app.platform import clock
from app.services.reach.job_runner import JobContext
from app.services.ripeness import prediction_keeping
from app.services.ripeness.prediction_drift import watch_drift
from app.services.ripeness.prediction_training import ask_for_training
from tests.conftest import Client
from tests.factories.imports import imported
from tests.factories.predictions import (
    Generator,
    drained,
    foretold,
    kept,
    state_of,
    stored_model,
    trained,
    with_bait_field,
    work,
)

pytestmark = pytest.mark.anyio

GOOD = {"full_name": "Ada", "title": "CEO", "source": "trade fair", "industry": "Software"}
BAD = {"full_name": "Bob", "title": "Student", "source": "PURCHASED-LIST", "industry": "Retail"}


async def new_lead(client: Client, **fields: Any) -> str:
    answer = await client.post("/v1/leads", json=fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def changed(client: Client, **settings: Any) -> dict[str, Any]:
    answer = await client.patch("/v1/prediction", json=settings)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def events_of(client: Client, kind: str) -> list[dict[str, Any]]:
    answer = await client.get("/v1/events", params={"types": kind})
    assert answer.status_code == 200, answer.text
    return [event["data"] for event in answer.json()["data"]]


async def test_from_leads_with_a_verdict_to_what_becomes_of_others(client: Client) -> None:
    await Generator(client).fill(400)
    before = await state_of(client)
    assert before["model"] is None
    assert before["outcomes"]["enough"]
    waiting = await new_lead(client, **GOOD)
    await trained(client)
    model = (await state_of(client))["model"]
    assert model["status"] == "published"
    assert model["auc"] > 0.72
    assert model["reliability"] in ("good", "fair")
    assert model["brier"] < model["validation"]["brier_of_rate"]
    assert model["log_loss"] < model["validation"]["log_loss_of_rate"]
    assert model["suspected_leaks"] == []
    said = sum(band["count"] * band["said"] for band in model["validation"]["calibration"])
    assert said == pytest.approx(model["converted"], rel=0.1)
    source = next(each for each in model["features"] if each["name"] == "source")
    # Spellings of the same are one level.
    assert len(source["weights"]) == 5, source

    came = await new_lead(client, **BAD)
    await kept(client)
    good, bad = await foretold(client, waiting), await foretold(client, came)
    assert good["percent"] > 50 > bad["percent"], (good["percent"], bad["percent"])
    for each in (good, bad):
        parts = sum(part["log_odds"] for part in each["contributions"])
        assert each["base"] + parts == pytest.approx(each["log_odds"], abs=1e-9)
        assert 1 / (1 + math.exp(-each["log_odds"])) == pytest.approx(each["probability"])
        async with work(client) as uow:
            stored = await uow.predictions.of_lead(each["lead_id"])
        assert stored is not None
        assert stored.percent == pytest.approx(each["percent"], abs=1)
    heaviest = {part["feature"] for part in bad["contributions"][:4]}
    assert "source" in heaviest
    groups = {part["feature"]: part["group"] for part in bad["contributions"]}
    assert groups["source"].casefold().replace("-", " ").strip() == "purchased list"


async def test_what_happens_later_is_foretold_shortly_after(client: Client) -> None:
    await Generator(client).fill(300)
    await trained(client)
    lead_id = await new_lead(client, **GOOD)
    await kept(client)

    async def stored() -> float:
        async with work(client) as uow:
            found = await uow.predictions.of_lead(lead_id)  # type: ignore[arg-type]
        assert found is not None
        assert found.probability is not None
        return found.probability

    first = await stored()
    answer = await client.post(f"/v1/leads/{lead_id}/touchpoints", json={"kind": "email_bounced"})
    assert answer.status_code == 201
    await kept(client)
    second = await stored()
    assert second < first
    assert (await client.patch(f"/v1/leads/{lead_id}", json={"title": "Student"})).is_success
    await kept(client)
    assert await stored() < second


async def test_too_few_are_refused_with_both_numbers(client: Client) -> None:
    await Generator(client).fill(30)
    answer = await client.post("/v1/prediction/train")
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["code"] == "too_few_outcomes"
    outcomes = (await state_of(client))["outcomes"]
    assert problem["converted"] == outcomes["converted"] > 0
    assert problem["disqualified"] == outcomes["disqualified"] > 0
    assert str(outcomes["converted"]) in problem["detail"]
    assert not outcomes["enough"]
    async with work(client) as uow:
        assert await ask_for_training(uow) == 0


async def test_without_the_extra_it_says_which_to_install(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Generator(client).fill(300)
    lead_id = await new_lead(client, **GOOD)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    answer = await client.post("/v1/prediction/train")
    assert answer.status_code == 501
    assert answer.json()["code"] == "not_installed"
    assert "touchline[predict]" in answer.json()["detail"]
    state = await state_of(client)
    assert not state["installed"]
    assert state["install"] == "touchline[predict]"
    assert (await foretold(client, lead_id))["absent"] == "not_installed"
    async with work(client) as uow:
        assert await ask_for_training(uow) == 0
    # What was learnt elsewhere foretells here as well.
    await stored_model(client, published=True)
    assert (await foretold(client, lead_id))["percent"] == 30


async def test_a_field_filled_in_after_the_verdict_does_not_help(
    client: Client, stranger: Client
) -> None:
    areas = []
    for each, bait in ((client, None), (stranger, "later")):
        await with_bait_field(each)
        await Generator(each, seed=7).fill(300, bait)
        await trained(each)
        areas.append((await state_of(each))["model"]["auc"])
    assert areas[0] == pytest.approx(areas[1], abs=0.02)


async def test_a_field_that_came_with_the_verdict_is_found_out(client: Client) -> None:
    await with_bait_field(client)
    await Generator(client, seed=7).fill(300, "brought")
    await trained(client)
    model = (await state_of(client))["model"]
    assert model["auc"] < 0.9
    [leak] = model["suspected_leaks"]
    assert leak["feature"] == "custom.bait"
    assert leak["figure"] > 0.95
    assert not leak["used"]
    assert "custom.bait" not in {each["name"] for each in model["features"]}

    await changed(client, include=["custom.bait"])
    report = (await trained(client, dry_run=True))["progress"]["report"]
    assert report["validation"]["auc"] > 0.97
    assert report["suspected_leaks"][0]["used"]
    # A rehearsal puts nothing in force.
    assert (await state_of(client))["model"]["number"] == 1


async def test_excluded_features_are_not_used_and_equal_data_give_equal_models(
    client: Client,
) -> None:
    await Generator(client).fill(300)
    await changed(client, exclude=["source", "touches"])
    await trained(client)
    first = (await state_of(client))["model"]
    names = {each["name"] for each in first["features"]}
    assert "industry" in names
    assert not {name for name in names if name.startswith(("source", "touches"))}
    await trained(client)
    second = (await state_of(client))["model"]
    assert second["number"] == 2
    assert second["features"] == first["features"]
    assert second["auc"] == first["auc"]
    # Back to the older one.
    answer = await client.post(f"/v1/prediction/models/{first['id']}/publish")
    assert answer.status_code == 202, answer.text
    assert (await state_of(client))["model"]["id"] == first["id"]
    listed = (await client.get("/v1/prediction/models")).json()["data"]
    assert [(each["number"], each["status"]) for each in listed] == [
        (2, "retired"),
        (1, "published"),
    ]
    await drained(client)
    await kept(client)
    told = await events_of(client, "prediction.trained")
    assert [each["reverted"] for each in told] == [False, False, True]


async def test_an_override_counts_until_it_is_taken_back(client: Client) -> None:
    first = await stored_model(client, published=True)
    lead_id = await new_lead(client, **GOOD)
    await kept(client)
    path = f"/v1/leads/{lead_id}/prediction/override"
    answer = await client.put(path, json={"percent": 90, "reason": "Met at the fair"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["percent"] == 90
    assert answer.json()["override"]["reason"] == "Met at the fair"
    assert answer.json()["probability"] == pytest.approx(0.3)
    # It outlives another model.
    second = await stored_model(client, published=True)
    assert (await client.post(f"/v1/prediction/models/{second}/publish")).status_code == 202
    await drained(client)
    await client.post(f"/v1/leads/{lead_id}/touchpoints", json={"kind": "call"})
    await kept(client)
    async with work(client) as uow:
        stored = await uow.predictions.of_lead(lead_id)  # type: ignore[arg-type]
    assert stored is not None
    assert (stored.percent, stored.model_id) == (90, second)
    assert second != first
    assert (await client.delete(path)).status_code == 204
    assert (await foretold(client, lead_id))["override"] is None
    async with work(client) as uow:
        stored = await uow.predictions.of_lead(lead_id)  # type: ignore[arg-type]
    assert stored is not None
    assert stored.percent == 30
    assert (await client.delete(path)).status_code == 404
    await kept(client)
    told = await events_of(client, "prediction.overridden")
    assert [each["override_percent"]["after"] for each in told] == [90, None]


async def test_a_merged_lead_is_foretold_as_its_winner(client: Client) -> None:
    await stored_model(client, published=True)
    winner, loser = await new_lead(client, **GOOD), await new_lead(client, **BAD)
    override = {"percent": 5, "reason": "A student"}
    path = f"/v1/leads/{loser}/prediction"
    assert (await client.put(f"{path}/override", json=override)).is_success
    await kept(client)
    merge = await client.post(f"/v1/leads/{winner}/merge", json={"loser_id": loser})
    assert merge.status_code == 200, merge.text
    await kept(client)
    answer = await client.get(path)
    assert answer.status_code == 301
    assert answer.headers["location"] == f"/v1/leads/{winner}/prediction"
    assert (await foretold(client, winner))["override"] is None
    undone = await client.post(f"/v1/merges/{merge.json()['id']}/undo")
    assert undone.status_code == 200, undone.text
    await kept(client)
    assert (await foretold(client, loser))["percent"] == 5


async def test_why_nothing_is_foretold(client: Client) -> None:
    lead_id = await new_lead(client, **GOOD)
    assert (await foretold(client, lead_id))["absent"] == "no_model"
    await stored_model(client, published=True)
    await kept(client)
    assert (await foretold(client, lead_id))["absent"] is None
    reason = {"status": "disqualified", "disqualified_reason": "no_budget"}
    answer = await client.patch(f"/v1/leads/{lead_id}", json=reason)
    if not answer.is_success:
        answer = await client.post(f"/v1/leads/{lead_id}/disqualify", json={"reason": "no_budget"})
    assert answer.is_success, answer.text
    await kept(client)
    decided = await foretold(client, lead_id)
    assert (decided["absent"], decided["percent"]) == ("decided", 30)
    other = await new_lead(client, **BAD)
    await changed(client, enabled=False)
    assert (await foretold(client, other))["absent"] == "disabled"
    await kept(client)
    assert (await foretold(client, other))["percent"] is None


async def test_leads_brought_in_and_decided_on_the_same_day(client: Client) -> None:
    # Half of it comes with the file, the rest is clicked right after it: when tells the verdict.
    await with_bait_field(client)
    draw = random.Random(3)
    lines, lost = ["email,source,tags,converted_at"], []
    for n in range(160):
        won = draw.random() < 0.5
        source = "Fair" if won == (draw.random() < 0.75) else "List"
        tags = "Closed" if won == (draw.random() < 0.93) else "Ringing"
        at = clock.now().isoformat() if won else ""
        lines.append(f"p{n}@example.com,{source},{tags},{at}")
        lost += [] if won else [f"p{n}@example.com"]
    mapping = {"tags": "custom.bait", "email": "email", "source": "source"}
    import_ = await imported(client, "\n".join(lines), {**mapping, "converted_at": "converted_at"})
    assert import_["counts"] == {"created": 160}, import_
    for email in lost:
        [lead] = (await client.get("/v1/leads", params={"email": email})).json()["data"]
        path = f"/v1/leads/{lead['id']}/disqualify"
        assert (await client.post(path, json={"reason": "no_need"})).is_success
    await trained(client)
    model = (await state_of(client))["model"]
    assert [leak["feature"] for leak in model["suspected_leaks"]] == ["custom.bait"]
    assert "age" not in {each["name"] for each in model["features"]}
    assert 0.6 < model["auc"] < 0.87


async def test_who_foretells_again_catches_up(client: Client) -> None:
    lead_id = await new_lead(client, **GOOD)
    await kept(client)
    await changed(client, enabled=False)
    model_id = await stored_model(client)
    assert (await client.post(f"/v1/prediction/models/{model_id}/publish")).status_code == 202
    await drained(client)
    await changed(client, enabled=True)
    await drained(client)
    await kept(client)
    async with work(client) as uow:
        stored = await uow.predictions.of_lead(UUID(lead_id))
    assert stored is not None
    assert stored.percent == 30
    # The model was put in force once.
    assert len(await events_of(client, "prediction.trained")) == 1


async def test_whoever_asks_twice_gets_the_job_that_was_asked_for(client: Client) -> None:
    await Generator(client).fill(200)
    asked = []
    for dry_run in (False, True, False, True):
        answer = await client.post("/v1/prediction/train", params={"dry_run": dry_run})
        assert answer.status_code == 202, answer.text
        asked.append(answer.json()["id"])
    assert asked[:2] == asked[2:]


async def test_a_model_put_in_force_meanwhile_foretells_the_first_leads_too(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads = [await new_lead(client, full_name=f"Ada {n}") for n in range(3)]
    first, second = [await stored_model(client, note) for note in "AB"]
    whole = prediction_keeping.foretell_all

    async def gone_on(context: JobContext) -> None:
        # By now the job has had two leads foretold by what was in force until a moment ago.
        context.job.progress = {"by": str(second), "last": leads[1], "foretold": 2}
        await whole(context)

    monkeypatch.setattr(prediction_keeping, "foretell_all", gone_on)
    assert (await client.post(f"/v1/prediction/models/{first}/publish")).status_code == 202
    await drained(client)
    async with work(client) as uow:
        told = [await uow.predictions.of_lead(UUID(lead_id)) for lead_id in leads]
    assert [each and each.model_id for each in told] == [first] * 3


async def test_the_schedule_asks_once(client: Client) -> None:
    await Generator(client).fill(200)
    async with work(client) as uow:
        assert await ask_for_training(uow) == 1
    async with work(client) as uow:
        assert await ask_for_training(uow) == 0
    await drained(client)
    state = await state_of(client)
    assert state["model"]["number"] == 1
    assert state["next_training_at"] > state["model"]["trained_at"]
    async with work(client) as uow:
        assert await watch_drift(uow) == 0
    assert (await state_of(client))["model"]["drift"]["verdict"] == "too_few"
    await changed(client, retrain_days=None)
    async with work(client) as uow:
        assert await ask_for_training(uow) == 0


async def test_of_two_first_changes_at_once_one_is_stale(client: Client) -> None:
    fresh = {"If-Match": '"0"'}
    bodies: list[dict[str, Any]] = [{"enabled": False}, {"horizon_days": 30}]
    answers = await asyncio.gather(
        *(client.patch("/v1/prediction", json=body, headers=fresh) for body in bodies)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]


async def test_settings_are_checked_and_versioned(client: Client) -> None:
    state = await changed(client, horizon_days=30, exclude=["custom.tags"])
    assert (state["horizon_days"], state["version"]) == (30, 1)
    stale = {"If-Match": '"0"'}
    answer = await client.patch("/v1/prediction", json={"enabled": False}, headers=stale)
    assert answer.status_code == 412
    for body, pointer in (
        ({"include": ["city", "status"]}, "/include/1"),
        ({"horizon_days": None}, "/horizon_days"),
        ({"retrain_days": 0}, "/retrain_days"),
        ({"exclude": ["Not a name"]}, "/exclude/0"),
    ):
        answer = await client.patch("/v1/prediction", json=body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["pointer"] == pointer
