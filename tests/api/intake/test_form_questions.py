"""Questions of a framework that a form puts to the lead itself."""

from typing import Any

import pytest
from fastapi import FastAPI

from app.repositories.ripeness.assessments import AssessmentRepository
from tests.api.intake.test_form_posts import FIELDS, make_form, only
from tests.api.intake.test_hosted_forms import Page
from tests.conftest import Client
from tests.factories.access import acting, events_of, new_user, pointers
from tests.factories.ripeness import criterion, new_assessment, published

pytestmark = pytest.mark.anyio

ADA = {"name": "Ada Lovelace", "email": "ada@example.com"}
CRITERIA = [
    criterion("buyer", weight=5, required=True),
    criterion("tools", weight=3, several=True, evidence="none"),
    criterion("pain", weight=2, kind="text", evidence="required"),
    criterion("worth", weight=1, kind="money"),
]


def ask(name: str, kind: str = "select", **told: Any) -> dict[str, Any]:
    """A field that asks for a criterion of `ours`."""
    return {
        "name": name,
        "label": f"{name}?",
        "type": kind,
        "to": f"qualification.ours.{name}",
        **told,
    }


QUESTIONS = [*FIELDS, ask("buyer"), ask("tools", "checkbox"), ask("pain", "textarea")]


@pytest.fixture
async def form(client: Client) -> dict[str, Any]:
    """A form that asks three things of `ours`."""
    await published(client, "ours", criteria=CRITERIA)
    return await make_form(client, fields=QUESTIONS)


async def send(client: Client, app: FastAPI, form: dict[str, Any], **answers: Any) -> Any:
    """The newest submission, captured."""
    answer = await client.post(f"/f/{form['token']}", data=ADA | answers)
    assert answer.status_code == 303, answer.text
    found = (await only(client, app))[-1]
    assert found["status"] == "captured"
    return found


async def standing(client: Client, lead_id: str) -> dict[str, Any]:
    """The lead's qualification in `ours`."""
    url = f"/v1/leads/{lead_id}/qualification?framework=ours"
    found: dict[str, Any] = (await client.get(url)).json()
    return found


async def test_what_the_lead_answers_becomes_an_assessment(
    client: Client, app: FastAPI, form: dict[str, Any]
) -> None:
    sent = await send(client, app, form, buyer="half", tools=["yes", "no"], pain="It leaks")
    lead = (await client.get(f"/v1/leads/{sent['lead_id']}")).json()
    [made] = (await client.get(f"/v1/leads/{lead['id']}/assessments")).json()["data"]
    assert (made["framework"], made["form_id"], made["submission_id"]) == (
        "ours",
        form["id"],
        sent["receipt_id"],
    )
    assert (made["user_id"], made["api_key_id"]) == (None, None)
    answers = made["answers"]
    assert (answers["buyer"]["answer"], answers["pain"]["answer"]) == ("half", "It leaks")
    assert answers["buyer"]["by_lead"] is True
    # The touch of the capture is what shows it, where evidence is kept at all.
    evidence = {"text": None, "touchpoint_id": sent["touchpoint_id"]}
    assert (answers["pain"]["evidence"], answers["tools"]["evidence"]) == (evidence, None)
    touch = (await client.get(f"/v1/touchpoints/{sent['touchpoint_id']}")).json()
    assert made["assessed_at"] == touch["occurred_at"]
    tools = [answers["tools"], *answers["tools"]["further"]]
    assert sorted(answer["answer"] for answer in tools) == ["no", "yes"]
    # 5 × 50 % + 3 × 100 % + 2 × 100 %, of 11
    assert (await standing(client, lead["id"]))["score"] == 68
    [event] = await events_of(client, "lead.assessed")
    assert event["data"]["submission_id"] == sent["receipt_id"]
    assert event["data"]["answers"]["pain"] == "answered"


async def test_the_default_framework_shows_on_the_lead_at_once(
    client: Client, app: FastAPI, form: dict[str, Any]
) -> None:
    await client.patch("/v1/workspace", json={"default_framework": "ours"})
    sent = await send(client, app, form, buyer="yes")
    lead = (await client.get(f"/v1/leads/{sent['lead_id']}")).json()
    assert (lead["qualification_score"], lead["version"]) == (45, 1)
    await send(client, app, form, buyer="no", note="Again")
    after = (await client.get(f"/v1/leads/{sent['lead_id']}")).json()
    assert (after["qualification_score"], after["version"]) == (0, 2)
    first, second = await events_of(client, "lead.assessed")
    assert first["data"]["score"] == {"before": None, "after": 45}
    assert second["data"]["score"] == {"before": 45, "after": 0}
    then = {"as_of": first["recorded_at"]}
    seen = (await client.get(f"/v1/leads/{sent['lead_id']}", params=then)).json()
    assert (seen["qualification_score"], seen["version"]) == (45, 1)


async def test_the_lead_can_contradict_somebody(
    client: Client, app: FastAPI, form: dict[str, Any]
) -> None:
    sent = await send(client, app, form, buyer="yes")
    client.headers.update(acting((await new_user(client))["id"]))
    answers = {"buyer": {"answer": "no"}}
    await new_assessment(client, sent["lead_id"], framework="ours", answers=answers)
    [conflict] = (await standing(client, sent["lead_id"]))["conflicts"]
    assert [answer["by_lead"] for answer in conflict["answers"]] == [False, True]


async def test_many_at_once_are_read_in_their_order(
    client: Client, app: FastAPI, form: dict[str, Any], statements: list[str]
) -> None:
    async def cost(count: int) -> int:
        for number in range(count):
            address = {"email": f"ada.{number % 3}@example.com"}
            body = ADA | address | {"buyer": ("no", "half", "yes")[number // 3 % 3]}
            body["note"] = f"{count} {number}"
            answer = await client.post(f"/f/{form['token']}", data=body)
            assert answer.status_code == 303
        statements.clear()
        await app.state.runtime.pipeline.run(client.workspace_id)
        return len(statements)

    await client.patch("/v1/workspace", json={"default_framework": "ours"})
    await cost(3)
    assert await cost(18) <= await cost(9) + 1
    leads = (await client.get("/v1/leads")).json()["data"]
    assert [lead["qualification_score"] for lead in leads] == [45, 45, 45]


async def test_a_choice_is_shown_with_the_answers_of_the_framework(
    client: Client, form: dict[str, Any]
) -> None:
    [told] = [f for f in form["fields"] if f["name"] == "buyer"]
    assert [c["value"] for c in told["choices"]] == ["yes", "half", "no"]
    page = Page((await client.get(f"/f/{form['token']}")).text)
    [select] = page.all("select")
    assert select["name"] == "buyer"
    assert [o["value"] for o in page.all("option") if o["value"]] == ["yes", "half", "no"]
    boxes = [i for i in page.all("input") if i["name"].startswith("tools")]
    assert [box["value"] for box in boxes] == ["yes", "half", "no"]


async def test_own_words_may_stand_for_some_of_the_answers(
    client: Client, app: FastAPI, form: dict[str, Any]
) -> None:
    own = [{"value": "yes", "label": "I decide"}, {"value": "unknown", "label": "No idea"}]
    made = await make_form(client, fields=[*FIELDS, ask("buyer", "radio", choices=own)])
    assert made["fields"][-1]["choices"] == own
    sent = await send(client, app, made, buyer="unknown")
    found = await standing(client, sent["lead_id"])
    assert (found["answers"]["buyer"]["answer"], found["missing"]) == ("unknown", ["buyer"])


@pytest.mark.parametrize(
    ("field", "found"),
    [
        (ask("mood"), ["/fields/3/to"]),
        (ask("buyer") | {"to": "qualification.theirs.buyer"}, ["/fields/3/to"]),
        (ask("buyer", "text") | {"to": "qualification.ours"}, ["/fields/3/to"]),
        (ask("buyer", "text"), ["/fields/3/type"]),
        (ask("buyer", "checkbox"), ["/fields/3/type"]),
        (ask("pain", "date"), ["/fields/3/type"]),
        (ask("worth", "number"), ["/fields/3/type"]),
        (
            ask("buyer", choices=[{"value": "maybe", "label": "Maybe"}]),
            ["/fields/3/choices/0/value"],
        ),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    client: Client, form: dict[str, Any], field: dict[str, Any], found: list[str]
) -> None:
    body = {"name": "Contact", "fields": [*FIELDS, field]}
    answer = await client.post("/v1/forms", json=body)
    assert (answer.status_code, pointers(answer.json())) == (422, found), answer.text
    changed = await client.patch(f"/v1/forms/{form['id']}", json={"fields": body["fields"]})
    assert (changed.status_code, pointers(changed.json())) == (422, found), changed.text


async def test_what_is_no_answer_is_noted_and_loses_nothing(
    client: Client, app: FastAPI, form: dict[str, Any]
) -> None:
    sent = await send(client, app, form, buyer="maybe", pain="It leaks")
    findings = (await client.get(f"/v1/submissions/{sent['receipt_id']}")).json()["findings"]
    assert ("not_an_answer", "buyer") in [(f["code"], f["field"]) for f in findings]
    found = await standing(client, sent["lead_id"])
    assert list(found["answers"]) == ["pain"]
    [framework] = (await client.get("/v1/frameworks")).json()["data"]
    await client.post(f"/v1/frameworks/{framework['id']}/retire")
    late = await send(client, app, form, buyer="yes", note="Late")
    findings = (await client.get(f"/v1/submissions/{late['receipt_id']}")).json()["findings"]
    assert ("not_an_answer", "buyer") in [(f["code"], f["field"]) for f in findings]


async def test_bant_can_be_asked_as_well(client: Client, app: FastAPI) -> None:
    field = ask("need") | {"to": "qualification.bant.need"}
    form = await make_form(client, fields=[*FIELDS, field])
    sent = await send(client, app, form, need="strong")
    lead = (await client.get(f"/v1/leads/{sent['lead_id']}")).json()
    assert (lead["qualification_score"], lead["qualification_completeness"]) == (20, 25)
    [made] = (await client.get(f"/v1/leads/{lead['id']}/assessments")).json()["data"]
    assert (made["answers"]["need"]["answer"], made["answers"]["budget"]) == ("strong", None)


async def test_a_trial_says_nothing_of_a_real_lead(
    client: Client, app: FastAPI, form: dict[str, Any]
) -> None:
    tried = await client.post(f"/v1/forms/{form['id']}/test", data=ADA | {"buyer": "yes"})
    assert tried.json()["answers"] == [
        {"framework": "ours", "criterion": "buyer", "values": ["yes"]}
    ]
    sent = await send(client, app, form)
    assert (await client.get(f"/v1/leads/{sent['lead_id']}/assessments")).json()["data"] == []


async def test_the_answers_are_stored_with_the_capture_or_not_at_all(
    client: Client,
    app: FastAPI,
    form: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError

    answer = await client.post(f"/f/{form['token']}", data=ADA | {"buyer": "yes"})
    assert answer.status_code == 303
    with monkeypatch.context() as patched:
        patched.setattr(AssessmentRepository, "add", fails)
        [waiting] = await only(client, app)
    assert waiting["status"] == "quarantined"
    assert (await client.get("/v1/leads")).json()["data"] == []
