"""Double opt-in from the post to the lead: over a real mail server, and only by the button."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from app.adapters.mail import Mailer
from app.domain.intake.confirmations import ConfirmationLink, make_link_token
from app.platform import clock
from app.platform.db import Database
from app.platform.ids import new_id
from app.services.intake import double_opt_in
from app.services.reach.job_runner import JobRunner
from tests.conftest import Client
from tests.factories.access import events_of
from tests.factories.intake import captured
from tests.factories.mail import Inbox, listening

pytestmark = pytest.mark.anyio

BASE = "https://leads.acme.example"
LINK = re.compile(rf"{BASE}(/f/confirm/[A-Za-z0-9_-]+)")
FIELDS = [
    {"name": "name", "label": "Name", "type": "text", "to": "full_name"},
    {"name": "email", "label": "E-mail", "type": "email", "to": "email"},
]


class Site:
    """A form that asks for a confirmation, and the mails that it sends."""

    def __init__(self, app: FastAPI, client: Client, form: dict[str, Any], inbox: Inbox) -> None:
        self.app, self.client, self.form, self.inbox = app, client, form, inbox
        self.email = f"ada.{new_id().hex}@example.com"
        self.smtp = ""

    async def send(self, **answers: str) -> dict[str, Any]:
        """Send the form and read what became of it."""
        answer = await self.client.post(
            f"/f/{self.form['token']}",
            json={"fields": {"name": "Ada Lovelace", "email": self.email} | answers},
        )
        assert answer.status_code == 202, answer.text
        return await self.fate(answer.json()["receipt_id"])

    async def fate(self, receipt_id: str) -> dict[str, Any]:
        """What has become of a submission."""
        return await captured(self.app, self.client, receipt_id)

    async def mails(self) -> list[EmailMessage]:
        """Every mail to this person, after the jobs are done."""
        runtime = self.app.state.runtime
        mailer = Mailer(self.smtp, "Acme <hello@acme.example>")
        handler = double_opt_in.sending(mailer, runtime.secrets, BASE)
        handlers = {double_opt_in.SEND_CONFIRMATION: handler}
        await JobRunner(runtime.database, handlers, poll_seconds=0.02).drain()
        return [mail for mail in self.inbox.messages() if mail["To"] == self.email]

    async def link(self) -> str:
        """The path of the link in the last mail."""
        found = LINK.search(text_of((await self.mails())[-1]))
        assert found
        return found[1]


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    text: str = body.get_content()
    return text


@pytest.fixture
async def site(app: FastAPI, client: Client) -> AsyncIterator[Site]:
    inbox = Inbox()
    async with listening(inbox) as where:
        site = Site(app, client, await make_form(client), inbox)
        site.smtp = f"smtp://{where}"
        yield site


async def make_form(client: Client, **asks: Any) -> dict[str, Any]:
    body = {
        "name": "Contact",
        "fields": FIELDS,
        "protection": {"min_seconds": 0},
        "allowed_origins": ["https://www.acme.example"],
        "double_opt_in": {"enabled": True, **asks},
    }
    answer = await client.post("/v1/forms", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.fixture
async def visitor(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without any key."""
    transport = httpx.ASGITransport(app, client=("198.51.100.7", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://touchline.test") as browser:
        yield browser


def codes(submission: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in submission["findings"]]


async def test_a_submission_waits_until_the_button_is_pressed(
    site: Site, visitor: httpx.AsyncClient, owner_database: Database
) -> None:
    sent = await site.send()
    assert (sent["status"], codes(sent)) == ("held", ["awaiting_confirmation"])
    assert (await site.client.get("/v1/leads")).json()["data"] == []
    link = await site.link()

    page = await visitor.get(link)
    assert page.status_code == 200
    assert '<form method="post"' in page.text
    assert (await site.fate(sent["receipt_id"]))["status"] == "held"

    page = await visitor.post(link)
    assert page.status_code == 200
    assert "confirmed" in page.text
    after = await site.fate(sent["receipt_id"])
    assert (after["status"], after["outcome"]) == ("captured", "created")
    lead = (await site.client.get(f"/v1/leads/{after['lead_id']}")).json()
    assert lead["email"] == site.email

    [event] = await events_of(site.client, "consent.confirmed")
    assert event["subject_id"] == sent["receipt_id"]
    assert event["data"]["form_id"] == site.form["id"]
    [row] = await owner_database.fetch(
        "SELECT * FROM confirmations WHERE workspace_id = $1", site.client.workspace_id
    )
    assert (row["submission_id"], row["confirmed_from"]) == (
        UUID(sent["receipt_id"]),
        "198.51.100.7",
    )
    assert row["created_at"] <= row["confirmed_at"]


async def test_what_the_mail_says(site: Site) -> None:
    await site.send()
    [mail] = await site.mails()
    assert mail["Subject"] == "Please confirm your e-mail address"
    assert mail["From"] == "Acme <hello@acme.example>"
    html = mail.get_body(("html",))
    assert html is not None
    for text in (text_of(mail), html.get_content()):
        assert LINK.search(text)
        assert "Ada" not in text


async def test_the_form_has_words_of_its_own(site: Site, visitor: httpx.AsyncClient) -> None:
    site.form = await make_form(
        site.client,
        subject="Bitte bestätigen <Sie>",
        message="Ein Klick & los.\n\nBis gleich",
        confirmed_url="https://www.acme.example/danke",
    )
    sent = await site.send()
    [mail] = await site.mails()
    assert mail["Subject"] == "Bitte bestätigen <Sie>"
    assert text_of(mail).startswith("Ein Klick & los.")
    html = mail.get_body(("html",))
    assert html is not None
    assert "Ein Klick &amp; los.</p>" in html.get_content()
    link = await site.link()
    page = await visitor.get(link)
    assert "<h1>Bitte bestätigen &lt;Sie&gt;</h1>" in page.text
    policy = page.headers["content-security-policy"]
    assert "form-action 'self' https://www.acme.example;" in policy
    for _ in range(2):
        answer = await visitor.post(link)
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            "https://www.acme.example/danke",
        )
    assert (await site.fate(sent["receipt_id"]))["status"] == "captured"


async def test_confirming_twice_is_confirming_once(site: Site, visitor: httpx.AsyncClient) -> None:
    await site.send()
    link = await site.link()
    pages = await asyncio.gather(*(visitor.post(link) for _ in range(8)))
    assert {(page.status_code, page.text) for page in pages} == {(200, pages[0].text)}
    assert (await visitor.post(link)).text == pages[0].text
    assert (await visitor.get(link)).text == pages[0].text
    assert len(await events_of(site.client, "consent.confirmed")) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_nothing_but_the_button_acts(
    site: Site, visitor: httpx.AsyncClient, method: str
) -> None:
    sent = await site.send()
    link = await site.link()
    for _ in range(2):
        await visitor.request(method, link)
    assert (await site.fate(sent["receipt_id"]))["status"] == "held"


async def test_the_page_tells_its_address_to_nobody(site: Site, visitor: httpx.AsyncClient) -> None:
    await site.send()
    link = await site.link()
    for page in (await visitor.get(link), await visitor.post(link), await visitor.get(link + "x")):
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert "noindex" in page.headers["x-robots-tag"]
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "<script" not in page.text


async def test_who_sends_it_again_gets_one_mail_and_confirms_it_all(
    site: Site, visitor: httpx.AsyncClient
) -> None:
    first = await site.send(name="Ada")
    assert len(await site.mails()) == 1
    second, third = await site.send(name="Ada L."), await site.send(name="A. Lovelace")
    assert {each["status"] for each in (first, second, third)} == {"held"}
    assert len(await site.mails()) == 1
    await visitor.post(await site.link())
    for each in (first, second, third):
        assert (await site.fate(each["receipt_id"]))["status"] == "captured"


async def test_submissions_of_the_same_moment_get_one_mail(site: Site) -> None:
    token = site.form["token"]
    for name in ("Ada", "A. Lovelace", "Ada L."):
        fields = {"name": name, "email": site.email}
        await site.client.post(f"/f/{token}", json={"fields": fields})
    await site.app.state.runtime.pipeline.run(site.client.workspace_id)
    assert len(await site.mails()) == 1


async def test_after_a_while_another_mail_is_sent(site: Site, owner_database: Database) -> None:
    await site.send(name="Ada")
    await site.mails()
    await owner_database.fetch(
        "UPDATE confirmations SET asked_at = asked_at - interval '11 minutes' "
        "WHERE workspace_id = $1",
        site.client.workspace_id,
    )
    await site.send(name="Ada L.")
    first, second = await site.mails()
    assert first["Message-ID"] != second["Message-ID"]


async def test_other_people_and_forms_are_asked_for_themselves(
    site: Site, visitor: httpx.AsyncClient
) -> None:
    mine = await site.send()
    link = await site.link()
    theirs = await site.send(email=f"grace.{new_id().hex}@example.com")
    site.form = await make_form(site.client)
    elsewhere = await site.send()
    await visitor.post(link)
    assert (await site.fate(mine["receipt_id"]))["status"] == "captured"
    assert (await site.fate(theirs["receipt_id"]))["status"] == "held"
    assert (await site.fate(elsewhere["receipt_id"]))["status"] == "held"


async def test_a_link_that_was_changed_leads_nowhere(
    site: Site, visitor: httpx.AsyncClient, statements: list[str]
) -> None:
    sent = await site.send()
    link = await site.link()
    statements.clear()
    other = {"A": "B"}
    for place in range(len("/f/confirm/"), len(link)):
        letter = other.get(link[place], "A")
        changed = link[:place] + letter + link[place + 1 :]
        for method in ("GET", "POST"):
            assert (await visitor.request(method, changed)).status_code == 404
    for token in ("x", "é" * 64, "=" * 64, link.rpartition("/")[2] + "A", "%00" * 64, "." * 64):
        assert (await visitor.post(f"/f/confirm/{token}")).status_code == 404
    assert statements == []
    assert (await site.fate(sent["receipt_id"]))["status"] == "held"


async def test_a_link_of_another_installation_or_purpose_leads_nowhere(
    site: Site, visitor: httpx.AsyncClient
) -> None:
    await site.send()
    for token in (site.form["token"], site.form["token"] + "AAAAAAAA"):
        assert (await visitor.post(f"/f/confirm/{token}")).status_code == 404


async def test_a_link_that_is_too_old_leads_nowhere(
    site: Site, visitor: httpx.AsyncClient, owner_database: Database
) -> None:
    sent = await site.send()
    [row] = await owner_database.fetch(
        "SELECT id FROM confirmations WHERE workspace_id = $1", site.client.workspace_id
    )
    said = urlsplit(await site.link())
    assert said.path

    def link(workspace_id: UUID, lifetime: timedelta) -> str:
        told = ConfirmationLink(
            workspace_id=workspace_id,
            confirmation_id=row["id"],
            expires_at=clock.now() + lifetime,
        )
        return f"/f/confirm/{make_link_token(site.app.state.runtime.secrets, told)}"

    old = link(site.client.workspace_id, timedelta(seconds=-2))
    foreign = link(new_id(), timedelta(hours=1))
    good = link(site.client.workspace_id, timedelta(hours=1))
    for bad in (old, foreign):
        for method in ("GET", "POST"):
            answer = await visitor.request(method, bad)
            assert answer.status_code == 404
            assert answer.headers["content-type"].startswith("text/html")
    assert (await site.fate(sent["receipt_id"]))["status"] == "held"
    assert (await visitor.get(good)).status_code == 200


async def test_the_lifetime_is_the_forms(site: Site, owner_database: Database) -> None:
    site.form = await make_form(site.client, lifetime_hours=5)
    await site.send()
    [row] = await owner_database.fetch(
        "SELECT * FROM confirmations WHERE workspace_id = $1", site.client.workspace_id
    )
    assert row["expires_at"] - row["created_at"] == timedelta(hours=5)


async def test_what_somebody_has_decided_stands(site: Site, visitor: httpx.AsyncClient) -> None:
    sent = await site.send()
    link = await site.link()
    answer = await site.client.post(f"/v1/submissions/{sent['receipt_id']}/reject", json={})
    assert answer.status_code == 200, answer.text
    assert (await visitor.post(link)).status_code == 200
    assert (await site.fate(sent["receipt_id"]))["status"] == "rejected"
    assert len(await events_of(site.client, "consent.confirmed")) == 1


async def test_who_was_released_gets_no_mail(site: Site) -> None:
    sent = await site.send()
    answer = await site.client.post(f"/v1/submissions/{sent['receipt_id']}/release", json={})
    assert answer.status_code == 200, answer.text
    assert (await site.fate(sent["receipt_id"]))["status"] == "captured"
    assert await site.mails() == []


async def test_without_an_address_there_is_nobody_to_ask(site: Site) -> None:
    sent = await site.send(email="")
    assert sent["status"] == "held"
    assert await site.mails() == []
    jobs = (await site.client.get("/v1/jobs")).json()["data"]
    assert jobs == []


async def test_a_mail_that_cannot_be_sent_is_seen_and_sent_again(site: Site) -> None:
    await site.send()
    site.inbox.rcpt = f"550 {site.email} is unknown"
    assert await site.mails() == []
    [job] = (await site.client.get("/v1/jobs", params={"status": "dead"})).json()["data"]
    assert job["kind"] == "send_confirmation"
    assert job["last_error"] == "MailFailed: the mail server refused the recipient (550)"
    site.inbox.rcpt = ""
    answer = await site.client.post(f"/v1/jobs/{job['id']}/retry")
    assert (answer.status_code, answer.json()["status"]) == (200, "queued")
    assert len(await site.mails()) == 1
    read = (await site.client.get(f"/v1/jobs/{job['id']}")).json()
    assert (read["status"], site.email in str(read)) == ("done", False)


async def test_a_form_that_does_not_ask_captures_at_once(site: Site) -> None:
    site.form = await make_form(site.client, enabled=False)
    assert (await site.send())["status"] == "captured"
