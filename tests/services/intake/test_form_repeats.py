"""What the door asks of a post before it takes it: what is missing, and whether it is a repeat."""

import json

import pytest

from app.adapters.form_bodies import parse_form_body
from app.services.intake.form_reading import fingerprint_parts, missing_in
from tests.factories.forms import (
    ADA,
    CONSENTS,
    FULL,
    JSON,
    MULTIPART,
    URLENCODED,
    form_of,
    multipart,
)


class TestWhatTheDoorAsksFor:
    @pytest.mark.parametrize(
        ("raw", "pointers"),
        [
            ("first=Ada", ["/fields/email"]),
            ("email=nobody", ["/fields/email"]),
            (f"{ADA}&kind=company", ["/fields/company"]),
            ("kind=company", ["/fields/email", "/fields/company"]),
            (ADA, []),
            (f"{ADA}&size=twelve&day=x", []),
        ],
    )
    def test_missing_answers_are_named(self, raw: str, pointers: list[str]) -> None:
        errors = missing_in(FULL, parse_form_body(raw.encode(), URLENCODED))

        assert [error.pointer for error in errors] == pointers

    def test_missing_consents_are_named(self) -> None:
        form = form_of(consents=CONSENTS)

        errors = missing_in(form, parse_form_body(ADA.encode(), URLENCODED))

        assert [(e.pointer, e.code) for e in errors] == [("/consents/terms", "missing")]

    def test_what_cannot_be_read_is_not_asked_for_again(self) -> None:
        assert missing_in(FULL, parse_form_body(b"{", JSON)) == []
        assert missing_in(FULL, parse_form_body(multipart()[:-5], MULTIPART)) == []


class TestRepeats:
    @staticmethod
    def parts(raw: str, content_type: str = URLENCODED) -> bytes | None:
        form = form_of(*FULL.fields, consents=CONSENTS)
        return fingerprint_parts(form, parse_form_body(raw.encode(), content_type))

    def test_the_same_answers_are_the_same(self) -> None:
        first = self.parts(f"{ADA}&first=Ada++L&topics=a&tl_consent_terms=1&tl_rendered_at=1")
        assert first == self.parts(
            f"tl_consent_terms=on&topics[]=a&first=+Ada+L&{ADA}&tl_key=k&tl_pow=p&junk=1"
        )
        body = {
            "fields": {"email": "ada@example.com", "first": "Ada L", "topics": ["a"]},
            "consents": {"terms": True},
            "context": {"rendered_at": 2},
        }
        assert first == self.parts(json.dumps(body), JSON)

    @pytest.mark.parametrize(
        "raw",
        [
            f"{ADA}&first=Bob",
            f"{ADA}&first=Ada&topics=a",
            f"{ADA}&first=Ada&tl_consent_terms=1",
            f"{ADA}&first=Ada&tl_consent_terms=0",
            f"{ADA}&last=Ada",
            "email=b%40example.com&first=Ada",
        ],
    )
    def test_other_answers_are_others(self, raw: str) -> None:
        assert self.parts(raw) != self.parts(f"{ADA}&first=Ada")

    def test_what_cannot_be_read_is_like_nothing_else(self) -> None:
        assert self.parts("{", JSON) is None
        assert self.parts("") is None
