"""Bodies as browsers, scripts and robots send them."""

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.form_bodies import parse_form_body
from app.adapters.form_bodies.text_posts import MOST_ANSWERS
from app.domain.intake.form_posts import FormPost, UploadedFile
from tests.factories.forms import BOUNDARY, MULTIPART, URLENCODED, multipart

JSON = "application/json"
TEXT = "text/plain;charset=UTF-8"


def codes(post: FormPost) -> list[str]:
    return [finding.code for finding in (*post.holds, *post.notes)]


@pytest.mark.parametrize(
    ("raw", "answers"),
    [
        (b"a=1&b=2", [("a", "1"), ("b", "2")]),
        (b"a=x+y%20z&b=1%2B1", [("a", "x y z"), ("b", "1+1")]),
        (b"a=1&a=2&a=1", [("a", "1"), ("a", "2"), ("a", "1")]),
        (b"a&b=&=c&&d=e=f", [("a", ""), ("b", ""), ("", "c"), ("d", "e=f")]),
        (b"a=%zz&b=100%&c=%4", [("a", "%zz"), ("b", "100%"), ("c", "%4")]),
        (b"%61=%C3%A9", [("a", "\u00e9")]),
        ("a=\u00e9".encode(), [("a", "\u00e9")]),
        (b"a=%00b", [("a", "\x00b")]),
        (b"a=1;b=2", [("a", "1;b=2")]),
        (b"a=%0D%0Ab", [("a", "\r\nb")]),
        (b"a=%F0%9F%92%A3", [("a", "\U0001f4a3")]),
        (b"a=%26%231087%3B", [("a", "&#1087;")]),
    ],
)
def test_a_form_is_read_as_browsers_write_it(raw: bytes, answers: list[Any]) -> None:
    post = parse_form_body(raw, URLENCODED)

    assert post.answers == answers
    assert codes(post) == []


@pytest.mark.parametrize(
    ("raw", "charset", "value", "noted"),
    [
        (b"a=%CF%F0%E8", "windows-1251", "\u041f\u0440\u0438", []),
        (b"a=%82%A0", "Shift_JIS", "\u3042", []),
        (b"a=%E9", "iso-8859-1", "\u00e9", []),
        (b"a=%80", "iso-8859-1", "\u20ac", []),
        (b"a=%C3%A9", "iso-8859-1", "\u00e9", []),
        (b"a=%E9", "", "\u00e9", ["charset_guessed"]),
        (b"a=%E9%81", "", "\u00e9\x81", ["charset_guessed"]),
        (b"a=%ED%A0%80", "", "\u00ed\xa0\u20ac", ["charset_guessed"]),
        (b"a=%E9", "utf-8", "\u00e9", ["charset_guessed"]),
        (b"a=%C3%A9", "zip", "\u00e9", ["unknown_charset"]),
        (b"a=%C3%A9", "utf-7", "\u00e9", ["unknown_charset"]),
        (b"a=%C3%A9", "unicode_escape", "\u00e9", ["unknown_charset"]),
        (b"a=%C3%A9", "x" * 5_000, "\u00e9", ["unknown_charset"]),
        (b"a=%C3%A9", "utf-16", "\u00e9", ["unknown_charset"]),
    ],
)
def test_the_characters_are_found(raw: bytes, charset: str, value: str, noted: list[str]) -> None:
    post = parse_form_body(raw, f"{URLENCODED}; charset={charset}")

    assert post.answers == [("a", value)]
    assert codes(post) == noted


def test_a_form_names_its_own_encoding() -> None:
    post = parse_form_body(b"_charset_=windows-1251&a=%CF", URLENCODED)

    assert post.answers == [("a", "\u041f")]


def test_a_broken_value_does_not_spoil_the_others() -> None:
    post = parse_form_body(b"a=%C3%A9&b=%ED%A0%80", URLENCODED)

    assert post.text("a") == "\u00e9"


def test_more_names_than_any_form_has_are_held() -> None:
    raw = b"&".join(b"k%d=v" % number for number in range(100_000))

    post = parse_form_body(raw, URLENCODED)

    assert len(post.answers) == MOST_ANSWERS
    assert codes(post) == ["too_many_answers"]


def test_files_are_told_and_parts_are_answers() -> None:
    raw = multipart(
        ('name="a"', "\u00e9".encode()),
        ('name="a"', b"2"),
        ('name="cv"; filename="l\u00e4.pdf"\r\nContent-Type: application/pdf', b"%PDF\x00\r\n--x"),
        ('name="none"; filename=""\r\nContent-Type: application/octet-stream', b""),
    )

    post = parse_form_body(raw, MULTIPART)

    assert post.answers == [("a", "\u00e9"), ("a", "2")]
    assert post.files == [
        UploadedFile(field="cv", filename="l\u00e4.pdf", content_type="application/pdf", size=10)
    ]
    assert codes(post) == []


WHOLE = multipart(('name="a"', b"1"), ('name="b"', b"2"))


@pytest.mark.parametrize(
    ("raw", "content_type", "answers", "found"),
    [
        (WHOLE, f'multipart/form-data; boundary="{BOUNDARY}"', 2, []),
        (WHOLE + b"epilogue", MULTIPART, 2, []),
        (b"\r\n" + WHOLE, MULTIPART, 2, []),
        (WHOLE[:-4], MULTIPART, 1, ["incomplete_body"]),
        (WHOLE[:-60], MULTIPART, 1, ["incomplete_body"]),
        (WHOLE[:20], MULTIPART, 0, ["incomplete_body"]),
        (WHOLE, "multipart/form-data; boundary=other", 2, ["boundary_guessed"]),
        (WHOLE, "multipart/form-data", 2, ["boundary_guessed"]),
        (WHOLE, "multipart/form-data; boundary=\u20ac", 2, ["boundary_guessed"]),
        (WHOLE, f"multipart/form-data; boundary={'x' * 5_000}", 2, ["boundary_guessed"]),
        (b"nothing of the sort", MULTIPART, 0, ["unreadable_body"]),
        (b"nothing of the sort", "multipart/form-data", 0, ["unreadable_body"]),
        (WHOLE.replace(b"\r\n", b"\n"), MULTIPART, 0, ["unreadable_body"]),
        (b"--%s--\r\n" % BOUNDARY.encode(), MULTIPART, 0, ["empty_body"]),
        (multipart(("x" * 10_000, b"1")), MULTIPART, 0, ["unreadable_body"]),
        (multipart(("\r\n".join(["a: b"] * 50), b"1")), MULTIPART, 0, ["unreadable_body"]),
        (multipart(*[('name="a"', b"1")] * 3_000), MULTIPART, MOST_ANSWERS, ["too_many_answers"]),
        (
            multipart(('name="a"\r\nContent-Transfer-Encoding: base64', b"YQ==")),
            MULTIPART,
            1,
            ["encoded_part"],
        ),
        (multipart(("", b"no name")), MULTIPART, 1, []),
    ],
)
def test_a_body_in_parts_is_read_as_far_as_it_goes(
    raw: bytes, content_type: str, answers: int, found: list[str]
) -> None:
    post = parse_form_body(raw, content_type)

    assert len(post.answers) == answers
    assert codes(post) == found


def test_our_script_s_json_is_read_as_a_form() -> None:
    raw = b"""{"fields": {"email": "a@b.example", "n": 7, "tags": ["x", "y"], "none": null},
      "consents": {"newsletter": true}, "pow": "p", "further": 1,
      "context": {"visitor_id": "v", "page_url": "https://x", "referrer": "https://y",
                  "utm": {"source": "s", "utm_medium": "m"}, "click_ids": {"gclid": "g"},
                  "rendered_at": 5, "submitted_at": "2026-03-02T09:30:00Z"}}"""

    assert parse_form_body(raw, JSON).answers == [
        ("email", "a@b.example"),
        ("n", 7),
        ("tags", ["x", "y"]),
        ("none", None),
        ("tl_consent_newsletter", True),
        ("tl_pow", "p"),
        ("further", 1),
        ("tl_visitor", "v"),
        ("tl_page", "https://x"),
        ("tl_referrer", "https://y"),
        ("tl_utm_source", "s"),
        ("tl_utm_medium", "m"),
        ("tl_click_gclid", "g"),
        ("tl_rendered_at", 5),
        ("tl_submitted_at", "2026-03-02T09:30:00Z"),
    ]


@pytest.mark.parametrize(
    ("raw", "answers"),
    [
        (b'{"a": 1}', [("a", 1)]),
        (b'\xef\xbb\xbf {"a": 1}', [("a", 1)]),
        (b'{"a": 1, "a": 2}', [("a", 1), ("a", 2)]),
        (b'{"fields": {"a": 1, "a": 2}}', [("a", 1), ("a", 2)]),
        (b'{"a": {"b": 1, "b": 2, "b": 3}}', [("a", {"b": [1, 2, 3]})]),
        (b'{"a": 9223372036854775807}', [("a", 2**63 - 1)]),
        (b'{"a": 9223372036854775808}', [("a", "9223372036854775808")]),
        (b'{"a": -9223372036854775809}', [("a", "-9223372036854775809")]),
        (b'{"a": %s}' % (b"9" * 5_000), [("a", "9" * 5_000)]),
        (b'{"a": 1e400}', [("a", "1e400")]),
        (b'{"a": 1.5}', [("a", 1.5)]),
        (b'{"a": "\\ud800"}', [("a", "\ud800")]),
        (b'{"a": "b\\u0000"}', [("a", "b\x00")]),
        (b'{"fields": "no object"}', [("fields", "no object")]),
        (b'{"fields": {"a": 1}, "consents": "no"}', [("a", 1), ("consents", "no")]),
        (b'{"fields": {"a": 1}, "context": [1]}', [("a", 1), ("context", [1])]),
        (
            b'{"fields": [{"name": "a", "value": 1}, {"name": "b"}]}',
            [("a", 1), ("b", None)],
        ),
        (
            b'{"fields": {"a": 1}, "consents": [{"purpose": "n", "granted": false}, 7]}',
            [("a", 1), ("tl_consent_n", False)],
        ),
    ],
)
def test_json_says_what_it_says(raw: bytes, answers: list[Any]) -> None:
    post = parse_form_body(raw, "application/json; charset=utf-8")

    assert post.answers == answers
    assert codes(post) == []


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b'{"a":}',
        b"{'a': 1}",
        b'{"a": 1}{"b": 2}',
        b'{"a": "b',
        b"[]",
        b"[1]",
        b'"a"',
        b"7",
        b"null",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": "\xff"}',
        '{"a": 1}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b"a=1&b=2",
        b"<a/>",
    ],
)
def test_what_is_no_json_is_held(raw: bytes) -> None:
    post = parse_form_body(raw, JSON)

    assert post.answers == []
    assert codes(post) == ["unreadable_body"]


@pytest.mark.parametrize(
    ("raw", "content_type", "answers", "found"),
    [
        (b'{"a": 1}', TEXT, [("a", 1)], []),
        (b'{"a": 1}', "", [("a", 1)], []),
        (b'{"a": 1}', URLENCODED, [("a", 1)], ["media_type_guessed"]),
        (b'{"a=1', URLENCODED, [('{"a', "1")], []),
        (b'{"a": 1}', "application/vnd.example+json", [("a", 1)], []),
        (b"a=1&b=%40", TEXT, [("a", "1"), ("b", "@")], []),
        (b"a=1", "", [("a", "1")], []),
        (
            b"a=1\r\nb=x = y\r\nand more\r\n",
            TEXT,
            [("a", "1"), ("b", "x = y\nand more")],
            ["plain_text_form"],
        ),
        (b"Hello there", TEXT, [], ["unreadable_body"]),
        (b"<a/>", "application/xml", [], ["unreadable_body"]),
        (b"a=1", "nonsense", [], ["unreadable_body"]),
        (b"", URLENCODED, [], ["empty_body"]),
        (b" \r\n", JSON, [], ["empty_body"]),
        (b"&&&&", URLENCODED, [], ["empty_body"]),
        (b"{}", JSON, [], ["empty_body"]),
        (b'{"fields": {}}', JSON, [], ["empty_body"]),
    ],
)
def test_the_type_is_believed_unless_it_cannot_be(
    raw: bytes, content_type: str, answers: list[Any], found: list[str]
) -> None:
    post = parse_form_body(raw, content_type)

    assert post.answers == answers
    assert codes(post) == found


types = st.sampled_from(
    [
        URLENCODED,
        f"{URLENCODED}; charset=shift_jis",
        MULTIPART,
        "multipart/form-data",
        JSON,
        TEXT,
        "",
        "text/plain; charset=utf-16",
    ]
)
pieces = st.lists(
    st.sampled_from([b"a", b"=", b"&", b"%", b"\r\n", b'"', b"{", b"}", b"[", b":", b",", b"\x00"])
    | st.sampled_from([BOUNDARY.encode(), b"--", b"Content-Disposition: form-data; name="])
    | st.binary(max_size=4),
    max_size=40,
).map(b"".join)


@given(pieces | st.binary(max_size=80), types | st.text(max_size=40))
def test_no_body_is_too_odd(raw: bytes, content_type: str) -> None:
    post = parse_form_body(raw, content_type)

    assert post.answers or post.files or post.holds


@given(st.binary(max_size=30), st.integers(0, 200))
def test_a_body_that_breaks_off_anywhere_is_held_or_whole(data: bytes, cut: int) -> None:
    raw = multipart(('name="a"', data), ('name="b"', b"2"))
    post = parse_form_body(raw[:cut], MULTIPART)

    whole = post.by_name.keys() == {"a", "b"} and cut >= len(raw) - 2
    assert whole or post.holds


@given(st.lists(st.tuples(st.text(min_size=1), st.text()), min_size=1, max_size=5))
def test_whatever_a_browser_encodes_is_read_again(pairs: list[tuple[str, str]]) -> None:
    sound = [(name, value) for name, value in pairs if name != "_charset_"]
    if sound:
        raw = urlencode(sound).encode()
        assert parse_form_body(raw, URLENCODED).answers == sound
