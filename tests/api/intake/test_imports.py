"""Files of rows become leads: once, by a mapping somebody confirmed, with a reason for each row
that does not."""

import gzip
import io
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from tests.conftest import Client
from tests.factories.access import events_of
from tests.factories.imports import done, imported, rows_of, sent, told, work_off

pytestmark = pytest.mark.anyio

PEOPLE = "Vorname;Nachname;E-Mail;Telefon;Firma\nAda;Lovelace;ada@example.com;030 901820;Engines\n"


async def leads_of(client: Client, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get("/v1/leads", params={"limit": 200, **query})
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


async def test_a_file_tells_how_it_is_written_and_what_its_columns_are(client: Client) -> None:
    import_ = await sent(client, "Vorname;Straße\nJürgen;Am Bächle\n".encode("cp1252"))
    assert import_["format"]["encoding"] == "cp1252"
    assert import_["format"]["delimiter"] == ";"
    assert [c["suggested"] for c in import_["columns"]] == ["first_name", "street"]
    assert import_["sample"] == [["Jürgen", "Am Bächle"]]
    assert (import_["status"], import_["row_count"]) == ("ready", 1)
    assert await leads_of(client) == []


async def test_rows_become_leads(client: Client) -> None:
    after = await imported(client, PEOPLE)
    assert (after["status"], after["counts"]) == ("done", {"created": 1})
    [lead] = await leads_of(client)
    assert lead["first_name"] == "Ada"
    assert lead["email_norm"] == "ada@example.com"
    assert lead["phone_norm"] == "+4930901820"
    assert lead["touch_count"] == 0
    [event] = await events_of(client, "lead.created")
    assert event["data"]["cause"]["kind"] == "import"
    assert event["data"]["cause"]["id"] == after["id"]


async def test_what_is_sent_twice_in_a_file_is_one_lead(client: Client) -> None:
    body = "name,email\nAda Lovelace,ada@example.com\nAda Lovelace,ADA@example.com\n"
    after = await imported(client, body)
    assert after["counts"] == {"created": 1, "duplicate": 1}
    [repeat] = await rows_of(client, after, outcome="duplicate")
    assert (repeat["line"], repeat["first_line"]) == (3, 2)
    assert "line 2" in repeat["reasons"][0]["detail"]
    assert len(await leads_of(client)) == 1


@pytest.mark.parametrize(
    ("mode", "on_conflict", "counts", "company"),
    [
        ("create", "fill", {"created": 1, "skipped": 1}, None),
        ("update", "fill", {"updated": 1, "skipped": 1}, "Engines"),
        ("upsert", "fill", {"updated": 1, "created": 1}, "Engines"),
        ("upsert", "overwrite", {"updated": 1, "created": 1}, "Engines"),
    ],
)
async def test_modes(
    client: Client, mode: str, on_conflict: str, counts: dict[str, int], company: str | None
) -> None:
    await client.post("/v1/leads", json={"email": "ada@example.com", "city": "London"})
    body = "email,company,city\nada@example.com,Engines,Paris\nnew@example.com,Other,Rome\n"
    after = await imported(client, body, mode=mode, on_conflict=on_conflict)
    assert after["counts"] == counts
    [ada] = await leads_of(client, email="ada@example.com")
    assert ada["company"] == company
    assert ada["city"] == ("Paris" if on_conflict == "overwrite" else "London")
    for skipped in await rows_of(client, after, outcome="skipped"):
        assert skipped["reasons"][0]["detail"]


async def test_the_same_file_again_changes_nothing(client: Client) -> None:
    await imported(client, PEOPLE, on_conflict="overwrite")
    again = await imported(client, PEOPLE, on_conflict="overwrite")
    assert again["counts"] == {"unchanged": 1}
    [lead] = await leads_of(client)
    assert lead["version"] == 1


async def test_a_preview_counts_and_writes_nothing(client: Client) -> None:
    await client.post("/v1/leads", json={"email": "known@example.com"})
    body = (
        "email,city\nknown@example.com,Rome\nnew@example.com,Bonn\n"
        "NEW@example.com,Bonn\nno address,x\n"
    )
    import_ = await sent(client, body)
    before = await events_of(client, "lead.created")
    after = await done(client, import_, "preview")
    assert after["status"] == "ready"
    assert after["preview"] == {"updated": 1, "created": 1, "duplicate": 1, "invalid": 1}
    assert after["counts"] == {}
    assert len(await leads_of(client)) == 1
    assert await events_of(client, "lead.created") == before
    rows = await rows_of(client, after, phase="preview")
    assert [(row["line"], row["outcome"]) for row in rows] == [(4, "duplicate"), (5, "invalid")]
    ran = await done(client, after)
    assert ran["counts"] == after["preview"]


async def test_a_date_that_could_be_two_days_is_asked_about(client: Client) -> None:
    import_ = await sent(
        client, "email,Created\na@example.com,03/04/2024\nb@example.com,5/6/2024\n"
    )
    answer = await client.post(f"/v1/imports/{import_['id']}/start")
    assert answer.status_code == 422
    [question] = answer.json()["errors"]
    assert question["pointer"] == "/mapping/1/date_order"
    await told(client, import_, date_order="mdy")
    assert (await done(client, import_))["counts"] == {"created": 2}
    created = {lead["email"]: lead["created_at"] for lead in await leads_of(client)}
    assert created["a@example.com"].startswith("2024-03-04")


async def test_a_row_that_does_not_fit_is_rejected_with_its_reasons(client: Client) -> None:
    body = "email,employees,name\nno,many,=1+1\nada@example.com,12,Ada\nx@example.com\n"
    after = await imported(client, body)
    assert after["counts"] == {"created": 1, "invalid": 2}
    first, ragged = await rows_of(client, after, outcome="invalid")
    assert {reason["column"] for reason in first["reasons"]} == {"email", "employees"}
    assert "1 of 3 cells" in ragged["reasons"][0]["detail"]
    answer = await client.get(f"/v1/imports/{after['id']}/rejects")
    assert answer.headers["content-type"].startswith("text/csv")
    lines = answer.text.splitlines()
    assert lines[0] == "email,employees,name,touchline_line,touchline_outcome,touchline_reasons"
    assert lines[1].startswith("no,many,'=1+1,2,invalid,email: is no e-mail address")
    assert len(lines) == 3


async def test_a_rule_can_leave_a_field_blank_instead(client: Client) -> None:
    rules = {"email": "email", "employees": {"to": "employee_count", "unfit": "blank"}}
    after = await imported(client, "email,employees\nada@example.com,many\n", rules)
    assert after["counts"] == {"created": 1, "noted": 1}
    [row] = await rows_of(client, after)
    assert row["reasons"] == [
        {"column": "employees", "field": "employee_count", "detail": "is no number"}
    ]
    [lead] = await leads_of(client)
    assert lead["employee_count"] is None


async def test_workbooks_json_lines_and_gzip(client: Client) -> None:
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as workbook:
        sheet = workbook.add_worksheet("Leads")
        sheet.write_row(0, 0, ["Name", "E-Mail", "Employees"])
        sheet.write_row(1, 0, ["Ada Lovelace", "ada@example.com", 12])
    assert (await imported(client, book.getvalue()))["counts"] == {"created": 1}
    lines = '{"name": "Bo Li", "email": "bo@example.com", "company": {"name": "Li"}}\n'
    packed = gzip.compress(lines.encode())
    mapping = {"name": "full_name", "email": "email", "company.name": "company"}
    assert (await imported(client, packed, mapping))["counts"] == {"created": 1}
    found = {lead["email"]: lead for lead in await leads_of(client)}
    assert found["ada@example.com"]["employee_count"] == 12
    assert found["bo@example.com"]["company"] == "Li"


async def test_a_file_of_a_form(client: Client) -> None:
    files = {"file": ("people.csv", PEOPLE.encode(), "text/csv")}
    answer = await client.post("/v1/imports", files=files)
    assert answer.status_code == 201
    assert answer.json()["name"] == "people.csv"
    assert answer.json()["row_count"] == 1


async def test_the_same_upload_with_a_key_is_one_import(client: Client) -> None:
    headers = {"Idempotency-Key": "once"}
    one = await client.post("/v1/imports", content=PEOPLE.encode(), headers=headers)
    two = await client.post("/v1/imports", content=PEOPLE.encode(), headers=headers)
    assert one.json()["id"] == two.json()["id"]
    other = await client.post("/v1/imports", content=b"name\nBo\n", headers=headers)
    assert other.status_code == 422


async def test_owner_campaign_custom_fields_and_defaults(client: Client) -> None:
    user = (await client.post("/v1/users", json={"name": "Kim", "email": "kim@example.com"})).json()
    campaign = await client.post("/v1/campaigns", json={"name": "Fair 2024", "kind": "event"})
    field = {"key": "tier", "label": "Tier", "type": "choice", "choices": ["Gold", "Silver"]}
    await client.post("/v1/custom-fields", json=field)
    body = (
        "email,Owner,Campaign,Tier\na@example.com,KIM@example.com,fair 2024,gold\n"
        "b@example.com,nobody,x,Tin\nc@example.com,,,\n"
    )
    after = await imported(client, body, defaults={"source": "fair", "owner_id": user["id"]})
    assert after["counts"] == {"created": 2, "invalid": 1}
    found = {lead["email"]: lead for lead in await leads_of(client)}
    assert found["a@example.com"]["owner_id"] == user["id"]
    assert found["a@example.com"]["campaign_id"] == campaign.json()["id"]
    assert found["a@example.com"]["custom"] == {"tier": "Gold"}
    assert found["c@example.com"]["source"] == "fair"
    [wrong] = await rows_of(client, after, outcome="invalid")
    assert len(wrong["reasons"]) == 3


async def test_undo_deletes_what_nobody_touched(client: Client) -> None:
    await client.post("/v1/leads", json={"email": "known@example.com", "city": "Rome"})
    body = (
        "email,city,company\nknown@example.com,Bonn,Engines\na@example.com,x,y\nb@example.com,x,y\n"
    )
    after = await imported(client, body, on_conflict="overwrite")
    assert after["counts"] == {"updated": 1, "created": 2}
    [touched] = await leads_of(client, email="b@example.com")
    await client.post(f"/v1/leads/{touched['id']}/touchpoints", json={"kind": "call"})
    [known] = await leads_of(client, email="known@example.com")
    await client.patch(f"/v1/leads/{known['id']}", json={"company": "Mine"})
    undone = await done(client, after, "undo")
    assert undone["status"] == "undone"
    assert {k: undone["counts"][k] for k in ("deleted", "kept", "restored")} == {
        "deleted": 1,
        "kept": 1,
        "restored": 1,
    }
    left = {lead["email"]: lead for lead in await leads_of(client)}
    assert left.keys() == {"known@example.com", "b@example.com"}
    assert left["known@example.com"]["city"] == "Rome"
    assert left["known@example.com"]["company"] == "Mine"
    rows = {row["line"]: row["undone"] for row in await rows_of(client, undone)}
    assert rows[2] == {"outcome": "restored", "kept": ["company"]}
    assert "touched" in rows[4]["detail"]


async def test_an_import_that_is_cancelled_goes_on_where_it_stopped(client: Client) -> None:
    import_ = await sent(client, PEOPLE)
    path = f"/v1/imports/{import_['id']}"
    await client.post(f"{path}/start")
    assert (await client.post(f"{path}/cancel")).json()["status"] == "cancelled"
    await work_off(client)
    assert await leads_of(client) == []
    assert (await done(client, import_))["counts"] == {"created": 1}
    assert (await client.post(f"{path}/start")).status_code == 409


async def test_progress_as_events(client: Client) -> None:
    after = await imported(client, PEOPLE)
    path = f"/v1/imports/{after['id']}/events"
    answer = await client.get(path)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert f"id: {after['version']}\nevent: progress\ndata: {{" in answer.text
    assert answer.text.endswith("event: end\ndata: {}\n\n")
    seen = await client.get(path, headers={"Last-Event-ID": str(after["version"])})
    assert "event: progress" not in seen.text


async def test_what_is_no_table_is_refused(client: Client) -> None:
    for content in (b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x1f\x8bxx"):
        answer = await client.post("/v1/imports", content=content)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["code"] == "unreadable"


async def test_a_mapping_that_cannot_be_is_refused(client: Client) -> None:
    import_ = await sent(client, PEOPLE)
    rules = [
        {"column": "Nope", "to": "email"},
        {"column": "E-Mail", "to": "nothing"},
        {"column": "Firma", "to": "custom.undeclared"},
        {"column": "Vorname", "to": "audit.at"},
    ]
    answer = await client.patch(f"/v1/imports/{import_['id']}", json={"mapping": rules})
    assert answer.status_code == 422
    assert {e["pointer"] for e in answer.json()["errors"]} == {
        "/mapping/0/column",
        "/mapping/1/to",
        "/mapping/2/to",
        "/mapping/3/to",
    }


async def test_fields_are_listed(client: Client) -> None:
    answer = await client.get("/v1/imports/fields")
    names = {field["name"] for field in answer.json()["data"]}
    assert {"email", "touch.kind", "opportunity.amount", "audit.at"} <= names
