"""Capture of sets: who is one person, what is refused, and what the journal says of it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.domain.intake.capture import Candidate, Captured, OnDuplicate, Outcome, Refused
from app.domain.leads.identities import Identity, IdentityKind, IdentitySource
from app.domain.reach.events import Cause, CauseKind
from app.domain.record.touchpoints import NewTouchpoint
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.fields import FieldReader
from app.services.intake.set_capture import Result, SetCapture
from tests.conftest import Client
from tests.factories.intake import captured, submit

pytestmark = pytest.mark.anyio

ADA = {"full_name": "Ada Lovelace"}
BOB = {"full_name": "Bob Smith"}
EMAIL = {"email": "ada@acme.example"}
INFO = {"email": "info@acme.example"}
PHONE = {"phone": "+44 20 7946 0018"}


def candidate(fields: dict[str, Any], **more: Any) -> Candidate:
    """Somebody who may become a lead."""
    told: dict[str, Any] = {"on_duplicate": OnDuplicate.ENRICH} | more
    return Candidate(fields=fields, **told)


def reference(external_id: str, system: str = "shop") -> Identity:
    """An id in another system."""
    return Identity(IdentityKind.EXTERNAL, external_id, system)


async def capture(client: Client, app: FastAPI, *candidates: Candidate) -> list[Result]:
    """What becomes of a set."""
    async with UnitOfWork(app.state.runtime.database, client.caller) as uow:
        fields = await FieldReader.for_workspace(uow, candidates)
        return await SetCapture(uow, fields).capture(candidates)


async def leads_of(client: Client, app: FastAPI, *candidates: Candidate) -> list[UUID]:
    """The leads that a set becomes."""
    results = await capture(client, app, *candidates)
    return [result.lead.id for result in results if isinstance(result, Captured)]


async def shown(client: Client, lead_id: UUID) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.get(f"/v1/leads/{lead_id}")).json()
    return answer


async def keys(client: Client, lead_id: UUID) -> dict[str, bool]:
    """The keys of a lead, and whether they are shared."""
    found = (await client.get(f"/v1/leads/{lead_id}/identities")).json()["data"]
    return {each["value"]: each["shared"] for each in found}


async def told_of(client: Client, lead_id: UUID) -> list[tuple[str, dict[str, Any]]]:
    """The journal of a lead."""
    feed = (await client.get("/v1/events", params={"limit": 200})).json()["data"]
    return [(e["type"], e["data"]) for e in feed if e["lead_id"] == str(lead_id)]


@pytest.mark.parametrize("together", [True, False])
class TestWhoIsOnePerson:
    """The same in one set and in one after the other."""

    async def leads(
        self, client: Client, app: FastAPI, together: bool, *fields: dict[str, Any]
    ) -> list[UUID]:
        candidates = [candidate(each) for each in fields]
        if together:
            return await leads_of(client, app, *candidates)
        return [lead for each in candidates for lead in await leads_of(client, app, each)]

    async def test_a_role_address_needs_a_name(
        self, client: Client, app: FastAPI, together: bool
    ) -> None:
        ada, bob, again = await self.leads(
            client, app, together, ADA | INFO, BOB | INFO, {"last_name": "Lovelace"} | INFO
        )
        assert (ada == again, ada == bob) == (True, False)
        assert await keys(client, ada) == await keys(client, bob) == {"info@acme.example": True}

    async def test_a_number_needs_a_name(
        self, client: Client, app: FastAPI, together: bool
    ) -> None:
        ada, again, bob, third = await self.leads(
            client, app, together, ADA | EMAIL | PHONE, ADA | PHONE, BOB | PHONE, BOB | PHONE
        )
        assert ada == again != bob == third
        assert await keys(client, ada) == {"ada@acme.example": False, "+442079460018": True}
        assert await keys(client, bob) == {"+442079460018": True}

    async def test_another_address_is_a_further_key(
        self, client: Client, app: FastAPI, together: bool
    ) -> None:
        second = {"email": "countess@free.example"}
        ada, again, third = await self.leads(
            client, app, together, ADA | EMAIL | PHONE, ADA | second | PHONE, second
        )
        assert ada == again == third
        assert set(await keys(client, ada)) == {
            "ada@acme.example",
            "countess@free.example",
            "+442079460018",
        }
        assert (await shown(client, ada))["email"] == "ada@acme.example"

    async def test_a_second_different_name_makes_an_address_shared(
        self, client: Client, app: FastAPI, together: bool
    ) -> None:
        carl = {"full_name": "Carl Gauss"}
        found = await self.leads(
            client, app, together, ADA | EMAIL, BOB | EMAIL, carl | EMAIL, carl | EMAIL
        )
        assert found[0] == found[1] != found[2] == found[3]
        assert await keys(client, found[0]) == {"ada@acme.example": True}

    async def test_the_number_of_another_name_is_not_taken_for_the_leads(
        self, client: Client, app: FastAPI, together: bool
    ) -> None:
        title = {"title": "Engineer"}
        ada, same = await self.leads(
            client, app, together, ADA | EMAIL, BOB | EMAIL | PHONE | title
        )
        assert ada == same
        lead = await shown(client, ada)
        assert (lead["title"], lead["phone"]) == ("Engineer", None)
        assert await keys(client, ada) == {"ada@acme.example": False}

    async def test_a_trial_takes_no_key_of_a_real_lead(
        self, client: Client, app: FastAPI, together: bool
    ) -> None:
        [real] = await self.leads(client, app, together, ADA | EMAIL | PHONE)
        trials = [candidate(BOB | PHONE, is_test=True), candidate(BOB | EMAIL, is_test=True)]
        other, same = await leads_of(client, app, *trials)
        assert (other == real, same == real) == (False, True)
        assert await keys(client, real) == {"ada@acme.example": False, "+442079460018": False}
        assert await keys(client, other) == {}


class TestModes:
    async def test_refused_it_names_who_it_might_be(self, client: Client, app: FastAPI) -> None:
        [first] = await leads_of(client, app, candidate(ADA | EMAIL))
        mode = OnDuplicate.REFUSE
        refused, new = await capture(
            client,
            app,
            candidate(ADA | EMAIL, on_duplicate=mode),
            candidate(BOB, on_duplicate=mode),
        )
        assert isinstance(refused, Refused)
        assert isinstance(new, Captured)
        assert refused.code == "duplicate_lead"
        [(lead, key)] = refused.candidates
        assert (lead.id, key.kind) == (first, IdentityKind.EMAIL)
        assert new.outcome is Outcome.CREATED

    async def test_without_leave_to_create_only_known_ones_are_added_to(
        self, client: Client, app: FastAPI
    ) -> None:
        [first] = await leads_of(client, app, candidate(ADA | EMAIL))
        known, unknown = await capture(
            client,
            app,
            candidate(EMAIL | {"title": "Countess"}, may_create=False),
            candidate(BOB, may_create=False),
        )
        assert isinstance(known, Captured)
        assert isinstance(unknown, Refused)
        assert (known.lead.id, unknown.code) == (first, "not_found")
        assert known.changes == {"title": {"before": None, "after": "Countess"}} | {
            name: change for name, change in known.changes.items() if name != "title"
        }

    async def test_an_update_takes_the_place_of_what_was_there(
        self, client: Client, app: FastAPI
    ) -> None:
        crm = [reference("1")]
        [lead_id] = await leads_of(client, app, candidate(ADA | EMAIL | PHONE, references=crm))
        moved = {"email": "countess@acme.example", "full_name": "Augusta King", "city": "London"}
        [result] = await capture(
            client, app, candidate(moved, references=crm, on_duplicate=OnDuplicate.UPDATE)
        )
        assert isinstance(result, Captured)
        assert (result.lead.id, result.outcome) == (lead_id, Outcome.UPDATED)
        assert result.changes["email"] == {
            "before": "ada@acme.example",
            "after": "countess@acme.example",
        }
        lead = await shown(client, lead_id)
        assert (lead["last_name"], lead["city"], lead["version"]) == ("King", "London", 2)
        assert set(await keys(client, lead_id)) == {"countess@acme.example", "1", "+442079460018"}
        [same] = await capture(
            client, app, candidate(moved, references=crm, on_duplicate=OnDuplicate.UPDATE)
        )
        assert isinstance(same, Captured)
        assert same.changes == {}
        assert (await shown(client, lead_id))["version"] == 2

    async def test_an_update_under_another_name_takes_the_number_over(
        self, client: Client, app: FastAPI
    ) -> None:
        [lead_id] = await leads_of(client, app, candidate(ADA | EMAIL))
        update = candidate(BOB | EMAIL | PHONE, on_duplicate=OnDuplicate.UPDATE)
        assert await leads_of(client, app, update) == [lead_id]
        assert (await shown(client, lead_id))["phone_norm"] == "+442079460018"
        assert await keys(client, lead_id) == {"ada@acme.example": False, "+442079460018": False}
        found = (await client.get(f"/v1/leads/{lead_id}/identities")).json()["data"]
        assert [each["other_names"] for each in found] == [["ada lovelace"], []]

    async def test_two_leads_are_never_chosen_between_in_an_update(
        self, client: Client, app: FastAPI
    ) -> None:
        await leads_of(
            client, app, candidate(ADA | EMAIL), candidate(BOB, references=[reference("1")])
        )
        [refused] = await capture(
            client,
            app,
            candidate(EMAIL, references=[reference("1")], on_duplicate=OnDuplicate.UPDATE),
        )
        assert isinstance(refused, Refused)
        assert len(refused.candidates) == 2

    async def test_found_by_reference_alone_the_address_of_another_becomes_shared(
        self, client: Client, app: FastAPI
    ) -> None:
        [ada] = await leads_of(client, app, candidate(ADA | EMAIL))
        only = frozenset({IdentityKind.EXTERNAL})
        bob, again = await leads_of(
            client,
            app,
            candidate(BOB | EMAIL, references=[reference("1")], found_by=only),
            candidate(BOB | EMAIL, references=[reference("1")], found_by=only),
        )
        assert ada != bob == again
        assert (await keys(client, ada))["ada@acme.example"]

    async def test_touches_of_long_ago_come_along(self, client: Client, app: FastAPI) -> None:
        first, last = datetime(2019, 5, 1, tzinfo=UTC), datetime(2021, 5, 1, tzinfo=UTC)
        touches = [
            NewTouchpoint(kind="call", occurred_at=last, source_system="crm", external_id="b"),
            NewTouchpoint(kind="fair", occurred_at=first, source_system="crm", external_id="a"),
        ]
        made = candidate(ADA | EMAIL, touches=touches, created_at=first)
        [lead_id] = await leads_of(client, app, made)
        lead = await shown(client, lead_id)
        assert (lead["created_at"], lead["first_touch_at"], lead["touch_count"]) == (
            "2019-05-01T00:00:00Z",
            "2019-05-01T00:00:00Z",
            2,
        )
        update = candidate(ADA | EMAIL, touches=touches, on_duplicate=OnDuplicate.UPDATE)
        [again] = await capture(client, app, update)
        assert isinstance(again, Captured)
        assert (again.lead.id, again.new_touches, len(again.touchpoints)) == (lead_id, 0, 2)
        assert (await shown(client, lead_id))["touch_count"] == 2

    async def test_a_touch_of_another_lead_and_an_unknown_campaign_are_refused(
        self, client: Client, app: FastAPI
    ) -> None:
        touch = NewTouchpoint(kind="call", source_system="crm", external_id="a")
        [ada] = await leads_of(client, app, candidate(ADA | EMAIL, touches=[touch]))
        nobodys = NewTouchpoint(kind="call", campaign_id=new_id())
        other, unknown, fine = await capture(
            client,
            app,
            candidate(
                BOB | {"email": "bob@acme.example"},
                touches=[touch],
                on_duplicate=OnDuplicate.UPDATE,
            ),
            candidate(BOB, touches=[nobodys]),
            candidate(BOB),
        )
        assert isinstance(other, Refused)
        assert isinstance(unknown, Refused)
        assert isinstance(fine, Captured)
        assert (other.lead_id, other.errors[0].pointer) == (ada, "/touchpoint/external_id")
        assert unknown.errors[0].pointer == "/touchpoint/campaign_id"

    async def test_a_set_of_hundreds_costs_what_one_of_two_does(
        self, client: Client, app: FastAPI, statements: list[str]
    ) -> None:
        costs: list[int] = []
        for size in (2, 2, 300):
            people = [
                candidate(
                    {"full_name": f"Ada{n} Set{len(costs)}x{n}", **PHONE, **INFO},
                    references=[reference(f"{len(costs)}-{n}")],
                    touches=[NewTouchpoint(kind="call")],
                    identity_source=IdentitySource.IMPORT,
                )
                for n in range(size)
            ]
            statements.clear()
            assert len(set(await leads_of(client, app, *people))) == size
            costs.append(len(statements))
        assert costs[2] == costs[1], statements


class TestCauses:
    async def test_every_event_names_the_submission_and_its_form(
        self, client: Client, app: FastAPI
    ) -> None:
        question = {"name": "email", "label": "E-mail", "type": "email", "to": "email"}
        body = {"name": "Price list", "fields": [question], "protection": {"min_seconds": 0}}
        form = (await client.post("/v1/forms", json=body)).json()
        posted = await client.post(f"/f/{form['token']}", json=EMAIL)
        found = await captured(app, client, posted.json()["receipt_id"])
        events = await told_of(client, UUID(found["lead_id"]))
        assert {kind for kind, _ in events} >= {"lead.created", "touchpoint.recorded"}
        for _, data in events:
            assert data["cause"]["name"] == "Price list"
            assert data["cause"]["id"] == posted.json()["receipt_id"]

    async def test_what_fills_a_blank_names_its_own_submission(
        self, client: Client, app: FastAPI
    ) -> None:
        first = await submit(client, ADA | EMAIL)
        second = await submit(client, EMAIL | PHONE | {"title": "Countess"})
        ids = [each.json()["receipt_id"] for each in (first, second)]
        found = [await captured(app, client, each) for each in ids]
        events = await told_of(client, UUID(found[0]["lead_id"]))
        causes = {(kind, data["cause"]["id"]) for kind, data in events}
        assert ("lead.created", ids[0]) in causes
        assert ("lead.updated", ids[1]) in causes
        assert ("identity.added", ids[1]) in causes
        [changes] = [data["changes"] for kind, data in events if kind == "lead.updated"]
        assert changes["title"] == {"before": None, "after": "Countess"}

    async def test_an_import_is_named(self, client: Client, app: FastAPI) -> None:
        cause = Cause(CauseKind.IMPORT, new_id(), "leads.csv")
        [lead_id] = await leads_of(client, app, candidate(ADA | EMAIL, cause=cause))
        [(_, data)] = await told_of(client, lead_id)
        assert data["cause"] == {"kind": "import", "id": str(cause.id), "name": "leads.csv"}


class TestTrialsThatBecomeReal:
    async def test_their_real_touches_stay(self, client: Client, app: FastAPI) -> None:
        def touch(day: int, *, is_test: bool) -> NewTouchpoint:
            instant = datetime(2026, 1, day, tzinfo=UTC)
            return NewTouchpoint(kind="call", occurred_at=instant, is_test=is_test)

        trial = candidate(ADA | EMAIL, is_test=True, touches=[touch(1, is_test=True)])
        [lead_id] = await leads_of(client, app, trial)
        told = {"kind": "call", "occurred_at": "2026-01-02T00:00:00Z"}
        answer = await client.post(f"/v1/leads/{lead_id}/touchpoints", json=told)
        assert answer.status_code == 201, answer.text
        assert (await shown(client, lead_id))["touch_count"] == 2
        real = candidate(ADA | EMAIL, touches=[touch(3, is_test=False)])
        assert await leads_of(client, app, real) == [lead_id]
        found = await shown(client, lead_id)
        assert not found["is_test"]
        assert (found["touch_count"], found["first_touch_at"], found["last_touch_at"]) == (
            2,
            "2026-01-02T00:00:00Z",
            "2026-01-03T00:00:00Z",
        )
