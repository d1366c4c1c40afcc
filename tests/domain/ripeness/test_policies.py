"""The policy as a document: read over the standard, written in full, merged by RFC 7396."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.ripeness.bant import STANDARDS, UNKNOWN, Criterion
from app.domain.ripeness.policies import merged, policy_document, read_policy
from app.domain.ripeness.qualification import PolicyError, QualificationPolicy

PERCENT = st.integers(0, 100)


def own_points() -> st.SearchStrategy[dict[str, dict[str, int]]]:
    return st.fixed_dictionaries(
        {},
        optional={
            criterion.value: st.dictionaries(
                st.sampled_from([str(v) for v in values if v != UNKNOWN]), PERCENT
            )
            for criterion, values in STANDARDS.items()
        },
    )


def documents() -> st.SearchStrategy[dict[str, Any]]:
    weights = st.fixed_dictionaries({}, optional={c.value: st.integers(1, 99) for c in Criterion})
    knock_outs = st.fixed_dictionaries(
        {}, optional={c.value: st.sampled_from([[], ["none"], ["no_access"]]) for c in Criterion}
    )
    return st.fixed_dictionaries(
        {},
        optional={
            "weights": weights,
            "qualified_at": st.integers(1, 100),
            "disqualified_below": st.just(0),
            "required": st.lists(st.sampled_from([c.value for c in Criterion]), unique=True),
            "points": own_points(),
            "knock_outs": knock_outs,
        },
    )


def test_an_empty_document_is_the_standard() -> None:
    assert policy_document(read_policy({})) == policy_document(QualificationPolicy())


@given(documents())
def test_what_was_written_is_read_again(document: dict[str, Any]) -> None:
    try:
        policy = read_policy(document)
    except PolicyError:
        return
    written = policy_document(policy)
    assert policy_document(read_policy(written)) == written
    for name in ("weights", "knock_outs"):
        assert document.get(name, {}).items() <= written[name].items()


# The examples of RFC 7396, appendix A, whose documents are objects.
MERGES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("document", "patch", "result"), MERGES)
def test_a_merge_patch(
    document: dict[str, Any], patch: dict[str, Any], result: dict[str, Any]
) -> None:
    before = repr(document)
    assert merged(document, patch) == result
    assert repr(document) == before
