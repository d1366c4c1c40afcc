"""Mail: what is in it is found, and nothing in it does harm."""

import base64
import hashlib
import time
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.adapters.rfc822 import DEEPEST, Mail, parse_mail
from tests.adapters.vendors.calls import MAIL


def mail(head: str, body: bytes = b"Hello") -> Mail:
    return parse_mail(head.strip().replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)


def test_everything_in_a_usual_message_is_found() -> None:
    found = parse_mail(MAIL)
    [attachment] = found.attachments
    assert (found.from_name, found.from_address) == ("Ada Lovelåce", "ada@example.com")
    assert found.recipients == ["sales@example.org"]
    assert found.subject == "Engines 🚀"
    assert found.sent_at == datetime(2026, 3, 2, 9, 29, tzinfo=UTC)
    assert found.message_id == "CAF123@mail.example.com"
    assert found.text == "Please call me, it is about the café.\nPhone: 020 7946 0958"
    assert (attachment.name, attachment.type, attachment.size) == (
        "plan.pdf",
        "application/pdf",
        9,
    )
    assert attachment.content == b"%PDF-1.4\n"
    assert attachment.sha256 == hashlib.sha256(b"%PDF-1.4\n").hexdigest()
    assert found.problems == []
    assert not found.is_automatic
    assert not found.is_spam


def test_html_is_read_when_there_is_no_text() -> None:
    made = EmailMessage()
    made["From"] = "a@example.com"
    made.set_content("<p>Hello <b>you</b></p><script>x</script>", subtype="html")
    assert parse_mail(made.as_bytes()).text == "Hello you"
    made.clear_content()
    made.set_content("  \n")
    made.add_alternative("<p>Only here</p>", subtype="html")
    made.add_attachment(b"x", maintype="image", subtype="png", filename="ä ö.png")
    found = parse_mail(made.as_bytes())
    assert found.text == "Only here"
    assert [a.name for a in found.attachments] == ["ä ö.png"]


def test_texts_of_a_mixed_message_come_one_after_the_other() -> None:
    made = EmailMessage()
    made.set_content("One")
    made.add_attachment(b"Two", maintype="text", subtype="plain", disposition="inline")
    made.add_attachment(b"Three", maintype="text", subtype="plain", filename="notes.txt")
    found = parse_mail(made.as_bytes())
    assert found.text == "One\n\nTwo"
    assert [a.name for a in found.attachments] == ["notes.txt"]


def test_a_forwarded_message_is_an_attachment() -> None:
    inner = EmailMessage()
    inner["Subject"] = "Inner"
    inner.set_content("Inside")
    made = EmailMessage()
    made.set_content("Outside")
    made.add_attachment(inner)
    found = parse_mail(made.as_bytes())
    assert found.text == "Outside"
    [attachment] = found.attachments
    assert attachment.type == "message/rfc822"
    assert b"Inside" in attachment.content


def test_the_one_to_answer_to_is_told() -> None:
    found = mail("From: Site <wordpress@site.example>\nReply-To: Ada <ada@example.com>")
    assert (found.reply_to_name, found.reply_to_address) == ("Ada", "ada@example.com")


AUTOMATIC = {
    "Auto-Submitted: auto-replied": True,
    "Auto-Submitted: auto-generated; x=y": True,
    "Auto-Submitted: no": False,
    "Precedence: bulk": True,
    "Return-Path: <>": True,
    "X-Autoreply: yes": True,
    "Precedence: first-class": False,
}


@pytest.mark.parametrize("header", AUTOMATIC)
def test_machines_are_told_from_people(header: str) -> None:
    assert mail(header).is_automatic is AUTOMATIC[header]


def test_marked_spam_is_told() -> None:
    assert mail("X-Spam-Flag: YES").is_spam
    assert not mail("X-Spam-Flag: NO").is_spam


ODD: dict[str, bytes] = {
    "nothing": b"",
    "no headers": b"Just text",
    "only a colon": b":",
    "only line ends": b"\r\n" * 50,
    "every byte": bytes(range(256)),
    "no sender": b"Subject: x\r\n\r\nHello",
    "an empty sender": b"From: \r\n\r\nHello",
    "a sender that is none": b"From: undisclosed-recipients:;\r\n\r\nHello",
    "bytes in headers": "From: Müller <m@example.com>\r\nSubject: Grüße\r\n\r\nHello".encode(),
    "latin-1 in headers": b"From: M\xfcller <m@example.com>\r\nSubject: Gr\xfc\xdfe\r\n\r\nHello",
    "a bad encoded word": b"Subject: =?utf-8?b?!!!?= =?utf-8?q?=ZZ?= =?x?b?AA?=\r\n\r\nHello",
    "an unknown encoding": b"Content-Type: text/plain; charset=klingon\r\n\r\nHello",
    "a harmful encoding": b"Content-Type: text/plain; charset=punycode\r\n\r\nHello",
    "no text encoding": b"Content-Type: text/plain; charset=zip\r\n\r\nHello",
    "an encoding with NUL": b'Content-Type: text/plain; charset="\x00"\r\n\r\nHello',
    "bad base64": b"Content-Transfer-Encoding: base64\r\n\r\n!!=!A===B",
    "bad quoted-printable": b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=ZZ=\r\n=",
    "an unknown transfer encoding": b"Content-Transfer-Encoding: x-rot13\r\n\r\nUryyb",
    "uuencode": b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 666 x\n#86)C\n`\nend\n",
    "no boundary": b"Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\nHello\r\n--x--",
    "a boundary that never comes": b'Content-Type: multipart/mixed; boundary="x"\r\n\r\nHello',
    "an empty boundary": b'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n\r\nHello',
    "a charset in pieces": b"Content-Type: text/plain; charset*=x; charset*0=y\r\n\r\nHello",
    "a boundary in pieces": b"Content-Type: multipart/mixed; boundary*=x; boundary*0=y\r\n\r\nHi",
    "a part without end": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nHello",
    "a type that is none": b"Content-Type: ;;;=;\r\n\r\nHello",
    "many types": b"Content-Type: a/b\r\nContent-Type: text/html\r\n\r\n<p>Hello",
    "a file name in pieces": b"Content-Type: a/b\r\nContent-Disposition: attachment; "
    b"filename*0*=x''%41; filename*1*=%ff; filename*99=z; filename*=utf-8''%zz\r\n\r\nx",
    "a path for a name": b"Content-Type: a/b\r\n"
    b'Content-Disposition: attachment; filename="../../etc/passwd\x00.pdf"\r\n\r\nx',
    "a date that is none": b"Date: yesterday\r\n\r\nHello",
    "a date far away": b"Date: Mon, 01 Jan 99999 00:00:00 +9999\r\n\r\nHello",
    "a claim of 100 MB": b"Content-Length: 104857600\r\nContent-Type: a/b; size=104857600\r\n"
    b"Content-Disposition: attachment; size=104857600\r\n\r\nHello",
    "a message in a message": b"Content-Type: message/rfc822\r\n\r\n" * 30 + b"Hello",
    "a message in pieces": b"Content-Type: message/partial; number=1\r\n\r\nHello",
    "a report": b"Content-Type: message/delivery-status\r\n\r\nA: b\r\n\r\nC: d",
    "external": b"Content-Type: message/external-body; access-type=local-file\r\n\r\nx: y\r\n\r\n",
    "folded for ever": b"Subject: x\r\n" + b" y\r\n" * 5_000 + b"\r\nHello",
    "UTF-16": "From: a@example.com\r\n\r\nHello".encode("utf-16"),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_message_is_borne(name: str) -> None:
    found = parse_mail(ODD[name])
    check(found)
    if b"Hello" in ODD[name] and "message in" not in name and "claim" not in name:
        assert "Hello" in found.text or any(b"Hello" in a.content for a in found.attachments)


def test_bytes_in_headers_are_read_as_what_they_are() -> None:
    for name in ("bytes in headers", "latin-1 in headers"):
        found = parse_mail(ODD[name])
        assert (found.from_name, found.subject) == ("Müller", "Grüße")


def test_a_name_is_one_line_and_no_more() -> None:
    [attachment] = parse_mail(ODD["a path for a name"]).attachments
    assert attachment.name is not None
    assert attachment.name.isprintable()


def nested(depth: int, text: bytes = b"Hello") -> bytes:
    head = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(depth)
    )
    return head + b"\r\n" + text


def test_a_message_may_be_nested_but_not_for_ever() -> None:
    assert parse_mail(nested(DEEPEST - 1)).text == "Hello"
    for depth in (DEEPEST + 2, 200, 3_000, 30_000):
        found = parse_mail(nested(depth))
        check(found)
        assert found.problems


def test_it_has_so_many_parts_and_no_more() -> None:
    part = b"--x\r\nContent-Type: a/b\r\n\r\ny\r\n"
    found = parse_mail(b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + part * 2_000)
    check(found)
    assert len(found.attachments) < 600
    assert found.problems == ["it has more than 500 parts"]


def test_a_long_header_is_cut_and_said_to_be() -> None:
    found = mail("Subject: " + "x" * 30_000 + "\nFrom: a@example.com")
    assert found.problems == ["its subject is longer than 20,000 characters and was cut"]
    assert found.from_address == "a@example.com"


SLOW: dict[str, bytes] = {
    "nested parts": nested(300, b"a\n" * 1_000_000),
    "many boundaries": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    + b"--x\r\n\r\n" * 200_000,
    "boundaries in parameters": b"Content-Type: multipart/mixed" + b"; boundary=x" * 300_000,
    "messages": b"Content-Type: message/rfc822\r\n\r\n" * 50_000,
    "parameters": b"Content-Type: a/b; " + b'x="; ' * 900_000 + b"\r\n\r\n",
    "file name pieces": b"Content-Disposition: attachment; "
    + b"".join(b"filename*%d=a; " % n for n in range(300_000)),
    "quoted names": b'From: "' + b'\\"' * 100_000 + b"\r\n\r\n",
    "commas": b"From: " + b"a@b," * 100_000 + b"\r\n\r\n",
    "recipients": b"To: a@example.com\r\n" * 50_000 + b"\r\n",
    "quoted-printable": b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=\r\n" * 300_000,
    "base64": b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(b"x" * 2_000_000),
    "a big attachment": b"Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + base64.encodebytes(b"x" * 3_000_000),
}


@pytest.mark.parametrize("name", SLOW)
def test_the_work_is_bounded(name: str) -> None:
    started = time.process_time()
    check(parse_mail(SLOW[name]))
    assert time.process_time() - started < 20


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_borne(raw: bytes) -> None:
    check(parse_mail(raw))
    check(parse_mail(b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" + raw))


NAMES = ["From", "Reply-To", "Subject", "Date", "Message-ID", "Content-Type", "Auto-Submitted"]
NAMES += ["Content-Disposition", "Content-Transfer-Encoding", "To", "Precedence"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=40)), max_size=8))
def test_any_headers_are_borne(headers: list[tuple[str, str]]) -> None:
    head = "\r\n".join(f"{name}: {value}" for name, value in headers)
    check(parse_mail(head.encode("utf-8", "replace") + b"\r\n\r\nHello"))


def check(found: Mail) -> None:
    """Whatever is told can be stored."""
    for text in (
        found.from_name,
        found.from_address,
        found.subject,
        found.message_id,
        found.text,
        *(a.name for a in found.attachments),
        *(a.type for a in found.attachments),
    ):
        if text is not None:
            text.encode()
            assert "\x00" not in text
    for attachment in found.attachments:
        assert attachment.size == len(attachment.content)
