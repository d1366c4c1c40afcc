"""A learnt model: the log-odds of a lead are a base and what each feature adds to it.

Logistic regression; its output is calibrated by a straight line in log-odds (Platt 1999), which is
multiplied into the weights, so that the parts still add up. See docs/prediction.md.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.ripeness.prediction_encoding import Encoder, as_document, from_document
from app.domain.ripeness.prediction_facts import Fact, Facts, complete


@dataclass(frozen=True)
class Feature:
    """A fact, its columns and their weights in log-odds. `mean` is what it adds on average of the
    sample, `spread` the standard deviation of that; `shares` how the sample was distributed."""

    name: str
    kind: str
    encoder: Encoder
    weights: list[float]
    mean: float
    spread: float
    shares: dict[str, float]

    def adds(self, fact: Fact | None) -> float:
        """What it adds to the log-odds of an average lead."""
        weights = self.weights
        return sum(weights[n] * value for n, value in self.encoder.encode(fact)) - self.mean


@dataclass(frozen=True)
class Contribution:
    """What a feature adds to the log-odds, and the part of its distribution the lead is in."""

    feature: str
    log_odds: float
    group: str


@dataclass(frozen=True)
class Foretold:
    """A probability, and what makes it up: `base` and all contributions add up to `log_odds`."""

    probability: float
    log_odds: float
    base: float
    contributions: list[Contribution]


@dataclass(frozen=True)
class Forecaster:
    """What a model's document says: it foretells without what it was learnt with."""

    base: float
    features: list[Feature]
    left_out: frozenset[str]

    def probability(self, facts: Facts) -> float:
        """The probability of conversion."""
        told = complete(facts, self.left_out)
        return sigmoid(self.base + sum(each.adds(told.get(each.name)) for each in self.features))

    def foretell(self, facts: Facts) -> Foretold:
        """The same with its parts, the heaviest first."""
        told = complete(facts, self.left_out)
        parts = [
            Contribution(each.name, each.adds(told.get(each.name)), _group(each, told))
            for each in self.features
        ]
        log_odds = self.base + sum(part.log_odds for part in parts)
        parts.sort(key=lambda part: (-abs(part.log_odds), part.feature))
        return Foretold(sigmoid(log_odds), log_odds, self.base, parts)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "base": self.base,
            "left_out": sorted(self.left_out),
            "features": [
                {
                    **vars(each),
                    "encoder": as_document(each.encoder),
                    "columns": each.encoder.columns,
                }
                for each in self.features
            ],
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Forecaster":
        """What `document` told."""
        features = [
            Feature(
                encoder=from_document(told["kind"], told["encoder"]),
                **{name: told[name] for name in _AS_TOLD},
            )
            for told in document["features"]
        ]
        return cls(document["base"], features, frozenset(document["left_out"]))


_AS_TOLD = ("name", "kind", "weights", "mean", "spread", "shares")


def _group(feature: Feature, facts: Facts) -> str:
    return feature.encoder.group(facts.get(feature.name))


def sigmoid(log_odds: float) -> float:
    """The probability with these log-odds."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    grown = math.exp(log_odds)
    return grown / (1 + grown)
