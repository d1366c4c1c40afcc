"""Assessments over HTTP: versions, of which the newest answer to each criterion counts."""

import asyncio
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from app.platform import clock
from app.platform.ids import new_id
from tests.api.leads.test_leads import create
from tests.conftest import Client
from tests.factories.access import acting, bearer, events_of, new_key, new_user, pointers
from tests.factories.ripeness import RIPE, new_assessment, qualification_of

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

FULL: dict[str, Any] = {
    "framework": "bant",
    "budget": {
        "answer": "allocated",
        "amount_minor": 5_000_000,
        "currency": "EUR",
        "confidence": 80,
        "evidence": {"text": "“50k this year” 💶", "touchpoint_id": None},
    },
    "authority": {"answer": "influencer", "role": "Head of Purchasing", "confidence": 100},
    "need": {"answer": "critical", "confidence": 90},
    "timeline": {"answer": "half_year", "decision_on": "2026-09-30", "confidence": 50},
    "note": "Call with Ada",
    "assessed_at": "2026-03-02T09:30:00Z",
}


async def new_lead(client: Client) -> str:
    """The id of a new lead."""
    made = await create(client, last_name="Lovelace")
    return str(made["id"])


async def test_everything_told_is_read_again(client: Client) -> None:
    user = await new_user(client)
    lead_id = await new_lead(client)
    url = f"/v1/leads/{lead_id}/assessments"
    answer = await client.post(url, json=FULL, headers=acting(user["id"]))
    assert answer.status_code == 201, answer.text
    made = answer.json()["assessment"]
    for criterion in RIPE:
        shown = made["answers"][criterion]
        assert {name: shown[name] for name in FULL[criterion]} == FULL[criterion]
        assert (shown["answered_at"], shown["answered_by"]) == (FULL["assessed_at"], user["id"])
    assert (made["note"], made["assessed_at"]) == (FULL["note"], FULL["assessed_at"])
    assert (made["user_id"], made["api_key_id"] is None) == (user["id"], False)
    assert (await client.get(url)).json() == {"data": [made], "next_cursor": None}


async def test_the_answer_holds_the_verdict_and_the_lead_shows_it(client: Client) -> None:
    lead = await create(client, last_name="A")
    made = await new_assessment(client, lead["id"], **FULL)
    found = made["qualification"]
    # 25 × (80×80 + 70×100 + 100×90 + 60×50) / 100², each weight being a quarter.
    assert (found["outcome"], found["score"], found["completeness"]) == ("not_yet", 64, 100)
    assert sum(part["share"] for part in found["contributions"]) == 64
    assert found == await qualification_of(client, lead["id"])
    stored = (await client.get(f"/v1/leads/{lead['id']}")).json()
    for name in ("outcome", "score", "completeness"):
        assert stored[f"qualification_{name}"] == found[name] == made["assessment"][name]
    assert (stored["version"], stored["status"]) == (lead["version"] + 1, "new")


async def test_the_journal_tells_before_and_after_when_it_happened(client: Client) -> None:
    lead_id = await new_lead(client)
    first = await new_assessment(client, lead_id, **FULL)
    await new_assessment(client, lead_id, **RIPE)
    one, two = await events_of(client, "lead.assessed")
    assert one["occurred_at"] == FULL["assessed_at"] < one["recorded_at"]
    assert (one["subject_id"], one["lead_id"]) == (lead_id, lead_id)
    assert one["data"] == {
        "assessment_id": first["assessment"]["id"],
        "framework": "bant",
        "answers": {c: FULL[c]["answer"] for c in RIPE},
        "outcome": {"before": None, "after": "not_yet"},
        "score": {"before": None, "after": 64},
        "completeness": {"before": None, "after": 100},
    }
    assert two["data"]["outcome"] == {"before": "not_yet", "after": "qualified"}
    timeline = (await client.get(f"/v1/leads/{lead_id}/timeline")).json()["data"]
    assert [entry["kind"] for entry in timeline].count("lead.assessed") == 2


VERSIONS: list[dict[str, Any]] = [
    {"assessed_at": "2026-01-01T00:00:00Z", "budget": {"answer": "approved"}},
    {"assessed_at": "2026-02-01T00:00:00Z", **RIPE, "budget": {"answer": "planned"}},
    {"assessed_at": "2026-03-01T00:00:00Z", "need": {"answer": "none"}},
    {"assessed_at": "2026-04-01T00:00:00Z", "need": {"answer": "unknown"}},
]


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_the_newest_answer_counts_whatever_the_order(
    client: Client, order: tuple[int, ...]
) -> None:
    lead_id = await new_lead(client)
    for index in order:
        await new_assessment(client, lead_id, **VERSIONS[index])
    found = await qualification_of(client, lead_id)
    newest = {c: found["answers"][c]["answer"] for c in RIPE}
    assert newest == {
        "budget": "planned",
        "authority": "decision_maker",
        "need": "unknown",
        "timeline": "this_quarter",
    }
    assert (found["outcome"], found["missing"]) == ("not_yet", ["need"])
    lead = (await client.get(f"/v1/leads/{lead_id}")).json()
    assert lead["qualification_score"] == found["score"]
    listed = (await client.get(f"/v1/leads/{lead_id}/assessments")).json()["data"]
    assert [one["assessed_at"] for one in listed] == [v["assessed_at"] for v in VERSIONS[::-1]]


async def test_of_two_answers_of_one_moment_the_later_counts(client: Client) -> None:
    lead_id = await new_lead(client)
    for answer in ("approved", "none", "planned"):
        await new_assessment(
            client, lead_id, assessed_at="2026-01-01T00:00:00Z", budget={"answer": answer}
        )
    found = await qualification_of(client, lead_id)
    assert found["answers"]["budget"]["answer"] == "planned"


REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["/"]),
    ({"budget": None, "note": "nothing"}, ["/"]),
    ({"framework": "meddic", **RIPE}, ["/framework"]),
    ({"budget": {}}, ["/budget/answer"]),
    ({"budget": {"answer": "decision_maker"}}, ["/budget/answer"]),
    ({"budget": {"answer": "approved", "amount_minor": 5}}, ["/budget/currency"]),
    ({"budget": {"answer": "approved", "currency": "EUR"}}, ["/budget/currency"]),
    (
        {"budget": {"answer": "approved", "amount_minor": 5, "currency": "XYZ"}},
        ["/budget/currency"],
    ),
    ({"budget": {"answer": "approved", "amount_minor": -5}}, ["/budget/amount_minor"]),
    ({"need": {"answer": "strong", "amount_minor": 5}}, ["/need/amount_minor"]),
    ({"need": {"answer": "strong", "confidence": 101}}, ["/need/confidence"]),
    ({"timeline": {"answer": "later", "decision_on": "soon"}}, ["/timeline/decision_on"]),
    ({"assessed_at": "2026-03-02T09:30:00", **RIPE}, ["/assessed_at"]),
    (
        {"need": {"answer": "strong", "evidence": {"touchpoint_id": str(new_id())}}},
        ["/need/evidence/touchpoint_id"],
    ),
    ({"need": {"answer": "strong", "evidence": {"link": "x"}}}, ["/need/evidence/link"]),
    ({"mood": {"answer": "good"}, **RIPE}, ["/mood"]),
]


@pytest.mark.parametrize(("body", "found"), REFUSED)
async def test_a_bad_assessment_is_refused(
    client: Client, body: dict[str, Any], found: list[str]
) -> None:
    lead_id = await new_lead(client)
    before = (await client.get(f"/v1/leads/{lead_id}")).json()
    answer = await client.post(f"/v1/leads/{lead_id}/assessments", json=body)
    assert (answer.status_code, pointers(answer.json())) == (422, found), answer.text
    assert (await client.get(f"/v1/leads/{lead_id}/assessments")).json()["data"] == []
    assert (await client.get(f"/v1/leads/{lead_id}")).json() == before


async def test_nobody_assesses_the_future(client: Client) -> None:
    lead_id = await new_lead(client)
    tomorrow = (clock.now() + timedelta(days=1)).isoformat()
    answer = await client.post(
        f"/v1/leads/{lead_id}/assessments", json={"assessed_at": tomorrow, **RIPE}
    )
    assert (answer.status_code, pointers(answer.json())) == (422, ["/assessed_at"])


async def test_evidence_is_a_touchpoint_of_this_lead(client: Client, stranger: Client) -> None:
    async def touch_of(whose: Client, lead_id: str) -> str:
        answer = await whose.post(f"/v1/leads/{lead_id}/touchpoints", json={"kind": "call"})
        return str(answer.json()["id"])

    lead_id = await new_lead(client)
    own = await touch_of(client, lead_id)
    others = await touch_of(client, await new_lead(client))
    foreign = await touch_of(stranger, await new_lead(stranger))
    good = {"need": {"answer": "strong", "evidence": {"touchpoint_id": own}}}
    made = await new_assessment(client, lead_id, **good)
    assert made["assessment"]["answers"]["need"]["evidence"] == {
        "text": None,
        "touchpoint_id": own,
    }
    bad = {
        criterion: {"answer": "unknown", "evidence": {"touchpoint_id": touchpoint_id}}
        for criterion, touchpoint_id in (("budget", others), ("need", own), ("timeline", foreign))
    }
    answer = await client.post(f"/v1/leads/{lead_id}/assessments", json=bad)
    assert answer.status_code == 422
    assert pointers(answer.json()) == [
        "/budget/evidence/touchpoint_id",
        "/timeline/evidence/touchpoint_id",
    ]


async def test_many_at_once_are_all_kept_and_the_verdict_follows(client: Client) -> None:
    lead_id = await new_lead(client)
    version = (await client.get(f"/v1/leads/{lead_id}")).json()["version"]
    bodies = [
        {criterion: given | {"confidence": confidence}}
        for criterion, given in RIPE.items()
        for confidence in (60, 70, 80)
    ]
    await asyncio.gather(*(new_assessment(client, lead_id, **body) for body in bodies))
    listed = (await client.get(f"/v1/leads/{lead_id}/assessments")).json()["data"]
    assert len(listed) == len(bodies)
    found = await qualification_of(client, lead_id)
    lead = (await client.get(f"/v1/leads/{lead_id}")).json()
    assert lead["version"] == version + len(bodies)
    for name in ("outcome", "score", "completeness"):
        assert lead[f"qualification_{name}"] == found[name]
    assert found["completeness"] == 100


async def test_a_repeat_with_the_same_key_is_one_assessment(client: Client) -> None:
    lead_id = await new_lead(client)
    url = f"/v1/leads/{lead_id}/assessments"
    answers = [
        await client.post(url, json=RIPE, headers={"Idempotency-Key": "a-1"}) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert len((await client.get(url)).json()["data"]) == 1


async def test_the_list_is_paged_in_three_statements(client: Client, statements: list[str]) -> None:
    lead_id = await new_lead(client)
    instants = [f"2026-01-0{day}T00:00:00Z" for day in (3, 1, 4, 2, 5)]
    for instant in instants:
        await new_assessment(client, lead_id, assessed_at=instant, **RIPE)
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 2}
    while True:
        statements.clear()
        page = (await client.get(f"/v1/leads/{lead_id}/assessments", params=params)).json()
        assert len([sql for sql in statements if not sql.startswith("BEGIN")]) == 3
        seen += [one["assessed_at"] for one in page["data"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert seen == sorted(instants, reverse=True)
    other = await new_lead(client)
    foreign = await client.get(f"/v1/leads/{other}/assessments", params=params)
    assert (foreign.status_code, pointers(foreign.json())) == (422, ["cursor"])


async def test_another_workspace_sees_nothing(client: Client, stranger: Client) -> None:
    lead_id = await new_lead(client)
    await new_assessment(client, lead_id, **RIPE)
    for tail in ("assessments", "qualification"):
        assert (await stranger.get(f"/v1/leads/{lead_id}/{tail}")).status_code == 404
    made = await stranger.post(f"/v1/leads/{lead_id}/assessments", json=RIPE)
    assert made.status_code == 404
    assert (await client.get(f"/v1/leads/{new_id()}/qualification")).status_code == 404


async def test_reading_and_writing_need_their_scopes(client: Client) -> None:
    lead_id = await new_lead(client)
    reader = bearer((await new_key(client, "leads:read"))["key"])
    url = f"/v1/leads/{lead_id}/assessments"
    assert (await client.get(url, headers=reader)).status_code == 200
    answer = await client.post(url, json=RIPE, headers=reader)
    assert (answer.status_code, answer.json()["scope"]) == (403, "leads:write")
