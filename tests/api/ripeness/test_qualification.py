"""Qualification over HTTP: the verdict, and every move that rests on it."""

import asyncio
from typing import Any

import pytest

from app.domain.leads.status import LEGAL_MOVES, Status
from app.platform.db import Database
from tests.api.leads.test_leads import create
from tests.conftest import Client
from tests.factories.access import acting, events_of, new_user, pointers
from tests.factories.ripeness import RIPE, new_assessment, qualification_of

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

OVERRIDE = {"override_reason": "The board has decided"}


async def new_lead(client: Client) -> dict[str, Any]:
    """A new lead, as it is read."""
    return await read(client, (await create(client, last_name="Lovelace"))["id"])


async def read(client: Client, lead_id: str) -> dict[str, Any]:
    """The lead as it is now."""
    found: dict[str, Any] = (await client.get(f"/v1/leads/{lead_id}")).json()
    return found


class TestVerdict:
    async def test_of_a_lead_nobody_asked(self, client: Client) -> None:
        lead = await new_lead(client)
        found = await qualification_of(client, lead["id"])
        assert (found["outcome"], found["score"], found["completeness"]) == ("not_yet", 0, 0)
        assert found["missing"] == list(RIPE)
        assert found["answers"] == dict.fromkeys(RIPE)
        assert [part["answer"] for part in found["contributions"]] == [None] * 4

    @pytest.mark.parametrize(
        ("change", "outcome"),
        [
            ({}, "qualified"),
            ({"need": {"answer": "none"}}, "disqualified"),
            ({"budget": {"answer": "unknown"}}, "not_yet"),
            ({"authority": {"answer": "user"}, "timeline": {"answer": "later"}}, "not_yet"),
        ],
    )
    async def test_follows_the_answers(
        self, client: Client, change: dict[str, Any], outcome: str
    ) -> None:
        lead = await new_lead(client)
        made = await new_assessment(client, lead["id"], **RIPE | change)
        assert made["qualification"]["outcome"] == outcome
        assert (await read(client, lead["id"]))["qualification_outcome"] == outcome
        assert made["qualification"]["reasons"]

    @pytest.mark.parametrize(
        ("policy", "outcome", "score"),
        [
            ({"qualified_at": 95}, "not_yet", 90),
            ({"qualified_at": 95, "disqualified_below": 95}, "disqualified", 90),
            ({"weights": {"budget": 0, "authority": 0, "timeline": 0}}, "qualified", 80),
            ({"points": {"need": {"strong": 0}}}, "qualified", 70),
            ({"knock_outs": {"timeline": ["this_quarter"]}}, "disqualified", 90),
        ],
    )
    async def test_follows_the_policy_at_the_next_read(
        self, client: Client, policy: dict[str, Any], outcome: str, score: int
    ) -> None:
        lead = await new_lead(client)
        before = (await new_assessment(client, lead["id"], **RIPE))["qualification"]
        assert (before["outcome"], before["score"]) == ("qualified", 90)
        changed = await client.patch("/v1/workspace", json={"qualification_policy": policy})
        assert changed.status_code == 200, changed.text
        after = await qualification_of(client, lead["id"])
        assert (after["outcome"], after["score"]) == (outcome, score)
        qualified = await client.post(f"/v1/leads/{lead['id']}/qualify")
        assert qualified.status_code == (200 if outcome == "qualified" else 409)

    async def test_what_is_not_required_need_not_be_known(self, client: Client) -> None:
        lead = await new_lead(client)
        known = {c: RIPE[c] for c in ("budget", "authority", "need")}
        made = await new_assessment(client, lead["id"], **known)
        assert made["qualification"]["outcome"] == "not_yet"
        assert made["qualification"]["missing"] == ["timeline"]
        policy = {"required": list(known)}
        await client.patch("/v1/workspace", json={"qualification_policy": policy})
        assert (await qualification_of(client, lead["id"]))["outcome"] == "qualified"

    async def test_is_the_policy_of_its_own_workspace(
        self, client: Client, stranger: Client
    ) -> None:
        await stranger.patch("/v1/workspace", json={"qualification_policy": {"qualified_at": 100}})
        lead = await new_lead(client)
        made = await new_assessment(client, lead["id"], **RIPE)
        assert made["qualification"]["outcome"] == "qualified"


VERDICT = {"qualification_outcome", "qualification_score", "qualification_completeness"}


class TestQualify:
    async def test_rests_on_the_verdict(self, client: Client) -> None:
        user = await new_user(client)
        client.headers.update(acting(user["id"]))
        lead = await new_lead(client)
        await new_assessment(client, lead["id"], **RIPE)
        answer = await client.post(f"/v1/leads/{lead['id']}/qualify", json={})
        assert answer.status_code == 200, answer.text
        qualified = answer.json()
        assert qualified == await read(client, lead["id"])
        assert (qualified["status"], qualified["lifecycle_stage"]) == ("qualified", "sql")
        assert qualified["sql_at"] is not None
        assert qualified["mql_at"] is None
        assert answer.headers["etag"] == f'"{qualified["version"]}"' == f'"{lead["version"] + 2}"'
        status, stage, event = await events_of(
            client, "lead.status_changed", "lead.lifecycle_stage_changed", "lead.qualified"
        )
        assert status["data"] == {"status": {"before": "new", "after": "qualified"}}
        assert stage["data"]["lifecycle_stage"] == {"before": "lead", "after": "sql"}
        assert stage["data"]["sql_at"]["before"] is None
        assert event["data"].pop("changes", {}).keys() <= VERDICT
        assert event["data"] == {
            "verdict": {"outcome": "qualified", "score": 90, "completeness": 100, "missing": []},
            "override_reason": None,
        }
        assert {e["user_id"] for e in (status, stage, event)} == {user["id"]}
        assert await events_of(client, "lead.updated") == []

    @pytest.mark.parametrize(
        "body",
        [
            None,
            {},
            {"override_reason": None},
            *({"override_reason": blank} for blank in ("", "  ", "\u00a0\n")),
        ],
    )
    async def test_without_either_is_refused(self, client: Client, body: Any) -> None:
        lead = await new_lead(client)
        await new_assessment(client, lead["id"], budget={"answer": "approved"})
        before = await read(client, lead["id"])
        answer = await client.post(
            f"/v1/leads/{lead['id']}/qualify", **({} if body is None else {"json": body})
        )
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (409, "not_qualified")
        assert problem["missing"] == ["authority", "need", "timeline"]
        assert problem["verdict"] == {
            "outcome": "not_yet",
            "score": 25,
            "completeness": 25,
            "missing": ["authority", "need", "timeline"],
        }
        assert await read(client, lead["id"]) == before

    async def test_a_reason_overrides_the_verdict(self, client: Client) -> None:
        lead = await new_lead(client)
        answer = await client.post(f"/v1/leads/{lead['id']}/qualify", json=OVERRIDE)
        assert answer.json()["status"] == "qualified"
        assert answer.json()["qualification_outcome"] == "not_yet"
        [event] = await events_of(client, "lead.qualified")
        assert event["data"]["override_reason"] == OVERRIDE["override_reason"]
        assert event["data"]["verdict"]["outcome"] == "not_yet"
        assert set(event["untrusted"]) == {"override_reason", "changes"}

    async def test_keeps_when_a_lead_became_an_sql(self, client: Client) -> None:
        lead = await new_lead(client)
        await client.patch(f"/v1/leads/{lead['id']}", json={"lifecycle_stage": "sql"})
        before = await read(client, lead["id"])
        after = (await client.post(f"/v1/leads/{lead['id']}/qualify", json=OVERRIDE)).json()
        assert (after["sql_at"], after["lifecycle_stage"]) == (before["sql_at"], "sql")
        assert len(await events_of(client, "lead.lifecycle_stage_changed")) == 1

    async def test_happens_once(self, client: Client) -> None:
        lead = await new_lead(client)
        url = f"/v1/leads/{lead['id']}/qualify"
        answers = await asyncio.gather(*(client.post(url, json=OVERRIDE) for _ in range(8)))
        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
        assert len(await events_of(client, "lead.qualified")) == 1


class TestDisqualify:
    async def test_keeps_reason_and_note(self, client: Client) -> None:
        lead = await new_lead(client)
        body = {"reason": "no_budget", "note": "Frozen until 2027 🥶"}
        answer = await client.post(f"/v1/leads/{lead['id']}/disqualify", json=body)
        assert answer.status_code == 200, answer.text
        out = answer.json()
        assert out == await read(client, lead["id"])
        assert out["status"] == "disqualified"
        assert (out["disqualified_reason"], out["disqualified_note"]) == tuple(body.values())
        assert answer.headers["etag"] == f'"{out["version"]}"'
        assert out["lifecycle_stage"] == "lead"
        [status] = await events_of(client, "lead.status_changed")
        assert status["data"] == {"status": {"before": "new", "after": "disqualified"}}
        [event] = await events_of(client, "lead.disqualified")
        changes = event["data"].pop("changes")
        assert changes["disqualified_reason"] == {"before": None, "after": "no_budget"}
        assert event["data"] == body
        assert await events_of(client, "lead.updated") == []

    async def test_takes_a_reason_of_the_workspace_s_list(self, client: Client) -> None:
        reasons = [{"code": "too_far", "label": "Too far"}, {"code": "rival", "label": "Rival"}]
        await client.patch("/v1/workspace", json={"disqualify_reasons": reasons})
        lead = await new_lead(client)
        url = f"/v1/leads/{lead['id']}/disqualify"
        refused = await client.post(url, json={"reason": "no_budget"})
        assert (refused.status_code, pointers(refused.json())) == (422, ["/reason"])
        assert "too_far, rival" in refused.json()["errors"][0]["detail"]
        assert (await client.post(url, json={})).status_code == 422
        assert (await client.post(url, json={"reason": "rival"})).status_code == 200


class TestReactivate:
    @pytest.mark.parametrize(
        ("body", "status"),
        [(None, "working"), ({}, "working"), ({"status": "nurturing"}, "nurturing")],
    )
    async def test_brings_a_lead_back(self, client: Client, body: Any, status: str) -> None:
        lead = await new_lead(client)
        out = {"reason": "bad_timing", "note": "Next year"}
        await client.post(f"/v1/leads/{lead['id']}/disqualify", json=out)
        answer = await client.post(
            f"/v1/leads/{lead['id']}/reactivate", **({} if body is None else {"json": body})
        )
        assert answer.status_code == 200, answer.text
        back = answer.json()
        assert back == await read(client, lead["id"])
        assert (back["status"], answer.headers["etag"]) == (status, f'"{back["version"]}"')
        assert back["disqualified_reason"] is back["disqualified_note"] is None
        [event] = await events_of(client, "lead.reactivated")
        assert event["data"].pop("changes")["disqualified_note"]["before"] == "Next year"
        assert event["data"] == {"reason": "bad_timing", "note": None}
        [kept] = await events_of(client, "lead.disqualified")
        assert out.items() <= kept["data"].items()

    @pytest.mark.parametrize("status", ["qualified", "new", "converted", None])
    async def test_leads_only_back_to_work(self, client: Client, status: str | None) -> None:
        lead = await new_lead(client)
        await client.post(f"/v1/leads/{lead['id']}/disqualify", json={"reason": "spam"})
        answer = await client.post(f"/v1/leads/{lead['id']}/reactivate", json={"status": status})
        assert (answer.status_code, pointers(answer.json())) == (422, ["/status"])


ACTIONS: dict[Status, tuple[str, dict[str, Any]]] = {
    Status.QUALIFIED: ("qualify", OVERRIDE),
    Status.DISQUALIFIED: ("disqualify", {"reason": "other"}),
}


class TestMoves:
    @pytest.mark.parametrize("wanted", ACTIONS)
    @pytest.mark.parametrize("present", Status)
    async def test_every_move_is_legal_or_tells_which_are(
        self, client: Client, owner_database: Database, present: Status, wanted: Status
    ) -> None:
        lead = await _lead_that_is(client, owner_database, present)
        action, body = ACTIONS[wanted]
        answer = await client.post(f"/v1/leads/{lead['id']}/{action}", json=body)
        if wanted in LEGAL_MOVES[present]:
            assert (answer.status_code, answer.json()["status"]) == (200, wanted)
            return
        _is_refused(answer.status_code, answer.json(), present)
        assert await read(client, lead["id"]) == lead

    @pytest.mark.parametrize("wanted", [Status.WORKING, Status.NURTURING])
    @pytest.mark.parametrize("present", Status)
    async def test_only_a_disqualified_lead_is_reactivated(
        self, client: Client, owner_database: Database, present: Status, wanted: Status
    ) -> None:
        lead = await _lead_that_is(client, owner_database, present)
        url = f"/v1/leads/{lead['id']}/reactivate"
        answer = await client.post(url, json={"status": wanted})
        if present is Status.DISQUALIFIED:
            assert (answer.status_code, answer.json()["status"]) == (200, wanted)
            return
        _is_refused(answer.status_code, answer.json(), present)
        assert await read(client, lead["id"]) == lead

    @pytest.mark.parametrize("action", ["qualify", "disqualify", "reactivate"])
    async def test_if_match_is_honoured(self, client: Client, action: str) -> None:
        lead = await new_lead(client)
        body = {"qualify": OVERRIDE, "disqualify": {"reason": "spam"}, "reactivate": {}}[action]
        answer = await client.post(
            f"/v1/leads/{lead['id']}/{action}", json=body, headers={"If-Match": '"99"'}
        )
        assert (answer.status_code, answer.json()["version"]) == (412, lead["version"])

    @pytest.mark.parametrize("action", ["qualify", "disqualify", "reactivate"])
    async def test_another_workspace_moves_nothing(
        self, client: Client, stranger: Client, action: str
    ) -> None:
        lead = await new_lead(client)
        body = {"qualify": OVERRIDE, "disqualify": {"reason": "spam"}, "reactivate": {}}[action]
        answer = await stranger.post(f"/v1/leads/{lead['id']}/{action}", json=body)
        assert answer.status_code == 404
        assert await read(client, lead["id"]) == lead


async def _lead_that_is(client: Client, owner_database: Database, status: Status) -> dict[str, Any]:
    """A lead put into a status behind the service's back."""
    lead = await new_lead(client)
    async with owner_database.connection() as connection, connection.transaction():
        await connection.execute(f"SET LOCAL app.workspace_id = '{client.workspace_id}'")
        changed = await connection.execute(
            "UPDATE leads SET status = $1 WHERE id = $2", status.value, lead["id"]
        )
    assert changed == "UPDATE 1"
    return await read(client, lead["id"])


def _is_refused(status_code: int, problem: dict[str, Any], present: Status) -> None:
    assert (status_code, problem["code"]) == (409, "illegal_move")
    assert (problem["status"], problem["lead_status"]) == (409, present)
    assert problem["legal_moves"] == sorted(LEGAL_MOVES[present])
