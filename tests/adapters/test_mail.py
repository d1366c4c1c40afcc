"""Mails as a real SMTP server on the loopback address gets them."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.mail import Mail, Mailer, MailFailed, MailSettingsError, one_line
from app.platform import clock
from app.platform.ids import new_id
from tests.factories.mail import Inbox, listening

pytestmark = pytest.mark.anyio

LOOPBACK = IPv4Address("127.0.0.1")
SENDER = "Acme, Inc. <hello@acme.example>"


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def server(inbox: Inbox) -> AsyncIterator[str]:
    async with listening(inbox, enable_SMTPUTF8=True) as where:
        yield where


def a_mail(**fields: Any) -> Mail:
    given: dict[str, Any] = {
        "to": "ada@example.com",
        "subject": "Hello",
        "text": "Hi",
        "reference": new_id(),
    }
    return Mail(**given | fields)


async def test_a_mail_arrives_with_both_parts(server: str, inbox: Inbox) -> None:
    mail = a_mail(
        subject="Grüße ✓",
        text="Schön, Sie zu sehen\n.\nhttps://acme.example/f/confirm/" + "a" * 200,
        html="<p>Schön ✓</p>",
        reply_to="sales@acme.example",
    )
    await Mailer(f"smtp://{server}", SENDER).send(mail)
    [message] = inbox.messages()
    assert (inbox.senders, inbox.recipients) == (["hello@acme.example"], ["ada@example.com"])
    assert message["From"].addresses[0].display_name == "Acme, Inc."
    assert (message["To"], message["Subject"]) == ("ada@example.com", "Grüße ✓")
    assert message["Reply-To"] == "sales@acme.example"
    assert message["Message-ID"] == f"<{mail.reference.hex}@acme.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime is not None
    text, html = message.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == mail.text + "\n"
    assert html.get_content() == "<p>Schön ✓</p>\r\n"
    assert max(map(len, inbox.raw[0].split(b"\r\n"))) <= 998


async def test_the_same_reference_is_the_same_mail(server: str, inbox: Inbox) -> None:
    mailer, mail = Mailer(f"smtp://{server}", SENDER), a_mail()
    await mailer.send(mail)
    await mailer.send(mail)
    await mailer.send(a_mail())
    first, second, other = [message["Message-ID"] for message in inbox.messages()]
    assert first == second != other


ENDS_OF_LINES = "\r\n \n \r \x00 \x0b \x0c \x1c \x1d \x1e \x85 \u2028 \u2029".split(" ")


@pytest.mark.parametrize("end", ENDS_OF_LINES)
async def test_no_text_starts_a_header(server: str, inbox: Inbox, end: str) -> None:
    attack = f"Hi{end}Bcc: eve@example.com{end}{end}Body"
    await Mailer(f"smtp://{server}", f"{attack} <hello@acme.example>").send(a_mail(subject=attack))
    [message] = inbox.messages()
    assert message["Bcc"] is None
    assert message["Subject"] == one_line(attack)
    assert inbox.recipients == ["ada@example.com"]
    assert message.get_content() == "Hi\r\n"


@given(st.text(max_size=300))
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1
    one_line(text).encode()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada@example.com\r\nRCPT TO:<eve@example.com>",
        "ada@example.com>\nDATA",
        "ada@example.com, eve@example.com",
        "<ada@example.com>",
        "ada @example.com",
        "ada@exa mple.com",
        "\ud800@example.com",
        "\x00@example.com",
    ],
)
async def test_what_is_no_address_gets_no_mail(server: str, inbox: Inbox, address: str) -> None:
    with pytest.raises(MailFailed) as failed:
        await Mailer(f"smtp://{server}", SENDER).send(a_mail(to=address))
    assert failed.value.final
    assert inbox.raw == []


async def test_an_address_in_another_script(server: str, inbox: Inbox) -> None:
    await Mailer(f"smtp://{server}", SENDER).send(a_mail(to="ädä@example.com"))
    assert inbox.recipients == ["ädä@example.com"]


@pytest.mark.parametrize(
    ("rcpt", "data", "final"),
    [
        ("550 ada@example.com unknown", "", True),
        ("450 ada@example.com busy", "", False),
        ("", "554 spam", True),
        ("", "451 later", False),
    ],
)
async def test_what_the_server_refuses(
    server: str, inbox: Inbox, rcpt: str, data: str, final: bool
) -> None:
    inbox.rcpt, inbox.data = rcpt, data
    with pytest.raises(MailFailed) as failed:
        await Mailer(f"smtp://{server}", SENDER).send(a_mail())
    assert failed.value.final is final
    assert "ada@" not in failed.value.message
    assert (rcpt or data)[:3] in failed.value.message


async def test_a_server_that_is_not_there() -> None:
    with pytest.raises(MailFailed, match="cannot be reached") as failed:
        await Mailer("smtp://127.0.0.1:1", SENDER).send(a_mail())
    assert not failed.value.final


async def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.adapters.mail.STEP_SECONDS", 0.2)
    over = asyncio.Event()

    async def silent(_: Any, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(MailFailed, match="in time") as failed:
        await Mailer(f"smtp://127.0.0.1:{port}", SENDER).send(a_mail())
    assert not failed.value.final
    over.set()
    server.close()
    await server.wait_closed()


async def test_without_a_server_mails_wait_for_one() -> None:
    with pytest.raises(MailFailed, match="TOUCHLINE_SMTP_URL") as failed:
        await Mailer(None, None).send(a_mail())
    assert not failed.value.final


def certificate(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = clock.now()
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(LOOPBACK)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "pem").write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "pem")
    return context


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_server_that_nobody_vouches_for_gets_nothing(
    inbox: Inbox, tmp_path: Path, scheme: str
) -> None:
    options: dict[str, Any] = {"tls_context": certificate(tmp_path)} if scheme == "smtp" else {}
    secure = certificate(tmp_path) if scheme == "smtps" else None
    async with listening(inbox, secure, **options) as where:
        with pytest.raises(MailFailed, match="not trusted") as failed:
            await Mailer(f"{scheme}://ada:secret@{where}", SENDER).send(a_mail())
    assert not failed.value.final
    assert inbox.raw == []


def only_ada(_s: Any, _x: Any, _e: Any, _m: Any, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"ada", b"p@ss/w")
    return AuthResult(success=good, handled=good)


async def test_it_logs_in(inbox: Inbox) -> None:
    options: dict[str, Any] = {"authenticator": only_ada, "auth_require_tls": False}
    async with listening(inbox, **options) as where:
        await Mailer(f"smtp://ada:p%40ss%2Fw@{where}?starttls=never", SENDER).send(a_mail())
        with pytest.raises(MailFailed, match="password") as failed:
            await Mailer(f"smtp://ada:wrong@{where}?starttls=never", SENDER).send(a_mail())
    assert not failed.value.final
    assert len(inbox.raw) == 1


async def test_no_password_goes_out_in_the_clear(inbox: Inbox) -> None:
    """The server has no STARTTLS, and nobody said `never`."""
    seen: list[Any] = []

    def note(*given: Any) -> AuthResult:
        seen.append(given)
        return AuthResult(success=True)

    async with listening(inbox, authenticator=note, auth_require_tls=False) as where:
        for host in (where.replace("127.0.0.1", "127.0.0.2"), f"{where}?starttls=always"):
            with pytest.raises(MailFailed, match="STARTTLS"):
                await Mailer(f"smtp://ada:secret@{host}", SENDER).send(a_mail())
    assert (seen, inbox.raw) == ([], [])


@pytest.mark.parametrize(
    "url",
    [
        "smtp://",
        "http://host",
        "mail.example.com",
        "smtp://host?starttls=maybe",
        "smtp://host?tls=1",
        "smtp://host:x",
    ],
)
def test_a_url_that_cannot_be_used(url: str) -> None:
    with pytest.raises(MailSettingsError, match="TOUCHLINE_SMTP_URL"):
        Mailer(url, SENDER)


@pytest.mark.parametrize("sender", ["x", "x@", "@x", "a@b, c@d <e>", "Acme", "a@b c"])
def test_a_sender_that_cannot_be_used(sender: str) -> None:
    with pytest.raises(MailSettingsError):
        Mailer("smtp://host", sender)


def test_a_server_needs_a_sender() -> None:
    with pytest.raises(MailSettingsError):
        Mailer("smtp://host", None)
