"""E-mail: a whole message as the body, or in a form as SendGrid, Mailgun and the like post it."""

import hashlib
import re
from contextlib import suppress
from datetime import datetime
from json import dumps
from typing import Any

from app.adapters.decoding import decoded
from app.adapters.rfc822 import Attachment, Mail, parse_mail
from app.adapters.vendors import Answer, Call, Part, Reply, VendorLead, shapes, signatures
from app.adapters.vendors.bodies import (
    UnreadableBody,
    essence,
    parse_form,
)
from app.adapters.vendors.webhook import Webhook
from app.domain.intake.submissions import Delivery, Finding
from app.domain.record.channels import Channel

_RAW_FIELDS = ("email", "body-mime", "message", "mime", "raw")
_FORMS = {"multipart/form-data", "application/x-www-form-urlencoded"}
_LINE = re.compile(
    r"^[ \t>*-]{0,8}([^\W\d_][\w ./()-]{0,59}?)[ \t*]{0,3}:[ \t]{0,20}(\S[^\n]{0,2000})$", re.M
)
_MOST_LINES = 100


class Email(Webhook):
    """A mailbox that forwards what it gets."""

    name = "email"
    ids_are_global = True
    touch_kind = "email_received"
    channel = Channel.EMAIL

    def verify(self, call: Call, secret: bytes | None, now: datetime) -> str | None:
        """Mailgun's signature, when the form has one; else the shared secret, if agreed upon."""
        if secret is None:
            return None
        sent, token, given = _mailgun(call)
        if given:
            if not signatures.fits_hex(given, secret, sent.encode(), token.encode()):
                return signatures.WRONG
            return None if signatures.is_fresh(sent, now) else signatures.STALE
        return signatures.check_shared(call.headers, call.query, secret)

    def answer(self, call: Call, reply: Reply, receipts: list[str]) -> Answer:
        """The receipt, for whoever forwards the mail."""
        del call, reply
        return Answer(body=dumps({"receipt_ids": receipts}).encode())

    def parts(self, call: Call) -> list[Part]:
        """One message by its Message-ID and a digest of what it says.

        There are senders that give every message the same id.
        """
        try:
            mail = read_mail(call.raw, call.content_type)
        except UnreadableBody:
            return [Part()]
        return [Part(vendor_id=_id_of(mail))]

    def read_body(self, delivery: Delivery) -> VendorLead:
        """Who wrote, and what; lines such as `Phone: 123` are answers as well."""
        mail = read_mail(delivery.raw, delivery.content_type)
        name, address = (
            (mail.reply_to_name, mail.reply_to_address)
            if mail.reply_to_address
            else (mail.from_name, mail.from_address)
        )
        answers: dict[str, Any] = {
            "from": mail.from_address,
            "from_name": mail.from_name,
            "reply_to": mail.reply_to_address,
            "subject": mail.subject,
            "text": mail.text,
            "lines": _lines(mail.text),
        }
        fields = {"email": address, "full_name": name, "description": mail.text}
        return VendorLead(
            answers=shapes.filled(answers),
            fields=shapes.filled(fields),
            about=shapes.filled(
                {
                    "message_id": mail.message_id,
                    "to": mail.recipients,
                    "attachments": [_told(one) for one in mail.attachments],
                }
            ),
            vendor_id=_id_of(mail),
            summary=mail.subject[:2_000] if mail.subject else None,
            occurred_at=shapes.not_later(mail.sent_at, delivery.received_at),
            holds=_holds(mail, address),
            notes=[Finding(code="odd_mail", detail=problem) for problem in mail.problems],
        )


def _mailgun(call: Call) -> list[str]:
    """Timestamp, token and signature as Mailgun posts them; blank when it is not Mailgun."""
    posted: dict[str, bytes] = {}
    if essence(call.content_type) in _FORMS:
        with suppress(UnreadableBody):
            posted = dict(_posted(call.raw, call.content_type))
    return [decoded(posted.get(name, b"")) for name in ("timestamp", "token", "signature")]


def read_mail(raw: bytes, content_type: str) -> Mail:
    """The message in a body, however it was posted; UnreadableBody when there is none."""
    return parse_mail(message_in(raw, content_type))


def message_in(raw: bytes, content_type: str) -> bytes:
    """The bytes of the message itself."""
    if essence(content_type) not in _FORMS:
        if not raw.strip():
            raise UnreadableBody("is empty")
        return raw
    posted = _posted(raw, content_type)
    for wanted in _RAW_FIELDS:
        for name, content in posted:
            if name == wanted and content.strip():
                return content
    raise UnreadableBody(f"has no message in any of the fields {', '.join(_RAW_FIELDS)}")


def _posted(raw: bytes, content_type: str) -> list[tuple[str, bytes]]:
    return [(decoded(name), content) for name, content, _ in parse_form(raw, content_type)]


def _lines(text: str) -> dict[str, str]:
    """`Name: value` lines, as the mails of contact forms have them."""
    found: dict[str, str] = {}
    for line in _LINE.finditer(text):
        if len(found) >= _MOST_LINES:
            break
        found.setdefault(line[1].strip(), line[2].strip())
    return found


def _holds(mail: Mail, address: str | None) -> list[Finding]:
    holds = []
    if mail.is_spam:
        holds.append(Finding(code="spam", detail="the mail server marked the message as spam"))
    if mail.is_automatic:
        detail = "an automatic message, such as a notice of absence or a bounce"
        holds.append(Finding(code="automatic_mail", detail=detail))
    if address is None:
        holds.append(Finding(code="no_sender", detail="the message names no sender", field="email"))
    return holds


def _told(attachment: Attachment) -> dict[str, Any]:
    return {
        "name": attachment.name,
        "type": attachment.type,
        "size": attachment.size,
        "sha256": attachment.sha256,
    }


def _id_of(mail: Mail) -> str | None:
    if mail.message_id is None:
        return None
    said = (mail.from_address, mail.reply_to_address, mail.subject, mail.text)
    files = [one.sha256 for one in mail.attachments]
    digest = hashlib.sha256("\x00".join([*(one or "" for one in said), *files]).encode())
    return f"{mail.message_id[:200]}#{digest.hexdigest()[:16]}"
