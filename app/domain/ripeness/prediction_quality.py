"""How far what is foretold is off, and whether the leads have changed since it was learnt."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# Usual bounds of the population stability index (Siddiqi, Credit Risk Scorecards, 2006).
MOVED_AT, CHANGED_AT = 0.1, 0.25
LEAST_TO_COMPARE = 100
# A part of the distribution that the sample did not have at all would count without end.
_LEAST_SHARE = 1e-4


class Verdict(StrEnum):
    """Whether the leads are still those that were learnt from."""

    STABLE = "stable"
    MOVED = "moved"
    CHANGED = "changed"
    TOO_FEW = "too_few"


class Reliability(StrEnum):
    """How much a model is worth, by its area under the curve on leads that it has not seen."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    NONE = "none"


def reliability_of(area: float, error: float) -> Reliability:
    """The usual bounds (Hosmer and Lemeshow 2000, section 5.2.4); none when it may be by chance."""
    if area - 1.96 * error <= 0.5:
        return Reliability.NONE
    if area >= 0.7:
        return Reliability.GOOD if area >= 0.8 else Reliability.FAIR
    return Reliability.POOR


def log_loss(said: Sequence[float], converted: Sequence[Any]) -> float:
    """The mean of minus the logarithm of the probability that was given to what happened."""
    bounded = [min(1 - 1e-15, max(1e-15, p)) for p in said]
    terms = (math.log(p if won else 1 - p) for p, won in zip(bounded, converted, strict=True))
    return -sum(terms) / len(bounded)


def log_loss_of_rate(rate: float) -> float:
    """That of somebody who says the overall rate of every lead."""
    return -(rate * math.log(rate) + (1 - rate) * math.log(1 - rate))


def shares_of(groups: Sequence[Any]) -> dict[str, float]:
    """How a sample is distributed; probabilities in ten parts."""
    named = [
        f"{int(min(each, 0.999) * 10)}" if isinstance(each, float) else each for each in groups
    ]
    return {name: count / len(named) for name, count in sorted(Counter(named).items())}


def stability(before: Mapping[str, float], since: Mapping[str, float]) -> float:
    """The population stability index: the sum of (q - p)·ln(q / p) over the parts."""
    total = 0.0
    for part in sorted({*before, *since}):
        p = max(_LEAST_SHARE, before.get(part, 0.0))
        q = max(_LEAST_SHARE, since.get(part, 0.0))
        total += (q - p) * math.log(q / p)
    return total


@dataclass(frozen=True, kw_only=True)
class Drift:
    """How much one distribution has moved. By chance alone `index` would hardly pass `chance`."""

    name: str
    index: float
    chance: float
    verdict: Verdict


def drift_of(
    name: str, before: Mapping[str, float], trained: int, since: Mapping[str, float], seen: int
) -> Drift:
    """What has become of a distribution.

    Without any change the index is about (1/n + 1/m) times a chi-square with one degree of freedom
    less than there are parts (Yurdakul 2018): what lies within that is no change.
    """
    index = stability(before, since)
    freedom = max(1, len({*before, *since}) - 1)
    chance = (1 / trained + 1 / seen) * (freedom + 2.33 * math.sqrt(2 * freedom))
    if seen < LEAST_TO_COMPARE:
        verdict = Verdict.TOO_FEW
    elif index < MOVED_AT or index <= chance:
        verdict = Verdict.STABLE
    else:
        verdict = Verdict.CHANGED if index >= CHANGED_AT else Verdict.MOVED
    return Drift(name=name, index=index, chance=chance, verdict=verdict)


def verdict_of(drifts: Sequence[Drift]) -> Verdict:
    """Of all together: that of the predictions, but `moved` where a feature has changed."""
    overall = next(drift.verdict for drift in drifts if drift.name == PREDICTIONS)
    if overall is Verdict.STABLE and any(drift.verdict is Verdict.CHANGED for drift in drifts):
        return Verdict.MOVED
    return overall


# What the drift of the predictions themselves is called.
PREDICTIONS = "predictions"
