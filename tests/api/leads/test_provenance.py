"""Where values come from, what they were, and the lead as it was: over HTTP."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from fastapi import FastAPI

from app.platform import clock
from app.platform.db import Database
from app.platform.ids import new_id
from tests.api.leads.test_leads import create
from tests.conftest import Client
from tests.factories.access import acting, events_of, new_user
from tests.factories.intake import captured, submit
from tests.factories.ripeness import RIPE, new_assessment

pytestmark = pytest.mark.anyio

WALKS = 12
STEPS = 14
FIELDS: dict[str, list[Any]] = {
    "first_name": ["Ada", "Augusta", None],
    "full_name": ["Ada Lovelace", "Ada King", None],
    "company": ["Engines", "Analytical Engines Ltd", None],
    "email": ["{n}@engines.example", "ada.{n}@example.com", "not an address", None],
    "phone": ["+44 20 7946 0018", "030 123456", "12", None],
    "website": ["https://www.engines.example", None],
    "country": ["UK", "Deutschland", "Atlantis", None],
    "city": ["London", "Bonn", None],
    "employee_count": [12, 250, None],
    "annual_revenue_minor": [100, None],
    "currency": ["GBP", None],
    "description": ["Met at the fair", None],
    "custom": [{"segment": "a"}, {"segment": "b"}, {"segment": None}, {"size": 7}, None],
}


async def read(client: Client, lead_id: str, **query: Any) -> dict[str, Any]:
    """The lead."""
    answer = await client.get(f"/v1/leads/{lead_id}", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def history(client: Client, lead_id: str, name: str, **query: Any) -> list[dict[str, Any]]:
    """The values of a field, newest first."""
    answer = await client.get(f"/v1/leads/{lead_id}/fields/{name}/history", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def now() -> str:
    """This instant."""
    return clock.now().isoformat().replace("+00:00", "Z")


class Walk:
    """A lead to which things happen at random."""

    def __init__(self, app: FastAPI, client: Client, seed: int) -> None:
        self.app, self.client = app, client
        self.random = random.Random(seed)
        self.lead_id = ""
        self.is_trial = False
        self.email = f"walk.{seed}@engines.example"
        self.user_ids: list[str] = []
        self.done: list[str] = []

    async def begin(self) -> None:
        """The lead, and what it may refer to."""
        for key, kind in (("segment", "text"), ("size", "number")):
            await self.client.post(
                "/v1/custom-fields", json={"key": key, "label": key, "type": kind}
            )
        self.user_ids = [(await new_user(self.client))["id"] for _ in range(2)]
        if self.random.random() < 0.5:
            told = {"is_test": True} if self.random.random() < 0.5 else {}
            await self._submit(**told)
            [found] = (await self.client.get("/v1/leads", params={"email": self.email})).json()[
                "data"
            ]
            self.lead_id, self.is_trial = found["id"], found["is_test"]
        else:
            lead = await create(self.client, email=self.email, **self._some({"email"}))
            self.lead_id = lead["id"]

    async def step(self) -> None:
        """Something that happens to it; some of it is refused, which changes nothing."""
        steps: list[Callable[[], Awaitable[Any]]] = [
            *[self._patch] * 4,
            self._move,
            self._stage,
            self._owner,
            self._assess,
            self._disqualify,
            self._reactivate,
            self._qualify,
            self._convert,
            self._submit,
            self._touch,
            self._upsert,
        ]
        if self.is_trial:
            # Nobody converts a trial.
            steps = [
                *[self._patch] * 4,
                self._move,
                self._owner,
                self._assess,
                *[self._touch] * 3,
                *[self._submit] * 2,
            ]
        step = self.random.choice(steps)
        self.done.append(step.__name__)
        await step()
        self.is_trial = (await read(self.client, self.lead_id))["is_test"]

    async def _post(self, action: str, **body: Any) -> None:
        answer = await self.client.post(f"/v1/leads/{self.lead_id}/{action}", json=body)
        assert answer.status_code in (200, 201, 409), answer.text

    async def _change(self, **body: Any) -> None:
        answer = await self.client.patch(f"/v1/leads/{self.lead_id}", json=body)
        assert answer.status_code in (200, 409), answer.text

    def _some(self, without: set[str]) -> dict[str, Any]:
        names = self.random.sample(sorted(FIELDS.keys() - without), 3)
        told = {name: self.random.choice(FIELDS[name]) for name in names}
        number = new_id().hex
        return {k: v.replace("{n}", number) if isinstance(v, str) else v for k, v in told.items()}

    async def _patch(self) -> None:
        await self._change(**self._some(set()))

    async def _move(self) -> None:
        await self._change(status=self.random.choice(["working", "nurturing"]))

    async def _stage(self) -> None:
        await self._change(lifecycle_stage=self.random.choice(["mql", "sql"]))

    async def _owner(self) -> None:
        await self._change(owner_id=self.random.choice([*self.user_ids, None]))

    async def _assess(self) -> None:
        then = clock.now() - timedelta(days=self.random.randrange(3))
        await new_assessment(
            self.client,
            self.lead_id,
            assessed_at=then.isoformat(),
            **self.random.choice([RIPE, {"need": {"answer": "none"}}]),
        )

    async def _disqualify(self) -> None:
        await self._post("disqualify", reason="no_budget", note="Frozen")

    async def _reactivate(self) -> None:
        await self._post("reactivate", status="working")

    async def _qualify(self) -> None:
        await self._post("qualify", override_reason="Signed")

    async def _convert(self) -> None:
        if self.random.random() < 0.3:
            await self._post("convert?on_duplicate=create", override_reason="Signed")

    async def _submit(self, **told: Any) -> None:
        plain = {k: v for k, v in self._some({"email", "custom"}).items() if v is not None}
        answer = await submit(self.client, {"email": self.email, **plain}, **told)
        assert answer.status_code == 202, answer.text
        await captured(self.app, self.client, answer.json()["receipt_id"])

    async def _touch(self) -> None:
        await self._post("touchpoints", kind="call")

    async def _upsert(self) -> None:
        body = {"email": self.email, **self._some({"email"})}
        answer = await self.client.post("/v1/leads", params={"on_duplicate": "update"}, json=body)
        # The lead may have another address by now, and then this is somebody else.
        assert answer.status_code in (200, 201, 409), answer.text


@pytest.mark.parametrize("seed", range(WALKS))
async def test_a_lead_is_shown_as_it_was_at_every_instant(
    app: FastAPI, client: Client, seed: int
) -> None:
    walk = Walk(app, client, seed)
    await walk.begin()
    seen = [(now(), await read(client, walk.lead_id))]
    for _ in range(STEPS):
        await asyncio.sleep(0.001)
        await walk.step()
        seen.append((now(), await read(client, walk.lead_id)))
    for place, (instant, then) in enumerate(seen):
        found = await read(client, walk.lead_id, as_of=instant)
        assert found == then, f"after {walk.done[:place]}"
        assert await read(client, walk.lead_id, as_of=then["updated_at"]) is not None
    # What the lead shows came from somewhere, and the histories agree with the snapshots.
    shown = await read(client, walk.lead_id, include="provenance")
    for name in ("company", "city", "status", "lifecycle_stage", "mql_at", "owner_id"):
        values = await history(client, walk.lead_id, name)
        for instant, then in seen:
            [at] = [v for v in values if v["at"] <= instant < (v["until"] or "9")]
            assert at["value"] == then[name], name
        if shown[name] is not None:
            assert shown["provenance"][name]["event_id"] == values[0]["event_id"]


class TestTheLeadAsItWas:
    async def test_it_is_not_found_before_its_creation(self, client: Client) -> None:
        before = now()
        lead = await create(client)
        for instant in (before, "1999-01-01T00:00:00Z"):
            answer = await client.get(f"/v1/leads/{lead['id']}", params={"as_of": instant})
            assert answer.status_code == 404
        answer = await client.get(f"/v1/leads/{new_id()}", params={"as_of": now()})
        assert answer.status_code == 404

    async def test_it_is_shown_though_it_was_deleted_later(self, client: Client) -> None:
        lead = await create(client)
        then = now()
        assert (await client.delete(f"/v1/leads/{lead['id']}")).status_code == 204
        assert await read(client, lead["id"], as_of=then) == as_read(lead)
        answer = await client.get(f"/v1/leads/{lead['id']}", params={"as_of": now()})
        assert answer.status_code == 404

    async def test_a_touch_that_was_corrected_later_counts_as_it_did(self, client: Client) -> None:
        lead = await create(client, full_name="Ada", touchpoint=None)
        url = f"/v1/leads/{lead['id']}/touchpoints"
        first = {"kind": "call", "occurred_at": "2026-01-05T10:00:00Z"}
        touch = (await client.post(url, json=first)).json()
        then = now()
        better = {"kind": "call", "occurred_at": "2026-01-04T10:00:00Z"}
        await client.post(url, json=better | {"supersedes_id": touch["id"]})
        assert (await read(client, lead["id"]))["last_touch_at"] == "2026-01-04T10:00:00Z"
        was = await read(client, lead["id"], as_of=then)
        assert (was["last_touch_at"], was["touch_count"]) == ("2026-01-05T10:00:00Z", 1)

    async def test_it_has_no_etag_for_it_cannot_be_changed(self, client: Client) -> None:
        lead = await create(client)
        answer = await client.get(f"/v1/leads/{lead['id']}", params={"as_of": now()})
        assert "etag" not in answer.headers

    @pytest.mark.parametrize("wrong", ["yesterday", "2026-03-02", "2026-03-02T09:30:00"])
    async def test_an_instant_has_a_time_zone(self, client: Client, wrong: str) -> None:
        lead = await create(client)
        answer = await client.get(f"/v1/leads/{lead['id']}", params={"as_of": wrong})
        assert answer.status_code == 422


class TestMergedLeads:
    async def test_both_are_shown_as_they_were_at_every_instant(self, client: Client) -> None:
        seen: list[tuple[str, dict[str, Any]]] = []
        one = await create(client, full_name="Ada Lovelace", company="Engines")
        two = await create(client, full_name="Ada King", city="London", phone="+442079460018")
        three = await create(client, full_name="A. Lovelace", title="Countess")
        ids = [lead["id"] for lead in (one, two, three)]

        async def look() -> None:
            for lead_id in ids:
                answer = await client.get(f"/v1/leads/{lead_id}")
                if answer.status_code == 200:
                    seen.append((now(), answer.json()))
            await asyncio.sleep(0.001)

        async def touch(lead_id: str) -> None:
            await client.post(f"/v1/leads/{lead_id}/touchpoints", json={"kind": "call"})

        async def merge(winner_id: str, loser_id: str) -> str:
            url = f"/v1/leads/{winner_id}/merge"
            answer = await client.post(url, json={"loser_id": loser_id})
            assert answer.status_code in (200, 201), answer.text
            return str(answer.json()["id"])

        await look()
        await touch(ids[1])
        await look()
        first = await merge(ids[0], ids[1])
        await look()
        await touch(ids[0])
        await look()
        answer = await client.post(f"/v1/merges/{first}/undo")
        assert answer.status_code == 200, answer.text
        await look()
        await merge(ids[1], ids[2])
        await look()
        await merge(ids[0], ids[1])
        await touch(ids[0])
        await look()
        assert len(seen) > 12
        for instant, then in seen:
            found = await read(client, then["id"], as_of=instant)
            assert found == then, instant
        answer = await client.get(f"/v1/leads/{ids[1]}", params={"as_of": now()})
        assert answer.status_code == 301


class TestProvenance:
    async def test_it_is_told_on_demand(self, client: Client) -> None:
        lead = await create(client, full_name="Ada Lovelace", company="Engines")
        assert "provenance" not in await read(client, lead["id"])
        told = (await read(client, lead["id"], include="provenance"))["provenance"]
        assert told["company"]["source"] == "api"
        assert told["company"]["at"] == lead["created_at"]
        assert not told["company"]["by_hand"]
        assert "city" not in told

    async def test_a_person_is_named(self, client: Client) -> None:
        lead = await create(client, full_name="Ada Lovelace", company="Engines", city="London")
        user = await new_user(client)
        url = f"/v1/leads/{lead['id']}"
        await client.patch(url, json={"company": "Mills"}, headers=acting(user["id"]))
        told = (await read(client, lead["id"], include="provenance"))["provenance"]
        assert (told["company"]["source"], told["company"]["user_id"]) == ("user", user["id"])
        assert told["company"]["by_hand"]
        assert told["city"]["source"] == "api"

    async def test_a_custom_field_has_its_own(self, client: Client) -> None:
        for key in ("segment", "size"):
            await client.post("/v1/custom-fields", json={"key": key, "label": key, "type": "text"})
        lead = await create(client, full_name="Ada", custom={"segment": "a", "size": "small"})
        await client.patch(f"/v1/leads/{lead['id']}", json={"custom": {"segment": "b"}})
        told = (await read(client, lead["id"], include="provenance"))["provenance"]
        assert told["custom.segment"]["at"] > told["custom.size"]["at"] == lead["created_at"]
        values = await history(client, lead["id"], "custom.segment")
        assert [value["value"] for value in values] == ["b", "a"]
        assert [v["value"] for v in await history(client, lead["id"], "custom.size")] == ["small"]

    async def test_as_it_was_it_tells_what_was_known_then(self, client: Client) -> None:
        lead = await create(client, full_name="Ada Lovelace", company="Engines")
        then = now()
        await client.patch(f"/v1/leads/{lead['id']}", json={"company": "Mills"})
        was = await read(client, lead["id"], as_of=then, include="provenance")
        assert was["company"] == "Engines"
        assert was["provenance"]["company"]["at"] == lead["created_at"]


class TestHistory:
    async def test_it_is_read_page_by_page(self, client: Client) -> None:
        lead = await create(client, full_name="Ada", city="0")
        for number in range(1, 6):
            await client.patch(f"/v1/leads/{lead['id']}", json={"city": str(number)})
        url = f"/v1/leads/{lead['id']}/fields/city/history"
        values, cursor = [], None
        while True:
            query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = (await client.get(url, params=query)).json()
            values += page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert [value["value"] for value in values] == ["5", "4", "3", "2", "1", "0"]
        assert values[0]["until"] is None
        for newer, older in pairwise(values):
            assert older["until"] == newer["at"]

    async def test_what_is_no_field_is_not_found(self, client: Client) -> None:
        lead = await create(client)
        for name in ("nothing", "version", "touch_count"):
            url = f"/v1/leads/{lead['id']}/fields/{name}/history"
            assert (await client.get(url)).status_code == 404
        assert (await client.get(f"/v1/leads/{new_id()}/fields/city/history")).status_code == 404

    async def test_an_assessment_is_where_the_verdict_comes_from(self, client: Client) -> None:
        lead = await create(client)
        await new_assessment(client, lead["id"], **RIPE)
        newest, blank = await history(client, lead["id"], "qualification_outcome")
        assert (newest["value"], blank["value"]) == ("qualified", None)
        [event] = await events_of(client, "lead.assessed")
        assert newest["event_id"] == event["id"]


async def test_thousands_of_events_are_one_read(
    client: Client, owner_database: Database, statements: list[str]
) -> None:
    lead = await create(client, full_name="Ada", city="0")
    await owner_database.fetch(
        """INSERT INTO events (workspace_id, id, type, subject_type, subject_id, lead_id, data,
                               occurred_at, recorded_at)
           SELECT $1, gen_random_uuid(), 'touchpoint.recorded', 'touchpoint', gen_random_uuid(), $2,
                  '{}', now(), now() FROM generate_series(1, 5000)""",
        client.workspace_id,
        lead["id"],
    )
    statements.clear()
    found = await read(client, lead["id"], as_of=now())
    assert found["city"] == "0"
    assert len([sql for sql in statements if sql.startswith("SELECT")]) == 3


def as_read(lead: dict[str, Any]) -> dict[str, Any]:
    """What a GET shows of a lead that was just created."""
    return {k: v for k, v in lead.items() if k not in ("outcome", "touchpoint_id")}
