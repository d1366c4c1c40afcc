"""Exports through HTTP: whole, typed, each record once, and honest when they fail."""

import csv
import io
import json
from typing import Any

import httpx
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from python_calamine import CalamineWorkbook

from app.api.schemas.leads.leads import LeadRead
from app.api.schemas.record.touchpoints import TouchpointRead
from app.api.schemas.sales.opportunities import OpportunityRead
from app.domain.errors import Unavailable
from app.domain.intake.formulas import restore
from app.domain.leads.fields import LEAD_COLUMNS
from app.domain.record.fields import TOUCHPOINT_COLUMNS
from app.domain.sales.fields import OPPORTUNITY_COLUMNS
from app.platform.db import Database
from app.repositories.leads.exports import ExportRepository
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads import exports
from tests.conftest import Client
from tests.factories.access import bearer, events_of, new_key
from tests.factories.sales import new_opportunity
from tests.factories.texts import NAUGHTY
from tests.problems import assert_problem, named_by

pytestmark = pytest.mark.anyio


async def exported(client: Client, **order: Any) -> httpx.Response:
    """The answer to an order that is accepted."""
    answer = await client.post("/v1/exports", json={"resource": "leads"} | order)
    assert answer.status_code == 200, answer.text
    return answer


async def as_json(client: Client, **order: Any) -> list[dict[str, Any]]:
    """The lines of an export as NDJSON."""
    answer = await exported(client, format="ndjson", **order)
    return [json.loads(line) for line in answer.content.splitlines()]


async def as_table(client: Client, **order: Any) -> list[dict[str, str]]:
    """The lines of an export as CSV."""
    answer = await exported(client, format="csv", **order)
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


async def new_lead(client: Client, **fields: Any) -> dict[str, Any]:
    """A lead as the API shows it, but for its score, which is of the very moment."""
    answer = await client.post("/v1/leads", json={"full_name": "Ada Lovelace"} | fields)
    assert answer.status_code == 201, answer.text
    read: dict[str, Any] = (await client.get(answer.headers["location"])).json()
    del read["score"]
    return read


async def custom_fields(client: Client) -> None:
    """One custom field of each type."""
    for key, kind in {
        "note": "text",
        "size": "number",
        "vip": "boolean",
        "due": "date",
        "tier": "choice",
    }.items():
        body = {"key": key, "label": key, "type": kind}
        answer = await client.post(
            "/v1/custom-fields", json=body | ({"choices": ["gold", "=1"]} if key == "tier" else {})
        )
        assert answer.status_code == 201, answer.text


CUSTOM = {"note": "@SUM(1)", "size": 0.5, "vip": True, "due": "2026-05-31", "tier": "=1"}


def test_an_export_shows_what_the_api_shows() -> None:
    assert set(LEAD_COLUMNS) == set(LeadRead.model_fields) - {"score"}
    assert set(TOUCHPOINT_COLUMNS) == set(TouchpointRead.model_fields)
    assert set(OPPORTUNITY_COLUMNS) == set(OpportunityRead.model_fields)


class TestNdjson:
    async def test_leads_are_those_of_the_api(self, client: Client) -> None:
        await custom_fields(client)
        made = [await new_lead(client, description=text, phone="?") for text in NAUGHTY[:40]]
        made.append(await new_lead(client, custom=CUSTOM, annual_revenue_minor=10**15))
        assert await as_json(client) == made

    async def test_touchpoints_and_opportunities_too(self, client: Client) -> None:
        touch = {"kind": "call", "utm": {"source": "a"}, "products": ["b"], "payload": {"c": [1]}}
        lead = await new_lead(client, touchpoint=touch)
        [told] = await as_json(client, resource="touchpoints")
        assert told == (await client.get(f"/v1/touchpoints/{told['id']}")).json()
        assert (told["lead_id"], told["payload"]) == (lead["id"], {"c": [1]})
        deal = await new_opportunity(client, amount_minor=5, currency="EUR", closes_on="2026-05-31")
        assert await as_json(client, resource="opportunities") == [
            (await client.get(f"/v1/opportunities/{deal['id']}")).json()
        ]

    async def test_what_was_deleted_is_not_in_it(self, client: Client) -> None:
        kept, gone = await new_lead(client), await new_lead(client)
        await client.delete(f"/v1/leads/{gone['id']}")
        assert [lead["id"] for lead in await as_json(client)] == [kept["id"]]
        touches = await as_json(client, resource="touchpoints")
        assert [touch["lead_id"] for touch in touches] == [kept["id"]]

    async def test_identities_come_when_asked_for(self, client: Client) -> None:
        references = [{"system": "shop", "external_id": "7"}]
        lead = await new_lead(client, email="Ada@Example.com", external_references=references)
        assert await as_json(client, columns=["id", "identities"]) == [
            {
                "id": lead["id"],
                "identities": [
                    {"kind": "email", "system": "", "value": "ada@example.com"},
                    {"kind": "external", "system": "shop", "value": "7"},
                ],
            }
        ]


class TestCsv:
    async def test_any_text_comes_back(self, client: Client) -> None:
        """Formulas are neutralised, and restored by taking the quote mark off again."""
        texts = [*NAUGHTY, "=1+1", "+49 30 1", "-1", "@x", "'=1", "''+x", "＝1", " =1", "'"]
        made = [await new_lead(client, description=text, source=text[:200]) for text in texts]
        rows = await as_table(client)
        assert [restore(row["description"]) for row in rows] == [m["description"] for m in made]
        assert [restore(row["source"]) for row in rows] == [m["source"] for m in made]
        risky = [row["source"] for row in rows if row["source"][:1] in tuple("=+-@＝\t\r\n")]
        assert risky == []
        plain = await as_table(client, formulas="keep")
        assert [row["description"] for row in plain] == [m["description"] for m in made]

    async def test_every_value_has_its_spelling(self, client: Client) -> None:
        await custom_fields(client)
        made = await new_lead(client, custom=CUSTOM, phone="?", employee_count=7)
        [row] = await as_table(client)
        assert "custom" not in row
        told = {key.removeprefix("custom."): row[key] for key in row if key.startswith("custom.")}
        assert told == {
            "due": "2026-05-31",
            "note": "'@SUM(1)",
            "size": "0.5",
            "tier": "'=1",
            "vip": "true",
        }
        assert (row["unnormalised"], row["employee_count"]) == ('["phone"]', "7")
        assert (row["is_test"], row["email"], row["created_at"]) == (
            "false",
            "",
            made["created_at"],
        )
        assert next(iter(row)) == "id"

    async def test_it_follows_the_rfc(self, client: Client) -> None:
        await new_lead(client, company='a "b", c\nd', city="Köln")
        answer = await exported(client, format="csv", columns=["company", "city"])
        assert answer.content.decode() == 'company,city\r\n"a ""b"", c\nd",Köln\r\n'
        assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
        assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''leads.csv"
        marked = await exported(client, format="csv", columns=["city"], byte_order_mark=True)
        assert marked.content.decode() == "\ufeffcity\r\nKöln\r\n"

    async def test_no_rows_leave_the_names(self, client: Client) -> None:
        answer = await exported(client, format="csv", columns=["id", "email"])
        assert answer.text == "id,email\r\n"

    async def test_a_custom_field_of_another_type_runs_nothing(self, client: Client) -> None:
        """Text stored before the field was declared anew as a number."""
        text = {"key": "amount", "label": "Amount", "type": "text"}
        declared = (await client.post("/v1/custom-fields", json=text)).json()
        await new_lead(client, custom={"amount": "=cmd()"})
        await client.delete(f"/v1/custom-fields/{declared['id']}")
        await client.post("/v1/custom-fields", json=text | {"type": "number"})
        [row] = await as_table(client, columns=["custom.amount"])
        assert row == {"custom.amount": "'=cmd()"}
        table = await parquet_of(client, columns=["custom.amount"])
        assert table.to_pylist() == [{"custom.amount": None}]


async def parquet_of(client: Client, **order: Any) -> Any:
    """An export as Parquet, read again."""
    answer = await exported(client, format="parquet", **order)
    return pq.read_table(io.BytesIO(answer.content))


class TestParquet:
    async def test_columns_have_their_types(self, client: Client) -> None:
        await custom_fields(client)
        made = await new_lead(client, custom=CUSTOM, annual_revenue_minor=10**15, phone="?")
        await new_lead(client)
        table = await parquet_of(client)
        types = {name: str(table.schema.field(name).type) for name in table.schema.names}
        assert types["annual_revenue_minor"] == "int64"
        assert types["created_at"] == "timestamp[us, tz=UTC]"
        assert (types["custom.due"], types["custom.size"]) == ("date32[day]", "double")
        assert (types["is_test"], types["id"]) == ("bool", "string")
        first, second = table.to_pylist()
        assert (first["id"], first["annual_revenue_minor"]) == (made["id"], 10**15)
        assert first["created_at"].isoformat().replace("+00:00", "Z") == made["created_at"]
        assert (first["custom.due"].isoformat(), first["custom.tier"]) == ("2026-05-31", "=1")
        assert (first["unnormalised"], second["custom.vip"]) == (["phone"], None)

    async def test_row_groups_are_written_as_they_fill(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.adapters.tables_out.parquet.GROUP_ROWS", 2)
        monkeypatch.setattr(exports, "STRETCH_ROWS", 1)
        for _ in range(5):
            await new_lead(client)
        answer = await exported(client, format="parquet")
        found = pq.ParquetFile(io.BytesIO(answer.content))
        assert [found.metadata.row_group(n).num_rows for n in range(3)] == [2, 2, 1]

    async def test_long_texts_fill_a_row_group_sooner(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.adapters.tables_out.parquet.GROUP_BYTES", 20_000)
        monkeypatch.setattr(exports, "STRETCH_ROWS", 1)
        for _ in range(5):
            await new_lead(client, description="é" * 6_000)
        answer = await exported(client, format="parquet", columns=["description"])
        found = pq.ParquetFile(io.BytesIO(answer.content))
        assert [found.metadata.row_group(n).num_rows for n in range(3)] == [2, 2, 1]

    async def test_without_pyarrow_it_says_what_to_install(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
        answer = await client.post("/v1/exports", json={"resource": "leads", "format": "parquet"})
        problem = assert_problem(answer, 422)
        assert named_by(problem) == ["/format"]
        assert "touchline[parquet]" in problem["errors"][0]["detail"]


class TestXlsx:
    async def test_text_stays_text(self, client: Client) -> None:
        made = await new_lead(client, company="=1+1", employee_count=7, city="https://a.example")
        columns = ["id", "company", "city", "employee_count", "is_test", "created_at"]
        answer = await exported(client, format="xlsx", columns=columns)
        [sheet] = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).sheet_names
        book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
        assert book.get_sheet_by_name(sheet).to_python() == [
            columns,
            [made["id"], "=1+1", "https://a.example", 7, False, made["created_at"]],
        ]

    async def test_what_does_not_fit_is_refused_before_the_first_byte(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.adapters.tables_out.workbooks.ROWS_LIMIT", 1)
        await new_lead(client)
        await new_lead(client)
        answer = await client.post("/v1/exports", json={"resource": "leads", "format": "xlsx"})
        assert assert_problem(answer, 422)["code"] == "too_many"


class TestSelection:
    async def test_a_condition_chooses(self, client: Client) -> None:
        await custom_fields(client)
        wanted = await new_lead(client, country="DE", custom={"tier": "gold"})
        await new_lead(client, country="DE")
        await new_lead(client, country="AT", custom={"tier": "gold"})
        condition = {
            "all": [
                {"field": "country_code", "op": "eq", "value": "DE"},
                {"field": "custom.tier", "op": "eq", "value": "gold"},
                {"field": "touches", "op": "eq", "value": 1, "kind": "lead_captured", "days": 1},
            ]
        }
        assert await as_json(client, condition=condition) == [wanted]

    @pytest.mark.parametrize("sort", ["id", "-id", "created_at", "-created_at"])
    @pytest.mark.parametrize("chosen", [None, "none", "every third", "all"])
    async def test_each_record_comes_once_in_order_however_it_is_cut(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, sort: str, chosen: str | None
    ) -> None:
        monkeypatch.setattr(exports, "STRETCH_ROWS", 3)
        monkeypatch.setattr(exports, "_SHORTEST_LOOK", 4)
        monkeypatch.setattr(exports, "_FARTHEST_LOOK", 6)
        made = [await new_lead(client, city=str(n % 3)) for n in range(20)]
        condition = {"field": "city", "op": "in", "value": ["0"]}
        if chosen == "none":
            condition["value"] = ["x"]
        if chosen == "all":
            condition["value"] = ["0", "1", "2"]
        order = {"sort": sort} | ({} if chosen is None else {"condition": condition})
        ids = [lead["id"] for lead in await as_json(client, **order)]
        expected = [
            lead["id"] for lead in made if chosen is None or lead["city"] in condition["value"]
        ]
        assert ids == (expected[::-1] if sort.startswith("-") else expected)

    @pytest.mark.parametrize(
        ("order", "pointer"),
        [
            ({"resource": "users"}, "/resource"),
            ({"format": "pdf"}, "/format"),
            ({"sort": "last_touch_at"}, "/sort"),
            ({"resource": "touchpoints", "sort": "created_at"}, "/sort"),
            ({"columns": ["id", "password"]}, "/columns/1"),
            ({"columns": ["id", "id"]}, "/columns/1"),
            ({"columns": ["custom.nothing"]}, "/columns/0"),
            ({"columns": []}, "/columns"),
            ({"condition": {}}, "/condition"),
            ({"condition": {"field": "nothing", "op": "eq", "value": 1}}, "/condition/field"),
            ({"condition": {"field": "city", "op": "lt", "value": 1}}, "/condition/op"),
            ({"condition": {"field": "city", "op": "eq", "value": 1}}, "/condition/value"),
            ({"resource": "touchpoints", "condition": {"field": "city"}}, "/condition/field"),
        ],
    )
    async def test_what_cannot_be_exported_is_named(
        self, client: Client, order: dict[str, Any], pointer: str
    ) -> None:
        body = {"resource": "leads", "format": "csv"} | order
        assert named_by(assert_problem(await client.post("/v1/exports", json=body), 422)) == [
            pointer
        ]


class TestAccess:
    async def test_nothing_of_another_workspace(self, client: Client, stranger: Client) -> None:
        await new_lead(stranger, company="CANARY", email="canary@example.com")
        for resource in ("leads", "touchpoints", "opportunities"):
            assert await as_json(client, resource=resource) == []

    @pytest.mark.parametrize(
        ("resource", "scope"), [("leads", "leads:read"), ("opportunities", "sales:read")]
    )
    async def test_it_takes_the_right_to_read_that(
        self, client: Client, resource: str, scope: str
    ) -> None:
        other = "sales:read" if scope == "leads:read" else "leads:read"
        order = {"resource": resource, "format": "csv"}
        for held, status in ((scope, 200), (other, 403)):
            key = (await new_key(client, held))["key"]
            answer = await client.post("/v1/exports", json=order, headers=bearer(key))
            assert answer.status_code == status, answer.text

    async def test_the_journal_tells_who_took_what(self, client: Client) -> None:
        await exported(client, format="csv", columns=["email"])
        [event] = await events_of(client, "export.made")
        assert event["data"] == {
            "resource": "leads",
            "format": "csv",
            "columns": ["email"],
            "filtered": False,
        }
        assert event["api_key_id"] is not None

    async def test_a_repeat_is_made_anew(self, client: Client) -> None:
        headers = {"Idempotency-Key": "again"}
        order = {"resource": "leads", "format": "ndjson"}
        first = await client.post("/v1/exports", json=order, headers=headers)
        await new_lead(client)
        second = await client.post("/v1/exports", json=order, headers=headers)
        assert (first.status_code, second.status_code) == (200, 200)
        assert "idempotency-replayed" not in second.headers
        assert (len(first.content.splitlines()), len(second.content.splitlines())) == (0, 1)


async def test_statements_do_not_grow_with_the_rows(client: Client, statements: list[str]) -> None:
    async def cost() -> int:
        await exported(client, format="ndjson")
        statements.clear()
        await exported(client, format="ndjson")
        return len(statements)

    await new_lead(client)
    few = await cost()
    for _ in range(20):
        await new_lead(client)
    assert await cost() == few


async def test_a_look_that_takes_too_long_is_shortened(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [(await new_lead(client))["id"] for _ in range(5)]
    monkeypatch.setattr(exports, "_SHORTEST_LOOK", 8)
    original = ExportRepository.end_of_stretch
    looks: list[int] = []

    async def slow(repository: Any, selection: Any, last_id: Any, after: Any, size: int) -> Any:
        looks.append(size)
        if size > 2:
            raise Unavailable("the database did not answer in time; try again")
        return await original(repository, selection, last_id, after, size)

    monkeypatch.setattr(ExportRepository, "end_of_stretch", slow)
    condition = {"field": "touches", "op": "gte", "value": 0}
    assert [lead["id"] for lead in await as_json(client, condition=condition)] == made
    assert looks[:3] == [8, 4, 2]
    assert set(looks[3:]) <= {2, 4}


async def test_a_connection_lost_between_two_stretches_is_made_good(
    client: Client, owner_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "STRETCH_ROWS", 1)
    made = [(await new_lead(client))["id"] for _ in range(3)]
    broken = 0
    original = UnitOfWork.__aenter__

    async def break_once(uow: Any) -> Any:
        nonlocal broken
        found = await original(uow)
        if (broken := broken + 1) == 2:
            await owner_database.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE usename = 'touchline_app' AND datname = current_database()"
            )
        return found

    monkeypatch.setattr(UnitOfWork, "__aenter__", break_once)
    assert [lead["id"] for lead in await as_json(client)] == made
    assert broken > 3
