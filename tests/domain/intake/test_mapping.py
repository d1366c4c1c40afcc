"""The mapping from what is sent to the fields of a lead."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Invalid
from app.domain.intake.json_paths import LONGEST, MOST_STEPS, found_at, parse_path
from app.domain.intake.mapping import (
    MOST_RULES,
    MOST_VALUES,
    apply_mapping,
    as_text,
    check_mapping,
)

PAYLOAD = {
    "first": "Ada",
    "last": "Lovelace",
    "full": "  Ada  King  Lovelace ",
    "odd name": "odd",
    "a.b": "dotted",
    "size": "11-50 employees",
    "number": 42,
    "price": 12.0,
    "huge": 10**5_000,
    "yes": True,
    "nothing": None,
    "blank": " \t ",
    "tags": ["red", "", "blue"],
    "answers": [{"q": "mail", "a": "ada@example.com"}, {"q": "tel"}, {"q": "x", "a": "y"}],
    "deep": {"er": {"list": [[1, 2], [3]]}},
    "surrogate": "\ud800",
    "nul": "a\x00b",
}


def mapped(**rule: Any) -> Any:
    """What one rule gives, its findings forgotten."""
    rules = [{"to": "description", **rule}]
    check_mapping(rules)
    return apply_mapping(rules, PAYLOAD)[0].get("description")


def codes(**rule: Any) -> list[str]:
    rules = [{"to": "description", **rule}]
    check_mapping(rules)
    return [finding.code for finding in apply_mapping(rules, PAYLOAD)[1]]


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("first", "Ada"),
        ("$.first", "Ada"),
        ("odd name", "odd"),
        ('$["odd name"]', "odd"),
        ("a.b", "dotted"),
        ("$.a.b", None),
        ('$["a.b"]', "dotted"),
        ("$.answers[0].a", "ada@example.com"),
        ("$.answers[-1].a", "y"),
        ("$.answers[9].a", None),
        ("$.answers[*].a", "ada@example.com, y"),
        ("$.deep.er.list[*][*]", "1, 2, 3"),
        ("$.deep.er.list[1]", 3),
        ("$.deep.er.list[1][0]", 3),
        ("$.first[0]", None),
        ("$.first.x", None),
        ("$.tags", "red, blue"),
        ("$.tags[0]", "red"),
        ("$.number", 42),
        ("$.price", 12.0),
        ("$.yes", True),
        ("$.nothing", None),
        ("$.blank", None),
        ("$.missing", None),
    ],
)
def test_a_path_finds_what_lies_there(source: str, value: Any) -> None:
    found = mapped(**{"from": source})

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ({"from": ["first", "last"], "combine": " "}, "Ada Lovelace"),
        ({"from": ["first", "blank", "missing", "last"], "combine": " "}, "Ada Lovelace"),
        ({"from": ["first", "last"], "combine": ""}, "AdaLovelace"),
        ({"from": ["first", "last"]}, "Ada, Lovelace"),
        ({"from": ["number", "yes", "price"], "combine": "/"}, "42/true/12"),
        ({"from": "full", "split": {"part": "first"}}, "Ada"),
        ({"from": "full", "split": {"part": "last"}}, "Lovelace"),
        ({"from": "full", "split": {"part": "rest"}}, "King  Lovelace"),
        ({"from": "full", "split": {"separator": " ", "part": 1}}, "King"),
        ({"from": "full", "split": {"separator": " ", "part": -1}}, "Lovelace"),
        ({"from": "full", "split": {"part": 7}}, None),
        ({"from": "first", "split": {"part": "rest"}}, None),
        ({"from": "first", "split": {"part": "last"}}, "Ada"),
        ({"from": "size", "split": {"separator": "-", "part": 0}}, "11"),
        ({"from": "size", "split": {"separator": "-", "part": "rest"}}, "50 employees"),
        ({"from": "first", "lookup": {"Ada": "A", "x": "y"}}, "A"),
        ({"from": "first", "lookup": {" ada ": 7}}, 7),
        ({"from": "yes", "lookup": {"true": "on"}}, "on"),
        ({"from": "first", "lookup": {"x": "y"}}, None),
        ({"from": "first", "lookup": {"x": "y"}, "unlisted": "drop"}, None),
        ({"from": "first", "lookup": {"x": "y"}, "unlisted": "keep"}, "Ada"),
        ({"from": "first", "lookup": {"x": "y"}, "default": "z"}, "z"),
        ({"from": "blank", "default": "z"}, "z"),
        ({"from": "missing", "lookup": {"x": "y"}, "default": "z"}, "z"),
        ({"from": "first", "default": "z"}, "Ada"),
        ({"from": "missing", "default": False}, False),
        ({"from": "deep", "default": "z"}, "z"),
    ],
)
def test_values_are_joined_split_looked_up_and_replaced(rule: dict[str, Any], value: Any) -> None:
    assert mapped(**rule) == value


def test_a_whole_number_of_any_size_keeps_every_digit() -> None:
    assert mapped(**{"from": "huge"}) == "1" + "0" * 5_000
    assert as_text(-(2**63) - 1) == "-9223372036854775809"
    rules = [{"to": "description", "from": "n"}]
    assert apply_mapping(rules, {"n": 2**63 - 1})[0] == {"description": 2**63 - 1}
    assert apply_mapping(rules, {"n": 2**63})[0] == {"description": "9223372036854775808"}


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"from": "deep"}, "not_plain"),
        ({"from": "$.deep.er.list"}, "not_plain"),
        ({"from": "surrogate"}, "unreadable_text"),
        ({"from": "nul"}, "unreadable_text"),
        ({"from": "first", "lookup": {"x": "y"}}, "not_in_lookup"),
        ({"from": "first", "lookup": {"x": "y"}, "default": "z"}, "not_in_lookup"),
    ],
)
def test_what_is_left_out_is_noted(rule: dict[str, Any], code: str) -> None:
    assert codes(**rule) == [code]


def test_too_many_values_are_left_out_and_not_cut() -> None:
    rules = [{"to": "description", "from": "$.list[*].x"}]
    many = {"list": [{"x": "y"}] * (MOST_VALUES + 1)}

    values, findings = apply_mapping(rules, many)

    assert values == {}
    assert [finding.code for finding in findings] == ["too_many_values"]
    many["list"].pop()
    assert apply_mapping(rules, many)[0]["description"].count("y") == MOST_VALUES


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        ("no list", "/mapping"),
        (None, "/mapping"),
        ([{"to": "email", "from": "e"}] * (MOST_RULES + 1), "/mapping"),
        (["no object"], "/mapping/0"),
        ([{"from": "e"}], "/mapping/0/to"),
        ([{"to": "owner_id", "from": "e"}], "/mapping/0/to"),
        ([{"to": "status", "from": "e"}], "/mapping/0/to"),
        ([{"to": "custom.", "from": "e"}], "/mapping/0/to"),
        ([{"to": "custom.Ä", "from": "e"}], "/mapping/0/to"),
        ([{"to": ["email"], "from": "e"}], "/mapping/0/to"),
        ([{"to": "email", "from": "e"}, {"to": "email", "from": "f"}], "/mapping/1/to"),
        ([{"to": "email"}], "/mapping/0/from"),
        ([{"to": "email", "from": []}], "/mapping/0/from"),
        ([{"to": "email", "from": ["a", 7]}], "/mapping/0/from/1"),
        ([{"to": "email", "from": " "}], "/mapping/0/from"),
        ([{"to": "email", "from": "$"}], "/mapping/0/from"),
        ([{"to": "email", "from": "$."}], "/mapping/0/from"),
        ([{"to": "email", "from": "$.a["}], "/mapping/0/from"),
        ([{"to": "email", "from": "$.a b"}], "/mapping/0/from"),
        ([{"to": "email", "from": "$[*][*][*]"}], "/mapping/0/from"),
        ([{"to": "email", "from": "$" + ".a" * (MOST_STEPS + 1)}], "/mapping/0/from"),
        ([{"to": "email", "from": "x" * (LONGEST + 1)}], "/mapping/0/from"),
        ([{"to": "email", "from": "e", "combine": 7}], "/mapping/0/combine"),
        ([{"to": "email", "from": "e", "split": "x"}], "/mapping/0/split"),
        ([{"to": "email", "from": "e", "split": {"part": 1, "x": 2}}], "/mapping/0/split"),
        ([{"to": "email", "from": "e", "split": {}}], "/mapping/0/split/part"),
        ([{"to": "email", "from": "e", "split": {"part": True}}], "/mapping/0/split/part"),
        ([{"to": "email", "from": "e", "split": {"part": []}}], "/mapping/0/split/part"),
        (
            [{"to": "email", "from": "e", "split": {"part": 0, "separator": 1}}],
            "/mapping/0/split/separator",
        ),
        ([{"to": "email", "from": "e", "lookup": {}}], "/mapping/0/lookup"),
        ([{"to": "email", "from": "e", "lookup": {"a/b": []}}], "/mapping/0/lookup/a~1b"),
        ([{"to": "email", "from": "e", "unlisted": "keep"}], "/mapping/0/unlisted"),
        (
            [{"to": "email", "from": "e", "lookup": {"a": "b"}, "unlisted": []}],
            "/mapping/0/unlisted",
        ),
        ([{"to": "email", "from": "e", "default": {}}], "/mapping/0/default"),
        ([{"to": "email", "from": "e", "default": 2**63}], "/mapping/0/default"),
        ([{"to": "email", "from": "e", "when": "x"}], "/mapping/0/when"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(rules: Any, pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_mapping(rules)

    errors = refused.value.errors
    assert errors[0].pointer == pointer


def test_a_connector_may_have_targets_of_its_own() -> None:
    rules = [{"to": "external_id", "from": "id"}]

    check_mapping(rules, further_targets={"external_id"})
    with pytest.raises(Invalid):
        check_mapping(rules)


storable = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=20,
)
steps = st.sampled_from([".a", ".b", "[0]", "[-1]", "[*]", '["c"]'])
paths = st.lists(steps, min_size=1, max_size=5).map(lambda s: "$" + "".join(s)) | st.sampled_from(
    "abc"
)
rules = st.fixed_dictionaries(
    {"to": st.just("description"), "from": paths | st.lists(paths, min_size=1, max_size=3)},
    optional={
        "combine": st.sampled_from(["", " ", ", "]),
        "split": st.fixed_dictionaries(
            {"part": st.integers(-3, 3) | st.sampled_from(["first", "last", "rest"])},
            optional={"separator": st.sampled_from([" ", "-", "a", ""])},
        ),
        "lookup": st.dictionaries(st.text(max_size=2), st.integers(0, 9), min_size=1),
        "default": st.none() | st.text("xy", max_size=3),
    },
)


@given(rules, anything)
def test_no_payload_breaks_a_checked_rule(rule: dict[str, Any], payload: Any) -> None:
    try:
        check_mapping([rule])
    except Invalid:
        return
    values, findings = apply_mapping([rule], payload)

    for value in values.values():
        assert isinstance(value, str | int | float)
        if isinstance(value, str):
            value.encode()
    assert all(finding.field == "description" for finding in findings)


@given(anything)
def test_any_rules_are_refused_or_taken(rules: Any) -> None:
    pointers: list[str | None] = []
    try:
        check_mapping(rules)
    except Invalid as refused:
        pointers = [error.pointer for error in refused.errors]
    assert all(str(pointer).startswith("/mapping") for pointer in pointers)


@given(st.integers())
def test_a_number_is_the_same_number_afterwards(number: int) -> None:
    values, _ = apply_mapping([{"to": "description", "from": "n"}], {"n": number})

    assert int(values["description"]) == number


@given(st.lists(st.text(storable), max_size=6), st.sampled_from([" ", "", "; "]))
def test_joining_leaves_out_blanks_and_nothing_else(parts: list[str], separator: str) -> None:
    names = [f"$[{place}]" for place in range(len(parts))]
    values, _ = apply_mapping(
        [{"to": "description", "from": names or ["$[0]"], "combine": separator}], parts
    )

    kept = [part for part in parts if part.strip()]
    assert values.get("description", "") == separator.join(kept)


@given(st.text(max_size=40))
def test_any_text_is_a_path_or_is_refused(text: str) -> None:
    try:
        path = parse_path(text)
    except ValueError:
        return
    assert found_at(path, {text: 1}, 10) in ([1], [])
