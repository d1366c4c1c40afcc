"""A secret in a body or in a URL is covered before anything is stored; all else stays as it was."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.vendors.google_ads import covered
from app.adapters.vendors.registry import VENDORS
from tests.adapters.vendors.calls import BODIES, GOOGLE, SECRET, as_json

STARS = "*" * len(SECRET)


def test_only_google_has_its_key_in_the_body() -> None:
    changed = {
        name
        for name, (raw, content_type) in BODIES.items()
        if VENDORS[name].redact(raw, content_type) is not None
    }
    assert changed == {"google_ads"}


def test_the_key_is_covered_and_nothing_else() -> None:
    raw = as_json(GOOGLE)
    found = VENDORS["google_ads"].redact(raw, "application/json")
    assert found == raw.replace(SECRET, STARS.encode())
    assert json.loads(found) == GOOGLE | {"google_key": STARS}


COVERED = [
    (b'{"google_key":"abc"}', b'{"google_key":"***"}'),
    (b'{ "google_key" : "abc" , "x":"abc"}', b'{ "google_key" : "***" , "x":"abc"}'),
    (b'{"google\\u005fkey":"abc"}', b'{"google\\u005fkey":"***"}'),
    (b'{"google_key":"a\\"b\\\\"}', b'{"google_key":"******"}'),
    (b'{"google_key":"a","google_key":"bb"}', b'{"google_key":"*","google_key":"**"}'),
    (b'[{"a":{"google_key":"abc"}}]', b'[{"a":{"google_key":"***"}}]'),
    (b'{"google_key":123,"a":456}', b'{"google_key":111,"a":456}'),
    (b'{"google_key":-1.5e7}', b'{"google_key":-1.1e1}'),
    (b'{"google_key":["ab",{"c":"d"}],"e":"f"}', b'{"google_key":["**",{"*":"*"}],"e":"f"}'),
    (b'{"google_key":"abc', b'{"google_key":"***'),
    (b'{"google_key":"\xc3\xa4"}', b'{"google_key":"**"}'),
    (b'{"google_key":"ab\\', b'{"google_key":"***'),
]


@pytest.mark.parametrize(("raw", "expected"), COVERED)
def test_it_is_found_however_it_is_written(raw: bytes, expected: bytes) -> None:
    assert covered(raw, "google_key") == expected


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b'{"a":"google_key"}',
        b'{"a":["google_key",":","abc"]}',
        b'{"google_keys":"abc"}',
        b'{"a":"\\"google_key\\":\\"abc\\""}',
        b'{"google_key":null}',
        b'{"google_key":true}',
        b'{"google_key":""}',
    ],
)
def test_what_is_no_secret_stays(raw: bytes) -> None:
    assert covered(raw, "google_key") in (None, raw)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "google_key", "google_keys", '"']), inner, max_size=3
        )
    ),
    max_leaves=10,
)


@given(value=VALUES, secret=st.text(min_size=1, max_size=30), indent=st.sampled_from([None, 1]))
def test_any_body_loses_its_secret_and_nothing_else(
    value: object, secret: str, indent: int | None
) -> None:
    body = {"before": value, "google_key": secret, "after": [value, {"x": "y"}]}
    raw = json.dumps(body, indent=indent).encode()
    found = covered(raw, "google_key")
    assert found is not None
    assert len(found) == len(raw)
    told = json.loads(found)
    assert set(told["google_key"]) == {"*"}
    assert told["after"][1] == {"x": "y"}
    if "google_key" not in json.dumps(value):
        assert told | {"google_key": secret} == body


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ""),
        ("a=b", "a=b"),
        ("secret=abc", "secret=***"),
        ("a=b&SECRET=a%20b&c=d", "a=b&SECRET=*****&c=d"),
        ("key=x&token=yy", "key=*&token=**"),
        ("mykey=x&keys=y", "mykey=x&keys=y"),
        ("secret", "secret"),
    ],
)
def test_a_secret_in_the_url_is_covered(query: str, expected: str) -> None:
    for vendor in VENDORS.values():
        assert vendor.redact_query(query) == expected
