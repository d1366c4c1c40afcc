"""Scores: symmetric, explained by their parts, and never lowered by better agreement."""

from difflib import SequenceMatcher
from itertools import pairwise
from math import isclose, log2
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.leads.duplicates import closure, cluster_ids, pair_of, undisputed
from app.domain.leads.matching import (
    Band,
    Bands,
    Comparison,
    Features,
    Frequency,
    Mailbox,
    Weights,
    probability_of,
    score,
)
from app.domain.leads.matching_levels import compare
from app.domain.leads.matching_names import Likeness, Similarities, compared_names, likeness_of
from app.domain.leads.matching_weights import WEIGHTS, Rates


def _ratio(one: str, other: str) -> float:
    first, second = sorted((one, other))
    return SequenceMatcher(None, first, second).ratio()


def _edits(one: str, other: str) -> int:
    return 0 if one == other else 1 if _ratio(one, other) > 0.85 else 5


SIMILAR = Similarities(letters=_ratio, words=_ratio, edits=_edits)

words = st.sampled_from(
    ["", "a", "ada", "adda", "anna", "anna lena", "lovelace", "lovelase", "king"]
)
values = st.sampled_from(["", "19800304", "19800403", "k20931", "k20932"])
boxes = st.builds(
    Mailbox,
    address=st.sampled_from(["ada@a.example", "ada@b.example", "info@a.example"]),
    local=st.sampled_from(["ada", "adalovelace", "info"]),
    domain=st.sampled_from(["a.example", "b.example"]),
    free=st.booleans(),
    shared=st.booleans(),
    telling=st.booleans(),
)


@st.composite
def features(draw: st.DrawFn) -> Features:
    given_name, family = draw(words), draw(words)
    whole = f"{given_name} {family}".strip() or draw(words)
    phones = draw(st.frozensets(st.sampled_from(["+491", "+492", "+493"]), max_size=2))
    return Features(
        mailboxes=tuple(draw(st.lists(boxes, max_size=2))),
        phones=phones,
        shared_phones=draw(st.sampled_from([frozenset(), phones])),
        given=given_name,
        given_roots=draw(st.sampled_from([(), ("ada",), ("anna", "hanna")])),
        family=family,
        whole=whole,
        company=draw(words),
        domains=draw(st.frozensets(st.sampled_from(["a.example", "b.example"]), max_size=1)),
        domain_names=draw(st.frozensets(words, max_size=1)),
        street=draw(words),
        house=draw(st.sampled_from(["", "1", "2"])),
        postal_code=draw(st.sampled_from(["", "10115", "10437"])),
        city=draw(words),
        country=draw(st.sampled_from(["", "DE", "AT"])),
        custom={"number": draw(values)},
        is_company=draw(st.booleans()),
    )


def _always(often: float) -> Frequency:
    return lambda *_: often


@given(features(), features())
def test_two_records_are_as_alike_in_either_order(one: Features, other: Features) -> None:
    assert compare(one, other, SIMILAR, ["number"]) == compare(other, one, SIMILAR, ["number"])


@given(features(), features(), st.floats(1e-6, 0.5))
def test_the_signals_and_the_prior_add_up_to_the_weight(
    one: Features, other: Features, often: float
) -> None:
    compared = compare(one, other, SIMILAR, ["number"])
    scored = score(compared, Weights(), _always(often))
    assert len(scored.signals) == len(compared)
    assert isclose(scored.weight, scored.prior + sum(s.weight for s in scored.signals))
    assert 0 <= scored.probability <= 1
    assert isclose(scored.probability, probability_of(scored.weight))


@given(features())
def test_a_record_never_disagrees_with_itself(one: Features) -> None:
    levels = {each.level for each in compare(one, one, SIMILAR, ["number"])}
    assert "different" not in levels


@given(st.floats(-100, 100), st.floats(-100, 100))
def test_more_weight_is_never_less_likely(one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert probability_of(less) <= probability_of(more)


@given(st.floats(1e-7, 0.9), st.floats(1e-7, 0.9))
def test_a_rarer_common_value_never_counts_for_less(one: float, other: float) -> None:
    rare, usual = sorted((one, other))
    compared = [Comparison("family_name", "exact", "lovelace")]
    by_rare = score(compared, Weights(), _always(rare))
    by_usual = score(compared, Weights(), _always(usual))
    assert by_rare.weight >= by_usual.weight
    assert by_usual.signals[0].weight > 0


# From the best to the worst; each has to weigh at least as much as the next.
ORDERS = {
    "email": ["exact", "exact_unclear", "exact_other_name", "local_part", "local_part_name"],
    "phone": ["exact", "exact_unclear", "exact_shared", "exact_other_name", "different"],
    "given_name": ["exact", "nickname", "close", "beginning", "initial", "different"],
    "family_name": ["exact", "close", "different"],
    "name": ["exact", "close", "part", "different"],
    "company": ["exact", "close", "different"],
    "account": ["exact", "close", "different"],
    "address": ["exact", "close", "street", "postal_code", "city", "different"],
    "country": ["exact", "different"],
    "custom": ["exact", "close", "different"],
}


@pytest.mark.parametrize("field", WEIGHTS)
def test_better_agreement_weighs_more(field: str) -> None:
    weights = [log2(WEIGHTS[field][level].m / WEIGHTS[field][level].u) for level in ORDERS[field]]
    assert all(better >= worse for better, worse in pairwise(weights)), weights


def test_own_rates_replace_single_levels() -> None:
    own = Weights().changed({"custom.number": {"exact": Rates(0.9, 0.1)}}, prior=-5.0)
    exact = score([Comparison("custom.number", "exact")], own).signals[0].weight
    assert isclose(exact, log2(9))
    close = score([Comparison("custom.number", "close")], own).signals[0].weight
    assert isclose(close, log2(WEIGHTS["custom"]["close"].m / WEIGHTS["custom"]["close"].u))
    assert own.prior == -5.0
    assert "custom.number" not in WEIGHTS


PERSON = {"given": "anna", "family": "schmidt", "whole": "anna schmidt"}
HOME = {"street": "lindenweg", "house": "5", "postal_code": "10115", "city": "berlin"}


@pytest.mark.parametrize(
    ("other", "likeness", "phone", "address"),
    [
        (PERSON, Likeness.ONE, "exact", "exact"),
        (
            PERSON | {"given": "bernd", "whole": "bernd schmidt"},
            Likeness.APART,
            "exact_other_name",
            "exact_other_name",
        ),
        (
            {"family": "schmidt", "whole": "schmidt"},
            Likeness.UNCLEAR,
            "exact_unclear",
            "exact_unclear",
        ),
        (
            PERSON | {"family": "wolkow", "whole": "anna wolkow"},
            Likeness.RENAMED,
            "exact_unclear",
            "exact_unclear",
        ),
    ],
)
def test_what_a_family_shares_counts_by_what_the_names_say(
    other: dict[str, str], likeness: Likeness, phone: str, address: str
) -> None:
    one = Features(phones=frozenset({"+491"}), **PERSON, **HOME)  # type: ignore[arg-type]
    two = Features(phones=frozenset({"+491"}), **other, **HOME)  # type: ignore[arg-type]
    assert likeness_of(list(compared_names(one, two, SIMILAR))) is likeness
    levels = {each.field: each.level for each in compare(one, two, SIMILAR)}
    assert (levels["phone"], levels["address"]) == (phone, address)


def test_swapped_names_are_seen_as_such() -> None:
    one = Features(**PERSON)  # type: ignore[arg-type]
    two = Features(given="schmidt", family="anna", whole="schmidt anna")
    assert [each.level for each in compare(one, two, SIMILAR)] == ["swapped", "swapped"]


def test_bands_include_where_they_begin() -> None:
    bands = Bands(auto_at=0.99, review_at=0.5)
    found = [bands.of(p) for p in (0.0, 0.49, 0.5, 0.98, 0.99, 1.0)]
    auto, review, ignore = Band.AUTO, Band.REVIEW, Band.IGNORE
    assert found == [ignore, ignore, review, review, auto, auto]


ids = st.integers(1, 12).map(lambda number: UUID(int=number))
pairs = st.tuples(ids, ids).filter(lambda pair: pair[0] != pair[1]).map(lambda p: pair_of(*p))


@given(st.lists(pairs, max_size=20), st.randoms(use_true_random=False))
def test_groups_do_not_depend_on_the_order_of_pairs(
    found: list[tuple[UUID, UUID]], order: object
) -> None:
    shuffled = found[:]
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    groups = closure(found)
    assert groups == closure(shuffled)
    heads = cluster_ids(groups)
    assert all(heads[one] == heads[other] for one, other in found)
    members = [member for group in groups for member in group]
    assert len(members) == len(set(members))


@given(st.lists(pairs, max_size=20), st.lists(pairs, max_size=3))
def test_no_group_that_is_merged_holds_a_dismissed_pair(
    found: list[tuple[UUID, UUID]], dismissed: list[tuple[UUID, UUID]]
) -> None:
    groups = closure(found)
    for group in groups:
        disputed = any(one in group and other in group for one, other in dismissed)
        assert (group in undisputed(groups, dismissed)) is not disputed
