"""What survives a merge, for any two leads and any rules."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Invalid
from app.domain.leads.field_history import ValueOrigin
from app.domain.leads.merge_rules import (
    ALL,
    CUSTOM,
    PARTS,
    STAGE,
    STATUS,
    FieldRule,
    Part,
    Rule,
    part_named,
    read_rules,
    rules_document,
)
from app.domain.leads.status import LifecycleStage, Status, further
from app.domain.leads.survivorship import (
    Decision,
    Kept,
    Side,
    columns_after,
    is_blank,
    survivors,
)

NOW = datetime(2026, 3, 2, tzinfo=UTC)
texts = st.sampled_from([None, "", " ", "Ada", "ada", "Ada Lovelace", "London", "Bonn", "1"])
days = st.integers(0, 50).map(lambda n: NOW - timedelta(days=n))
origins = st.builds(
    ValueOrigin,
    at=days,
    source=st.sampled_from(["api", "user", "import"]),
    name=st.sampled_from([None, "crm"]),
)


@st.composite
def sides(draw: st.DrawFn) -> Side:
    """A lead with anything in it."""
    columns: dict[str, Any] = {
        name: draw(texts) for part in PARTS.values() for name in part.columns
    }
    known = list(columns)
    columns["status"] = draw(st.sampled_from(Status)).value
    columns |= {name: draw(texts) for name in STATUS.forms}
    columns["lifecycle_stage"] = draw(st.sampled_from(LifecycleStage)).value
    columns |= {name: draw(st.none() | days) for name in STAGE.forms}
    columns["custom"] = draw(st.dictionaries(st.sampled_from("abc"), texts, max_size=3))
    known += [f"{CUSTOM}{key}" for key in columns["custom"]]
    return Side(
        columns=columns,
        origins=draw(st.dictionaries(st.sampled_from(known), origins, max_size=8)),
        verified=draw(st.frozensets(st.sampled_from(["email", "phone"]))),
    )


@st.composite
def rules(draw: st.DrawFn) -> dict[str, FieldRule]:
    """Any rules that make sense."""
    found = {}
    for name in draw(st.sets(st.sampled_from([*PARTS, f"{CUSTOM}a", ALL]))):
        part = part_named(name) or Part(ALL, ())
        rule = draw(st.sampled_from(sorted(part.rules)))
        sources = ("crm", "user", "api") if rule is Rule.SOURCE_PRIORITY else ()
        found[name] = FieldRule(rule, sources)
    return found


@given(sides(), sides(), rules())
def test_no_part_is_made_of_two(winner: Side, loser: Side, chosen: dict[str, FieldRule]) -> None:
    for told in _parts(survivors(winner, loser, chosen)):
        if told.kept is Kept.BOTH:
            assert told.rule is Rule.JOIN
        else:
            assert told.survivor == (told.loser if told.kept is Kept.LOSER else told.winner)


@given(sides(), sides(), rules())
def test_nothing_is_lost_where_only_one_says_something(
    winner: Side, loser: Side, chosen: dict[str, FieldRule]
) -> None:
    for told in _parts(survivors(winner, loser, chosen)):
        part = part_named(told.part)
        assert part is not None
        mine, theirs = (
            any(not is_blank(side[name]) for name in part.fields)
            for side in (told.winner, told.loser)
        )
        assert mine or theirs
        if not theirs:
            assert told.kept is Kept.WINNER
        if not mine:
            assert told.kept is Kept.LOSER


@given(sides(), rules())
def test_a_lead_merged_with_its_like_stays_as_it_is(
    side: Side, chosen: dict[str, FieldRule]
) -> None:
    after = columns_after(side.columns, survivors(side, side, chosen))
    custom = {key: value for key, value in side.columns["custom"].items() if value is not None}
    assert after == {**side.columns, "custom": custom}


@given(sides(), sides())
def test_merging_once_more_changes_nothing(winner: Side, loser: Side) -> None:
    once = columns_after(winner.columns, survivors(winner, loser, {}))
    again = columns_after(once, survivors(Side(columns=once), loser, {}))
    assert again == once


@given(sides(), sides())
def test_the_furthest_is_kept_whoever_wins(one: Side, other: Side) -> None:
    first, second = (
        columns_after(a.columns, survivors(a, b, {})) for a, b in ((one, other), (other, one))
    )
    assert first["status"] == second["status"]
    assert {n: first[n] for n in STAGE.columns} == {n: second[n] for n in STAGE.columns}
    for side in (one, other):
        assert not further(first["lifecycle_stage"], side.columns["lifecycle_stage"])
        for name in STAGE.forms:
            if side.columns[name] is not None:
                assert first[name] <= side.columns[name]
    if first["status"] == Status.DISQUALIFIED:
        assert {one.columns["status"], other.columns["status"]} == {Status.DISQUALIFIED}


@pytest.mark.parametrize(
    ("rule", "mine", "theirs", "kept"),
    [
        (FieldRule(Rule.WINNER), "Engines", "Engines Ltd", Kept.WINNER),
        (FieldRule(Rule.LONGEST), "Engines", "Engines Ltd", Kept.LOSER),
        (FieldRule(Rule.LONGEST), "abc", "xyz", Kept.WINNER),
        (FieldRule(Rule.NEWEST), "Engines", "Engines Ltd", Kept.LOSER),
        (FieldRule(Rule.SOURCE_PRIORITY, ("user", "crm")), "Engines", "Engines Ltd", Kept.LOSER),
        (FieldRule(Rule.SOURCE_PRIORITY, ("api", "user")), "Engines", "Engines Ltd", Kept.WINNER),
        (FieldRule(Rule.SOURCE_PRIORITY, ("nobody",)), "Engines", "Engines Ltd", Kept.WINNER),
    ],
)
def test_a_rule_chooses(rule: FieldRule, mine: str, theirs: str, kept: Kept) -> None:
    winner = _side(company=mine, at=NOW - timedelta(days=1), source="api")
    loser = _side(company=theirs, at=NOW, source="user")
    [told] = [d for d in survivors(winner, loser, {"company": rule}) if d.part == "company"]
    assert told.kept is kept


def test_a_key_that_was_verified_comes_first() -> None:
    chosen = {"email": FieldRule(Rule.VERIFIED_FIRST)}
    winner = _side(email="a@example.com", email_norm="a@example.com")
    loser = _side(email="B@example.com", email_norm="b@example.com")
    sure = Side(columns=loser.columns, verified=frozenset({"email"}))
    for other, expected in ((loser, "a@example.com"), (sure, "b@example.com")):
        after = columns_after(winner.columns, survivors(winner, other, chosen))
        assert after["email_norm"] == expected


def test_a_fuller_name_that_agrees_completes_the_winners() -> None:
    winner = _side(first_name="ada")
    for first, completed in (("Ada", True), ("Grace", False)):
        loser = _side(first_name=first, last_name="Lovelace")
        after = columns_after(winner.columns, survivors(winner, loser, {}))
        assert (after["last_name"] == "Lovelace") is completed


def test_texts_are_joined_once() -> None:
    chosen = {"description": FieldRule(Rule.JOIN)}
    winner, loser = _side(description="One"), _side(description="Two")
    once = columns_after(winner.columns, survivors(winner, loser, chosen))
    assert once["description"] == "One\n\nTwo"
    again = columns_after(once, survivors(Side(columns=once), loser, chosen))
    assert again["description"] == "One\n\nTwo"
    long = _side(description="x" * 19_999)
    after = columns_after(long.columns, survivors(long, loser, chosen))
    assert after["description"] == "x" * 19_999


def test_a_rule_for_all_leaves_the_owner_alone() -> None:
    chosen = {ALL: FieldRule(Rule.LONGEST)}
    winner = _side(company="Engines", owner_id="1", street="Main 1")
    loser = _side(company="Engines Ltd", owner_id="22", city="Bonn am Rhein")
    after = columns_after(winner.columns, survivors(winner, loser, chosen))
    assert (after["company"], after["owner_id"]) == ("Engines Ltd", "1")
    assert (after["street"], after["city"]) == (None, "Bonn am Rhein")


@given(rules())
def test_rules_are_read_as_they_are_stored(chosen: dict[str, FieldRule]) -> None:
    assert read_rules(rules_document(chosen)) == chosen


def test_every_rule_that_makes_no_sense_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        read_rules(
            {
                "shoe/size": {"rule": "newest"},
                "company": {"rule": "source_priority", "sources": None},
                "title": {"rule": "newest"},
            }
        )
    assert [e.pointer for e in refused.value.errors] == ["/rules/shoe~1size", "/rules/company"]


def _side(at: datetime = NOW, source: str = "api", **columns: Any) -> Side:
    blank: dict[str, Any] = {name: None for part in PARTS.values() for name in part.columns}
    blank |= dict.fromkeys((*STATUS.forms, *STAGE.forms))
    blank |= {"status": "new", "lifecycle_stage": "lead", "custom": {}}
    origin = ValueOrigin(at=at, source=source)
    return Side(columns=blank | columns, origins=dict.fromkeys(columns, origin))


def _parts(decisions: list[Decision]) -> list[Decision]:
    return [told for told in decisions if told.part not in (STATUS.name, STAGE.name)]
