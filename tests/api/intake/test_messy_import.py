"""A real-looking export of ten thousand rows: the counts add up, and each rejected row is
explained."""

from collections import Counter

import pytest

from tests.conftest import Client
from tests.factories.imports import done, rows_of, sent
from tests.factories.messy_export import messy_export

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("count", [10_000])
async def test_every_row_becomes_what_it_should(client: Client, count: int) -> None:
    export = messy_export(count)
    import_ = await sent(client, export.content, name="export.csv")
    assert import_["format"] == {
        "kind": "csv",
        "encoding": "utf-8",
        "delimiter": ";",
        "quote": '"',
        "compressed": False,
    }
    assert {c["name"]: c["suggested"] for c in import_["columns"]} == {
        "Vorname": "first_name",
        "Nachname": "last_name",
        "Firma": "company",
        "E-Mail-Adresse": "email",
        "Telefon": "phone",
        "Ort": "city",
        "Erstellt am": "created_at",
        "Mitarbeiterzahl": "employee_count",
        "Jahresumsatz": "annual_revenue",
        "Notizen": "description",
    }
    after = await done(client, import_)
    assert after["status"] == "done", after["error"]
    wanted = Counter(export.outcomes.values())
    counts = Counter(after["counts"])
    noted = counts.pop("noted")
    assert counts == wanted + Counter(blank=export.blank)
    assert sum(counts.values()) == after["row_count"] == count
    assert noted == len(export.noted)
    rows = {row["line"]: row for row in await rows_of(client, after)}
    assert {line: row["outcome"] for line, row in rows.items()} == export.outcomes
    for line, first in export.first_lines.items():
        assert rows[line]["first_line"] == first
    for line, word in export.why.items():
        reasons = " ".join(f"{r['column']} {r['detail']}" for r in rows[line]["reasons"])
        assert word in reasons, (line, word, reasons)
        assert rows[line]["cells"]
    for line in export.noted:
        assert rows[line]["reasons"][0]["column"] == "Telefon"


async def test_what_was_read_is_what_was_meant(client: Client) -> None:
    export = messy_export(600)
    after = await done(client, await sent(client, export.content))
    seen = 0
    cursor = None
    while True:
        query = {"limit": 200} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/leads", params=query)).json()
        for lead in page["data"]:
            # In the workspace's time zone, which is UTC.
            day = export.created_on[lead["email"].lower()]
            assert lead["created_at"] == f"{day.isoformat()}T00:00:00Z"
            assert lead["city"] == "Köln"
            if lead["description"]:
                assert lead["description"] != "'=HYPERLINK(1)"
            if lead["annual_revenue_minor"]:
                assert lead["annual_revenue_minor"] in (123_450, 1_200_000, 150_000_000)
            seen += 1
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == after["counts"]["created"]
