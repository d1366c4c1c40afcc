"""Posts of forms, as browsers send them with and without JavaScript."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.repositories.unit_of_work import UnitOfWork
from tests.conftest import Client
from tests.factories.intake import captured

pytestmark = pytest.mark.anyio

FIELDS = [
    {"name": "name", "label": "Your name", "type": "text", "required": True, "to": "full_name"},
    {"name": "email", "label": "E-mail", "type": "email", "required": True, "to": "email"},
    {"name": "note", "label": "Note", "type": "textarea", "to": "description"},
]
ANSWERS = {"name": "Ada Lovelace", "email": "ada@example.com", "note": "Zwei Stück, bitte: ☎"}


@pytest.fixture
async def form(client: Client) -> dict[str, Any]:
    """A form with a page of its own to go to."""
    return await make_form(client)


async def make_form(client: Client, **more: Any) -> dict[str, Any]:
    """A form with these settings."""
    body = {
        "name": "Contact",
        "fields": FIELDS,
        "protection": {"min_seconds": 0},
        **more,
    }
    answer = await client.post("/v1/forms", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def only(client: Client, app: FastAPI) -> list[dict[str, Any]]:
    """Every submission of the workspace, oldest first, after the pipeline was at it."""
    await app.state.runtime.pipeline.run(client.workspace_id)
    answer = await client.get("/v1/submissions?sort=received_at")
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def test_a_plain_post_goes_to_the_forms_page_and_becomes_a_lead(
    client: Client, app: FastAPI
) -> None:
    form = await make_form(
        client,
        allowed_origins=["https://www.example.com"],
        success={"redirect_url": "https://www.example.com/thanks"},
    )
    answer = await client.post(f"/f/{form['token']}", data=ANSWERS)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == "https://www.example.com/thanks"
    [found] = await only(client, app)
    assert (found["status"], found["kind"], found["form_id"]) == ("captured", "form", form["id"])
    lead = (await client.get(f"/v1/leads/{found['lead_id']}")).json()
    assert (lead["full_name"], lead["description"]) == (ANSWERS["name"], ANSWERS["note"])


async def test_multipart_and_no_page_of_its_own(
    client: Client, app: FastAPI, form: dict[str, Any]
) -> None:
    parts = {name: (None, value) for name, value in ANSWERS.items()}
    answer = await client.post(f"/f/{form['token']}", files=parts)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/f/{form['token']}/sent")
    page = await client.get(answer.headers["location"])
    assert page.status_code == 200
    assert "Thank you" in page.text
    [found] = await only(client, app)
    assert found["status"] == "captured"


async def test_the_script_gets_json(client: Client, app: FastAPI, form: dict[str, Any]) -> None:
    body = {"fields": ANSWERS, "context": {"visitor_id": "visitor-0001", "utm": {"source": "x"}}}
    answer = await client.post(f"/f/{form['token']}", json=body)
    assert answer.status_code == 202
    assert set(answer.json()) == {"receipt_id", "status", "message", "redirect_url"}
    found = await captured(app, client, answer.json()["receipt_id"])
    assert found["status"] == "captured"


async def test_what_is_missing_is_said_and_what_was_sent_is_kept(
    client: Client, app: FastAPI, form: dict[str, Any]
) -> None:
    told = await client.post(f"/f/{form['token']}", json={"fields": {"name": "Ada <b>"}})
    assert told.status_code == 422
    assert told.json()["errors"][0]["pointer"] == "/fields/email"
    shown = await client.post(f"/f/{form['token']}", data={"name": "Ada <b>"})
    assert shown.status_code == 422
    assert "Ada &lt;b&gt;" in shown.text
    found = await only(client, app)
    assert [f["status"] for f in found] == ["held", "held"]
    assert found[0]["receipt_id"] == told.json()["receipt_id"]
    assert found[0]["findings"][0]["field"] == "email"


async def test_a_double_click_is_two_submissions_one_lead_one_touch(
    client: Client, app: FastAPI, form: dict[str, Any]
) -> None:
    for _ in range(3):
        await client.post(f"/f/{form['token']}", data=ANSWERS)
    first, *others = await only(client, app)
    assert first["outcome"] == "created"
    assert {o["duplicate_of"] for o in others} == {first["receipt_id"]}
    assert {o["lead_id"] for o in others} == {first["lead_id"]}
    lead = (await client.get(f"/v1/leads/{first['lead_id']}")).json()
    assert lead["touch_count"] == 1


async def test_a_made_up_form_is_not_found(client: Client, form: dict[str, Any]) -> None:
    token = form["token"]
    other = token[:-1] + ("A" if token[-1] != "A" else "B")
    for wrong in (other, "x", token + "A", token[:-4]):
        assert (await client.post(f"/f/{wrong}", data=ANSWERS)).status_code == 404


async def test_a_filled_trap_waits_and_the_answer_does_not_tell(
    client: Client, app: FastAPI
) -> None:
    form = await make_form(client, protection={"min_seconds": 0, "honeypot": "website_2"})
    for n in range(20):
        told = ANSWERS | {"email": f"{n}@example.com", "website_2": "https://spam.example"}
        assert (await client.post(f"/f/{form['token']}", data=told)).status_code == 303
    found = await only(client, app)
    assert [f["status"] for f in found] == ["held"] * 20
    assert found[0]["findings"][0]["code"] == "honeypot_filled"


async def test_consent_is_on_record_with_its_words(client: Client, app: FastAPI) -> None:
    text = "Send me news, at most once a month."
    consent = {"purpose": "newsletter", "version": "2026-01", "text": text}
    form = await make_form(client, consents=[consent])
    await client.post(f"/f/{form['token']}", data=ANSWERS | {"tl_consent_newsletter": "1"})
    await only(client, app)
    events = (await client.get("/v1/events?types=consent.recorded")).json()
    if not events["data"]:
        from app.services.reach.events import EventService  # noqa: PLC0415

        async with UnitOfWork(app.state.runtime.database, client.caller) as uow:
            await EventService(uow).place()
        events = (await client.get("/v1/events?types=consent.recorded")).json()
    [event] = events["data"]
    assert event["data"]["text"] == text
    assert event["data"]["granted"] is True


@pytest.mark.parametrize("key", ["", "  ", "\u043a\u043b\u044e\u0447", "k" * 300, "a\x00b"])
async def test_a_key_that_is_none_costs_no_lead(
    client: Client, app: FastAPI, form: dict[str, Any], key: str
) -> None:
    answer = await client.post(f"/f/{form['token']}", data=ANSWERS | {"tl_key": key})
    assert answer.status_code == 303, answer.text
    [found] = await only(client, app)
    assert found["status"] == "captured"


async def test_the_query_of_the_address_is_part_of_what_was_sent(
    client: Client, app: FastAPI, form: dict[str, Any]
) -> None:
    await client.post(f"/f/{form['token']}?utm_source=fair&gclid=Cj0", data=ANSWERS)
    [found] = await only(client, app)
    async with UnitOfWork(app.state.runtime.database, client.caller) as uow:
        touch = await uow.touchpoints.get(UUID(found["touchpoint_id"]))
    assert touch.utm == {"source": "fair"}
    assert touch.click_ids == {"gclid": "Cj0"}


class TestRepeatsOfWhatWaits:
    @pytest.fixture
    async def trap(self, client: Client) -> str:
        made = await make_form(client, protection={"min_seconds": 0, "honeypot": "website_2"})
        return f"/f/{made['token']}"

    async def test_released_all_of_them_follow(
        self, client: Client, app: FastAPI, trap: str
    ) -> None:
        for _ in range(3):
            await client.post(trap, data=ANSWERS | {"website_2": "x"})
        first, *repeats = await only(client, app)
        assert [each["status"] for each in (first, *repeats)] == ["held"] * 3
        await client.post(f"/v1/submissions/{first['receipt_id']}/release", json={})
        found = await only(client, app)
        assert [each["status"] for each in found] == ["captured"] * 3
        assert [each["outcome"] for each in found] == ["created", "matched", "matched"]
        lead = (await client.get(f"/v1/leads/{found[0]['lead_id']}")).json()
        assert lead["touch_count"] == 1

    async def test_rejected_the_next_is_as_well_and_can_be_released(
        self, client: Client, app: FastAPI, trap: str
    ) -> None:
        await client.post(trap, data=ANSWERS | {"website_2": "x"})
        [first] = await only(client, app)
        await client.post(f"/v1/submissions/{first['receipt_id']}/reject", json={})
        await client.post(trap, data=ANSWERS | {"website_2": "x"})
        _, second = await only(client, app)
        assert (second["status"], second["duplicate_of"]) == ("rejected", first["receipt_id"])
        await client.post(f"/v1/submissions/{second['receipt_id']}/release", json={})
        assert [each["status"] for each in await only(client, app)] == ["rejected", "captured"]
