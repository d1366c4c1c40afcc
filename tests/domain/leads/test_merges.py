"""Taking a merge back, whatever happened since, and the most restrictive word on consent."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Conflict
from app.domain.leads.leads import Lead
from app.domain.leads.merge_rules import CUSTOM, PARTS, STAGE, STATUS
from app.domain.leads.merges import (
    Undone,
    Word,
    check_mergeable,
    flat,
    nested,
    newest_words,
    restricted,
    taken_back,
    without_undone,
)

BLOCKS = [
    *(part.columns for part in (*PARTS.values(), STATUS, STAGE)),
    (f"{CUSTOM}x",),
    (f"{CUSTOM}y",),
]
values = st.sampled_from([None, "a", "b"])
leads = st.fixed_dictionaries({name: values for names in BLOCKS for name in names})
words = st.lists(
    st.builds(
        Word,
        lead_id=st.just(UUID(int=1)),
        purpose=st.sampled_from(["mail", "phone"]),
        granted=st.booleans(),
        told=st.just({}),
        at=st.just(datetime(2026, 3, 2, tzinfo=UTC)),
    ),
    max_size=4,
)


@pytest.mark.parametrize(
    ("winner", "loser", "code"),
    [
        ({"is_test": True}, {}, "trial_lead"),
        ({}, {"is_test": True}, "trial_lead"),
        ({}, {"status": "converted"}, "loser_converted"),
        ({"status": "converted"}, {"status": "converted"}, "both_converted"),
        ({"status": "converted"}, {}, None),
        ({"is_test": True}, {"is_test": True}, None),
    ],
)
def test_who_can_take_whom_in(
    winner: dict[str, Any], loser: dict[str, Any], code: str | None
) -> None:
    one, other = _lead(1, **winner), _lead(2, **loser)
    if code is None:
        check_mergeable(one, other)
        return
    with pytest.raises(Conflict) as refused:
        check_mergeable(one, other)
    assert refused.value.specific_code == code


@given(leads, leads)
def test_without_edits_all_is_as_it_was(before: dict[str, Any], after: dict[str, Any]) -> None:
    changes, edited = taken_back(after, before, after)
    assert nested(after | changes) == nested(before)
    assert edited == []


@given(leads, leads, leads, st.sets(st.sampled_from(BLOCKS)))
def test_what_was_edited_since_stays_whole_and_is_told(
    before: dict[str, Any],
    after: dict[str, Any],
    edits: dict[str, Any],
    where: set[tuple[str, ...]],
) -> None:
    now = after | {names[0]: edits[names[0]] for names in where}
    changes, edited = taken_back(now, before, after)
    told = {field.field for field in edited}
    for names in BLOCKS:
        was, came, is_now = ([side[n] for n in names] for side in (before, after, now))
        left = [(now | changes)[n] for n in names]
        if is_now == came:
            assert left == was
        else:
            assert left == is_now
        assert (told & set(names) != set()) == (was not in (left, came))


@given(leads, leads, leads)
def test_merges_can_be_undone_in_the_order_they_were_made(
    start: dict[str, Any], first: dict[str, Any], second: dict[str, Any]
) -> None:
    changes, _ = taken_back(second, start, first)
    now = second | changes
    one, two, three = (datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2, 3))
    undone = Undone(created_at=one, undone_at=three, before=start, after=first)
    before, after = without_undone(first, second, [undone], two)
    changes, _ = taken_back(now, before, after)
    assert nested(now | changes) == nested(start)


@given(leads)
def test_flat_is_the_opposite_of_nested(columns: dict[str, Any]) -> None:
    assert nested(flat(nested(columns))) == nested(columns)


@given(words, words)
def test_the_most_restrictive_word_counts(winner: list[Word], loser: list[Word]) -> None:
    mine, theirs = newest_words(winner), newest_words(loser)
    said = {word.purpose for word in restricted(winner, loser)}
    for purpose in ("mail", "phone"):
        told = [side[purpose].granted for side in (mine, theirs) if purpose in side]
        if all(told):
            assert purpose not in said
        elif purpose not in said:
            # Whoever reads the winner's own words, or both histories, finds a no at the end.
            assert not any(told)
            assert purpose in mine


def _lead(number: int, **fields: Any) -> Lead:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    return Lead(
        workspace_id=UUID(int=0), id=UUID(int=number), created_at=now, updated_at=now, **fields
    )
