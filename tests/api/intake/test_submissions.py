"""Submissions: stored as they came, captured once, followed by their receipts."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.domain.access.api_keys import KeyKind
from app.domain.errors import LostRace, Unavailable
from app.domain.intake.submissions import Delivery
from app.platform.db import Database
from app.platform.secrets import Secrets
from app.services.access.provisioning import add_api_key
from tests.conftest import SECRET, Client
from tests.factories.intake import captured, submit

pytestmark = pytest.mark.anyio

ADA = {"full_name": "Ada Lovelace", "email": "ada@example.com", "company": "Engines Ltd"}


@pytest.fixture
async def public(app: FastAPI, client: Client, owner_database: Database) -> dict[str, str]:
    """The headers of a web page of the same workspace."""
    key = await add_api_key(
        owner_database, Secrets(SECRET), client.workspace_id, "page", KeyKind.PUBLISHABLE
    )
    return {"Authorization": f"Bearer {key}"}


class TestSend:
    async def test_a_submission_becomes_a_lead(self, client: Client, app: FastAPI) -> None:
        answer = await submit(client, ADA, context={"utm": {"source": "google", "medium": "cpc"}})
        assert answer.status_code == 202, answer.text
        assert answer.json()["status"] == "received"
        assert answer.headers["access-control-allow-origin"] == "*"
        found = await captured(app, client, answer.json()["receipt_id"])
        assert (found["status"], found["outcome"]) == ("captured", "created")
        lead = (await client.get(f"/v1/leads/{found['lead_id']}")).json()
        assert (lead["email"], lead["full_name"]) == ("ada@example.com", "Ada Lovelace")
        timeline = (await client.get(f"/v1/leads/{found['lead_id']}/timeline")).json()["data"]
        touch = next(e for e in timeline if e["id"] == found["touchpoint_id"])
        assert touch["kind"] == "form_submitted"

    async def test_a_known_person_stays_one_lead_and_keeps_what_was_known(
        self, client: Client, app: FastAPI
    ) -> None:
        first = await captured(app, client, (await submit(client, ADA)).json()["receipt_id"])
        again = {"full_name": "A. Lovelace", "email": "ADA@example.com"}
        again |= {"phone": "+44 20 7946 0018"}
        second = await captured(app, client, (await submit(client, again)).json()["receipt_id"])
        assert second["outcome"] == "matched"
        assert second["lead_id"] == first["lead_id"]
        lead = (await client.get(f"/v1/leads/{first['lead_id']}")).json()
        assert (lead["full_name"], lead["phone"]) == ("Ada Lovelace", "+44 20 7946 0018")
        assert lead["touch_count"] == 2

    async def test_the_bytes_stay_as_they_came(self, client: Client) -> None:
        raw = b'\xef\xbb\xbf {"fields" : {"email":"ada@example.com", "full_name":"\\u00c5da"}}\n'
        answer = await client.post(
            "/v1/submissions", content=raw, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 202, answer.text
        kept = await client.get(f"/v1/submissions/{answer.json()['receipt_id']}/raw")
        assert kept.content == raw

    async def test_waiting_gives_the_outcome_itself(self, client: Client) -> None:
        made = await submit(client, ADA, query="?wait=true")
        assert made.status_code == 201, made.text
        known = await submit(client, ADA, query="?wait=true")
        assert known.status_code == 200
        assert known.json()["lead_id"] == made.json()["lead_id"]

    async def test_a_repeated_wait_says_so(self, client: Client) -> None:
        key = {"Idempotency-Key": "k-wait"}
        answers = [await submit(client, ADA, query="?wait=true", headers=key) for _ in range(2)]
        assert [a.status_code for a in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        assert ["idempotency-replayed" in a.headers for a in answers] == [False, True]

    @pytest.mark.parametrize("error", [LostRace("again"), Unavailable("down"), KeyError("x")])
    async def test_what_is_safe_is_never_answered_with_an_error(
        self, client: Client, app: FastAPI, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        async def fails(*_: Any) -> Any:
            raise error

        monkeypatch.setattr(app.state.runtime.pipeline, "run_one", fails)
        answer = await submit(client, ADA, query="?wait=true")
        assert answer.status_code == 202, answer.text
        receipt_id = answer.json()["receipt_id"]
        assert answer.headers["location"] == f"/v1/submissions/{receipt_id}"
        assert (await captured(app, client, receipt_id))["status"] == "captured"

    async def test_waiting_for_one_in_quarantine_gives_the_receipt(
        self, client: Client, app: FastAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reception = app.state.runtime.reception
        accept = reception.accept

        async def poisoned(delivery: Delivery) -> Any:
            return await accept(replace(delivery, content_type="\x00"))

        monkeypatch.setattr(reception, "accept", poisoned)
        answer = await submit(client, ADA, query="?wait=true")
        assert (answer.status_code, answer.json()["status"]) == (202, "quarantined")

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"fields": {}}, "/fields"),
            ({"fields": {"email": "  "}}, "/fields"),
            ({"fields": {"full_name": "A", "owner_id": "x"}}, "/fields/owner_id"),
            ({"fields": {"full_name": "x" * 501}}, "/fields/full_name"),
            ({"fields": {"full_name": "A"}, "status": "qualified"}, "/status"),
            ({"fields": {"full_name": "A"}, "context": {"utm": {"source": 1}}}, "/context/utm/..."),
            ({"fields": {"full_name": "A", "custom": 1}}, "/fields/custom"),
            ({"fields": {"full_name": "A"}, "consents": {"news": True}}, "/consents"),
            ({"email": "a@example.com"}, "/email"),
        ],
    )
    async def test_what_does_not_fit_is_named(
        self, client: Client, body: dict[str, Any], pointer: str
    ) -> None:
        answer = await client.post("/v1/submissions", json=body)
        assert answer.status_code == 422, answer.text
        assert pointer in [e.get("pointer") for e in answer.json()["errors"]], answer.text
        assert answer.headers["access-control-allow-origin"] == "*"


class TestIdempotency:
    async def test_64_at_once_with_one_key_are_one_submission(
        self, client: Client, app: FastAPI
    ) -> None:
        answers = await asyncio.gather(
            *(submit(client, ADA, headers={"Idempotency-Key": "k-1"}) for _ in range(64))
        )
        assert {a.status_code for a in answers} == {202}
        receipts = {a.json()["receipt_id"] for a in answers}
        assert len(receipts) == 1
        assert sum("idempotency-replayed" in a.headers for a in answers) == 63
        await captured(app, client, receipts.pop())
        listed = (await client.get("/v1/submissions")).json()["data"]
        assert len(listed) == 1

    async def test_a_key_with_another_body_is_refused(self, client: Client) -> None:
        key = {"Idempotency-Key": "k-2"}
        assert (await submit(client, ADA, headers=key)).status_code == 202
        other = await submit(client, ADA | {"company": "Another"}, headers=key)
        assert other.status_code == 422
        assert other.json()["code"] == "idempotency_key_reused"

    async def test_50_submissions_of_one_new_person_make_one_lead(
        self, client: Client, app: FastAPI
    ) -> None:
        answers = await asyncio.gather(
            *(submit(client, ADA | {"company": f"Company {n}"}) for n in range(50))
        )
        found = [await captured(app, client, a.json()["receipt_id"]) for a in answers]
        assert len({f["lead_id"] for f in found}) == 1
        assert sorted(f["outcome"] for f in found) == ["created"] + ["matched"] * 49
        lead = (await client.get(f"/v1/leads/{found[0]['lead_id']}")).json()
        assert lead["touch_count"] == 50


class TestPublishableKeys:
    async def test_the_answer_is_the_same_for_known_and_unknown(
        self, client: Client, app: FastAPI, public: dict[str, str]
    ) -> None:
        known = await submit(client, ADA)
        await captured(app, client, known.json()["receipt_id"])
        answers = [
            await submit(client, {**ADA, "email": email}, headers=public)
            for email in ("ada@example.com", "nobody@example.com")
        ]
        shapes = [
            (a.status_code, sorted(a.json()), sorted(a.headers), a.json()["status"])
            for a in answers
        ]
        assert shapes[0] == shapes[1]

    async def test_it_may_ask_where_its_own_stands_and_nothing_more(
        self, client: Client, app: FastAPI, public: dict[str, str]
    ) -> None:
        receipt = (await submit(client, ADA, headers=public)).json()["receipt_id"]
        await captured(app, client, receipt)
        standing = await client.get(f"/v1/submissions/{receipt}/status", headers=public)
        assert set(standing.json()) == {"receipt_id", "status", "received_at"}
        for path in (f"/v1/submissions/{receipt}", "/v1/submissions", "/v1/leads"):
            assert (await client.get(path, headers=public)).status_code == 403

    async def test_it_cannot_wait_or_write_to_a_customers_record(
        self, client: Client, public: dict[str, str]
    ) -> None:
        assert (await submit(client, ADA, query="?wait=true", headers=public)).status_code == 403
        reference = [{"system": "shop", "external_id": "7"}]
        refused = await submit(client, ADA, headers=public, external_references=reference)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/external_references"

    async def test_a_revoked_or_made_up_key_is_refused(
        self, client: Client, public: dict[str, str]
    ) -> None:
        keys = (await client.get("/v1/api-keys")).json()["data"]
        key_id = next(key["id"] for key in keys if key["kind"] == "publishable")
        assert (await submit(client, ADA, headers=public)).status_code == 202
        await client.post(f"/v1/api-keys/{key_id}/revoke")
        assert (await submit(client, ADA, headers=public)).status_code == 401
        text = public["Authorization"]
        forged = {"Authorization": text[:-1] + ("0" if text[-1] != "0" else "1")}
        assert (await submit(client, ADA, headers=forged)).status_code == 401


class TestHeld:
    async def test_release_and_reject(
        self, client: Client, app: FastAPI, public: dict[str, str]
    ) -> None:
        odd = {"full_name": "Win http://prize.example now", "email": "a@example.com"}
        first, second = [
            (await submit(client, odd, headers=public)).json()["receipt_id"] for _ in range(2)
        ]
        found = await captured(app, client, first)
        assert found["status"] == "held"
        assert found["findings"][0]["code"] == "link_in_name"
        await captured(app, client, second)
        listed = (await client.get("/v1/submissions?status=held")).json()["data"]
        assert {entry["receipt_id"] for entry in listed} == {first, second}
        released = await client.post(f"/v1/submissions/{first}/release", json={"note": "a joker"})
        assert released.status_code == 200, released.text
        assert (await captured(app, client, first))["status"] == "captured"
        assert (await client.post(f"/v1/submissions/{first}/release", json={})).status_code == 409
        rejected = await client.post(f"/v1/submissions/{second}/reject", json={})
        assert rejected.json()["status"] == "rejected"
        assert (await client.get("/v1/leads")).json()["data"][0]["email"] == "a@example.com"


class TestConservation:
    async def test_a_row_taken_away_by_hand_is_noticed(
        self, client: Client, app: FastAPI, owner_database: Database
    ) -> None:
        receipts = [
            (await submit(client, {**ADA, "email": f"{n}@example.com"})).json()["receipt_id"]
            for n in range(3)
        ]
        assert (await client.get("/v1/intake/audit")).json()["difference"] == 0
        async with owner_database.connection() as connection, connection.transaction():
            await connection.execute(f"SET LOCAL app.workspace_id = '{client.workspace_id}'")
            await connection.execute(
                "DELETE FROM submissions WHERE workspace_id = $1 AND id = $2",
                client.workspace_id,
                UUID(receipts[0]),
            )
        told = (await client.get("/v1/intake/audit")).json()
        assert (told["issued"], told["stored"], told["difference"]) == (3, 2, -1)
        balance = await app.state.runtime.audit.check(client.workspace_id)
        assert sum(balance.differences.values()) == -1
