"""Which submission repeats which: by content and time, never a real one a trial."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.domain.intake.submissions import Claimed, Fate, SubmissionStatus
from app.services.intake.repeats import WINDOW, Repeats, _first_of
from tests.factories.intake import delivery

WORKSPACE = UUID(int=1)
START = datetime(2026, 3, 2, tzinfo=UTC)

sent = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.sampled_from([b"a", b"b"]),
        st.booleans(),
        st.sampled_from(["received", "held", "captured", "rejected", "quarantined"]),
    ),
    max_size=12,
)


def rows_of(told: list[tuple[int, bytes, bool, str]]) -> list[dict[str, Any]]:
    rows = [
        {
            "id": UUID(int=n + 1),
            "fingerprint": mark,
            "received_at": START + timedelta(minutes=minute),
            "status": status,
            "email_norm": None,
            "lead_id": UUID(int=99) if status == "captured" else None,
            "touchpoint_id": None,
            "duplicate_of": None,
            "is_test": trial,
        }
        for n, (minute, mark, trial, status) in enumerate(told)
    ]
    return sorted(rows, key=lambda row: (row["received_at"], row["id"]))


def claimed_of(row: dict[str, Any], *, released: bool = False) -> Claimed:
    names = ("id", "fingerprint", "received_at", "is_test")
    one = delivery(WORKSPACE, **{name: row[name] for name in names})
    return Claimed(delivery=one, released=released, attempts=0)


@given(sent)
def test_a_repeat_has_a_first_of_its_kind_within_the_window(told: Any) -> None:
    rows = rows_of(told)
    for row in rows:
        alike = [each for each in rows if each["fingerprint"] == row["fingerprint"]]
        first = _first_of(claimed_of(row), alike)
        before = [
            each
            for each in alike
            if row["received_at"] - WINDOW <= each["received_at"]
            and (each["received_at"], each["id"]) < (row["received_at"], row["id"])
            and each["is_test"] == row["is_test"]
        ]
        assert first == (before[0] if before else None)


@given(sent)
def test_everything_in_hand_is_a_first_or_shares_the_fate_of_one(told: Any) -> None:
    rows = [{**row, "status": "received"} for row in rows_of(told)]
    repeats = Repeats()
    in_hand = {row["id"] for row in rows}
    for row in rows:
        alike = [each for each in rows if each["fingerprint"] == row["fingerprint"]]
        repeats._sort(claimed_of(row), _first_of(claimed_of(row), alike), in_hand)
    fates = [
        Fate(id=each.delivery.id, status=SubmissionStatus.CAPTURED, lead_id=UUID(int=7))
        for each in repeats.firsts
    ]
    shared = repeats.like_their_firsts(fates)
    settled = [fate.id for fate in [*fates, *shared]]
    assert len(settled) == len(set(settled))
    assert {fate.duplicate_of for fate in shared} <= in_hand
    # What repeats a repeat waits for its turn; each turn settles some.
    assert not rows or settled
