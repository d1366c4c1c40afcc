"""E-mail out, over the operator's SMTP server."""

import asyncio
import re
import ssl
import unicodedata
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import aiosmtplib

from app.domain.reach.jobs import AttemptFailed
from app.platform import clock

STEP_SECONDS = 15.0
TOTAL_SECONDS = 60.0
LONGEST_HEADER = 250

_STARTTLS = {"auto": None, "always": True, "never": False}
# Neither comments nor quotes: hardly anybody has such an address, and every parser reads them
# differently. Domains in other scripts come in their ASCII form.
_ADDRESS = re.compile(r"[^\s\x00-\x20\x7f-\x9f\ud800-\udfff()<>\[\]\\,;:@\"]+@[A-Za-z0-9.-]+")
# On the way to this machine itself nobody listens.
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


class MailFailed(AttemptFailed):
    """The mail was not taken by the mail server."""


class MailSettingsError(ValueError):
    """The SMTP URL or the sender's address cannot be used; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One mail to one person. The same `reference` makes the same Message-ID, so that mail servers
    can tell a repetition after a lost answer."""

    to: str
    subject: str
    text: str
    html: str | None = None
    reply_to: str | None = None
    reference: UUID


class Mailer:
    """Sends mails one by one; without an SMTP URL every mail fails, to be sent once there is one.

    `smtp[s]://user:password@host:port?starttls=always|auto|never`. Whoever gives a password gets
    TLS, or has to say `never`.
    """

    def __init__(self, url: str | None, sender: str | None) -> None:
        self._connection = _read_url(url) if url else None
        self._sender = _read_sender(sender) if sender else None
        if self._connection and not self._sender:
            raise MailSettingsError("set TOUCHLINE_MAIL_FROM, the address that mails are from")

    async def send(self, mail: Mail) -> None:
        """Hand the mail to the server; MailFailed when it does not take it."""
        if self._connection is None or self._sender is None:
            raise MailFailed("no mail server is set: TOUCHLINE_SMTP_URL, TOUCHLINE_MAIL_FROM")
        message = compose(mail, self._sender)
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                await aiosmtplib.send(
                    message,
                    sender=self._sender.addr_spec,
                    recipients=[mail.to],
                    local_hostname=self._sender.domain,
                    timeout=STEP_SECONDS,
                    **self._connection,
                )
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise _meaning(error) from error


def compose(mail: Mail, sender: Address) -> EmailMessage:
    """The message: no text given can start a header of its own."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = _address(mail.to)
    message["Subject"] = one_line(mail.subject)
    if mail.reply_to:
        message["Reply-To"] = _address(mail.reply_to)
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{mail.reference.hex}@{sender.domain}>"
    # No out-of-office note comes back, and no loop begins.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(_storable(mail.text), cte="quoted-printable")
    if mail.html is not None:
        html = _storable(mail.html)
        message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message


def one_line(text: str) -> str:
    """The text without anything that could end a line, in a header or in a name."""
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") else c for c in text)
    return " ".join(kept.split())[:LONGEST_HEADER]


def _address(text: str, name: str = "") -> Address:
    if not _ADDRESS.fullmatch(text):
        raise MailFailed("the address is not one that mail can be sent to", final=True)
    local, _, domain = text.rpartition("@")
    return Address(name, local, domain)


def _storable(text: str) -> str:
    # Lone surrogates have no UTF-8, and NUL is not allowed in mails.
    return text.encode("utf-8", "replace").decode().replace("\x00", "")


def _read_url(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise MailSettingsError("TOUCHLINE_SMTP_URL: the port is no number") from error
    options = parse_qs(parts.query)
    secure = parts.scheme == "smtps"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    starttls = options.pop("starttls", ["auto"])[0]
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise MailSettingsError("TOUCHLINE_SMTP_URL is not like smtp://user:password@host:587")
    if options or starttls not in _STARTTLS:
        raise MailSettingsError("TOUCHLINE_SMTP_URL: the one option is starttls=always|auto|never")
    if user and starttls == "auto" and parts.hostname not in _HERE:
        starttls = "always"
    return {
        "hostname": parts.hostname,
        "port": port or (465 if secure else 587 if user else 25),
        "username": user or None,
        "password": password or None,
        "use_tls": secure,
        "start_tls": False if secure else _STARTTLS[starttls],
    }


def _read_sender(text: str) -> Address:
    before, bracket, rest = text.rpartition("<")
    address = rest.strip().removesuffix(">") if bracket else text.strip()
    try:
        return _address(address, one_line(before).strip('" '))
    except MailFailed as error:
        raise MailSettingsError(
            "TOUCHLINE_MAIL_FROM is not like `Acme <hello@acme.com>`"
        ) from error


def _meaning(error: Exception) -> MailFailed:
    """In our own words: a server's answer often repeats the address."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError)):
        what = "mail" if isinstance(error, aiosmtplib.SMTPDataError) else "recipient"
        final = 500 <= error.code < 600
        return MailFailed(f"the mail server refused the {what} ({error.code})", final=final)
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return MailFailed(f"the mail server refused our password ({error.code})")
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return MailFailed(f"the mail server answered {error.code}")
    if isinstance(error, TimeoutError):
        return MailFailed("the mail server did not answer in time")
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return MailFailed("the mail server's certificate is not trusted")
    if isinstance(error, OSError):
        return MailFailed("the mail server cannot be reached")
    return MailFailed("the mail server lacks something this needs, such as STARTTLS")
