"""What a post says of a lead, read by its form."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.intake.submissions import ConsentGiven, SubmissionKind
from app.domain.leads.identities import Identity, IdentityKind
from app.services.intake.form_reading import read_form
from tests.factories.forms import (
    ADA,
    CONSENTS,
    FULL,
    JSON,
    KNOWN,
    MULTIPART,
    RECEIVED,
    URLENCODED,
    choices,
    delivery_of,
    field,
    form_of,
    found,
    held,
    multipart,
    payload_of,
    read,
)


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (ADA, {}),
        (f"{ADA}&first=Ada&last=Lovelace", {"first_name": "Ada", "last_name": "Lovelace"}),
        (f"{ADA}&first=++Ada++", {"first_name": "Ada"}),
        (f"{ADA}&phone=030+1234567", {"phone": "030 1234567"}),
        (f"{ADA}&size=12", {"custom": {"size": 12}}),
        (f"{ADA}&size=12.0", {"custom": {"size": 12}}),
        (f"{ADA}&size=-1.5e2", {"custom": {"size": -150}}),
        (f"{ADA}&size=0.1", {"custom": {"size": 0.1}}),
        (f"{ADA}&size=0", {"custom": {"size": 0}}),
        (f"{ADA}&size=0.12345678901234567890", {"custom": {"size": "0.12345678901234567890"}}),
        (f"{ADA}&size={'9' * 40}", {"custom": {"size": "9" * 40}}),
        (f"{ADA}&day=2026-02-28", {"custom": {"day": "2026-02-28"}}),
        (f"{ADA}&site=example.com", {"website": "example.com"}),
        (f"{ADA}&topics=a&topics=c", {"custom": {"topics": "a, c"}}),
        (f"{ADA}&topics[]=a&topics[]=c", {"custom": {"topics": "a, c"}}),
        (f"{ADA}&topics=a", {"custom": {"topics": "a"}}),
        (f"{ADA}&agree=on", {"custom": {"agree": True}}),
        (f"{ADA}&agree=0&agree=1", {"custom": {"agree": True}}),
        (f"{ADA}&agree=0", {"custom": {"agree": False}}),
        (f"{ADA}&lang=en", {"language": "en"}),
        (f"{ADA}&lang=", {}),
        (f"{ADA}&kind=company&company=Acme", {"company": "Acme"}),
        (f"{ADA}&first=&last=+", {}),
        (f"email=x%40y&{ADA}&email=", {}),
    ],
)
def test_answers_become_fields(raw: str, fields: dict[str, Any]) -> None:
    reading = read(raw)

    assert reading.fields == KNOWN | fields
    assert held(reading) == []


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"phone": 4930123456}, {"phone": "4930123456"}),
        ({"size": 12}, {"custom": {"size": 12}}),
        ({"size": 1.5}, {"custom": {"size": 1.5}}),
        ({"agree": True}, {"custom": {"agree": True}}),
        ({"agree": False}, {"custom": {"agree": False}}),
        ({"agree": None}, {}),
        ({"topics": ["a", "b"]}, {"custom": {"topics": "a, b"}}),
        ({"topics": []}, {}),
        ({"topics": "a"}, {"custom": {"topics": "a"}}),
        ({"first": ["Ada"]}, {"first_name": "Ada"}),
        ({"first": 7}, {"first_name": "7"}),
        ({"first": None, "last": ""}, {}),
        ({"first": "李小龙"}, {"first_name": "李小龙"}),
    ],
)
def test_json_answers_become_the_same(body: dict[str, Any], fields: dict[str, Any]) -> None:
    raw = json.dumps({"fields": {"email": "ada@example.com", **body}})

    reading = read(raw, content_type=JSON)

    assert reading.fields == KNOWN | fields
    assert held(reading) == found(reading) == []


@pytest.mark.parametrize(
    ("raw", "notes"),
    [
        ("size=twelve", [("invalid_value", "size")]),
        ("size=1.234,5", [("invalid_value", "size")]),
        ("size=١٢", [("invalid_value", "size")]),
        ("size=0x10", [("invalid_value", "size")]),
        (f"size=1e{'9' * 400}", [("invalid_value", "size")]),
        ("day=31.12.2026", [("invalid_value", "day")]),
        ("day=2026-02-30", [("invalid_value", "day")]),
        ("kind=alien", [("invalid_value", "kind")]),
        ("topics=a&topics=z", [("invalid_value", "topics")]),
        ("agree=perhaps", [("invalid_value", "agree")]),
        ("site=no+address", [("invalid_value", "site")]),
        (f"note={'x' * 101}", [("invalid_value", "note")]),
        ("phone=12", [("invalid_value", "phone")]),
        ("first=A&first=B", [("repeated", "first")]),
        ("kind=private&company=Acme", [("not_shown", "company")]),
        (f"first={'x' * 501}", [("does_not_fit", "first_name")]),
        ("first=A%00", [("unreadable_text", "first")]),
        ("tl_visitor=<script>", [("context_ignored", "tl_visitor")]),
        ("tl_page=javascript:alert(1)", [("context_ignored", "tl_page")]),
        (f"tl_page=https://x/{'y' * 4_000}", [("context_ignored", "tl_page")]),
        ("tl_referrer=https://[", [("context_ignored", "tl_referrer")]),
        ("tl_submitted_at=yesterday", [("context_ignored", "tl_submitted_at")]),
        ("tl_submitted_at=2026-03-02T09:30:00", [("context_ignored", "tl_submitted_at")]),
        ("tl_submitted_at=0001-01-01T00:00:00%2B14:00", [("context_ignored", "tl_submitted_at")]),
        ("tl_submitted_at=9999-12-31T23:59:59-14:00", [("context_ignored", "tl_submitted_at")]),
        ("tl_submitted_at=2024-01-01T00:00:00Z", [("context_ignored", "tl_submitted_at")]),
        (f"tl_utm_source={'x' * 501}", [("context_ignored", "tl_utm_source")]),
        (
            "tl_utm_source=a%00",
            [("context_ignored", "tl_utm_source"), ("unreadable_text", "tl_utm_source")],
        ),
    ],
)
def test_misfits_are_noted_and_do_not_wait(raw: str, notes: list[Any]) -> None:
    reading = read(f"{ADA}&{raw}")

    assert found(reading) == notes
    assert held(reading) == []
    assert reading.fields["email"] == "ada@example.com"


@pytest.mark.parametrize(
    ("raw", "holds"),
    [
        ("first=Ada", [("incomplete", "email")]),
        ("email=", [("incomplete", "email")]),
        ("email=+%0D%0A", [("incomplete", "email")]),
        ("email=nobody", [("invalid_value", "email")]),
        ("email=a%40b%00.example", [("invalid_value", "email")]),
        (f"email={'x' * 600}%40example.com", [("invalid_value", "email")]),
        (f"{ADA}&kind=company", [("incomplete", "company")]),
        ("email=nobody&phone=12", [("invalid_value", "email")]),
        ("", [("empty_body", None)]),
        (
            "&".join(f"k{n}=v" for n in range(3_000)),
            [("too_many_answers", None), ("incomplete", "email")],
        ),
        ("unknown=1", [("incomplete", "email")]),
    ],
)
def test_what_makes_no_lead_waits(raw: str, holds: list[Any]) -> None:
    assert held(read(raw)) == holds


def test_an_address_that_is_none_does_not_matter_beside_a_phone_number() -> None:
    reading = read("email=nobody&phone=%2B49+30+1234567")

    assert held(reading) == []
    assert found(reading) == [("invalid_value", "email")]


def test_unknown_names_stay_out_of_the_lead() -> None:
    reading = read(f"{ADA}&owner_id=x&status=converted&source=evil&custom.size=9&tags=a&tags=b&no=")

    assert reading.fields == KNOWN
    assert payload_of(reading)["other"] == {
        "owner_id": "x",
        "status": "converted",
        "source": "evil",
        "custom.size": "9",
        "tags": ["a", "b"],
    }


def test_every_answer_is_kept_as_given() -> None:
    reading = read(f"{ADA}&first=+Ada+&size=12.0&topics=a&topics=b&note=")

    assert payload_of(reading)["answers"] == {
        "email": "ada@example.com",
        "first": " Ada ",
        "size": "12.0",
        "topics": ["a", "b"],
        "note": "",
    }


def test_the_touchpoint_is_the_form_s() -> None:
    form = form_of(name="Fair", touch_kind="fair_visit", campaign_id=FULL.id, source=None)

    reading = read(ADA, form)

    assert reading.touch is not None
    assert (reading.touch.kind, reading.touch.summary) == ("fair_visit", "Fair")
    assert reading.touch.campaign_id == reading.fields["campaign_id"] == FULL.id
    assert reading.touch.occurred_at == RECEIVED
    assert "source" not in reading.fields
    assert reading.default_country == "DE"


def test_a_form_that_was_closed_before_it_was_sent_waits() -> None:
    closed = form_of(active=False, archived_at=RECEIVED - timedelta(seconds=1))
    closed_since = form_of(active=False, archived_at=RECEIVED + timedelta(seconds=1))

    assert held(read(ADA, closed)) == [("form_closed", None)]
    assert held(read(ADA, closed_since)) == []


def test_a_hidden_question_is_not_required() -> None:
    form = form_of(
        field("email", required=True),
        field("a", type="checkbox"),
        field("b", required=True, default="x", show_when={"field": "a", "equals": "true"}),
        field("c", required=True, to="company", show_when={"field": "b", "equals": "y"}),
    )

    assert held(read(ADA, form)) == []
    assert held(read(f"{ADA}&a=on", form)) == []
    assert held(read(f"{ADA}&a=on&b=y", form)) == [("incomplete", "c")]
    assert held(read(f"{ADA}&b=y", form)) == []
    assert held(read(f"{ADA}&a=on&b=y&c=Acme", form)) == []


def test_a_progressive_question_may_be_left_out_for_a_known_visitor_only() -> None:
    form = form_of(field("email"), field("size", required=True, progressive=True, default="1"))

    assert held(read(ADA, form)) == [("incomplete", "size")]
    assert held(read(f"{ADA}&tl_visitor=abcd1234", form)) == []
    assert held(read(f"{ADA}&tl_visitor=abcd1234&size=", form)) == [("incomplete", "size")]


def test_nothing_is_supposed_of_what_was_not_asked() -> None:
    form = form_of(
        field("email"),
        field("a", type="checkbox"),
        field("b", default="x", to="custom.b", show_when={"field": "a", "equals": "true"}),
        field("c", default="x", to="custom.c", progressive=True),
    )

    assert "custom" not in read(ADA, form).fields
    assert read(f"{ADA}&a=1", form).fields["custom"] == {"b": "x"}


def test_nought_is_an_answer_and_an_empty_box_is_none() -> None:
    form = form_of(
        field("email"),
        field("n", type="number", required=True),
        field("a", type="checkbox", required=True),
    )

    assert held(read(f"{ADA}&n=0&a=on", form)) == []
    assert held(read(f"{ADA}&n=&a=0", form)) == [("incomplete", "n"), ("incomplete", "a")]


@pytest.mark.parametrize(
    ("kind", "posted", "value"),
    [
        ("text", "", "x"),
        ("text", "&a=", None),
        ("hidden", "&a=", "x"),
        ("hidden", "&a=y", "y"),
        ("select", "", "x"),
        ("radio", "", None),
        ("checkbox", "", None),
    ],
)
def test_a_default_is_taken_for_what_was_not_sent(
    kind: str, posted: str, value: str | None
) -> None:
    options = choices("x", "y") if kind in ("select", "radio", "checkbox") else []
    form = form_of(
        field("email"), field("a", type=kind, choices=options, default="x", to="custom.a")
    )

    reading = read(ADA + posted, form)

    assert reading.fields.get("custom") == ({"a": value} if value else None)


@pytest.mark.parametrize(
    ("raw", "given", "waits"),
    [
        (f"{ADA}&tl_consent_newsletter=1&tl_consent_terms=on", [True, True], False),
        (f"{ADA}&tl_consent_terms=true", [True], False),
        (f"{ADA}&tl_consent_newsletter=0&tl_consent_terms=1", [False, True], False),
        (f"{ADA}&tl_consent_newsletter=1", [True], True),
        (f"{ADA}&tl_consent_terms=0", [False], True),
        (f"{ADA}&tl_consent_terms=", [False], True),
        (f"{ADA}&tl_consent_terms=perhaps", [], True),
        (ADA, [], True),
    ],
)
def test_consents_are_kept_with_their_very_text(raw: str, given: list[bool], waits: bool) -> None:
    reading = read(raw, form_of(consents=CONSENTS))

    assert [consent.granted for consent in reading.consents] == given
    assert [h.code for h in reading.holds] == (["consent_missing"] if waits else [])
    if given == [True, True]:
        assert reading.consents[0] == ConsentGiven(
            purpose="newsletter", version="2026-01", text="Send me news.", granted=True
        )
    assert ("perhaps" in raw) == ("other" in payload_of(reading))


def test_a_consent_nobody_asked_for_is_none() -> None:
    reading = read(f"{ADA}&tl_consent_everything=1")

    assert reading.consents == []
    assert payload_of(reading)["other"] == {"tl_consent_everything": "1"}


def test_the_honeypot_is_told_and_kept() -> None:
    form = form_of(protection={"honeypot": "website_2"})

    assert read(f"{ADA}&website_2=", form).signs["honeypot"] is None
    reading = read(f"{ADA}&website_2=http://spam.example", form)
    assert reading.signs["honeypot"] == "http://spam.example"
    assert payload_of(reading)["other"] == {"website_2": "http://spam.example"}


def test_files_are_told_by_name_and_size() -> None:
    raw = multipart(
        ('name="email"', b"ada@example.com"),
        ('name="cv"; filename="cv.pdf"\r\nContent-Type: application/pdf', b"%PDF"),
    )

    assert payload_of(read(raw, content_type=MULTIPART))["files"] == [
        {"field": "cv", "filename": "cv.pdf", "content_type": "application/pdf", "size": 4}
    ]


def test_a_long_post_keeps_its_names_and_lengths() -> None:
    reading = read(f"{ADA}&note={'x' * 70_000}&more={'y' * 9}")

    payload = payload_of(reading)
    assert payload["answers"]["note"] == {"characters": 70_000}
    assert payload["other"] == {"more": {"characters": 9}}
    assert ("payload_shortened", None) in found(reading)
    flood = "&".join(f"{'n' * 60}{n}=v" for n in range(1_900))
    payload = payload_of(read(f"{ADA}&{flood}"))
    assert payload["other"] == {"count": 1_900}
    assert len(json.dumps(payload)) < 64_000


def test_a_program_with_a_key_says_more() -> None:
    body = {
        "form_id": str(FULL.id),
        "fields": {"email": "ada@example.com"},
        "consents": [{"purpose": "terms", "granted": True}],
        "external_references": [{"system": "shop", "external_id": "7"}],
        "campaign_id": str(FULL.id),
        "is_test": True,
    }
    form = form_of(consents=CONSENTS)

    by_key = read_form(form, delivery_of(json.dumps(body), JSON, kind=SubmissionKind.API))
    by_form = read_form(form, delivery_of(json.dumps(body), JSON))

    assert by_key.references == [Identity(IdentityKind.EXTERNAL, "7", "shop")]
    assert by_key.fields["campaign_id"] == FULL.id
    assert by_key.is_test
    assert [consent.granted for consent in by_key.consents] == [True]
    assert "other" not in payload_of(by_key)
    assert by_form.references == []
    assert not by_form.is_test
    assert "campaign_id" not in by_form.fields


words = st.sampled_from(
    ["email", "first", "kind", "company", "size", "topics", "agree", "tl_page", "tl_utm_x",
     "tl_submitted_at", "tl_consent_terms", "other"]
)  # fmt: skip
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=()), max_size=12)
)  # fmt: skip
values = st.recursive(
    scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(words, v, max_size=2), max_leaves=6
)


@given(st.dictionaries(words, values), st.dictionaries(words, values))
def test_no_answer_is_too_odd(fields: dict[str, Any], context: dict[str, Any]) -> None:
    form = form_of(*FULL.fields, consents=CONSENTS)
    raw = json.dumps({"fields": fields, "context": context, "consents": fields})

    reading = read(raw, form, JSON)

    told = {"fields": reading.fields, "payload": payload_of(reading)}
    assert "\\u0000" not in json.dumps(told)
    json.dumps(told, ensure_ascii=False).encode()
    assert reading.holds or reading.fields["email"]


@given(st.binary(max_size=60), st.sampled_from([URLENCODED, MULTIPART, JSON, "", "text/plain"]))
def test_no_body_is_too_odd(raw: bytes, content_type: str) -> None:
    reading = read_form(FULL, delivery_of(raw, content_type))

    assert reading.holds
    json.dumps(payload_of(reading), ensure_ascii=False).encode()
