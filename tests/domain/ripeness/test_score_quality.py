"""The figures against scikit-learn's, on random scores with many ties."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import (  # type: ignore[import-untyped, unused-ignore]
    calibration_curve,
)
from sklearn.isotonic import (  # type: ignore[import-untyped, unused-ignore]
    IsotonicRegression,
)
from sklearn.metrics import (  # type: ignore[import-untyped, unused-ignore]
    brier_score_loss,
    roc_auc_score,
)

from app.domain.ripeness import score_quality as quality

# Steps of a hundredth: scikit-learn takes neighbours of nearly the same value for one.
SCORES = st.one_of(st.integers(0, 6).map(float), st.integers(-9_999, 9_999).map(lambda n: n / 100))
SAMPLES = st.lists(st.tuples(SCORES, st.booleans()), min_size=2, max_size=60)
BOTH = SAMPLES.filter(lambda sample: len({won for _, won in sample}) == 2)
CLOSE = 1e-9


def split(sample: list[tuple[float, bool]]) -> tuple[list[float], list[bool]]:
    """Scores and outcomes."""
    return [score for score, _ in sample], [won for _, won in sample]


@given(BOTH)
def test_the_auc_is_scikit_learns(sample: list[tuple[float, bool]]) -> None:
    scores, converted = split(sample)
    assert quality.auc(scores, converted) == pytest.approx(
        roc_auc_score(converted, scores), abs=CLOSE
    )


@given(BOTH)
def test_the_auc_counts_pairs(sample: list[tuple[float, bool]]) -> None:
    won = [score for score, is_won in sample if is_won]
    lost = [score for score, is_won in sample if not is_won]
    pairs = [(a > b) + (a == b) / 2 for a in won for b in lost]
    assert quality.auc(*split(sample)) == pytest.approx(sum(pairs) / len(pairs), abs=CLOSE)


def test_one_kind_of_outcome_has_no_auc() -> None:
    assert quality.auc([1, 2], [True, True]) is None
    assert quality.auc([1, 2], [False, False]) is None


def test_the_error_of_an_auc_is_the_published_one() -> None:
    """Hanley and McNeil work through 51 abnormal and 58 normal images with an area of 0.893."""
    assert quality.auc_error(0.893, 51, 58) == pytest.approx(0.032, abs=0.001)
    assert quality.auc_error(1.0, 5, 5) == 0


@given(SAMPLES, st.randoms())
def test_the_lift_table_holds_every_lead_once(sample: list[Any], chance: Any) -> None:
    scores, converted = split(sample)
    rows = quality.lift_table(scores, converted)
    assert sum(row.count for row in rows) == len(sample)
    assert sum(row.converted for row in rows) == sum(converted)
    assert [row.part for row in rows] == sorted({row.part for row in rows})
    assert all(1 <= row.part <= 10 for row in rows)
    for higher, lower in pairwise(rows):
        assert higher.lowest > lower.highest
        assert higher.captured <= lower.captured
    if any(converted):
        assert rows[-1].captured == pytest.approx(1)
        mean = sum(row.lift * row.count for row in rows) / len(sample)
        assert mean == pytest.approx(1)
    shuffled = list(sample)
    chance.shuffle(shuffled)
    assert quality.lift_table(*split(shuffled)) == rows


def test_parts_are_equal_where_no_scores_are() -> None:
    scores = [float(n) for n in range(100)]
    rows = quality.lift_table(scores, [n >= 80 for n in range(100)])
    assert [row.count for row in rows] == [10] * 10
    assert [row.rate for row in rows] == [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    assert (rows[0].lift, rows[0].captured, rows[1].captured) == (5, 0.5, 1)
    assert quality.is_monotone(rows)
    assert not quality.is_monotone(quality.lift_table(scores, [n < 80 for n in range(100)]))


def test_equal_scores_are_in_the_part_of_their_middle() -> None:
    rows = quality.lift_table([2.0] * 5 + [1.0] * 95, [True] * 100)
    assert [(row.part, row.count) for row in rows] == [(1, 5), (6, 95)]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_the_brier_score_is_scikit_learns(sample: list[tuple[float, bool]]) -> None:
    said, converted = split(sample)
    expected = brier_score_loss(converted, said, labels=[False, True], scale_by_half=True)
    assert quality.brier(said, converted) == pytest.approx(expected, abs=CLOSE)


@given(SAMPLES, SCORES)
def test_isotonic_regression_is_scikit_learns(sample: list[Any], other: float) -> None:
    scores, converted = split(sample)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(scores, converted)
    fitted = quality.isotonic(scores, converted)
    asked = [*scores, other]
    assert [fitted(score) for score in asked] == pytest.approx(
        list(theirs.predict(asked)), abs=1e-6
    )


@given(st.lists(st.tuples(st.floats(0.001, 0.999), st.booleans()), min_size=1, max_size=60))
def test_the_reliability_table_is_scikit_learns(sample: list[tuple[float, bool]]) -> None:
    # On the edge between two bands they may fall to either side.
    sample = [(p, won) for p, won in sample if abs(p * 10 - round(p * 10)) > 1e-6]
    if sample:
        said, converted = split(sample)
        rates, means = calibration_curve(converted, said, n_bins=10)
        rows = quality.reliability(said, converted)
        assert [row.rate for row in rows] == pytest.approx(list(rates))
        assert [row.said for row in rows] == pytest.approx(list(means))
        assert sum(row.count for row in rows) == len(sample)


class TestCalibration:
    def test_a_good_score_is_skilful(self) -> None:
        scores = [float(n % 10) for n in range(1000)]
        converted = [(n // 10) % 10 < n % 10 for n in range(1000)]
        found = quality.calibration(scores, converted)
        expected = sum(p * (1 - p) for p in (n / 10 for n in range(10))) / 10
        assert found.brier == pytest.approx(expected, abs=0.005)
        assert found.skill > 0.3
        off = sum(row.count * abs(row.said - row.rate) for row in found.rows)
        assert off / len(scores) < 0.03

    def test_a_score_without_meaning_is_not(self) -> None:
        """Fitted to the leads themselves, it would seem to be."""
        scores = [float((n * 7919) % 1009) for n in range(400)]
        converted = [(n * 104729) % 1013 % 2 == 0 for n in range(400)]
        found = quality.calibration(scores, converted)
        assert found.skill < 0.05
        fitted = quality.isotonic(scores, converted)
        flattered = quality.brier([fitted(score) for score in scores], converted)
        assert flattered < found.brier
