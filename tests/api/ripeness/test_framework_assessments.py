"""Assessments in any framework: conflicts, expiry, several answers, evidence, what to ask next."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from app.platform import clock
from tests.api.ripeness.test_assessments import new_lead
from tests.conftest import Client
from tests.factories.access import acting, events_of, new_user, pointers
from tests.factories.ripeness import RIPE, criterion, new_assessment, published

pytestmark = [pytest.mark.anyio, pytest.mark.smoke]

BUYER = criterion("buyer", weight=50, required=True)
CHAMPION = criterion("champion", weight=30, several=True)
WORDS = criterion("pain", kind="text", weight=20, evidence="required", expires_after_days=30)
CRITERIA = [CHAMPION, BUYER, WORDS]


@pytest.fixture
async def lead_id(client: Client) -> str:
    """A lead in a workspace with the framework `ours` in force."""
    await published(client, "ours", criteria=CRITERIA)
    return await new_lead(client)


async def say(client: Client, lead_id: str, **told: Any) -> dict[str, Any]:
    """What a user found out, and the qualification since; `by` and `at` say who and when."""
    headers = acting(told.pop("by")) if "by" in told else {}
    body = {"framework": "ours", "answers": told}
    if "at" in told:
        body["assessed_at"] = told.pop("at")
    url = f"/v1/leads/{lead_id}/assessments"
    answer = await client.post(url, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["qualification"]
    assert found == await standing(client, lead_id)
    return found


async def standing(client: Client, lead_id: str) -> dict[str, Any]:
    """The qualification in `ours`."""
    url = f"/v1/leads/{lead_id}/qualification"
    answer = await client.get(url, params={"framework": "ours"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_everything_told_is_read_again(client: Client, lead_id: str) -> None:
    user = await new_user(client)
    told: dict[str, Any] = {
        "framework": "ours",
        "answers": {
            "buyer": {
                "answer": "half",
                "detail": "Ada Lovelace",
                "confidence": 80,
                "evidence": {"text": "“She signs.”", "touchpoint_id": None},
                "settles": True,
            },
            "champion": {"answer": "yes", "detail": "Bo", "further": [{"answer": "half"}]},
        },
        "note": "Call",
        "assessed_at": "2026-03-02T09:30:00Z",
    }
    url = f"/v1/leads/{lead_id}/assessments"
    answer = await client.post(url, json=told, headers=acting(user["id"]))
    assert answer.status_code == 201, answer.text
    made = answer.json()["assessment"]
    assert set(made["answers"]) == {"buyer", "champion"}
    buyer = made["answers"]["buyer"]
    assert {name: buyer[name] for name in told["answers"]["buyer"]} == told["answers"]["buyer"]
    assert (buyer["answered_by"], buyer["by_lead"], buyer["further"]) == (user["id"], False, [])
    champion = made["answers"]["champion"]
    assert (champion["detail"], [a["answer"] for a in champion["further"]]) == ("Bo", ["half"])
    assert (made["framework"], made["form_id"]) == ("ours", None)
    assert (await client.get(url)).json()["data"] == [made]
    # 50 × 50 % × 80 % + 30 × 100 %
    found = answer.json()["qualification"]
    assert (found["score"], found["completeness"], found["framework_number"]) == (50, 80, 1)


async def test_only_the_default_shows_on_the_lead(client: Client, lead_id: str) -> None:
    before = (await client.get(f"/v1/leads/{lead_id}")).json()
    await say(client, lead_id, buyer={"answer": "yes"})
    assert (await client.get(f"/v1/leads/{lead_id}")).json() == before
    [told] = await events_of(client, "lead.assessed")
    assert told["data"]["answers"] == {"buyer": "yes"}
    assert told["data"]["verdict"]["score"] == {"before": 0, "after": 50}
    assert "score" not in told["data"]
    await client.patch("/v1/workspace", json={"default_framework": "ours"})
    await say(client, lead_id, champion={"answer": "yes"})
    lead = (await client.get(f"/v1/leads/{lead_id}")).json()
    assert (lead["qualification_score"], lead["version"]) == (80, before["version"] + 1)
    shown = (await client.get(f"/v1/leads/{lead_id}/qualification")).json()
    assert (shown["framework"], shown["score"]) == ("ours", 80)
    # BANT is asked as before; the lead shows it no longer.
    made = await new_assessment(client, lead_id, **RIPE)
    assert made["qualification"]["framework"] == "bant"
    assert (await client.get(f"/v1/leads/{lead_id}")).json() == lead


async def test_qualifying_rests_on_the_default(client: Client, lead_id: str) -> None:
    await client.patch("/v1/workspace", json={"default_framework": "ours"})
    await new_assessment(client, lead_id, **RIPE)
    refused = await client.post(f"/v1/leads/{lead_id}/qualify")
    assert (refused.status_code, refused.json()["missing"]) == (409, ["buyer"])
    await say(client, lead_id, buyer={"answer": "yes"}, champion={"answer": "yes"})
    assert (await client.post(f"/v1/leads/{lead_id}/qualify")).status_code == 200


async def test_two_people_who_contradict_each_other_are_told(client: Client, lead_id: str) -> None:
    ada, bo = (await new_user(client))["id"], (await new_user(client))["id"]
    await say(client, lead_id, by=ada, buyer={"answer": "yes", "detail": "Grace Hopper"})
    same = await say(client, lead_id, by=bo, buyer={"answer": "yes", "detail": " grace  hopper"})
    assert same["conflicts"] == []
    found = await say(client, lead_id, by=bo, buyer={"answer": "yes", "detail": "Mary Shaw"})
    [conflict] = found["conflicts"]
    assert conflict["criterion"] == "buyer"
    assert [(a["detail"], a["answered_by"]) for a in conflict["answers"]] == [
        ("Mary Shaw", bo),
        ("Grace Hopper", ada),
    ]
    assert found["next_questions"][0]["criterion"] == "buyer"
    assert found["next_questions"][0]["reason"] == "conflict"
    # Who answers anew what he said himself contradicts nobody; who settles it ends it.
    again = await say(client, lead_id, by=ada, buyer={"answer": "half"})
    assert len(again["conflicts"]) == 1
    settled = await say(client, lead_id, by=ada, buyer={"answer": "half", "settles": True})
    assert settled["conflicts"] == []
    assert len((await say(client, lead_id, by=bo, buyer={"answer": "no"}))["conflicts"]) == 1


async def test_champions_stand_side_by_side(client: Client, lead_id: str) -> None:
    ada, bo = (await new_user(client))["id"], (await new_user(client))["id"]
    await say(client, lead_id, by=ada, champion={"answer": "half", "detail": "Ann"})
    found = await say(client, lead_id, by=bo, champion={"answer": "yes", "detail": "Bob"})
    assert found["conflicts"] == []
    champion = found["answers"]["champion"]
    assert (champion["detail"], [a["detail"] for a in champion["further"]]) == ("Bob", ["Ann"])
    assert found["score"] == 30
    lost = await say(client, lead_id, champion={"answer": "unknown", "detail": "bob"})
    assert (lost["answers"]["champion"]["detail"], lost["score"]) == ("Ann", 15)
    none = await say(client, lead_id, champion={"answer": "unknown"})
    assert none["score"] == 0
    assert "champion" in [question["criterion"] for question in none["next_questions"]]


async def test_an_answer_expires(client: Client, lead_id: str) -> None:
    pain = {"answer": "It leaks", "evidence": {"text": "Saw it"}}
    old = (clock.now() - timedelta(days=29)).isoformat()
    assert (await say(client, lead_id, at=old, pain=pain))["score"] == 20
    with time_machine.travel(clock.now() + timedelta(days=2), tick=True):
        found = await standing(client, lead_id)
        assert (found["score"], found["completeness"]) == (0, 0)
        assert [each["criterion"] for each in found["expired"]] == ["pain"]
        reasons = {q["criterion"]: q["reason"] for q in found["next_questions"]}
        assert reasons == {"buyer": "unknown", "champion": "unknown", "pain": "expired"}
        assert found["answers"]["pain"]["answer"] == "It leaks"
        assert (await say(client, lead_id, pain=pain))["expired"] == []


async def test_the_weightiest_is_asked_first_with_its_answers(client: Client, lead_id: str) -> None:
    found = await standing(client, lead_id)
    assert [q["criterion"] for q in found["next_questions"]] == ["buyer", "champion", "pain"]
    first = found["next_questions"][0]
    assert (first["question"], first["required"]) == ("What about buyer?", True)
    assert [answer["value"] for answer in first["answers"]] == ["yes", "half", "no"]
    assert found["missing"] == ["buyer"]
    assert found["answers"] == {}


SEEN = {"text": "Saw it"}
REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"answers": {"buyer": {"answer": "maybe"}}}, ["/answers/buyer/answer"]),
    ({"answers": {"mood": {"answer": "yes"}}}, ["/answers/mood"]),
    ({"answers": {"pain": {"answer": "It leaks"}}}, ["/answers/pain/evidence"]),
    ({"answers": {"pain": {"answer": " ", "evidence": SEEN}}}, ["/answers/pain/answer"]),
    ({"answers": {"buyer": {"answer": "yes", "amount_minor": 5}}}, ["/answers/buyer/currency",
                                                                    "/answers/buyer/amount_minor"]),
    (
        {"answers": {"buyer": {"answer": "yes", "further": [{"answer": "no"}]}}},
        ["/answers/buyer/further/0"],
    ),
    (
        {"answers": {"champion": {"answer": "yes", "further": [{"answer": "x"}]}}},
        ["/answers/champion/further/0/answer"],
    ),
    ({"need": {"answer": "strong"}}, ["/need"]),
    ({"answers": {}}, ["/"]),
    ({"answers": {"buyer": {"answer": "yes"}}, "need": {"answer": "strong"}}, ["/"]),
    ({"framework": "bant", "answers": {"mood": {"answer": "yes"}}}, ["/answers/mood"]),
    ({"framework": "theirs", "answers": {"buyer": {"answer": "yes"}}}, ["/framework"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "found"), REFUSED)
async def test_a_bad_assessment_is_refused(
    client: Client, lead_id: str, body: dict[str, Any], found: list[str]
) -> None:
    url = f"/v1/leads/{lead_id}/assessments"
    answer = await client.post(url, json={"framework": "ours"} | body)
    assert (answer.status_code, pointers(answer.json())) == (422, found), answer.text
    assert (await client.get(url)).json()["data"] == []


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("number", {"answer": 12.5}, {"answer": "many"}),
        ("number", {"answer": "-3"}, {"answer": "3 or 4"}),
        ("date", {"answer": "2026-05-31"}, {"answer": "in May"}),
        ("money", {"amount_minor": 500, "currency": "EUR"}, {"answer": "a lot"}),
    ],
)
async def test_free_answers_are_of_their_kind(
    client: Client, kind: str, good: dict[str, Any], bad: dict[str, Any]
) -> None:
    await published(client, "ours", criteria=[criterion("it", kind=kind)])
    lead_id = await new_lead(client)
    url = f"/v1/leads/{lead_id}/assessments"
    refused = await client.post(url, json={"framework": "ours", "answers": {"it": bad}})
    assert refused.status_code == 422, refused.text
    found = await say(client, lead_id, it=good)
    assert (found["score"], found["outcome"]) == (100, "qualified")
    assert (await say(client, lead_id, it={"answer": "unknown"}))["completeness"] == 0


async def test_bant_can_be_answered_like_any_other(client: Client) -> None:
    lead_id = await new_lead(client)
    answers = {name: {"answer": told["answer"]} for name, told in RIPE.items()}
    made = await new_assessment(client, lead_id, framework="bant", answers=answers)
    assert made["qualification"]["outcome"] == "qualified"
    assert set(made["assessment"]["answers"]) == set(RIPE)


async def test_another_version_weighs_what_was_answered(client: Client, lead_id: str) -> None:
    await say(client, lead_id, buyer={"answer": "half"}, champion={"answer": "yes"})
    first = (await client.get("/v1/frameworks")).json()["data"][0]
    draft = (await client.post(f"/v1/frameworks/{first['id']}/draft")).json()
    only = [{"value": "yes", "label": "Yes", "points": 10}]
    criteria = [criterion("buyer", answers=only), criterion("champion", answers=only)]
    url = f"/v1/frameworks/{draft['id']}"
    assert (await client.patch(url, json={"criteria": criteria})).status_code == 200
    await client.post(f"{url}/publish")
    found = await standing(client, lead_id)
    # `half` is no answer any more, and is asked anew.
    assert (found["score"], found["completeness"], found["framework_number"]) == (5, 50, 2)
    assert [q["criterion"] for q in found["next_questions"]] == ["buyer"]


async def test_a_framework_nobody_published_has_no_verdict(client: Client, lead_id: str) -> None:
    url = f"/v1/leads/{lead_id}/qualification"
    for key in ("theirs", "Not-a-key"):
        answer = await client.get(url, params={"framework": key})
        assert (answer.status_code, pointers(answer.json())) == (422, ["framework"])


async def test_a_merge_brings_answers_and_their_conflicts_and_undoing_takes_them_back(
    client: Client, lead_id: str
) -> None:
    await client.patch("/v1/workspace", json={"default_framework": "ours"})
    ada, bo = (await new_user(client))["id"], (await new_user(client))["id"]
    loser_id = await new_lead(client)
    await say(client, lead_id, by=ada, buyer={"answer": "half"})
    await say(client, loser_id, by=bo, buyer={"answer": "yes"}, champion={"answer": "yes"})
    merge = await client.post(f"/v1/leads/{lead_id}/merge", json={"loser_id": loser_id})
    assert merge.status_code in (200, 201), merge.text
    found = await standing(client, lead_id)
    assert (found["score"], [c["criterion"] for c in found["conflicts"]]) == (80, ["buyer"])
    lead = (await client.get(f"/v1/leads/{lead_id}")).json()
    assert lead["qualification_score"] == 80
    undone = await client.post(f"/v1/merges/{merge.json()['id']}/undo")
    assert undone.status_code in (200, 201), undone.text
    assert (await standing(client, lead_id))["score"] == 25
    assert (await standing(client, loser_id))["score"] == 80
    lead = (await client.get(f"/v1/leads/{lead_id}")).json()
    assert lead["qualification_score"] == 25
