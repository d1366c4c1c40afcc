"""The files in messages over HTTP."""

import hashlib
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI

from tests.adapters.vendors.calls import MAIL, as_json
from tests.conftest import Client
from tests.factories.access import bearer, new_key
from tests.factories.connectors import (
    call,
    lead_of,
    new_connector,
    submissions,
    touch_of,
)

pytestmark = pytest.mark.anyio


async def receive(client: Client, raw: bytes, content_type: str = "message/rfc822") -> str:
    """The receipt of a message."""
    made = await new_connector(client, "email", secret=None)
    answer = await call(client, made, raw, content_type)
    assert answer.status_code == 200, answer.text
    [receipt_id] = answer.json()["receipt_ids"]
    return str(receipt_id)


async def listed(client: Client, receipt_id: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/submissions/{receipt_id}/attachments")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def message(*names: str) -> bytes:
    made = EmailMessage()
    made["From"] = "Ada <ada@example.com>"
    made["Message-ID"] = "<1@example.com>"
    made.set_content("See the files.")
    for name in names:
        content = name.encode() * 100
        made.add_attachment(content, maintype="text", subtype="html", filename=name)
    return made.as_bytes()


async def test_they_are_listed_and_read_as_downloads(client: Client) -> None:
    names = ["plan.html", "Grüße 🌱.html", "../../etc/passwd", 'a";b\\c.html']
    receipt_id = await receive(client, message(*names))
    found = await listed(client, receipt_id)
    assert [each["name"] for each in found] == names
    for number, name in enumerate(names):
        content = name.encode() * 100
        assert found[number] == {
            "number": number,
            "name": name,
            "type": "text/html",
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        answer = await client.get(f"/v1/submissions/{receipt_id}/attachments/{number}")
        assert answer.content == content
        # A page of a stranger must never run at our address.
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["x-content-type-options"] == "nosniff"
        disposition = answer.headers["content-disposition"]
        assert disposition == f"attachment; filename*=UTF-8''{quote(name, safe='')}"


async def test_what_is_not_there_is_not_found(client: Client, stranger: Client) -> None:
    receipt_id = await receive(client, message("a.html"))
    url = f"/v1/submissions/{receipt_id}/attachments"
    assert (await client.get(f"{url}/1")).status_code == 404
    assert (await client.get(f"{url}/-1")).status_code == 422
    assert (await stranger.get(url)).status_code == 404
    assert (await stranger.get(f"{url}/0")).status_code == 404
    sender = bearer((await new_key(client, "intake:write"))["key"])
    assert (await client.get(url, headers=sender)).status_code == 403


async def test_what_is_no_message_has_none(app: FastAPI, client: Client) -> None:
    made = await new_connector(client, "generic_json", secret=None)
    answer = await call(client, made, as_json({"email": "ada@example.com"}))
    assert await listed(client, answer.json()["receipt_ids"][0]) == []
    broken = await receive(client, b"x=1", "application/x-www-form-urlencoded")
    assert await listed(client, broken) == []


async def test_a_message_becomes_a_lead(app: FastAPI, client: Client) -> None:
    await receive(client, MAIL)
    [found] = await submissions(app, client)
    lead, touch = await lead_of(client, found), await touch_of(client, found)
    assert (lead["full_name"], lead["email"]) == ("Ada Lovelåce", "ada@example.com")
    assert lead["description"].startswith("Please call me, it is about the café.")
    assert (touch["kind"], touch["channel"]) == ("email_received", "email")
    assert touch["summary"] == "Engines 🚀"
    assert touch["payload"]["answers"]["lines"] == {"Phone": "020 7946 0958"}
    assert touch["payload"]["vendor"]["attachments"][0]["name"] == "plan.pdf"


@pytest.mark.parametrize("field", ["email", "body-mime", "message"])
async def test_a_message_in_a_form_is_a_message(app: FastAPI, client: Client, field: str) -> None:
    parts = [("to", b"sales@example.org"), (field, MAIL), ("spam_score", b"0.1")]
    body = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)
        for name, value in parts
    )
    receipt_id = await receive(client, body + b"--x--\r\n", "multipart/form-data; boundary=x")
    assert [each["name"] for each in await listed(client, receipt_id)] == ["plan.pdf"]
    [found] = await submissions(app, client)
    assert found["status"] == "captured"


async def test_messages_with_one_id_are_not_one_message(app: FastAPI, client: Client) -> None:
    """Some mailers give every message the same id."""
    made = await new_connector(client, "email", secret=None)
    for name in ("ada", "bob", "ada"):
        raw = message().replace(b"Ada <ada@", f"{name} <{name}@".encode())
        assert (await call(client, made, raw)).status_code == 200
    found = await submissions(app, client)
    assert len({each["lead_id"] for each in found}) == len(found) == 2


async def test_a_notice_of_absence_waits(app: FastAPI, client: Client) -> None:
    await receive(client, b"Auto-Submitted: auto-replied\r\n" + message())
    [found] = await submissions(app, client)
    assert found["status"] == "held"
    assert [each["code"] for each in found["findings"]] == ["automatic_mail"]
