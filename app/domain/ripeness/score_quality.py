"""How well a score tells apart the leads that were converted from those that were not.

Plain functions on two sequences of the same length: a score for each lead, and whether it was
converted. None of them depends on the order of the leads, but for the folds of `calibration`.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import sqrt

PARTS = 10
FOLDS = 5


@dataclass(frozen=True, kw_only=True)
class LiftRow:
    """A part of the leads, the first being the one with the highest scores. `lift` is how many
    times the overall rate its own is; `captured` the share of all conversions down to here."""

    part: int
    count: int
    converted: int
    rate: float
    lift: float
    captured: float
    lowest: float
    highest: float


@dataclass(frozen=True, kw_only=True)
class ReliabilityRow:
    """The leads of whom a probability in a band was said, and how many were converted."""

    count: int
    said: float
    converted: int
    rate: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How good the score is when it is read as a probability.

    `brier_of_rate` is what one gets who says the overall rate of every lead; `skill` is by how much
    of that the score is better (1 is perfect, 0 no better).
    """

    brier: float
    brier_of_rate: float
    skill: float
    rows: list[ReliabilityRow]


def auc(scores: Sequence[float], converted: Sequence[bool]) -> float | None:
    """The probability that a converted lead has a higher score than one that was not, ties counting
    half; None when there is only one kind.

    The Mann-Whitney U statistic over n1·n2, from the sum of midranks (Mann and Whitney 1947; Hanley
    and McNeil, Radiology 143, 1982, p. 29-36; for the equality with the area under the curve see
    Fawcett, Pattern Recognition Letters 27, 2006, p. 861-874, section 7).
    """
    good = sum(converted)
    bad = len(converted) - good
    if not good or not bad:
        return None
    ranks, below = 0.0, 0
    for _, group in _ascending(scores, converted):
        middle = below + (len(group) + 1) / 2
        ranks += middle * sum(group)
        below += len(group)
    return (ranks - good * (good + 1) / 2) / (good * bad)


def auc_error(area: float, good: int, bad: int) -> float:
    """The standard error of an AUC (Hanley and McNeil 1982, formula 1, with Q1 and Q2 of the
    exponential model)."""
    pairs_good = area / (2 - area)
    pairs_bad = 2 * area**2 / (1 + area)
    spread = (
        area * (1 - area) + (good - 1) * (pairs_good - area**2) + (bad - 1) * (pairs_bad - area**2)
    )
    return sqrt(max(spread, 0.0) / (good * bad))


def lift_table(
    scores: Sequence[float], converted: Sequence[bool], parts: int = PARTS
) -> list[LiftRow]:
    """The leads by score in parts of about the same size, the highest scores first.

    Equal scores stay together, in the part in which their middle falls, so a part may be larger
    than others or missing. Lift and captured share as in Ling and Li, KDD 1998, p. 73-79.
    """
    total = sum(converted)
    by_part: dict[int, list[tuple[float, list[bool]]]] = {}
    above = 0
    for score, group in reversed(list(_ascending(scores, converted))):
        part = int(parts * (above + len(group) / 2) / len(scores))
        by_part.setdefault(part, []).append((score, group))
        above += len(group)
    rows: list[LiftRow] = []
    captured = 0
    for part, groups in sorted(by_part.items()):
        count = sum(len(group) for _, group in groups)
        won = sum(sum(group) for _, group in groups)
        captured += won
        rate = won / count
        rows.append(
            LiftRow(
                part=part + 1,
                count=count,
                converted=won,
                rate=rate,
                lift=rate * len(scores) / total if total else 0.0,
                captured=captured / total if total else 0.0,
                lowest=groups[-1][0],
                highest=groups[0][0],
            )
        )
    return rows


def is_monotone(rows: Sequence[LiftRow]) -> bool:
    """Whether no part has a higher rate than one with higher scores."""
    rates = [row.rate for row in rows]
    return rates == sorted(rates, reverse=True)


def brier(said: Sequence[float], converted: Sequence[bool]) -> float:
    """The mean square of what was said less what happened (Brier, Monthly Weather Review 78, 1950,
    p. 1-3, in the form for two outcomes)."""
    return sum((p - won) ** 2 for p, won in zip(said, converted, strict=True)) / len(said)


@dataclass(frozen=True)
class Isotonic:
    """Probabilities at some scores, never falling; between them they lie on a straight line, and
    beyond them they are those of the nearest."""

    scores: tuple[float, ...]
    probabilities: tuple[float, ...]

    def __call__(self, score: float) -> float:
        """The probability at a score."""
        place = bisect_right(self.scores, score)
        if place == 0:
            return self.probabilities[0]
        if place == len(self.scores):
            return self.probabilities[-1]
        left, right = self.scores[place - 1], self.scores[place]
        low, high = self.probabilities[place - 1], self.probabilities[place]
        return low + (high - low) * (score - left) / (right - left)


def isotonic(scores: Sequence[float], converted: Sequence[bool]) -> Isotonic:
    """The rising function of the score that has the least square error.

    Neighbours that violate the order are pooled until none does (Ayer, Brunk, Ewing, Reid and
    Silverman, Annals of Mathematical Statistics 26, 1955, p. 641-647); as a calibration of scores:
    Zadrozny and Elkan, KDD 2002, p. 694-699.
    """
    pools: list[list[float]] = []  # of each: sum, count, how many scores it spans
    places: list[float] = []
    for score, group in _ascending(scores, converted):
        places.append(score)
        pools.append([sum(group), len(group), 1])
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] >= pools[-1][0] * pools[-2][1]:
            last = pools.pop()
            pools[-1] = [mine + its for mine, its in zip(pools[-1], last, strict=True)]
    probabilities = [won / count for won, count, spans in pools for _ in range(int(spans))]
    return Isotonic(tuple(places), tuple(probabilities))


def calibration(
    scores: Sequence[float], converted: Sequence[bool], folds: int = FOLDS
) -> Calibration:
    """The score as a probability by isotonic regression, each lead judged by the others.

    The leads are dealt into folds in turn; the probability of each is read off the function that
    was fitted to the other folds, for one fitted to a lead itself flatters.
    """
    said = [0.0] * len(scores)
    for fold in range(folds):
        others = [place for place in range(len(scores)) if place % folds != fold]
        fitted = isotonic([scores[i] for i in others], [converted[i] for i in others])
        for place in range(fold, len(scores), folds):
            said[place] = fitted(scores[place])
    found = brier(said, converted)
    rate = sum(converted) / len(converted)
    floor = rate * (1 - rate)
    return Calibration(
        brier=found,
        brier_of_rate=floor,
        skill=1 - found / floor if floor else 0.0,
        rows=reliability(said, converted),
    )


def reliability(
    said: Sequence[float], converted: Sequence[bool], parts: int = PARTS
) -> list[ReliabilityRow]:
    """What was said in bands of equal width, against what happened (Murphy and Winkler, Applied
    Statistics 26, 1977, p. 41-47)."""
    banded = sorted(
        (min(int(p * parts), parts - 1), p, won) for p, won in zip(said, converted, strict=True)
    )
    rows = []
    for _, band in groupby(banded, key=lambda each: each[0]):
        members = list(band)
        won = sum(each[2] for each in members)
        rows.append(
            ReliabilityRow(
                count=len(members),
                said=sum(each[1] for each in members) / len(members),
                converted=won,
                rate=won / len(members),
            )
        )
    return rows


def _ascending(
    scores: Sequence[float], converted: Sequence[bool]
) -> Iterator[tuple[float, list[bool]]]:
    """Each score once, from the lowest, with the outcomes of those who have it."""
    ordered = sorted(zip(scores, converted, strict=True))
    for score, group in groupby(ordered, key=lambda each: each[0]):
        yield score, [won for _, won in group]
