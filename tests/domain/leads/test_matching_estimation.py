"""Estimation finds the rates that made-up data were made with, and refuses what is too little."""

import random
from collections import Counter

import pytest

from app.domain.leads.matching import Weights
from app.domain.leads.matching_estimation import Lesson, Pattern, estimate, report
from app.domain.leads.matching_weights import Rates

TRUE = {
    "email": {
        "exact": Rates(0.7, 0.001),
        "close": Rates(0.1, 0.002),
        "different": Rates(0.2, 0.997),
    },
    "phone": {"exact": Rates(0.5, 0.002), "different": Rates(0.5, 0.998)},
    "company": {
        "exact": Rates(0.9, 0.03),
        "close": Rates(0.05, 0.02),
        "different": Rates(0.05, 0.95),
    },
    "country": {"exact": Rates(0.98, 0.7), "different": Rates(0.02, 0.3)},
}


def _drawn(draw: random.Random, *, matching: bool) -> Pattern:
    return tuple(
        (
            name,
            draw.choices(list(levels), [r.m if matching else r.u for r in levels.values()])[0],
        )
        for name, levels in TRUE.items()
    )


def _lesson(pairs: int, share: float) -> tuple[Lesson, Counter[Pattern]]:
    draw = random.Random(1)
    lesson = Lesson(
        patterns=Counter(_drawn(draw, matching=draw.random() < share) for _ in range(pairs))
    )
    return lesson, Counter(_drawn(draw, matching=False) for _ in range(20_000))


def test_it_finds_the_rates_the_data_were_made_with() -> None:
    lesson, others = _lesson(pairs=5_000, share=0.3)
    found = estimate([lesson], others, Weights())
    assert found.refusal is None
    assert found.matches == pytest.approx(1_500, rel=0.05)
    for name in ("phone", "country"):
        for level, rates in TRUE[name].items():
            # Levels that the data do not have keep a small part of the whole.
            assert found.rates[name][level].m == pytest.approx(rates.m, abs=0.06), (name, level)
    assert found.rates["country"]["exact"].u == pytest.approx(0.7, abs=0.02)
    assert found.rates["phone"]["exact"].u > Weights().rates["phone"]["exact"].u


def test_levels_that_hang_on_the_names_keep_their_weights() -> None:
    lesson, others = _lesson(pairs=2_000, share=0.3)
    found = estimate([lesson], others, Weights())
    assert "exact_other_name" not in found.rates["phone"]


@pytest.mark.parametrize(("pairs", "share"), [(100, 0.5), (1_000, 0.0), (0, 0.0)])
def test_too_little_is_refused(pairs: int, share: float) -> None:
    lesson, others = _lesson(pairs, share)
    assert estimate([lesson], others, Weights()).refusal is not None


def test_the_report_tells_old_and_new() -> None:
    lesson, others = _lesson(pairs=3_000, share=0.3)
    told = report(Weights(), estimate([lesson], others, Weights()))
    phone = told["phone"]["exact"]
    assert phone["old"] > phone["new"] > 0 > told["phone"]["different"]["new"]
