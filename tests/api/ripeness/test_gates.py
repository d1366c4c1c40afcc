"""Gates over HTTP: moves are refused until what the gates ask for holds, and told what is missing.

Every place that moves a lead or a deal has its test here.
"""

from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine

from app.platform import clock
from app.platform.ids import new_id
from tests.api.leads.test_leads import create
from tests.conftest import Client
from tests.factories.access import acting, bearer, events_of, new_key, new_user, pointers
from tests.factories.ripeness import RIPE, criterion, new_assessment, new_gate, published
from tests.factories.scoring import DOCUMENT, no_waiting
from tests.factories.scoring import published as published_model

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

REASON = {"override_reason": "The board has decided"}
BUYER = {"buyer": {"answer": "yes"}}
BIG = {"field": "employee_count", "op": "gte", "value": 50}


@pytest.fixture
async def lead(client: Client) -> dict[str, Any]:
    """A lead in a workspace that asks for a buyer and a budget."""
    await published(
        client,
        "ours",
        criteria=[criterion("buyer", expires_after_days=30), criterion("money")],
    )
    return await create(client, last_name="Lovelace", company="Analytical Engines")


async def patch(client: Client, lead: dict[str, Any], **fields: Any) -> httpx.Response:
    return await client.patch(f"/v1/leads/{lead['id']}", json=fields)


async def say(client: Client, lead: dict[str, Any], **answers: Any) -> None:
    await new_assessment(client, lead["id"], framework="ours", answers=answers)


def refusal(answer: httpx.Response) -> dict[str, Any]:
    """The refusal of a gate."""
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "gate_closed"), answer.text
    return problem


class TestTheGate:
    @pytest.mark.usefixtures("lead")
    async def test_is_read_as_it_was_made(self, client: Client) -> None:
        stage_id = (await _stages(client))[2]["id"]
        told = {
            "name": "Both",
            "active": True,
            "statuses": ["working", "qualified"],
            "lifecycle_stages": ["sql"],
            "stage_ids": [stage_id],
            "framework": "ours",
            "criteria": ["buyer"],
            "min_score": 40,
            "min_completeness": 50,
            "no_conflicts": True,
            "condition": {"all": [BIG]},
            "override_allowed": True,
        }
        made = await new_gate(client, **told)
        assert {name: made[name] for name in told} == told
        url = f"/v1/gates/{made['id']}"
        assert (await client.get(url)).json() == made
        assert (await client.get("/v1/gates")).json()["data"] == [made]
        changed = await client.patch(url, json={"condition": None, "active": False})
        assert (changed.json()["condition"], changed.json()["active"]) == (None, False)
        assert changed.json()["min_score"] == 40
        assert (await client.get("/v1/gates?active=true")).json()["data"] == []
        assert (await client.patch(url, json={}, headers={"If-Match": '"1"'})).status_code == 412
        assert (await client.delete(url)).status_code == 204
        assert (await client.get(url)).status_code == 404
        told_of = await events_of(client, "gate.created", "gate.updated", "gate.deleted")
        assert [e["type"] for e in told_of] == ["gate.created", "gate.updated", "gate.deleted"]

    @pytest.mark.parametrize(
        ("body", "found"),
        [
            ({"min_score": 5}, ["/"]),
            ({"statuses": ["qualified"]}, ["/"]),
            ({"statuses": ["won"], "min_score": 5}, ["/statuses/0"]),
            ({"stage_ids": [str(new_id())], "min_score": 5}, ["/stage_ids/0"]),
            ({"statuses": ["qualified"], "criteria": ["mood"]}, ["/criteria/0"]),
            (
                {"statuses": ["qualified"], "framework": "ours", "criteria": ["need"]},
                ["/criteria/0"],
            ),
            ({"statuses": ["qualified"], "framework": "no", "min_score": 5}, ["/framework"]),
            (
                {"statuses": ["qualified"], "condition": {"all": [{"field": "mood"}]}},
                ["/condition/all/0/field"],
            ),
        ],
    )
    @pytest.mark.usefixtures("lead")
    async def test_that_makes_no_sense_is_refused(
        self, client: Client, body: dict[str, Any], found: list[str]
    ) -> None:
        answer = await client.post("/v1/gates", json={"name": "G", **body})
        assert (answer.status_code, pointers(answer.json())) == (422, found), answer.text

    @pytest.mark.usefixtures("lead")
    async def test_is_for_administrators(self, client: Client) -> None:
        made = await new_gate(client, statuses=["working"], min_score=5)
        writer = bearer((await new_key(client, "leads:read", "leads:write"))["key"])
        url = f"/v1/gates/{made['id']}"
        assert (await client.get(url, headers=writer)).status_code == 200
        refused = await client.delete(url, headers=writer)
        assert (refused.status_code, refused.json()["scope"]) == (403, "admin")


class TestBeforeAPatch:
    async def test_of_the_status(self, client: Client, lead: dict[str, Any]) -> None:
        gate = await new_gate(
            client, statuses=["working"], framework="ours", criteria=["buyer", "money"]
        )
        answer = await patch(client, lead, status="working", title="Countess")
        problem = refusal(answer)
        assert problem["missing"] == ["buyer", "money"]
        [told] = problem["gates"]
        assert (told["id"], told["name"], told["override_allowed"]) == (
            gate["id"],
            gate["name"],
            False,
        )
        assert told["missing"][0] == {
            "kind": "criterion",
            "detail": "ours.buyer: is not known",
            "framework": "ours",
            "criterion": "buyer",
            "label": "Buyer",
            "question": "What about buyer?",
        }
        # Nothing of the request was stored.
        stored = (await client.get(f"/v1/leads/{lead['id']}")).json()
        assert (stored["title"], stored["status"], stored["version"]) == (None, "new", 1)
        await say(client, lead, **BUYER)
        assert refusal(await patch(client, lead, status="working"))["missing"] == ["money"]
        await say(client, lead, money={"answer": "half"})
        assert (await patch(client, lead, status="working")).json()["status"] == "working"

    async def test_of_the_lifecycle_stage(self, client: Client, lead: dict[str, Any]) -> None:
        await new_gate(client, lifecycle_stages=["sql"], framework="ours", min_score=50)
        assert (await patch(client, lead, lifecycle_stage="mql")).status_code == 200
        problem = refusal(await patch(client, lead, lifecycle_stage="sql"))
        [missing] = problem["gates"][0]["missing"]
        assert (missing["kind"], missing["needed"], missing["present"]) == ("score", 50, 0)
        await say(client, lead, **BUYER)
        assert (await patch(client, lead, lifecycle_stage="sql")).status_code == 200

    async def test_of_a_lifecycle_stage_that_is_passed_over(
        self, client: Client, lead: dict[str, Any]
    ) -> None:
        await new_gate(client, lifecycle_stages=["mql"], framework="ours", criteria=["buyer"])
        url = f"/v1/leads/{lead['id']}"
        refusal(await patch(client, lead, lifecycle_stage="sql"))
        refusal(await client.post(f"{url}/qualify", json=REASON))
        refusal(await client.post(f"{url}/convert", json=REASON))
        await say(client, lead, **BUYER)
        assert (await patch(client, lead, lifecycle_stage="sql")).status_code == 200
        # It lies behind it now.
        await new_gate(client, lifecycle_stages=["mql"], condition=BIG)
        assert (await client.post(f"{url}/convert", json=REASON)).status_code == 200

    async def test_lets_everything_else_through(self, client: Client, lead: dict[str, Any]) -> None:
        await new_gate(client, statuses=["working"], framework="ours", criteria=["buyer"])
        assert (await patch(client, lead, title="Countess")).status_code == 200
        assert (await patch(client, lead, status="nurturing")).status_code == 200

    async def test_asks_for_a_condition_on_the_lead_as_it_will_be(
        self, client: Client, lead: dict[str, Any]
    ) -> None:
        named = {"field": "company", "op": "is_not_null"}
        await new_gate(client, statuses=["working"], condition={"all": [named, BIG]})
        problem = refusal(await patch(client, lead, status="working", employee_count=49))
        [missing] = problem["gates"][0]["missing"]
        assert (missing["kind"], missing["condition"]) == ("condition", BIG)
        assert "employee_count gte 50" in missing["detail"]
        moved = await patch(client, lead, status="working", employee_count=50)
        assert moved.status_code == 200, moved.text

    @pytest.mark.parametrize("name", ["score", "fit", "engagement", "prediction"])
    async def test_a_score_that_is_not_there_is_none(
        self, client: Client, lead: dict[str, Any], name: str
    ) -> None:
        scored = {"field": name, "op": "gte", "value": 0}
        await new_gate(client, statuses=["working"], condition=scored)
        assert refusal(await patch(client, lead, status="working"))["missing"] == ["condition"]

    async def test_asks_for_a_score_as_the_move_itself_makes_it(
        self, client: Client, lead: dict[str, Any]
    ) -> None:
        await published_model(client)
        fitting = {"field": "fit", "op": "gte", "value": 30}
        await new_gate(client, statuses=["working"], condition=fitting)
        with no_waiting():
            refusal(await patch(client, lead, status="working", employee_count=249))
            moved = await patch(client, lead, status="working", employee_count=250)
        assert moved.status_code == 200, moved.text

    async def test_does_not_hold_up_what_a_score_leads_to(
        self, client: Client, lead: dict[str, Any]
    ) -> None:
        await published_model(client, document=DOCUMENT | {"mql": {"score": 20}})
        await new_gate(client, lifecycle_stages=["mql"], framework="ours", criteria=["buyer"])
        with no_waiting():
            scored = await patch(client, lead, industry="Software", employee_count=250)
        assert (scored.status_code, scored.json()["lifecycle_stage"]) == (200, "mql")

    async def test_asks_for_answers_that_are_fresh_and_undisputed(
        self, client: Client, lead: dict[str, Any]
    ) -> None:
        await new_gate(client, statuses=["working"], framework="ours", criteria=["buyer"])
        await say(client, lead, **BUYER)
        with time_machine.travel(clock.now() + timedelta(days=31), tick=True):
            problem = refusal(await patch(client, lead, status="working"))
            assert "too old" in problem["detail"]
        ada = acting((await new_user(client))["id"])
        other = {"framework": "ours", "answers": {"buyer": {"answer": "no"}}}
        url = f"/v1/leads/{lead['id']}/assessments"
        assert (await client.post(url, json=other, headers=ada)).status_code == 201
        problem = refusal(await patch(client, lead, status="working"))
        assert problem["gates"][0]["missing"][0]["kind"] == "conflict"
        await say(client, lead, buyer={"answer": "yes", "settles": True})
        assert (await patch(client, lead, status="working")).status_code == 200

    async def test_opens_for_a_reason_where_it_may(
        self, client: Client, lead: dict[str, Any]
    ) -> None:
        soft = await new_gate(
            client,
            name="Soft",
            statuses=["working", "nurturing"],
            framework="ours",
            criteria=["buyer"],
            override_allowed=True,
        )
        await new_gate(client, name="Hard", statuses=["working"], condition=BIG)
        problem = refusal(await patch(client, lead, status="working"))
        assert [gate["name"] for gate in problem["gates"]] == ["Soft", "Hard"]
        problem = refusal(await patch(client, lead, status="working", **REASON))
        assert [gate["name"] for gate in problem["gates"]] == ["Hard"]
        blank = await patch(client, lead, status="nurturing", override_reason=" ")
        assert refusal(blank)["detail"].endswith("an override_reason opens it all the same")
        assert (await patch(client, lead, status="nurturing", **REASON)).status_code == 200
        [event] = await events_of(client, "gate.overridden")
        assert (event["subject_id"], event["lead_id"]) == (soft["id"], lead["id"])
        assert event["data"] == {"name": "Soft", "missing": ["buyer"], **REASON}

    async def test_that_is_not_active_stops_nobody(
        self, client: Client, lead: dict[str, Any], stranger: Client
    ) -> None:
        gate = await new_gate(client, statuses=["working"], condition=BIG)
        await new_gate(stranger, statuses=["working"], condition=BIG)
        refusal(await patch(client, lead, status="working"))
        await client.patch(f"/v1/gates/{gate['id']}", json={"active": False})
        assert (await patch(client, lead, status="working")).status_code == 200

    async def test_that_lost_its_framework_says_so(
        self, client: Client, lead: dict[str, Any]
    ) -> None:
        await new_gate(client, statuses=["working"], framework="ours", criteria=["buyer"])
        [framework] = (await client.get("/v1/frameworks")).json()["data"]
        await client.post(f"/v1/frameworks/{framework['id']}/retire")
        problem = refusal(await patch(client, lead, status="working"))
        assert problem["missing"] == ["framework"]
        # Whoever looks after it can still take it out of the way.
        url = f"/v1/gates/{problem['gates'][0]['id']}"
        again = await client.patch(url, json={"criteria": ["money"]})
        assert (again.status_code, pointers(again.json())) == (422, ["/framework"])
        quiet = await client.patch(url, json={"active": False, "name": "Once"})
        assert quiet.status_code == 200, quiet.text
        assert (await patch(client, lead, status="working")).status_code == 200


class TestBeforeActions:
    async def test_qualify(self, client: Client, lead: dict[str, Any]) -> None:
        gate = await new_gate(client, statuses=["qualified"], framework="ours", criteria=["buyer"])
        await new_assessment(client, lead["id"], **RIPE)
        url = f"/v1/leads/{lead['id']}/qualify"
        for body in ({}, REASON):
            assert refusal(await client.post(url, json=body))["missing"] == ["buyer"]
        assert (await client.get(f"/v1/leads/{lead['id']}")).json()["status"] == "new"
        await client.patch(f"/v1/gates/{gate['id']}", json={"override_allowed": True})
        assert (await client.post(url, json=REASON)).json()["status"] == "qualified"

    async def test_qualify_reaches_a_lifecycle_stage(
        self, client: Client, lead: dict[str, Any]
    ) -> None:
        await new_gate(client, lifecycle_stages=["sql"], framework="ours", criteria=["buyer"])
        url = f"/v1/leads/{lead['id']}/qualify"
        refusal(await client.post(url, json=REASON))
        await say(client, lead, **BUYER)
        assert (await client.post(url, json=REASON)).json()["lifecycle_stage"] == "sql"

    async def test_disqualify_and_reactivate(self, client: Client, lead: dict[str, Any]) -> None:
        await new_gate(
            client, statuses=["disqualified", "working"], condition=BIG, override_allowed=True
        )
        url = f"/v1/leads/{lead['id']}"
        refusal(await client.post(f"{url}/disqualify", json={"reason": "other"}))
        out = await client.post(f"{url}/disqualify", json={"reason": "other", **REASON})
        assert out.status_code == 200, out.text
        refusal(await client.post(f"{url}/reactivate"))
        back = await client.post(f"{url}/reactivate", json=REASON)
        assert back.json()["status"] == "working"

    @pytest.mark.parametrize(
        "where", [{"statuses": ["converted"]}, {"lifecycle_stages": ["opportunity"]}]
    )
    async def test_convert(
        self, client: Client, lead: dict[str, Any], where: dict[str, Any]
    ) -> None:
        await new_gate(client, **where, framework="ours", criteria=["buyer"])
        url = f"/v1/leads/{lead['id']}/convert"
        for query in ("", "?dry_run=true"):
            problem = refusal(await client.post(f"{url}{query}", json=REASON))
            assert problem["missing"] == ["buyer"]
        for kind in ("accounts", "contacts", "opportunities"):
            assert (await client.get(f"/v1/{kind}")).json()["data"] == []
        await say(client, lead, **BUYER)
        assert (await client.post(url, json=REASON)).status_code == 200
        # Told again, it tells the same, whatever the gates are now.
        await new_gate(client, **where, condition=BIG)
        assert (await client.post(url, json=REASON)).status_code == 200

    async def test_a_rehearsal_tells_the_journal_nothing(
        self, client: Client, lead: dict[str, Any]
    ) -> None:
        await new_gate(client, statuses=["converted"], condition=BIG, override_allowed=True)
        url = f"/v1/leads/{lead['id']}/convert"
        assert (await client.post(f"{url}?dry_run=true", json=REASON)).status_code == 200
        assert await events_of(client, "gate.overridden") == []
        assert (await client.post(url, json=REASON)).status_code == 200
        assert len(await events_of(client, "gate.overridden")) == 1

    async def test_convert_passes_a_lead_over_being_qualified(
        self, client: Client, lead: dict[str, Any]
    ) -> None:
        await new_gate(client, statuses=["qualified"], framework="ours", criteria=["buyer"])
        url = f"/v1/leads/{lead['id']}"
        refusal(await client.post(f"{url}/convert", json=REASON))
        await say(client, lead, **BUYER)
        assert (await client.post(f"{url}/qualify", json=REASON)).status_code == 200
        # That gate lies behind it.
        await new_gate(client, statuses=["qualified"], condition=BIG)
        assert (await client.post(f"{url}/convert")).status_code == 200


async def _stages(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/v1/pipelines")).json()["data"][0]["stages"]
    return found


class TestBeforeStagesOfADeal:
    async def _deal(self, client: Client, lead: dict[str, Any]) -> str:
        url = f"/v1/leads/{lead['id']}/convert"
        made = await client.post(url, json=REASON)
        assert made.status_code == 200, made.text
        return f"/v1/opportunities/{made.json()['opportunity']['id']}"

    async def test_the_lead_of_the_deal_is_asked(
        self, client: Client, lead: dict[str, Any]
    ) -> None:
        stages = await _stages(client)
        await new_gate(client, stage_ids=[stages[2]["id"]], framework="ours", criteria=["buyer"])
        url = await self._deal(client, lead)
        before = (await client.get(url)).json()
        refused = await client.patch(url, json={"stage_id": stages[2]["id"], "name": "Big"})
        assert refusal(refused)["missing"] == ["buyer"]
        assert (await client.get(url)).json() == before
        assert (await client.patch(url, json={"stage_id": stages[1]["id"]})).status_code == 200
        await say(client, lead, **BUYER)
        moved = await client.patch(url, json={"stage_id": stages[2]["id"]})
        assert moved.json()["stage_id"] == stages[2]["id"]
        # It is there already: naming the stage again moves nothing.
        await new_gate(client, stage_ids=[stages[2]["id"]], condition=BIG)
        again = await client.patch(url, json={"stage_id": stages[2]["id"], "name": "Big"})
        assert again.status_code == 200

    async def test_a_reason_opens_it_where_it_may(
        self, client: Client, lead: dict[str, Any]
    ) -> None:
        stage_id = (await _stages(client))[2]["id"]
        await new_gate(client, stage_ids=[stage_id], condition=BIG, override_allowed=True)
        url = await self._deal(client, lead)
        refusal(await client.patch(url, json={"stage_id": stage_id}))
        moved = await client.patch(url, json={"stage_id": stage_id, **REASON})
        assert moved.status_code == 200, moved.text
        [event] = await events_of(client, "gate.overridden")
        assert (event["lead_id"], event["data"]["missing"]) == (lead["id"], ["condition"])

    async def test_winning_makes_a_customer(self, client: Client, lead: dict[str, Any]) -> None:
        await new_gate(client, lifecycle_stages=["customer"], condition=BIG)
        url = await self._deal(client, lead)
        [won] = [stage["id"] for stage in await _stages(client) if stage["kind"] == "won"]
        refusal(await client.patch(url, json={"stage_id": won}))
        assert (await client.get(url)).json()["status"] == "open"

    async def test_the_first_stage_stands_before_the_conversion(
        self, client: Client, lead: dict[str, Any]
    ) -> None:
        first = (await _stages(client))[0]["id"]
        await new_gate(client, stage_ids=[first], framework="ours", criteria=["buyer"])
        refusal(await client.post(f"/v1/leads/{lead['id']}/convert", json=REASON))

    async def test_a_deal_without_a_lead_meets_none(self, client: Client) -> None:
        stage_id = (await _stages(client))[2]["id"]
        await new_gate(client, stage_ids=[stage_id], condition=BIG)
        made = (await client.post("/v1/opportunities", json={"name": "Renewal"})).json()
        url = f"/v1/opportunities/{made['id']}"
        assert (await client.patch(url, json={"stage_id": stage_id})).status_code == 200

    async def test_a_deal_that_is_given_a_lead_in_a_stage_meets_its_gate(
        self, client: Client, lead: dict[str, Any]
    ) -> None:
        stage_id = (await _stages(client))[2]["id"]
        await new_gate(client, stage_ids=[stage_id], framework="ours", criteria=["buyer"])
        told = {"name": "Renewal", "stage_id": stage_id}
        made = (await client.post("/v1/opportunities", json=told)).json()
        url = f"/v1/leads/{lead['id']}/convert"
        linked = REASON | {"opportunity": {"id": made["id"]}}
        assert refusal(await client.post(url, json=linked))["missing"] == ["buyer"]
        await say(client, lead, **BUYER)
        answer = await client.post(url, json=linked)
        assert answer.status_code == 200, answer.text
        stored = (await client.get(f"/v1/opportunities/{made['id']}")).json()
        assert stored["originating_lead_id"] == lead["id"]
