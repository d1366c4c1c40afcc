"""Where a post came from, as the touchpoint tells it."""

from datetime import timedelta
from typing import Any

import pytest

from app.services.intake.form_reading import read_form
from tests.factories.forms import (
    ADA,
    FULL,
    KNOWN,
    RECEIVED,
    delivery_of,
    payload_of,
    read,
)


def test_the_context_comes_by_our_names() -> None:
    reading = read(
        f"{ADA}&tl_visitor=abcd-1234&tl_page=https://x.example/p?utm_source=no"
        "&tl_referrer=https://y.example/&tl_utm_source=s&tl_utm_medium=m&tl_click_gclid=g"
        "&tl_submitted_at=2026-03-02T08:00:00%2B01:00&tl_rendered_at=1772440000000&tl_pow=p"
        "&tl_key=k"
    )

    assert reading.touch is not None
    assert reading.touch.utm == {"source": "s", "medium": "m"}
    assert reading.touch.click_ids == {"gclid": "g"}
    assert reading.touch.page_url == "https://x.example/p?utm_source=no"
    assert reading.touch.referrer == "https://y.example/"
    assert reading.touch.occurred_at == RECEIVED - timedelta(hours=2, minutes=30)
    assert reading.visitor_id == "abcd-1234"
    assert reading.signs["rendered_at"] == "1772440000000"
    assert reading.signs["submitted_at"] == reading.touch.occurred_at
    assert "other" not in payload_of(reading)


@pytest.mark.parametrize(
    ("raw", "query", "headers", "utm", "clicks"),
    [
        ("&utm_source=s&gclid=g", "", {}, {"source": "s"}, {"gclid": "g"}),
        ("", "utm_source=s&fbclid=f", {}, {"source": "s"}, {"fbclid": "f"}),
        (
            "",
            "",
            {"referer": "https://x.example/?utm_source=s&msclkid=k"},
            {"source": "s"},
            {"msclkid": "k"},
        ),
        ("&tl_page=https://x.example/?utm_source=s", "utm_medium=m", {}, {"medium": "m"}, None),
        ("", "&".join(["utm_source=s"] * 1_000), {}, None, None),
        ("", "%FF=%00&utm_source=%FF", {}, {"source": "\ufffd"}, None),
        ("", "", {"referer": "https://["}, None, None),
    ],
)
def test_the_context_comes_by_the_usual_names_as_well(
    raw: str, query: str, headers: dict[str, str], utm: Any, clicks: Any
) -> None:
    reading = read_form(FULL, delivery_of(ADA + raw, headers=headers, query=query))

    assert reading.touch is not None
    assert (reading.touch.utm, reading.touch.click_ids) == (utm, clicks)
    assert reading.fields == KNOWN


def test_the_header_tells_the_page_when_nobody_else_does() -> None:
    reading = read_form(FULL, delivery_of(ADA, headers={"referer": "https://x.example/p"}))

    assert reading.touch is not None
    assert reading.touch.page_url == reading.touch.referrer == "https://x.example/p"


def test_a_clock_that_is_ahead_is_not_believed() -> None:
    reading = read(f"{ADA}&tl_submitted_at=2026-03-02T10:00:00Z")

    assert reading.touch is not None
    assert reading.touch.occurred_at == RECEIVED
    assert reading.signs["submitted_at"] == RECEIVED + timedelta(minutes=30)


def test_the_door_s_visitor_is_taken_when_the_post_names_none() -> None:
    assert read_form(FULL, delivery_of(ADA, visitor_id="abcd1234")).visitor_id == "abcd1234"
