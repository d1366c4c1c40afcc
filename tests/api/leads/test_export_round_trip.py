"""What one workspace exports, another one imports, and has it as it was."""

from typing import Any

import pytest

from tests.conftest import Client
from tests.factories.imports import imported

pytestmark = pytest.mark.anyio

COLUMNS = """first_name last_name full_name title company email phone website street city region
    postal_code country industry employee_count annual_revenue_minor currency language description
    source custom.note custom.size custom.vip custom.due""".split()

# Texts that a spreadsheet would run, or a reader of CSV take for something else.
TEXTS = ["=1+1", "+49 30 901820", "-1", "@SUM(A1)", "'=1", "''+x", "＝1", "'Ada", 'a "b", c;d']
TEXTS += ["a\nb", "a\r\nb", "null", "TRUE", "007", "1e5", "שלום 🚂", "Straße", '=HYPERLINK("x")']


def _lead(number: int, text: str) -> dict[str, Any]:
    return {
        "full_name": "Ada Lovelace",
        "email": f"ada.{number}@example.com",
        "title": text,
        "company": text,
        "street": text,
        "industry": text,
        "description": text,
        "source": text,
        "phone": f"+49 30 9018{number:02}",
        "country": "DE",
        "website": "https://www.example.com/a?b=c",
        "employee_count": number,
        "annual_revenue_minor": 1_234_567_89,
        "currency": "EUR",
        "language": "en-GB",
        "custom": {"note": text, "size": 0.5, "vip": number % 2 == 0, "due": "2026-05-31"},
    }


async def _declared(client: Client) -> None:
    types = {"note": "text", "size": "number", "vip": "boolean", "due": "date"}
    for key, kind in types.items():
        body = {"key": key, "label": key, "type": kind}
        assert (await client.post("/v1/custom-fields", json=body)).status_code == 201


async def _all(client: Client) -> dict[str, dict[str, Any]]:
    """The leads by e-mail address, as far as people told them."""
    answer = await client.get("/v1/leads", params={"limit": 200})
    told = {name for name in COLUMNS if not name.startswith("custom.")} | {"custom"}
    return {lead["email"]: {name: lead[name] for name in told} for lead in answer.json()["data"]}


@pytest.mark.parametrize("form", ["csv", "ndjson", "xlsx"])
async def test_every_value_arrives(client: Client, stranger: Client, form: str) -> None:
    for each in (client, stranger):
        await _declared(each)
    for number, text in enumerate(TEXTS):
        answer = await client.post("/v1/leads", json=_lead(number, text))
        assert answer.status_code == 201, answer.text
    order = {"resource": "leads", "format": form, "columns": COLUMNS}
    exported = await client.post("/v1/exports", json=order)
    assert exported.status_code == 200, exported.text
    mapping = {name: name for name in COLUMNS}
    after = await imported(stranger, exported.content, mapping)
    assert after["counts"] == {"created": len(TEXTS)}, after
    assert await _all(stranger) == await _all(client)
