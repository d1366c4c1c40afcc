"""Searching for leads by a condition, through HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from app.platform.db import Database
from app.repositories.ripeness.lead_search import ConditionSearchRepository
from app.repositories.transaction import Transaction
from tests.conftest import Client
from tests.factories.scoring import published
from tests.problems import assert_problem, named_by

pytestmark = pytest.mark.anyio


def ago(**stretch: float) -> str:
    """An instant as told over the wire."""
    return (datetime.now(UTC) - timedelta(**stretch)).isoformat()


async def lead(client: Client, name: str, *touches: tuple[str, str], **fields: Any) -> str:
    """A lead with touches of these kinds at these instants; its id."""
    answer = await client.post("/v1/leads", json={"full_name": name, "touchpoint": None} | fields)
    assert answer.status_code == 201, answer.text
    lead_id: str = answer.json()["id"]
    for kind, occurred_at in touches:
        body = {"kind": kind, "occurred_at": occurred_at}
        answer = await client.post(f"/v1/leads/{lead_id}/touchpoints", json=body)
        assert answer.status_code == 201, answer.text
    return lead_id


async def search(client: Client, condition: Any, **more: Any) -> dict[str, Any]:
    """What is found."""
    answer = await client.post("/v1/leads/search", json={"condition": condition} | more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def names(client: Client, condition: Any, **more: Any) -> list[str]:
    """The names of the leads that are found."""
    return [each["full_name"] for each in (await search(client, condition, **more))["data"]]


def named(*wanted: str) -> dict[str, Any]:
    """A condition that these leads meet."""
    return {"field": "full_name", "op": "in", "value": list(wanted)}


class TestFinding:
    async def test_downloaded_twice_in_a_fortnight_and_not_called_since(
        self, client: Client
    ) -> None:
        download = "content_downloaded"
        await lead(client, "Ripe", (download, ago(days=9)), (download, ago(days=2)))
        await lead(
            client,
            "Called before",
            (download, ago(days=9)),
            ("call", ago(days=5)),
            (download, ago(days=2)),
        )
        await lead(
            client,
            "Called since",
            (download, ago(days=9)),
            (download, ago(days=2)),
            ("call", ago(days=1)),
        )
        await lead(client, "Once", (download, ago(days=2)))
        await lead(client, "Long ago", (download, ago(days=20)), (download, ago(days=2)))
        condition = {
            "all": [
                {"field": "touches", "kind": download, "days": 14, "op": "gte", "value": 2},
                {
                    "field": "touches",
                    "kind": "call",
                    "since": {"kind": download},
                    "op": "eq",
                    "value": 0,
                },
            ]
        }
        assert await names(client, condition, sort="created_at") == ["Ripe", "Called before"]

    async def test_leads_are_those_of_the_list(self, client: Client) -> None:
        await lead(client, "Ada", ("call", ago(days=1)), email="ada@example.com")
        listed = (await client.get("/v1/leads")).json()["data"]
        assert (await search(client, named("Ada")))["data"] == listed

    async def test_custom_fields_and_touch_payloads_are_searched(self, client: Client) -> None:
        field = {"key": "tier", "label": "Tier", "type": "choice", "choices": ["gold", "tin"]}
        assert (await client.post("/v1/custom-fields", json=field)).status_code == 201
        gold = await lead(client, "Gold", custom={"tier": "gold"})
        await lead(client, "Tin", custom={"tier": "tin"})
        body = {"kind": "webinar", "payload": {"minutes": 45}, "utm": {"source": "Fair"}}
        assert (await client.post(f"/v1/leads/{gold}/touchpoints", json=body)).is_success
        assert await names(client, {"field": "custom.tier", "op": "eq", "value": "gold"}) == [
            "Gold"
        ]
        where = {
            "all": [
                {"field": "payload.minutes", "op": "gte", "value": 30},
                {"field": "utm.source", "op": "eq", "value": "fair"},
            ]
        }
        condition = {"field": "touches", "where": where, "op": "gte", "value": 1}
        assert await names(client, condition) == ["Gold"]
        assert await names(client, {"not": condition}) == ["Tin"]

    async def test_what_was_deleted_is_not_found(self, client: Client) -> None:
        gone = await lead(client, "Gone")
        assert await names(client, named("Gone")) == ["Gone"]
        assert (await client.delete(f"/v1/leads/{gone}")).status_code == 204
        assert (await search(client, named("Gone"), count=True))["count"] == 0

    async def test_another_workspace_finds_nothing(self, client: Client, stranger: Client) -> None:
        await lead(client, "Ada", ("call", ago(days=1)))
        everything = {"field": "touches", "op": "gte", "value": 1}
        assert await names(client, everything) == ["Ada"]
        assert (await search(stranger, everything, count=True))["count"] == 0

    async def test_scores_are_null_without_a_model(self, client: Client) -> None:
        await lead(client, "Ada")
        for field in ("fit", "engagement", "score", "grade", "temperature", "prediction"):
            assert await names(client, {"field": field, "op": "is_null"}) == ["Ada"], field
            assert await names(client, {"field": field, "op": "is_not_null"}) == [], field


class TestPages:
    @pytest.mark.parametrize("sort", ["created_at", "-created_at", "updated_at", "-last_touch_at"])
    async def test_every_lead_comes_once(self, client: Client, sort: str) -> None:
        wanted = [f"Lead {number}" for number in range(7)]
        for name in wanted:
            await lead(client, name, ("call", ago(days=1)))
        await lead(client, "Other", ("call", ago(days=1)))
        seen, cursor = [], None
        while True:
            more: dict[str, Any] = {"cursor": cursor} if cursor else {}
            found = await search(client, named(*wanted), sort=sort, limit=3, **more)
            assert found["count"] is None
            seen += [each["full_name"] for each in found["data"]]
            cursor = found["next_cursor"]
            if cursor is None:
                break
        assert seen == sorted(wanted, reverse=sort.startswith("-"))

    async def test_the_number_of_all_is_told_when_asked_for(self, client: Client) -> None:
        for name in ("Ada", "Bea", "Cyd"):
            await lead(client, name)
        found = await search(client, named("Ada", "Cyd"), limit=1, count=True)
        assert (found["count"], len(found["data"])) == (2, 1)

    async def test_a_cursor_belongs_to_its_condition_and_order(self, client: Client) -> None:
        for name in ("Ada", "Bea"):
            await lead(client, name)
        both = named("Ada", "Bea")
        cursor = (await search(client, both, limit=1))["next_cursor"]
        for body in (
            {"condition": named("Ada"), "cursor": cursor},
            {"condition": both, "sort": "created_at", "cursor": cursor},
            {"condition": both, "cursor": "nonsense"},
        ):
            answer = await client.post("/v1/leads/search", json=body)
            assert_problem(answer, 422)
            assert named_by(answer.json()) == ["/cursor"]

    async def test_a_cursor_by_scores_ends_with_its_model(self, client: Client) -> None:
        for name in ("Ada", "Bea"):
            await lead(client, name)
        first = await published(client)
        body = {"condition": named("Ada", "Bea"), "sort": "-fit", "limit": 1}
        cursor = (await search(client, **body))["next_cursor"]
        await published(client, document=first["document"], name="Other")
        answer = await client.post("/v1/leads/search", json=body | {"cursor": cursor})
        assert_problem(answer, 422)
        [told] = answer.json()["errors"]
        assert (told["pointer"], told["code"]) == ("/cursor", "cursor_expired")


class TestRefusals:
    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, "/condition"),
            ({"condition": None}, "/condition"),
            ({"condition": {"all": [{"field": "shoe", "op": "eq"}]}}, "/condition/all/0/field"),
            (
                {"condition": {"field": "grade", "op": "eq", "value": "E5"}},
                "/condition/value",
            ),
            ({"condition": named("Ada"), "limit": 0}, "/limit"),
            ({"condition": named("Ada"), "sort": "shoe"}, "/sort"),
            ({"condition": named("Ada"), "count": "yes"}, "/count"),
            ({"condition": named("Ada"), "shoe": 1}, "/shoe"),
        ],
    )
    async def test_what_is_wrong_is_named(
        self, client: Client, body: dict[str, Any], pointer: str
    ) -> None:
        answer = await client.post("/v1/leads/search", json=body)
        assert answer.status_code == 422
        assert named_by(answer.json()) == [pointer]

    async def test_a_condition_that_takes_too_long_is_told_so(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await lead(client, "Ada")
        answer = await self._in_a_millisecond(client, monkeypatch)
        assert_problem(answer, 422)
        [told] = answer.json()["errors"]
        assert (told["pointer"], told["code"]) == ("/condition", "too_broad")
        # The connection is sound afterwards.
        monkeypatch.undo()
        assert await names(client, named("Ada")) == ["Ada"]

    async def _in_a_millisecond(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> httpx.Response:
        """The answer to a search while Postgres gives up at once."""
        original = ConditionSearchRepository._rows

        async def hurried(self: Any, statement: Any, values: Any) -> list[asyncpg.Record]:
            transaction: Transaction = self._transaction
            connection = transaction._connection
            assert connection is not None
            await connection.execute("SET LOCAL statement_timeout = '1ms'")
            return await original(self, statement, values)

        monkeypatch.setattr(ConditionSearchRepository, "_rows", hurried)
        texts = {"field": "description", "op": "contains_any", "value": ["x" * 900] * 1000}
        return await client.post(
            "/v1/leads/search", json={"condition": {"any": [texts] * 4}, "count": True}
        )


async def test_a_page_is_three_statements_however_long_it_is(
    client: Client, statements: list[str], database: Database
) -> None:
    counts = []
    for size in (1, 10):
        for number in range(size):
            await lead(client, f"Lead {size}.{number}", ("call", ago(days=1)))
        statements.clear()
        await search(client, {"field": "touches", "op": "gte", "value": 1})
        counts.append(len([sql for sql in statements if sql.startswith(("SELECT", "WITH"))]))
    assert counts[0] == counts[1] <= 3
