"""Rates from data that nobody has labelled: how often other pairs reach a level is counted on pairs
drawn at random, how often matches do is worked out by expectation and maximisation.

Candidates were found by a key, so they agree on what the key is made of whether they match or not.
Each way of finding pairs therefore teaches only the fields that it does not use.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log2

from app.domain.leads.matching import Comparison, Weights
from app.domain.leads.matching_weights import Rates

Pattern = tuple[tuple[str, str], ...]

MOST_ROUNDS = 300
CLOSE_ENOUGH = 1e-6
# Sightings that the present rates count as, against those in the data.
BELIEVED = 20.0
BELIEVED_RANDOM = 5.0
LEAST_PAIRS = 200
LEAST_MATCHES = 50.0
LEAST_OF_A_FIELD = 30.0
# These depend on what the names say; their share among all pairs is not what they weigh by.
CONDITIONAL = frozenset(
    {"exact_unclear", "exact_shared", "exact_other_name", "local_part_name", "domain", "swapped"}
)


def pattern_of(comparisons: Iterable[Comparison], without: Iterable[str] = ()) -> Pattern:
    """The levels that teach something."""
    unused = frozenset(without)
    return tuple(
        (each.field, each.level)
        for each in comparisons
        if each.field not in unused and each.level not in CONDITIONAL
    )


@dataclass(kw_only=True)
class Lesson:
    """Candidates that were found in one way, by the pattern of their levels."""

    patterns: Counter[Pattern] = field(default_factory=Counter)

    @property
    def pairs(self) -> int:
        """How many there are."""
        return self.patterns.total()


@dataclass(kw_only=True)
class Learned:
    """What one lesson taught: the expected matches on each level."""

    seen: Counter[tuple[str, str]]
    matches: float
    rounds: int
    converged: bool


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """New rates, and whether they may be put in place of the old ones."""

    rates: Mapping[str, Mapping[str, Rates]]
    pairs: int
    matches: float
    rounds: int
    converged: bool

    @property
    def refusal(self) -> str | None:
        """Why they may not; None when they may."""
        if self.pairs < LEAST_PAIRS:
            return f"{self.pairs} candidate pairs are fewer than {LEAST_PAIRS}"
        if self.matches < LEAST_MATCHES:
            return f"about {self.matches:.0f} matches are fewer than {LEAST_MATCHES:.0f}"
        if not self.converged:
            return f"it did not settle within {MOST_ROUNDS} rounds"
        return None if self.rates else "no field was seen often enough"


def estimate(
    lessons: Sequence[Lesson], random_pairs: Mapping[Pattern, int], present: Weights
) -> Estimate:
    """Rates from candidates and from random pairs; a field that was seen too rarely is left out,
    and so is one whose agreement would speak against a match."""
    others = _shares_of_others(random_pairs, present)
    guess = present.changed(others)
    learned = [_learn(lesson, guess) for lesson in lessons if lesson.pairs]
    seen: Counter[tuple[str, str]] = Counter()
    for each in learned:
        seen.update(each.seen)
    rates: dict[str, dict[str, Rates]] = {}
    for name in sorted({name for name, _ in seen}):
        found = _of_field(name, seen, guess)
        if found is not None:
            rates[name] = found
    return Estimate(
        rates=rates,
        pairs=sum(lesson.pairs for lesson in lessons),
        matches=sum(each.matches for each in learned),
        rounds=max((each.rounds for each in learned), default=0),
        converged=all(each.converged for each in learned),
    )


def _shares_of_others(
    random_pairs: Mapping[Pattern, int], present: Weights
) -> dict[str, dict[str, Rates]]:
    """u of each level, drawn to the present one where it was seen rarely or never."""
    seen: Counter[tuple[str, str]] = Counter()
    for pattern, count in random_pairs.items():
        for comparison in pattern:
            seen[comparison] += count
    shares: dict[str, dict[str, Rates]] = {}
    for name in {name for name, _ in seen}:
        total = sum(count for (other, _), count in seen.items() if other == name)
        for level, rates in _levels(present, name).items():
            if level in CONDITIONAL:
                continue
            believed = BELIEVED_RANDOM / rates.u
            u = (seen[name, level] + BELIEVED_RANDOM) / (total + believed)
            shares.setdefault(name, {})[level] = Rates(rates.m, min(u, 0.999))
    return shares


def _learn(lesson: Lesson, guess: Weights) -> Learned:
    """Weigh pairs by the present rates, take the rates from the weighed pairs, and so on."""
    share = 0.5
    rates = {
        comparison: _levels(guess, comparison[0])[comparison[1]]
        for pattern in lesson.patterns
        for comparison in pattern
    }
    matching: Counter[tuple[str, str]] = Counter()
    matches, rounds, converged = 0.0, 0, False
    while rounds < MOST_ROUNDS and not converged:
        rounds += 1
        matching, matches = _expected(lesson, rates, share)
        before = share
        share = min(max(matches / lesson.pairs, 1e-6), 1 - 1e-6)
        rates = _maximised(rates, matching, guess)
        converged = abs(share - before) < CLOSE_ENOUGH
    return Learned(seen=matching, matches=matches, rounds=rounds, converged=converged)


def _expected(
    lesson: Lesson, rates: Mapping[tuple[str, str], Rates], share: float
) -> tuple[Counter[tuple[str, str]], float]:
    matching: Counter[tuple[str, str]] = Counter()
    matches = 0.0
    for pattern, count in lesson.patterns.items():
        odds = share / (1 - share)
        for comparison in pattern:
            odds *= rates[comparison].m / rates[comparison].u
        weighed = count * odds / (1 + odds)
        matches += weighed
        for comparison in pattern:
            matching[comparison] += weighed  # type: ignore[assignment] # a share of a pair
    return matching, matches


def _maximised(
    rates: Mapping[tuple[str, str], Rates],
    matching: Mapping[tuple[str, str], float],
    guess: Weights,
) -> dict[tuple[str, str], Rates]:
    totals: dict[str, float] = {}
    for (name, _), weighed in matching.items():
        totals[name] = totals.get(name, 0.0) + weighed
    return {
        (name, level): Rates(
            _share(matching.get((name, level), 0.0), totals.get(name, 0.0), name, level, guess),
            rates[name, level].u,
        )
        for name, level in rates
    }


def _share(seen: float, total: float, name: str, level: str, guess: Weights) -> float:
    """m of a level among those that are estimated, drawn to the present one."""
    levels = _levels(guess, name)
    whole = sum(rates.m for other, rates in levels.items() if other not in CONDITIONAL)
    believed = levels[level].m / whole
    return whole * (seen + BELIEVED * believed) / (total + BELIEVED)


def _of_field(
    name: str, seen: Mapping[tuple[str, str], float], guess: Weights
) -> dict[str, Rates] | None:
    total = sum(weighed for (other, _), weighed in seen.items() if other == name)
    if total < LEAST_OF_A_FIELD:
        return None
    levels = {
        level: Rates(_share(seen.get((name, level), 0.0), total, name, level, guess), rates.u)
        for level, rates in _levels(guess, name).items()
        if level not in CONDITIONAL
    }
    return levels if _makes_sense(levels) else None


def _makes_sense(levels: Mapping[str, Rates]) -> bool:
    exact, different = levels.get("exact"), levels.get("different")
    return not (
        (exact is not None and log2(exact.m / exact.u) <= 0)
        or (different is not None and log2(different.m / different.u) >= 0)
    )


def _levels(weights: Weights, name: str) -> Mapping[str, Rates]:
    return weights.rates.get(name) or weights.rates["custom"]


def report(old: Weights, new: Estimate) -> dict[str, dict[str, dict[str, float]]]:
    """The old and the new weight of every level that was estimated, in bits."""
    return {
        name: {
            level: {
                "old": round(log2(before.m / before.u), 3),
                "new": round(log2(rates.m / rates.u), 3),
                "m": rates.m,
                "u": rates.u,
            }
            for level, rates in levels.items()
            for before in [_levels(old, name)[level]]
        }
        for name, levels in new.rates.items()
    }
