"""Back-tests of scoring models over HTTP, on leads whose verdict is known."""

import asyncio
from typing import Any

import pytest

from app.domain.paging import PageRequest
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.reach.job_runner import JobRunner
from app.services.ripeness.backtest_runs import backtesting
from app.services.ripeness.backtests import BACKTEST_MODEL
from tests.api.leads.test_leads import create
from tests.conftest import Client
from tests.factories.imports import imported

pytestmark = pytest.mark.anyio

DOCUMENT: dict[str, Any] = {
    "fit": {
        "rules": [
            {
                "key": "mills",
                "label": "Mills",
                "points": 60,
                "when": {"field": "industry", "op": "eq", "value": "mills"},
            }
        ]
    },
    "engagement": {
        "half_life_days": 30,
        "rules": [{"key": "call", "label": "Called", "kinds": ["call"], "points": 40}],
    },
    "mql": {"score": 40},
}


async def post(client: Client, path: str, **body: Any) -> dict[str, Any]:
    """The answer to something that works."""
    answer = await client.post(path, json=body)
    assert answer.is_success, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def new_model(client: Client, document: Any = None, name: str = "Test") -> str:
    """The path of a new draft."""
    made = await post(client, "/v1/scoring-models", name=name, document=document or DOCUMENT)
    return f"/v1/scoring-models/{made['id']}"


async def work_off(client: Client) -> None:
    """Do the back-tests that are due."""
    database = client.app.state.runtime.database
    async with asyncio.timeout(60):
        await JobRunner(database, {BACKTEST_MODEL: backtesting()}, poll_seconds=0.02).drain()


async def finished(client: Client, path: str, **body: Any) -> dict[str, Any]:
    """A back-test of a model, done."""
    answer = await client.post(f"{path}/backtest", json=body)
    assert answer.status_code == 202, answer.text
    assert answer.json()["status"] == "pending"
    assert answer.json()["result"] is None
    await work_off(client)
    done = (await client.get(answer.headers["Location"])).json()
    assert done["status"] == "done", done
    found: dict[str, Any] = done
    return found


async def judged(client: Client, count: int, *, converted: bool, **fields: Any) -> list[str]:
    """Leads with a verdict, and what was known of them before it."""
    made = []
    for _ in range(count):
        lead = await create(client, full_name=f"Lead {new_id()}", **fields)
        if converted:
            body = {"override_reason": "Signed"}
            answer = await client.post(f"/v1/leads/{lead['id']}/convert", json=body)
        else:
            body = {"reason": "no_budget"}
            answer = await client.post(f"/v1/leads/{lead['id']}/disqualify", json=body)
        assert answer.is_success, answer.text
        made.append(lead["id"])
    return made


class TestResults:
    async def test_a_model_that_tells_them_apart_is_told_as_such(self, client: Client) -> None:
        await judged(client, 6, converted=True, industry="Mills")
        await judged(client, 9, converted=False, industry="Farms")
        await create(client, full_name="Open", industry="Mills")
        path = await new_model(client)
        done = await finished(client, path, horizon_days=7)
        result = done["result"]
        assert (done["horizon_days"], done["model_version"]) == (7, 1)
        assert result["sample"] == {
            "leads": 15,
            "converted": 6,
            "disqualified": 9,
            "back_filled": 0,
        }
        assert (result["auc"], result["monotone"]) == (1.0, True)
        assert sum(row["count"] for row in result["lift"]) == 15
        assert result["lift"][0]["rate"] == 1.0
        assert result["grades"]["B4"] == {"count": 6, "converted": 6, "rate": 1.0}
        assert result["calibration"]["brier"] < 0.05
        assert not result["reliable"]
        assert "too few outcomes" in result["findings"][0]
        assert result["published"] is None

    async def test_what_was_filled_in_after_the_verdict_counts_for_nothing(
        self, client: Client
    ) -> None:
        won = await judged(client, 5, converted=True)
        await judged(client, 5, converted=False)
        for lead_id in won:
            url = f"/v1/leads/{lead_id}"
            assert (await client.patch(url, json={"industry": "Mills"})).status_code == 200
            await post(client, f"{url}/touchpoints", kind="call")
        result = (await finished(client, await new_model(client)))["result"]
        assert result["auc"] == 0.5

    async def test_touches_count_as_they_had_faded_at_the_moment(self, client: Client) -> None:
        """Not as they have by now, and not as they had when the verdict came."""
        file = (
            "email,full_name,Created Date,Converted Date,Touch Type,Touch Date\n"
            "ada@x.example,Ada,2025-01-31,2025-06-01,call,2025-01-15\n"
            "bo@x.example,Bo,2025-01-31,,call,2024-12-16\n"
        )
        mapping = {
            "email": "email",
            "full_name": "full_name",
            "Created Date": "created_at",
            "Converted Date": "converted_at",
            "Touch Type": "touch.kind",
            "Touch Date": "touch.occurred_at",
        }
        done = await imported(client, file, mapping)
        assert done["counts"]["created"] == 2, done
        [bo] = (await client.get("/v1/leads", params={"email": "bo@x.example"})).json()["data"]
        await post(client, f"/v1/leads/{bo['id']}/disqualify", reason="no_budget")
        result = (await finished(client, await new_model(client)))["result"]
        # Worth 40 at first: half of them count, after one half-life and after two.
        assert [(row["highest"], row["converted"]) for row in result["lift"]] == [(10, 1), (5, 0)]
        assert result["sample"]["back_filled"] == 2

    async def test_no_leads_at_all_are_no_error(self, client: Client) -> None:
        result = (await finished(client, await new_model(client)))["result"]
        assert (result["auc"], result["calibration"], result["lift"]) == (None, None, [])
        assert result["findings"][0].startswith("nothing can be said yet")
        assert result["changes"]["leads"] == 0

    async def test_no_more_leads_are_looked_at_than_wanted(self, client: Client) -> None:
        await judged(client, 12, converted=False)
        result = (await finished(client, await new_model(client), leads=10))["result"]
        assert result["sample"]["leads"] == 10

    async def test_what_would_change_is_told_and_nothing_changes(self, client: Client) -> None:
        await create(client, full_name="Ada", industry="Mills", touchpoint={"kind": "call"})
        await create(client, full_name="Bo", industry="Farms")
        changes = (await finished(client, await new_model(client)))["result"]["changes"]
        assert changes == {
            "leads": 2,
            "grades_before": {},
            "grades_after": {"B2": 1, "D4": 1},
            "changed_grades": 0,
            "mql": 1,
            "sql": 0,
        }
        leads = (await client.get("/v1/leads")).json()["data"]
        assert {lead["lifecycle_stage"] for lead in leads} == {"lead"}

    async def test_the_model_is_tested_as_it_was_when_asked(self, client: Client) -> None:
        await judged(client, 2, converted=True, industry="Mills")
        await judged(client, 2, converted=False, industry="Farms")
        path = await new_model(client)
        answer = await client.post(f"{path}/backtest")
        farms = {"field": "industry", "op": "eq", "value": "farms"}
        rules = [DOCUMENT["fit"]["rules"][0] | {"when": farms}]
        patch = {"document": {"fit": {"rules": rules}}}
        assert (await client.patch(path, json=patch)).status_code == 200
        await work_off(client)
        first = (await client.get(answer.headers["Location"])).json()
        assert (first["model_version"], first["result"]["auc"]) == (1, 1.0)
        second = await finished(client, path)
        assert (second["model_version"], second["result"]["auc"]) == (2, 0.0)
        assert any("wrong way" in each for each in second["result"]["findings"])

    async def test_the_published_model_is_scored_on_the_same_leads(self, client: Client) -> None:
        await judged(client, 3, converted=True, industry="Mills")
        await judged(client, 3, converted=False, industry="Farms")
        published = await new_model(client, DOCUMENT | {"fit": {}}, name="Old")
        async with UnitOfWork(client.app.state.runtime.database, client.caller) as uow:
            [stored] = (await uow.scoring_models.page(PageRequest())).data
            await uow.scoring_models.change(stored.id, {"status": "published"})
        done = await finished(client, await new_model(client))
        assert done["result"]["published"]["name"] == "Old"
        assert done["result"]["published"]["auc"] == 0.5
        assert done["result"]["auc"] == 1.0
        assert (await finished(client, published))["result"]["published"] is None


class TestLists:
    async def test_tests_of_a_model_are_listed_newest_first(self, client: Client) -> None:
        path, other = await new_model(client), await new_model(client)
        made = [(await finished(client, path))["id"] for _ in range(3)]
        await finished(client, other)
        page = (await client.get(f"{path}/backtests", params={"limit": 2})).json()
        assert [each["id"] for each in page["data"]] == made[:0:-1]
        rest = {"limit": 2, "cursor": page["next_cursor"]}
        page = (await client.get(f"{path}/backtests", params=rest)).json()
        assert [each["id"] for each in page["data"]] == made[:1]
        assert page["next_cursor"] is None

    async def test_a_test_is_found_under_its_own_model_alone(self, client: Client) -> None:
        path, other = await new_model(client), await new_model(client)
        test = await finished(client, path)
        assert (await client.get(f"{other}/backtests/{test['id']}")).status_code == 404
        unknown = f"/v1/scoring-models/{new_id()}"
        assert (await client.get(f"{unknown}/backtests")).status_code == 404
        assert (await client.post(f"{unknown}/backtest")).status_code == 404

    async def test_a_draft_takes_its_tests_with_it(self, client: Client) -> None:
        path = await new_model(client)
        test = await finished(client, path)
        answer = await client.post(f"{path}/backtest")
        assert (await client.delete(path)).status_code == 204
        await work_off(client)
        assert (await client.get(f"{path}/backtests/{test['id']}")).status_code == 404
        job = (await client.get(f"/v1/jobs/{answer.json()['job_id']}")).json()
        assert job["status"] == "done"

    @pytest.mark.parametrize("body", [{"horizon_days": 0}, {"leads": 9}, {"days": 3}])
    async def test_what_cannot_be_is_refused(self, client: Client, body: dict[str, Any]) -> None:
        path = await new_model(client)
        answer = await client.post(f"{path}/backtest", json=body)
        assert answer.status_code == 422
        [error] = answer.json()["errors"]
        assert error["pointer"] == f"/{next(iter(body))}"


class TestComparing:
    async def test_rules_settings_and_figures_are_told(self, client: Client) -> None:
        await judged(client, 2, converted=True, industry="Mills")
        await judged(client, 2, converted=False, industry="Farms")
        one = await new_model(client)
        rules = [DOCUMENT["fit"]["rules"][0] | {"points": 30}]
        changed = DOCUMENT | {"fit": {"rules": rules}, "engagement": {"rules": []}, "fit_share": 60}
        other = await new_model(client, changed, name="Other")
        done = await finished(client, one)
        query = {"with": other.rpartition("/")[2]}
        found = (await client.get(f"{one}/compare", params=query)).json()
        assert (found["added"], [each["rule"]["key"] for each in found["removed"]]) == (
            [],
            ["call"],
        )
        [change] = found["changed"]
        assert (change["key"], change["before"], change["after"]) == (
            "mills",
            {"points": 60},
            {"points": 30},
        )
        assert found["settings"] == {"/fit_share": {"before": 50, "after": 60}}
        assert found["model"]["backtest_id"] == done["id"]
        assert found["model"]["figures"]["auc"] == 1.0
        assert found["model"]["sample"]["leads"] == 4
        assert (found["other"]["name"], found["other"]["figures"]) == ("Other", None)

    async def test_a_model_that_is_not_there_is_not_compared(self, client: Client) -> None:
        path = await new_model(client)
        answer = await client.get(f"{path}/compare", params={"with": str(new_id())})
        assert answer.status_code == 404
        assert (await client.get(f"{path}/compare")).status_code == 422
