"""What a form may say."""

from typing import Any

import pytest

from app.domain.errors import Invalid
from app.domain.intake.form_rules import check_form, check_new_texts
from tests.factories.forms import choices, field, form_of

SITE = "https://www.example.com"


def pointers_of(*fields: dict[str, Any], **told: Any) -> list[str | None]:
    """Where the form is wrong."""
    try:
        check_form(form_of(*fields, **told))
    except Invalid as refused:
        return [error.pointer for error in refused.errors]
    return []


def test_a_sound_form_is_taken() -> None:
    assert (
        pointers_of(
            field("kind", type="radio", choices=choices("private", "company"), default="private"),
            field("company", to="company", show_when={"field": "kind", "equals": "company"}),
            field("email", required=True, autocomplete="email", max_length=200),
            field("first name"),
            field("your-name[last]"),
            field("entry.42", to="custom.size"),
            field("Größe", type="number", progressive=True),
            field("agree", type="checkbox"),
            field("why", show_when={"field": "agree", "equals": "false"}),
            field("topics[]", type="checkbox", choices=choices("a", "b")),
            mapping=[
                {"to": "full_name", "from": ["first name", '$["your-name[last]"]'], "combine": " "}
            ],
            consents=[
                {"purpose": "newsletter", "version": "1", "text": "Yes"},
                {"purpose": "calls", "version": "1", "text": "Yes", "required": True},
            ],
            success={"redirect_url": f"{SITE}/thanks"},
            allowed_origins=[SITE, "http://localhost:3000"],
            double_opt_in={"enabled": True, "confirmed_url": f"{SITE}/confirmed"},
            protection={"honeypot": "website_2"},
        )
        == []
    )


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ([field("a"), field("a")], "/fields/1/name"),
        ([field("tl_visitor")], "/fields/0/name"),
        ([field("TL_x")], "/fields/0/name"),
        ([field("_charset_")], "/fields/0/name"),
        ([field("a/b")], "/fields/0/name"),
        ([field('a"b')], "/fields/0/name"),
        ([field("a\n")], "/fields/0/name"),
        ([field(" a")], "/fields/0/name"),
        ([field("")], "/fields/0/name"),
        ([field("a", to="owner_id")], "/fields/0/to"),
        ([field("a", to="status")], "/fields/0/to"),
        ([field("a", to="custom.A b")], "/fields/0/to"),
        ([field("a", to="phone"), field("b", to="phone")], "/fields/1/to"),
        ([field("a", type="select")], "/fields/0/choices"),
        ([field("a", type="radio")], "/fields/0/choices"),
        ([field("a", choices=choices("x"))], "/fields/0/choices"),
        ([field("a", type="select", choices=choices("x", "x"))], "/fields/0/choices"),
        ([field("a", type="select", choices=choices("x"), default="y")], "/fields/0/default"),
        ([field("a", type="number", max_length=3)], "/fields/0/max_length"),
        ([field("a", max_length=3, default="four")], "/fields/0/default"),
        ([field("email", progressive=True)], "/fields/0/progressive"),
        ([field("a", show_when={"field": "a", "equals": "x"})], "/fields/0/show_when"),
        (
            [field("a", show_when={"field": "b", "equals": "x"}), field("b")],
            "/fields/0/show_when",
        ),
        (
            [
                field("a", type="select", choices=choices("x")),
                field("b", show_when={"field": "a", "equals": "y"}),
            ],
            "/fields/1/show_when",
        ),
        (
            [field("a", type="checkbox"), field("b", show_when={"field": "a", "equals": "on"})],
            "/fields/1/show_when",
        ),
    ],
)
def test_a_wrong_field_is_named(fields: list[dict[str, Any]], pointer: str) -> None:
    assert pointers_of(*fields) == [pointer]


@pytest.mark.parametrize(
    ("told", "pointer"),
    [
        ({"mapping": [{"to": "email", "from": "email"}]}, "/mapping/0/to"),
        ({"mapping": [{"to": "company", "from": "nobody"}]}, "/mapping/0/from"),
        ({"mapping": [{"to": "company", "from": ["$.email", "$.b.c"]}]}, "/mapping/0/from/1"),
        ({"mapping": [{"to": "company", "from": "$.."}]}, "/mapping/0/from"),
        ({"mapping": [{"to": "owner_id", "from": "email"}]}, "/mapping/0/to"),
        (
            {"consents": [{"purpose": "a", "version": "1", "text": "x"}] * 2},
            "/consents/1/purpose",
        ),
        ({"consents": [{"purpose": "a", "version": "1", "text": " "}]}, "/consents/0/text"),
        ({"protection": {"honeypot": "email"}}, "/protection/honeypot"),
        ({"protection": {"honeypot": "tl_key"}}, "/protection/honeypot"),
        ({"protection": {"honeypot": "<a>"}}, "/protection/honeypot"),
        ({"double_opt_in": {"subject": "a\r\nBcc: x"}}, "/double_opt_in/subject"),
        ({"double_opt_in": {"subject": " "}}, "/double_opt_in/subject"),
        (
            {"double_opt_in": {"confirmed_url": "https://evil.example"}},
            "/double_opt_in/confirmed_url",
        ),
        ({"allowed_origins": [f"{SITE}/"]}, "/allowed_origins/0"),
        ({"allowed_origins": ["https://Example.com"]}, "/allowed_origins/0"),
        ({"allowed_origins": ["https://example.com:443"]}, "/allowed_origins/0"),
        ({"allowed_origins": ["example.com"]}, "/allowed_origins/0"),
        ({"allowed_origins": ["*"]}, "/allowed_origins/0"),
        ({"allowed_origins": ["null"]}, "/allowed_origins/0"),
        ({"allowed_origins": ["ftp://example.com"]}, "/allowed_origins/0"),
        ({"allowed_origins": [SITE, SITE]}, "/allowed_origins/1"),
        ({"success": {"redirect_hosts": ["a b"]}}, "/success/redirect_hosts/0"),
        ({"success": {"redirect_hosts": ["a/b"]}}, "/success/redirect_hosts/0"),
    ],
)
def test_a_wrong_part_is_named(told: dict[str, Any], pointer: str) -> None:
    assert pointers_of(**told) == [pointer]


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/thanks",
        "javascript:alert(1)",
        "data:text/html,x",
        "//www.example.com/thanks",
        "/thanks",
        "www.example.com",
        f"{SITE}@evil.example/",
        f"{SITE}:8443/thanks",
        "http://www.example.com/thanks",
        "https://www.example.com.evil.example/",
        "https://www.example.com\\.evil.example/",
        "https://evil.example\\@www.example.com/",
        "https://www.example.com\t.evil.example/",
        "https://www.example.com:99999/",
        "https://[::1",
        f"{SITE}/\r\nSet-Cookie: a=b",
        f"{SITE}/a b",
        f"{SITE}/\\evil.example",
        f"{SITE}/\u20ac",
        "https://somebody@www.example.com/",
        "https:///thanks",
        "",
    ],
)
def test_nobody_is_sent_elsewhere(address: str) -> None:
    told = {"success": {"redirect_url": address}, "allowed_origins": [SITE]}
    assert pointers_of(**told) == ["/success/redirect_url"]


@pytest.mark.parametrize(
    "address",
    [
        f"{SITE}",
        f"{SITE}/thanks?a=b#c",
        f"{SITE}:443/thanks",
        "HTTPS://WWW.EXAMPLE.COM/",
        "https://thanks.example.org/x",
        "http://thanks.example.org:8080/x",
    ],
)
def test_a_known_site_is_a_place_to_go(address: str) -> None:
    told = {
        "success": {"redirect_url": address, "redirect_hosts": ["thanks.example.org"]},
        "allowed_origins": [SITE],
    }
    assert pointers_of(**told) == []


def test_to_confirm_an_address_there_has_to_be_one() -> None:
    asked = {"double_opt_in": {"enabled": True}}
    assert pointers_of(field("name"), **asked) == ["/double_opt_in/enabled"]
    mapping = [{"to": "email", "from": "name"}]
    assert pointers_of(field("name"), mapping=mapping, **asked) == []


def test_every_fault_is_named_at_once() -> None:
    found = pointers_of(
        field("a", to="owner_id"),
        field("a", type="select"),
        mapping=[{"to": "x", "from": "b"}],
        protection={"honeypot": "a"},
    )
    assert sorted(map(str, found)) == [
        "/fields/0/to",
        "/fields/1/choices",
        "/fields/1/name",
        "/mapping/0/from",
        "/mapping/0/to",
        "/protection/honeypot",
    ]


def test_other_words_need_another_version() -> None:
    before = [{"purpose": "a", "version": "1", "text": "x"}]
    check_new_texts(before, before)
    check_new_texts(before, [{"purpose": "a", "version": "2", "text": "y"}])
    check_new_texts(before, [{"purpose": "b", "version": "1", "text": "y"}])
    check_new_texts(before, [])
    with pytest.raises(Invalid) as refused:
        check_new_texts(before, [{"purpose": "a", "version": "1", "text": "y"}])
    assert refused.value.errors[0].pointer == "/consents/0/version"
