"""What conditions mean, and how a wrong one is named."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.condition_parsing import parse_condition
from app.domain.condition_texts import folded
from app.domain.condition_times import Relative, Unit
from app.domain.conditions import All, Not, Op, Picked, Term, Window, holds
from app.domain.errors import FieldError, Invalid
from app.domain.leads.fields import Touch, values_of
from app.domain.leads.leads import Lead
from tests.factories.conditions import FIELDS, IDS, NOW, conditions


def lead(**columns: Any) -> Lead:
    """A lead with these columns."""
    made: dict[str, Any] = {
        "workspace_id": IDS[0],
        "id": IDS[1],
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Lead(**(made | columns))


def met(written: Mapping[str, Any], *touches: Touch, **columns: Any) -> bool:
    """Whether a lead with these columns and touches meets a condition."""
    condition = parse_condition(written, FIELDS)
    return holds(condition, values_of(lead(**columns), touches, NOW), NOW)


def told(field: str, op: str, *value: Any, **more: Any) -> dict[str, Any]:
    """A test, as written."""
    return {"field": field, "op": op} | ({"value": value[0]} if value else {}) | more


class TestNulls:
    @pytest.mark.parametrize(
        ("op", "value"),
        [("eq", "x"), ("ne", "x"), ("in", ["x"]), ("not_in", ["x"]), ("contains", "x")],
    )
    def test_no_test_holds_without_a_value(self, op: str, value: Any) -> None:
        assert not met(told("city", op, value), city=None)
        assert met({"not": told("city", op, value)}, city=None)

    def test_but_that_for_null(self) -> None:
        assert met(told("city", "is_null"), city=None)
        assert not met(told("city", "is_null"), city="")
        assert met(told("city", "is_not_null"), city="")

    def test_a_value_of_another_type_is_none(self) -> None:
        assert met(told("custom.size", "is_null"), custom={"size": "big"})
        assert met(told("custom.due", "is_null"), custom={"due": "soon"})
        assert met(told("custom.vip", "is_null"), custom={"vip": 1})
        assert met(told("custom.size", "is_null"), custom={"size": True})


class TestText:
    @pytest.mark.parametrize(
        ("stored", "asked"),
        [("Köln", "KÖLN"), ("ΑΘΉΝΑ", "αθήνα"), ("Ёлка", "ёЛКА"), ("ADA", "ada"), ("ẞ", "ß")],
    )
    def test_upper_and_lower_case_are_the_same(self, stored: str, asked: str) -> None:
        for op in ("eq", "contains", "starts_with"):
            assert met(told("city", op, asked), city=stored)
        assert met(told("city", "in", ["x", asked]), city=stored)

    def test_a_code_is_taken_to_the_letter(self) -> None:
        assert not met(told("country_code", "eq", "de"), country_code="DE")
        assert met(told("phone_norm", "starts_with", "+49"), phone_norm="+4930")

    @given(st.text())
    def test_folding_keeps_the_length_and_is_done_once(self, text: str) -> None:
        assert len(folded(text)) == len(text)
        assert folded(folded(text)) == folded(text)


class TestTime:
    @pytest.mark.parametrize(
        ("days_ago", "within", "holds"),
        [
            (0, 0, True),
            (7, 7, True),
            (7.01, 7, False),
            (-1, 7, False),
            (-1, -1, True),
            (1, -1, False),
        ],
    )
    def test_within_days_reaches_back_or_ahead(
        self, days_ago: float, within: int, holds: bool
    ) -> None:
        when = NOW - timedelta(days=days_ago)
        assert met(told("mql_at", "within_days", within), mql_at=when) is holds

    def test_touches_are_counted_by_kind_and_window(self) -> None:
        touches = [Touch("call", NOW - timedelta(days=days)) for days in (1, 10, 100)]
        touches.append(Touch("form", NOW))
        assert met(told("touches", "eq", 4), *touches)
        assert met(told("touches", "eq", 3, kind="call"), *touches)
        assert met(told("touches", "eq", 2, kind="call", days=10), *touches)
        assert met(told("touches", "eq", 0, kind="Call"), *touches)
        assert met(told("touches", "eq", 0))

    @pytest.mark.parametrize(
        ("told_from_now", "instant"),
        [
            ("now", "2026-03-02T09:30"),
            ("today", "2026-03-02"),
            ("yesterday", "2026-03-01"),
            ("tomorrow", "2026-03-03"),
            ("this_week", "2026-03-02"),
            ("last_week", "2026-02-23"),
            ("next_week", "2026-03-09"),
            ("this_month", "2026-03-01"),
            ("last_month", "2026-02-01"),
            ("next_month", "2026-04-01"),
            ("this_quarter", "2026-01-01"),
            ("last_quarter", "2025-10-01"),
            ("this_year", "2026-01-01"),
            ("next_year", "2027-01-01"),
            ({"hours_ago": 4}, "2026-03-02T05:30"),
            ({"hours_ahead": 24}, "2026-03-03T09:30"),
            ({"days_ago": 7}, "2026-02-23T09:30"),
            ({"weeks_ago": 1}, "2026-02-23T09:30"),
            ({"months_ago": 1}, "2026-02-02T09:30"),
            ({"quarters_ago": 1}, "2025-12-02T09:30"),
            ({"years_ahead": 1}, "2027-03-02T09:30"),
        ],
    )
    def test_times_are_told_from_now(self, told_from_now: Any, instant: str) -> None:
        then = datetime.fromisoformat(instant).replace(tzinfo=UTC)
        assert met(told("mql_at", "gte", told_from_now), mql_at=then)
        assert not met(told("mql_at", "gt", told_from_now), mql_at=then)
        assert not met(
            told("mql_at", "gte", told_from_now), mql_at=then - timedelta(microseconds=1)
        )

    def test_a_month_before_its_last_day_is_the_last_day(self) -> None:
        for now, then in (("2026-03-31", "2026-02-28"), ("2024-03-30", "2024-02-29")):
            moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
            assert Relative(Unit.MONTH, 1).at(moment).date().isoformat() == then

    def test_a_day_is_told_from_now(self) -> None:
        assert met(told("custom.due", "eq", "today"), custom={"due": "2026-03-02"})
        assert met(told("custom.due", "lt", {"days_ago": 1}), custom={"due": "2026-02-28"})
        assert not met(told("custom.due", "lt", {"days_ago": 1}), custom={"due": "2026-03-01"})


class TestTouches:
    TOUCHES = (
        Touch("download", NOW - timedelta(days=9), payload={"minutes": 45, "tags": ["a"]}),
        Touch("call", NOW - timedelta(days=5), page_url="https://example.com/Pricing"),
        Touch("download", NOW - timedelta(days=2), utm={"source": "Fair"}, products=["pump"]),
        Touch("visit", NOW - timedelta(days=1)),
    )

    @pytest.mark.parametrize(
        ("window", "count"),
        [
            ({}, 4),
            ({"kinds": ["download", "visit"]}, 3),
            ({"kind": "download", "days": 5}, 1),
            ({"since": {"kind": "download"}}, 1),
            ({"since": {"kind": "call"}}, 2),
            ({"since": {"kind": "meeting"}}, 0),
            ({"kind": "call", "since": {"kind": "download"}}, 0),
            ({"since": {"kinds": ["call", "meeting"]}, "kind": "download"}, 1),
            ({"since": {"where": {"field": "payload.minutes", "op": "gt", "value": 30}}}, 3),
            ({"since": {"days_ago": 5}}, 3),
            ({"since": "yesterday"}, 1),
            ({"since": (NOW - timedelta(days=2)).isoformat()}, 2),
            ({"where": {"field": "page_url", "op": "contains", "value": "/pricing"}}, 1),
            ({"where": {"field": "utm.source", "op": "eq", "value": "fair"}}, 1),
            ({"where": {"field": "products", "op": "contains_any", "value": ["pump", "x"]}}, 1),
            ({"where": {"field": "payload.tags.0", "op": "eq", "value": "a"}}, 1),
            ({"where": {"field": "payload.minutes", "op": "eq", "value": "45"}}, 0),
            ({"where": {"not": {"field": "payload.minutes", "op": "is_not_null"}}}, 3),
        ],
    )
    def test_a_test_picks_its_touches(self, window: dict[str, Any], count: int) -> None:
        assert met(told("touches", "eq", count, **window), *self.TOUCHES)

    def test_the_first_and_the_last_are_instants(self) -> None:
        assert met(told("last_touch", "lt", {"days_ago": 1}, kind="download"), *self.TOUCHES)
        assert met(told("last_touch", "gte", {"days_ago": 2}, kind="download"), *self.TOUCHES)
        assert met(told("first_touch", "lt", {"days_ago": 8}), *self.TOUCHES)
        assert met(told("last_touch", "is_null", kind="meeting"), *self.TOUCHES)


class TestWords:
    @pytest.mark.parametrize(
        ("title", "op", "value", "holds"),
        [
            ("CTO", "has_word", "cto", True),
            ("Director", "has_word", "cto", False),
            ("Director", "contains", "cto", True),
            ("Vice-President, Sales", "has_word", "president sales", True),
            ("Vice President", "has_word", "VICE-PRESIDENT", True),
            ("C++ developer", "has_word", "c", False),
            ("Head of R&D", "has_any_word", ["ceo", "r&d"], True),
            ("Heading", "has_any_word", ["head", "ceo"], False),
            ("Gesch\u00c4ftsf\u00fchrer", "ends_with", "F\u00dcHRER", True),
            ("Buyer", "not_contains", "BUY", False),
            ("Buyer", "contains_any", ["100%", "uye"], True),
            ("Buyer", "contains_any", ["%", "_"], False),
            (" \t", "is_empty", None, True),
            (None, "is_empty", None, True),
            (None, "is_not_empty", None, False),
            ("x", "is_not_empty", None, True),
            (None, "not_contains", "x", False),
        ],
    )
    def test_texts_and_words(self, title: str | None, op: str, value: Any, *, holds: bool) -> None:
        written = told("title", op) if value is None else told("title", op, value)
        assert met(written, title=title) is holds


class TestTimeless:
    @pytest.mark.parametrize(
        ("written", "pointer"),
        [
            (told("mql_at", "within_days", 3), "/op"),
            (told("mql_at", "gt", "today"), "/value"),
            (told("mql_at", "between", ["2026-01-01T00:00:00Z", {"days_ago": 1}]), "/value"),
            (told("touches", "gt", 1, days=3), "/days"),
            (told("touches", "gt", 1, since={"hours_ago": 3}), "/since"),
            (
                told("touches", "gt", 1, where=told("occurred_at", "lt", "now")),
                "/where/value",
            ),
        ],
    )
    def test_the_present_is_not_asked_for(self, written: Any, pointer: str) -> None:
        parse_condition(written, FIELDS)
        with pytest.raises(Invalid) as caught:
            parse_condition(written, FIELDS, timeless=True)
        assert [error.pointer for error in caught.value.errors] == [pointer]


class TestWrongOnes:
    @pytest.mark.parametrize(
        ("written", "pointer"),
        [
            (None, "/c"),
            ([], "/c"),
            ("x", "/c"),
            ({}, "/c"),
            ({"all": []}, "/c/all"),
            ({"any": {}}, "/c/any"),
            ({"not": []}, "/c/not"),
            ({"all": [told("city", "is_null")], "any": []}, "/c/any"),
            ({"not": told("city", "is_null"), "a/b": 1}, "/c/a~1b"),
            ({"all": [told("city", "is_null"), {"any": [{"op": "eq"}]}]}, "/c/all/1/any/0"),
            (told("shoe_size", "eq", 1), "/c/field"),
            ({"field": ["city"], "op": "eq"}, "/c/field"),
            ({"field": "city"}, "/c"),
            (told("city", "like", "x"), "/c/op"),
            (told("city", "lt", "x"), "/c/op"),
            ({"field": "city", "op": {}}, "/c/op"),
            (told("custom", "eq", {}), "/c/op"),
            (told("city", "eq"), "/c"),
            (told("city", "is_null", None), "/c/value"),
            (told("city", "eq", None), "/c/value"),
            (told("city", "eq", 1), "/c/value"),
            (told("city", "eq", "x" * 1001), "/c/value"),
            (told("city", "contains", ""), "/c/value"),
            (told("city", "in", []), "/c/value"),
            (told("city", "in", ["x"] * 1001), "/c/value"),
            (told("city", "in", ["x", None]), "/c/value"),
            (told("city", "eq", "x", kind="call"), "/c/kind"),
            (told("status", "eq", "lost"), "/c/value"),
            (told("custom.tier", "eq", ["gold"]), "/c/value"),
            (told("touch_count", "gt", 1.5), "/c/value"),
            (told("touch_count", "in", [True]), "/c/value"),
            (told("touch_count", "between", [2, 1]), "/c/value"),
            (told("touch_count", "between", [1]), "/c/value"),
            (told("custom.size", "gt", 1e15), "/c/value"),
            (told("custom.vip", "eq", 1), "/c/value"),
            (told("created_at", "gt", "2026-03-02"), "/c/value"),
            (told("created_at", "gt", "2026-03-02T00:00:00"), "/c/value"),
            (told("created_at", "gt", "0001-01-01T00:00:00Z"), "/c/value"),
            (told("created_at", "gt", 5), "/c/value"),
            (told("created_at", "within_days", 1.5), "/c/value"),
            (told("created_at", "within_days", 10**9), "/c/value"),
            (told("custom.due", "eq", "2026-W09-1"), "/c/value"),
            (told("owner_id", "eq", "me"), "/c/value"),
            (told("owner_id", "eq", 1), "/c/value"),
            (told("touches", "eq", 1, days=0), "/c/days"),
            (told("touches", "eq", 1, kind=""), "/c/kind"),
            (told("touches", "eq", 1, kinds=[]), "/c/kinds"),
            (told("touches", "eq", 1, kinds=["a"], kind="b"), "/c/kinds"),
            (told("touches", "eq", 1, since={}), "/c/since"),
            (told("touches", "eq", 1, since=5), "/c/since"),
            (told("touches", "eq", 1, since={"kind": "a", "days": 3}), "/c/since/days"),
            (told("touches", "eq", 1, where=told("city", "is_null")), "/c/where/field"),
            (
                told("touches", "eq", 1, since={"where": {"not": told("kind", "lt", "a")}}),
                "/c/since/where/not/op",
            ),
            (told("touches", "eq", 1, where=told("payload.a", "lt", "x")), "/c/where/op"),
            (told("touches", "eq", 1, where=told("payload.a..b", "eq", "x")), "/c/where/field"),
            (told("created_at", "gt", {"days_ago": -1}), "/c/value"),
            (told("created_at", "gt", {"days_ago": 1, "hours_ago": 1}), "/c/value"),
            (told("created_at", "gt", {"fortnights_ago": 1}), "/c/value"),
            (told("created_at", "gt", "someday"), "/c/value"),
            (told("custom.due", "gt", {"hours_ago": 1}), "/c/value"),
            (told("city", "has_word", "-"), "/c/value"),
            (told("city", "is_empty", ""), "/c/value"),
            (told("engagement", "eq", 1), "/c/op"),
            (told("segment", "in", ["x"]), "/c/value"),
        ],
    )
    def test_the_place_is_named(self, written: Any, pointer: str) -> None:
        with pytest.raises(Invalid) as caught:
            parse_condition(written, FIELDS, "/c")
        assert [error.pointer for error in caught.value.errors] == [pointer]

    def test_every_fault_is_named(self) -> None:
        wrong = {"any": [told("city", "eq", 1), told("x", "eq", 1), told("city", "is_null")]}
        with pytest.raises(Invalid) as caught:
            parse_condition(wrong, FIELDS)
        pointers = [error.pointer for error in caught.value.errors]
        assert pointers == ["/any/0/value", "/any/1/field"]

    def test_depth_and_size_have_limits(self) -> None:
        leaf = told("city", "is_null")
        deep: Any = leaf
        for _ in range(7):
            deep = {"not": deep}
        assert isinstance(parse_condition(deep, FIELDS), Not)
        with pytest.raises(Invalid, match="cannot be understood") as caught:
            parse_condition({"not": deep}, FIELDS)
        assert [error.pointer for error in caught.value.errors] == ["/not" * 8]
        shallow = told("touches", "gt", 0, where=told("kind", "is_null"))
        for _ in range(7):
            shallow = {"not": shallow}
        with pytest.raises(Invalid) as caught:
            parse_condition(shallow, FIELDS)
        assert [error.pointer for error in caught.value.errors] == ["/not" * 7 + "/where"]
        assert isinstance(parse_condition({"all": [leaf] * 100}, FIELDS), All)
        with pytest.raises(Invalid) as caught:
            parse_condition({"all": [leaf] * 200}, FIELDS)
        assert [error.pointer for error in caught.value.errors] == ["/all/100"]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"all": [1] * 5_000},
            {"all": [{"any": []}] * 5_000},
            {"any": [{"all": [1] * 100}] * 50},
            told("city", "is_null", **{f"x{number}": 1 for number in range(5_000)}),
            {"all": [1], **{f"x{number}": 1 for number in range(5_000)}},
        ],
    )
    def test_no_more_faults_are_named_than_anybody_mends(self, wrong: Any) -> None:
        with pytest.raises(Invalid) as caught:
            parse_condition(wrong, FIELDS)
        assert len(caught.value.errors) == 100

    @given(
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=3) | conditions,
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["all", "any", "not", "field", "op", "value", "days", "since", "where"]
                    ),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=6,
        )
    )
    def test_anything_is_either_understood_or_named(self, written: Any) -> None:
        faults: list[FieldError] = []
        try:
            condition = parse_condition(written, FIELDS)
        except Invalid as error:
            faults = error.errors
        else:
            assert holds(condition, values_of(lead(), [], NOW), NOW) in (True, False)
            return
        assert faults
        assert all(fault.pointer and fault.pointer.startswith("/") for fault in faults)


def test_a_test_says_what_it_tests() -> None:
    written = told("touches", "gte", 2, kind="call", days=30)
    assert parse_condition(written, FIELDS) == Term(
        FIELDS["touches"], Op.GTE, 2, Window(Picked(("call",)), 30)
    )
