"""What may be filled, asked and written."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.leads.enrichment import (
    Addresses,
    LookupBy,
    WritePolicy,
    decided,
    filled_in,
    lookup_key,
    offline_fills,
    rest_after,
)
from app.domain.leads.field_history import ValueOrigin

NOW = datetime(2026, 3, 2, tzinfo=UTC)
ALL = Addresses(
    email_domain="engines.example.com",
    company_domain="example.com",
    phone_country="GB",
    ip_country="DE",
    given_name="Ada",
    family_name="Lovelace",
)


def origin(*, by_hand: bool) -> ValueOrigin:
    return ValueOrigin(at=NOW, source="user" if by_hand else "enrichment", by_hand=by_hand)


class TestFills:
    def test_blanks_are_filled_each_by_its_rule(self) -> None:
        fills = {(fill.rule, fill.field): fill.value for fill in offline_fills({}, ALL)}
        assert fills == {
            ("phone_country", "country"): "GB",
            ("email_domain", "website"): "example.com",
            ("name_parts", "first_name"): "Ada",
            ("name_parts", "last_name"): "Lovelace",
        }

    def test_an_address_tells_the_country_where_the_phone_does_not(self) -> None:
        [fill] = offline_fills({}, Addresses(ip_country="DE"))
        assert (fill.rule, fill.value) == ("ip_country", "DE")

    @given(
        st.dictionaries(
            st.sampled_from(["country", "website", "first_name", "last_name"]), st.text(min_size=1)
        )
    )
    def test_nothing_that_is_held_is_touched(self, held: dict[str, str]) -> None:
        assert not {fill.field for fill in offline_fills(held, ALL)} & held.keys()

    def test_half_a_name_is_left_alone(self) -> None:
        fills = offline_fills({"last_name": "King"}, Addresses(given_name="Ada"))
        assert fills == []


class TestLookupKey:
    @pytest.mark.parametrize(
        ("by", "held", "known", "expected"),
        [
            ("email", {"email_norm": "a@b.example"}, {}, ("a@b.example", None)),
            ("email", {"email_norm": "a@b.example"}, {"disposable": True}, (None, "disposable")),
            ("email", {}, {}, (None, "no_email")),
            ("phone", {"phone_norm": "+4930123456"}, {}, ("+4930123456", None)),
            ("phone", {}, {}, (None, "no_phone")),
            ("domain", {"web_domain": "b.example"}, {}, ("b.example", None)),
            ("domain", {}, {"company_domain": "b.example"}, ("b.example", None)),
            ("domain", {}, {"free_mail": True}, (None, "free_mail")),
            ("domain", {}, {"disposable": True}, (None, "disposable")),
            ("domain", {}, {}, (None, "no_domain")),
            (
                "domain",
                {"web_domain": "gmail.com"},
                {"web_domain_is_free_mail": True},
                (None, "free_mail"),
            ),
        ],
    )
    def test_says_by_what_or_why_not(
        self, by: str, held: dict[str, Any], known: dict[str, Any], expected: Any
    ) -> None:
        assert lookup_key(by, held, Addresses(**known)) == expected

    @pytest.mark.parametrize("by", LookupBy)
    def test_a_trial_is_never_asked_about(self, by: str) -> None:
        held = {"is_test": True, "email_norm": "a@b.example", "phone_norm": "+4930123456"}
        assert lookup_key(by, held, ALL) == (None, "trial")


class TestDecided:
    def decide(
        self, policy: str, present: Any, *, by_hand: bool = False, **told: Any
    ) -> tuple[Any, Any]:
        found = decided(
            {"city": present},
            {"city": "London"},
            {"city"} if present is None else set(),
            {},
            policy,
            {"city": origin(by_hand=by_hand)} if present else {},
            **told,
        )
        return found.write.get("city"), found.propose.get("city")

    @pytest.mark.parametrize(
        ("policy", "present", "by_hand", "expected"),
        [
            ("fill", None, False, ("London", None)),
            ("fill", "Bonn", False, (None, None)),
            ("refresh", None, False, ("London", None)),
            ("refresh", "Bonn", False, ("London", None)),
            ("refresh", "Bonn", True, (None, "London")),
            ("propose", None, False, (None, "London")),
            ("propose", "Bonn", True, (None, "London")),
            ("fill", "London", True, (None, None)),
            ("refresh", "London", False, (None, None)),
            ("propose", "London", False, (None, None)),
        ],
    )
    def test_by_policy(self, policy: str, present: Any, by_hand: bool, expected: Any) -> None:
        assert self.decide(policy, present, by_hand=by_hand) == expected

    def test_what_is_held_by_hand_is_replaced_when_that_is_asked_for(self) -> None:
        found = self.decide("refresh", "Bonn", by_hand=True, overwrite=True)
        assert found == ("London", None)

    def test_a_field_s_own_policy_comes_first(self) -> None:
        found = decided(
            {"city": "Bonn"}, {"city": "London"}, (), {"city": WritePolicy.PROPOSE}, "refresh", {}
        )
        assert (found.write, found.propose) == ({}, {"city": "London"})

    def test_half_of_an_address_is_not_filled(self) -> None:
        held = {"street": "Main St 1", "city": None}
        found = decided(held, {"city": "London"}, set(), {}, "fill", {})
        assert (found.write, found.propose) == ({}, {})


def test_a_key_cannot_leave_its_place_in_a_url() -> None:
    url = filled_in(
        "https://x.example/{email}?k={secret}",
        {"email": "a/../b?c=d@e.example", "secret": "s&t"},
        encoded=True,
    )
    assert url == "https://x.example/a%2F..%2Fb%3Fc%3Dd%40e.example?k=s%26t"


def test_a_provider_that_fails_on_rests_longer_and_longer() -> None:
    rests = [rest_after(failures) for failures in range(1, 20)]
    assert rests[:4] == [None] * 4
    known = [rest for rest in rests if rest is not None]
    assert known == sorted(known)
    assert (known[0], known[-1]) == (timedelta(minutes=1), timedelta(hours=1))
