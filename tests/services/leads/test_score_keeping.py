"""Whatever happens to leads, in whatever order: every score is what the touches have earned."""

import asyncio
import random
from datetime import timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.platform import clock
from app.platform.db import Database
from tests.conftest import Client, client_of
from tests.factories.imports import done, imported
from tests.factories.intake import captured, submit
from tests.factories.scores import check, ledger_of
from tests.factories.scoring import published

pytestmark = pytest.mark.anyio


def _when(field: str, op: str, value: Any) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


MODEL: dict[str, Any] = {
    "fit": {
        "rules": [
            {"key": "software", "points": 40, "when": _when("industry", "eq", "Software")},
            {"key": "farming", "points": -25, "when": _when("industry", "eq", "Farming")},
            {
                "key": "large",
                "points": 30,
                "group": "size",
                "when": _when("employee_count", "gte", 250),
            },
            {
                "key": "huge",
                "points": 30,
                "group": "size",
                "when": _when("employee_count", "gte", 1000),
            },
            {
                "key": "rival",
                "points": 0,
                "knock_out": True,
                "when": _when("company", "eq", "Rival Ltd"),
            },
        ],
        "groups": {"size": {"min": 5, "max": 45}},
    },
    "engagement": {
        "half_life_days": 20,
        "rules": [
            {"key": "call", "kinds": ["call"], "points": 20},
            {
                "key": "pages",
                "kinds": ["page_viewed"],
                "points": 3,
                "limit": {"count": 2, "days": 7},
            },
            {
                "key": "form",
                "kinds": ["form_submitted"],
                "points": 15,
                "limit": {"count": 1, "days": None},
            },
            {"key": "fair", "kinds": [], "points": 5, "when": _when("utm.source", "eq", "fair")},
            {
                "key": "prices",
                "kinds": ["content_downloaded", "page_viewed"],
                "points": 8,
                "when": _when("page_url", "contains", "pricing"),
            },
            {"key": "bounce", "kinds": ["email_bounced"], "points": -25},
        ],
    },
    "mql": {"score": 50},
    "sql": {"grades": ["A1", "B1"]},
}
KINDS = ("call", "page_viewed", "form_submitted", "content_downloaded", "email_bounced", "meeting")
INDUSTRIES = ("Software", "Farming", "Steel", None)
COMPANIES = ("Rival Ltd", "Engines Ltd", None)
STEPS = """
    create create again again touch touch touch touch batch correct correct patch patch merge merge
    undo delete submit submit trial visit visit identify load unload upsert disqualify reactivate
    convert
""".split()
LENGTH = 40


class Market:
    """Leads that things happen to."""

    def __init__(self, client: Client, app: FastAPI) -> None:
        self.client, self.app = client, app
        self.leads: list[str] = []
        self.merges: list[str] = []
        self.imports: list[dict[str, Any]] = []
        self.told: list[dict[str, Any]] = []

    async def take(self, step: tuple[str, int, int]) -> None:
        """Let one thing happen, and note what one lead's score is then."""
        name, first, second = step
        await getattr(self, name)(first, second)
        if self.leads:
            answer = await self.ask("GET", f"/v1/leads/{self.lead(second)}/score")
            if answer.status_code == 200:
                self.told.append(answer.json())

    def lead(self, number: int) -> str:
        """One of the leads, there or gone."""
        return self.leads[number % len(self.leads)] if self.leads else str(self.client.workspace_id)

    async def ask(self, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        """What may well be refused: the lead may be gone."""
        answer = await self.client.request(method, path, json=body, params=query)
        assert answer.status_code < 500, answer.text
        if answer.status_code in (200, 201) and answer.json().get("lifecycle_stage"):
            self._note(answer.json()["id"])
        return answer

    def _note(self, lead_id: str | None) -> None:
        if lead_id and lead_id not in self.leads:
            self.leads.append(lead_id)

    def fields(self, first: int, second: int) -> dict[str, Any]:
        return {
            "email": f"p{first % 6}@example.com",
            "industry": INDUSTRIES[second % 4],
            "company": COMPANIES[second % 3],
            "employee_count": (None, 100, 300, 2000)[second % 4],
        }

    def touch_fields(self, first: int, second: int) -> dict[str, Any]:
        told: dict[str, Any] = {
            "kind": KINDS[second % 6],
            "occurred_at": (clock.now() - timedelta(hours=7 * second)).isoformat(),
        }
        if first % 3 == 0:
            told["utm"] = {"source": "fair"}
        if first % 2:
            told["page_url"] = "https://x.example/pricing"
        if first % 7 == 0:
            told |= {"source_system": "web", "external_id": f"t{second}"}
        return told

    async def create(self, first: int, second: int) -> None:
        body = self.fields(first, second) | {"touchpoint": self.touch_fields(first, second)}
        await self.ask(
            "POST", "/v1/leads", body | ({"email": None, "full_name": "Ada"} if first % 3 else {})
        )

    async def again(self, first: int, second: int) -> None:
        policy = ("update", "link")[second % 2]
        body = self.fields(first, second) | {"touchpoint": self.touch_fields(first, second)}
        await self.ask("POST", "/v1/leads", body, on_duplicate=policy)

    async def upsert(self, first: int, second: int) -> None:
        path = f"/v1/leads/external/shop/c{first % 4}"
        await self.ask("PUT", path, self.fields(first, second) | {"full_name": "Ada"})

    async def touch(self, first: int, second: int) -> None:
        path = f"/v1/leads/{self.lead(first)}/touchpoints"
        await self.ask("POST", path, self.touch_fields(first, second))

    async def batch(self, first: int, second: int) -> None:
        items = [
            {"lead_id": self.lead(first + n % 3)} | self.touch_fields(first + n, second + n * n)
            for n in range(8)
        ]
        await self.ask("POST", "/v1/touchpoints/batch", {"items": items})

    async def correct(self, first: int, second: int) -> None:
        lead_id = self.lead(first)
        ledger = await self.ask("GET", f"/v1/leads/{lead_id}/score")
        points = ledger.json().get("engagement_points")
        if points:
            chosen = points[second % len(points)]["cause"]["touchpoint_id"]
            body = self.touch_fields(first, second) | {"supersedes_id": chosen}
            body.pop("source_system", None)
            body.pop("external_id", None)
            await self.ask("POST", f"/v1/leads/{lead_id}/touchpoints", body)

    async def patch(self, first: int, second: int) -> None:
        body = {n: v for n, v in self.fields(first, second).items() if n != "email"}
        await self.ask("PATCH", f"/v1/leads/{self.lead(first)}", body)

    async def merge(self, first: int, second: int) -> None:
        path = f"/v1/leads/{self.lead(first)}/merge"
        answer = await self.ask("POST", path, {"loser_id": self.lead(second)})
        if answer.status_code == 200:
            self.merges.append(answer.json()["id"])

    async def undo(self, first: int, _: int) -> None:
        if self.merges:
            await self.ask("POST", f"/v1/merges/{self.merges[first % len(self.merges)]}/undo")

    async def delete(self, first: int, _: int) -> None:
        await self.ask("DELETE", f"/v1/leads/{self.lead(first)}")

    async def submit(self, first: int, second: int, **more: Any) -> None:
        fields = {n: v for n, v in self.fields(first, second).items() if v is not None}
        touch = self.touch_fields(first, second)
        context = {"visitor_id": f"visitor-000{first % 3}"}
        answer = await submit(self.client, fields, touchpoint=touch, context=context, **more)
        assert answer.status_code == 202, answer.text
        fate = await captured(self.app, self.client, answer.json()["receipt_id"])
        self._note(fate["lead_id"])

    async def trial(self, first: int, second: int) -> None:
        await self.submit(first, second, is_test=True)

    async def visit(self, first: int, second: int) -> None:
        touches = [self.touch_fields(first + n, second + n) for n in range(3)]
        for touch in touches:
            touch.pop("source_system", None)
            touch.pop("external_id", None)
        path = f"/v1/visitors/visitor-000{first % 3}/touchpoints"
        answer = await self.ask("POST", path, {"touchpoints": touches})
        assert answer.status_code == 202, answer.text
        await self.app.state.runtime.pipeline.run(self.client.workspace_id)

    async def identify(self, first: int, second: int) -> None:
        path = f"/v1/leads/{self.lead(first)}/identities"
        await self.ask("POST", path, {"kind": "visitor", "value": f"visitor-000{second % 3}"})

    async def load(self, first: int, second: int) -> None:
        rows = ["email,industry,employees,kind,at"]
        for n in range(4):
            fields = self.fields(first + n, second + n)
            touch = self.touch_fields(first + n, second + n)
            rows.append(
                f"{fields['email']},{fields['industry'] or ''},{fields['employee_count'] or ''},"
                f"{touch['kind']},{touch['occurred_at']}"
            )
        mapping = {
            "email": "email",
            "industry": "industry",
            "employees": "employee_count",
            "kind": "touch.kind",
            "at": "touch.occurred_at",
        }
        self.imports.append(await imported(self.client, "\n".join(rows) + "\n", mapping))
        await self._list()

    async def unload(self, first: int, _: int) -> None:
        if self.imports:
            import_ = self.imports.pop(first % len(self.imports))
            await done(self.client, import_, "undo")

    async def _list(self) -> None:
        for lead in (await self.client.get("/v1/leads", params={"limit": 200})).json()["data"]:
            self._note(lead["id"])

    async def disqualify(self, first: int, _: int) -> None:
        await self.ask("POST", f"/v1/leads/{self.lead(first)}/disqualify", {"reason": "no_budget"})

    async def reactivate(self, first: int, _: int) -> None:
        await self.ask("POST", f"/v1/leads/{self.lead(first)}/reactivate", {})

    async def convert(self, first: int, second: int) -> None:
        if second % 5 == 0:
            path = f"/v1/leads/{self.lead(first)}/convert"
            await self.ask("POST", path, {"override_reason": "agreed"}, on_duplicate="create")


async def _check_answers(client: Client, market: Market) -> None:
    """What the API tells is what is stored, now and of every instant before."""
    listed = (await client.get("/v1/leads", params={"limit": 200, "sort": "-engagement"})).json()
    leads = listed["data"]
    worth = [lead["score"]["engagement"] for lead in leads]
    assert all(one >= other - 1e-9 for one, other in pairwise(worth))
    for lead in leads:
        ledger = (await client.get(f"/v1/leads/{lead['id']}/score")).json()
        assert ledger["now"]["fit"] == lead["score"]["fit"]
        assert ledger["now"]["engagement"] == pytest.approx(
            lead["score"]["engagement"], rel=1e-5, abs=1e-6
        )
        points = sum(point["now"] for point in ledger["engagement_points"])
        assert points == pytest.approx(ledger["now"]["engagement"], rel=1e-9, abs=1e-9)
        if not lead["is_test"] and lead["status"] not in ("converted", "disqualified"):
            reached = [
                t["step"] for t in ledger["thresholds"] if t["name"] == "stage" and t["reached"]
            ]
            if lead["score"]["score"] > 52:
                assert "mql" in reached
                assert lead["lifecycle_stage"] != "lead"
    for told in market.told[-8:]:
        path = f"/v1/leads/{told['lead_id']}/score"
        then = await client.get(path, params={"as_of": told["as_of"]})
        assert then.status_code == 200, then.text
        assert then.json() == told


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
async def test_scores_are_what_was_earned_whatever_happened(
    app: FastAPI, owner_database: Database, seed: int
) -> None:
    luck = random.Random(seed)
    async with await client_of(app, owner_database) as client:
        model = await published(client, document=MODEL)
        market = Market(client, app)
        for number in range(4):
            await market.create(3 * number, luck.randrange(1000))
        for _ in range(LENGTH):
            await market.take((luck.choice(STEPS), luck.randrange(40), luck.randrange(1000)))
        check(await ledger_of(client, owner_database, model["id"]))
        await _check_answers(client, market)


async def test_64_touches_of_one_lead_at_once(client: Client, owner_database: Database) -> None:
    model = await published(client, document=MODEL)
    lead = (await client.post("/v1/leads", json={"full_name": "Ada"})).json()
    market = Market(client, client.app)
    market.leads.append(lead["id"])
    async with asyncio.TaskGroup() as group:
        for number in range(64):
            group.create_task(market.touch(0, number))
    ledger = await ledger_of(client, owner_database, model["id"])
    [touches] = ledger.touches.values()
    assert len(touches) >= 64
    check(ledger)
