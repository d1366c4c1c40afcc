"""What is suspicious, and what of it makes a submission wait."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.intake.forms import DisposableRule, Protection
from app.domain.intake.suspicion import (
    RULES,
    Signs,
    Suspicion,
    finding,
    holds_a_link,
    sorted_out,
    suspicions,
)

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
PLAIN = Protection()


def milliseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def codes(protection: Protection = PLAIN, **signs: Any) -> list[str]:
    return [f.code for f in suspicions(Signs(received_at=NOW, **signs), protection)]


def held(code: str, protection: Protection = PLAIN) -> bool:
    holds, notes = sorted_out([finding(Suspicion(code))], protection)
    assert len(holds) + len(notes) == 1
    return bool(holds)


def test_nothing_is_held_against_who_says_nothing() -> None:
    assert codes() == []


@pytest.mark.parametrize(
    ("honeypot", "value", "expected"),
    [
        ("website_2", "http://spam.example", ["honeypot_filled"]),
        ("website_2", "", []),
        ("website_2", "  ", []),
        ("website_2", None, []),
        ("website_2", ["x"], ["honeypot_filled"]),
        (None, "filled", []),
    ],
)
def test_the_field_that_people_cannot_see(
    honeypot: str | None, value: Any, expected: list[str]
) -> None:
    assert codes(Protection(honeypot=honeypot), honeypot=value) == expected


@pytest.mark.parametrize(
    ("rendered_at", "expected"),
    [
        (NOW - timedelta(seconds=30), []),
        (NOW - timedelta(seconds=2), []),
        (NOW - timedelta(seconds=1.9), ["too_fast"]),
        (NOW, ["too_fast"]),
        (NOW + timedelta(seconds=30), ["too_fast"]),
        (NOW + timedelta(minutes=2), ["rendered_in_the_future"]),
        (NOW - timedelta(days=30), []),
    ],
)
def test_when_the_form_was_shown_by_our_clock(rendered_at: datetime, expected: list[str]) -> None:
    assert codes(rendered_at=milliseconds(rendered_at)) == expected
    assert codes(rendered_at=f" {milliseconds(rendered_at)} ") == expected


@pytest.mark.parametrize("wrong_by", [timedelta(days=-400), timedelta(0), timedelta(hours=9)])
def test_a_visitors_clock_may_be_wrong(wrong_by: timedelta) -> None:
    submitted = NOW + wrong_by
    shown = milliseconds(submitted - timedelta(seconds=40))
    assert codes(rendered_at=shown, submitted_at=submitted) == []
    hasty = milliseconds(submitted - timedelta(seconds=1))
    assert codes(rendered_at=hasty, submitted_at=submitted) == ["too_fast"]
    later = milliseconds(submitted + timedelta(seconds=1))
    assert codes(rendered_at=later, submitted_at=submitted) == ["rendered_in_the_future"]


@pytest.mark.parametrize(
    "forged", ["soon", "-5", "1e12", "0", "1700000000", 17e11, True, [1], {}, "9" * 400, "१२३"]
)
def test_what_is_no_time_is_noted(forged: Any) -> None:
    assert codes(rendered_at=forged) == ["rendered_at_forged"]


def test_a_form_may_allow_haste() -> None:
    assert codes(Protection(min_seconds=0), rendered_at=milliseconds(NOW)) == []


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://www.example.com", []),
        ("HTTPS://www.Example.com", []),
        (None, []),
        ("https://touchline.example:8000", []),
        ("https://www.example.com.evil.example", ["origin_not_allowed"]),
        ("http://www.example.com", ["origin_not_allowed"]),
        ("https://evil.example", ["origin_not_allowed"]),
        ("null", ["origin_not_allowed"]),
        ("https://[", ["origin_not_allowed"]),
    ],
)
def test_who_may_show_the_form(origin: str | None, expected: list[str]) -> None:
    allowed = ["https://www.example.com"]
    host = "touchline.example:8000"
    assert codes(origin=origin, allowed_origins=allowed, own_host=host) == expected
    assert codes(origin=origin, own_host=host) == []


@pytest.mark.parametrize(
    "name",
    [
        "http://spam.example",
        "Win $5000 HTTPS://x",
        "www.spam.example",
        "<a href=x>Ada</a>",
        "</b>",
        "<!-- -->",
        "[url=x]Ada[/url]",
        "&#60;script",
        "Claim it bit.ly/3xYz",
    ],
)
def test_names_with_links(name: str) -> None:
    assert holds_a_link(name)
    found = suspicions(Signs(received_at=NOW, names={"full_name": name}), PLAIN)
    assert [(f.code, f.field) for f in found] == [("link_in_name", "full_name")]


@pytest.mark.parametrize(
    "name",
    [
        "Ada Lovelace",
        "Dr.Weber/Kunz",
        "Jean-Luc d'Arc",
        "J.R.R. Tolkien",
        "Müller c/o Schmidt",
        "Booking.com",
        "< 30 people",
        "李小龙",
        "Anna & Ben",
        "",
        None,
        7,
    ],
)
def test_names_of_people(name: Any) -> None:
    assert not holds_a_link(name)


def test_what_was_found_at_the_door_is_told_once() -> None:
    found = codes(at_the_door=["rate", "proof_of_work_missing", "rate", "of_another_version"])
    assert found == ["rate", "proof_of_work_missing"]


@pytest.mark.parametrize(
    ("rule", "found", "waits"),
    [
        (DisposableRule.OFF, [], False),
        (DisposableRule.FLAG, ["disposable_email"], False),
        (DisposableRule.HOLD, ["disposable_email"], True),
    ],
)
def test_a_form_says_what_happens_to_throw_away_addresses(
    rule: DisposableRule, found: list[str], waits: bool
) -> None:
    protection = Protection(block_disposable=rule)
    assert codes(protection, disposable=True) == found
    assert held("disposable_email", protection) is waits


def test_every_code_has_its_rule_and_a_sentence() -> None:
    assert set(RULES) == set(Suspicion)
    assert all(rule.detail for rule in RULES.values())


@pytest.mark.parametrize(
    ("code", "waits"),
    [
        ("honeypot_filled", True),
        ("too_fast", True),
        ("proof_of_work_missing", True),
        ("origin_not_allowed", True),
        ("link_in_name", True),
        ("rate", False),
        ("rendered_in_the_future", False),
    ],
)
def test_what_a_submission_waits_for(code: str, waits: bool) -> None:
    assert held(code) is waits


@given(
    st.builds(
        Signs,
        received_at=st.just(NOW),
        at_the_door=st.lists(st.text() | st.sampled_from(list(Suspicion))),
        honeypot=st.none() | st.text() | st.integers(),
        rendered_at=st.none() | st.text() | st.integers() | st.floats(),
        submitted_at=st.none() | st.datetimes(timezones=st.just(UTC)),
        origin=st.none() | st.text(),
        own_host=st.none() | st.text(),
        allowed_origins=st.lists(st.text()),
        names=st.dictionaries(st.text(), st.text() | st.none()),
    ),
    st.booleans(),
)
def test_no_content_is_too_odd(signs: Signs, strict: bool) -> None:
    protection = Protection(
        honeypot="x", block_disposable=DisposableRule.HOLD if strict else DisposableRule.FLAG
    )
    found = suspicions(signs, protection)
    holds, notes = sorted_out(found, protection)
    assert len(holds) + len(notes) == len(found)
