"""Whatever is sent, every vendor answers: no exception, nothing that cannot be stored, in time."""

import json
import random
import time
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.adapters.vendors import Call, Reply
from app.adapters.vendors.registry import VENDORS
from app.domain.intake.storable import storable
from tests.adapters.vendors.calls import (
    BODIES,
    CALENDLY,
    FORM,
    GENERIC,
    GOOGLE,
    GRAVITY,
    HUBSPOT,
    JSON,
    LINKEDIN_LEAD,
    META,
    META_LEAD,
    NOW,
    SECRET,
    TYPEFORM,
    WEBFLOW,
    as_json,
    delivery_of,
)

DEEP = 100_000
DIGITS = b"9" * 10_000
HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b" \r\n\t",
    "a NUL": b"\x00",
    "every byte": bytes(range(256)) * 4,
    "not UTF-8": b'{"fields": "\xff\xfe"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a lone brace": b"{",
    "a list": b"[]",
    "lists in lists": b"[" * DEEP + b"]" * DEEP,
    "objects in objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep but sound": b'{"a":' * 40 + b"1" + b"}" * 40,
    "null": b"null",
    "a number": b"7",
    "text": b'"x"',
    "NaN": b'{"lead_id": NaN, "user_column_data": [NaN, Infinity, -Infinity]}',
    "10,000 digits": b'{"lead_id": ' + DIGITS + b', "id": -' + DIGITS + b"}",
    "1e999": b'{"lead_id": 1e999, "id": -1e999}',
    "escaped NUL": b'{"id": "a\\u0000b", "\\u0000": "x", "form_id": 1, "date_created": 2}',
    "half a surrogate": b'{"id": "\\ud800", "\\udfff": "\\udc00\\ud800"}',
    "names twice": b'{"id": 1, "id": {"id": []}, "entry": 1, "entry": []}',
    "a form": b"a=1&b=2&=&==&&a&%zz=%00&%ff=%ed%a0%80",
    "brackets": b"a[=1&[b]=2&c[]=3&c[][]=4&d[e]]=5&[[[]]]=6&a[b][c]=1&a[b]=2&a[b][c][d]=3",
    "deep brackets": b"a" + b"[b]" * 2_000 + b"=1",
    "many fields": b"&".join(b"a%d=1" % n for n in range(20_000)),
    "many equal fields": b"a[]=1&" * 20_000,
    "ampersands": b"&" * 100_000,
    "quotes": b'"' * 100_000,
    "escaped quotes": b'{"' + b'\\"' * 100_000,
    "colons": b'"google_key"' + b":" * 100_000,
    "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
}
MEDIA = [
    "",
    JSON,
    FORM,
    "text/plain",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=" + "x" * 500,
    'application/json; charset="\x00\xff"',
    "message/rfc822",
    "\xff/\xff;=;;",
]
SHAPES: list[Any] = [None, True, 7, -1.5, "", "x", "1" * 400, [], {}, [[]], [{}], [None, 7, "x"]]
EXAMPLES: dict[str, list[Any]] = {
    "hubspot_forms": [HUBSPOT],
    "google_ads": [GOOGLE],
    "meta_lead_ads": [META],
    "typeform": [TYPEFORM],
    "calendly": [CALENDLY],
    "webflow": [WEBFLOW],
    "gravity_forms": [GRAVITY],
    "generic_json": [GENERIC],
}


def exercise(name: str, raw: bytes, content_type: str, fetched: bytes | None = None) -> None:
    """Everything a vendor does with a body; what comes of it has to be storable."""
    vendor = VENDORS[name]
    call = Call(raw=raw, content_type=content_type, query="a=1&secret=x")
    for secret in (None, SECRET):
        reason = vendor.verify(call, secret, NOW)
        assert reason is None or isinstance(reason, str)
    parts = vendor.parts(call)
    assert parts
    for number, part in enumerate(parts[:5]):
        lead = vendor.read(delivery_of(name, raw, content_type, part=number, fetched=fetched))
        assert_storable([asdict(lead), part.vendor_id])
        if lead.occurred_at:
            assert lead.occurred_at.tzinfo is not None
    covered = vendor.redact(raw, content_type)
    assert covered is None or len(covered) == len(raw)
    answer = vendor.answer(call, Reply(), ["r"])
    assert answer.status in (200, 303, 400)


def assert_storable(value: Any) -> None:
    plain = json.loads(json.dumps(value, default=str, allow_nan=False))
    assert storable(plain) == plain


@pytest.mark.parametrize("body", HOSTILE)
@pytest.mark.parametrize("name", VENDORS)
def test_a_hostile_body_is_borne(name: str, body: str) -> None:
    for content_type in MEDIA:
        exercise(name, HOSTILE[body], content_type)
    exercise(name, BODIES[name][0], BODIES[name][1], fetched=HOSTILE[body])


@pytest.mark.parametrize("body", ["nothing", "every byte", "a lone brace", "null", "10,000 digits"])
@pytest.mark.parametrize("name", [n for n in VENDORS if n != "email"])
def test_what_cannot_be_read_waits_and_has_no_id(name: str, body: str) -> None:
    if body == "10,000 digits" and name not in ("typeform", "calendly"):
        return
    call = Call(raw=HOSTILE[body], content_type=JSON)
    [part] = VENDORS[name].parts(call)
    assert part.vendor_id is None
    lead = VENDORS[name].read(delivery_of(name, HOSTILE[body], JSON))
    assert lead.holds[0].code in ("unreadable", "not_a_lead")
    assert lead.fields == {}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_value_may_be_of_any_shape(name: str) -> None:
    """Each value of the vendor's own example, replaced by each shape in turn."""
    for example in EXAMPLES[name]:
        for mutant in mutants(example):
            exercise(name, as_json(mutant), JSON)


@pytest.mark.parametrize(
    ("name", "lead"), [("meta_lead_ads", META_LEAD), ("linkedin", LINKEDIN_LEAD)]
)
def test_every_fetched_value_may_be_of_any_shape(name: str, lead: Any) -> None:
    raw, content_type = BODIES[name]
    for mutant in mutants(lead):
        exercise(name, raw, content_type, fetched=as_json(mutant))


def mutants(value: Any) -> list[Any]:
    """The value with one place in it changed."""
    found: list[Any] = list(SHAPES)
    if isinstance(value, dict):
        for name, inner in value.items():
            found += [{**value, name: other} for other in mutants(inner)]
            found.append({n: v for n, v in value.items() if n != name})
    elif isinstance(value, list):
        for place, inner in enumerate(value[:3]):
            found += [[*value[:place], other, *value[place + 1 :]] for other in mutants(inner)]
    return found


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*sorted(BODIES), "id", "data", "fields", "entry"]), inner
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(raw=st.binary(max_size=300), media=st.sampled_from(MEDIA))
def test_any_bytes_are_borne(raw: bytes, media: str) -> None:
    for name in VENDORS:
        exercise(name, raw, media)


@settings(max_examples=60, deadline=None)
@given(value=JSON_VALUES)
def test_any_json_is_borne(value: Any) -> None:
    raw = json.dumps(value).encode()
    for name in VENDORS:
        exercise(name, raw, JSON)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_damaged_example_is_borne(seed: int) -> None:
    chance = random.Random(seed)
    for name, (raw, media) in BODIES.items():
        damaged = bytearray(raw)
        for _ in range(chance.randint(1, 8)):
            place = chance.randrange(len(damaged))
            damaged[place : place + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        exercise(name, bytes(damaged), media)


LARGE: dict[str, tuple[bytes, str]] = {
    "quotes": (b'"' * 1_000_000, JSON),
    "an endless string": (b'{"' + b'\\"' * 500_000, JSON),
    "keys": (b'{"google_key":' * 60_000, JSON),
    "one long word": (b"a=" + b"a." * 200_000 + b"@", FORM),
    "one long address": (b"email=" + b"a@" * 200_000, FORM),
    "tags": (b"Content-Type: text/html\r\n\r\n" + b"<a" * 300_000, "message/rfc822"),
    "comments": (b"Content-Type: text/html\r\n\r\n" + b"<!--" * 200_000, "message/rfc822"),
    "scripts": (b"Content-Type: text/html\r\n\r\n" + b"<script>" * 100_000, "message/rfc822"),
    "colons": (b"\r\n\r\n" + b"a: " * 200_000, "message/rfc822"),
    "lines": (b"\r\n\r\n" + b"a:b\n" * 200_000, "message/rfc822"),
    "blank lines": (b"\r\n\r\n" + b"a\t \n" * 200_000, "message/rfc822"),
    "addresses": (b"From: " + b"<" * 500_000 + b"\r\n\r\n", "message/rfc822"),
    "brackets in addresses": (b"From: " + b"(" * 500_000 + b"\r\n\r\n", "message/rfc822"),
    "encoded words": (b"Subject: " + b"=?utf-8?q?a?= " * 40_000 + b"\r\n\r\n", "message/rfc822"),
    "headers": (b"X: y\r\n" * 100_000 + b"\r\n", "message/rfc822"),
}


@pytest.mark.parametrize("body", LARGE)
def test_a_large_body_takes_no_more_than_its_length(body: str) -> None:
    """No time that grows with the square: that would be hours here, and it is a second or two."""
    raw, content_type = LARGE[body]
    started = time.process_time()
    for name in ("email",) if content_type == "message/rfc822" else set(VENDORS) - {"email"}:
        exercise_large(name, raw, content_type)
    assert time.process_time() - started < 30


def exercise_large(name: str, raw: bytes, content_type: str) -> None:
    call = Call(raw=raw, content_type=content_type)
    VENDORS[name].verify(call, SECRET, NOW)
    VENDORS[name].parts(call)
    VENDORS[name].read(delivery_of(name, raw, content_type))
    VENDORS[name].redact(raw, content_type)
