"""Whether two records are the same person or company: comparisons, their weights, a probability.

After Fellegi and Sunter: each comparison ends on a level, and a level speaks for or against a match
by log2(m/u), where m is how often matches are on that level, u how often others are. The sum with
the prior is the log2 of the odds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import log2

from app.domain.leads.matching_weights import PRIOR, WEIGHTS, Rates

CUSTOM = "custom."
# A rare value counts for more than a usual one, and a frequent one for less, within these bounds.
LEAST_AGREEMENT = 0.3
MOST_GAIN = 3.0


class Record(StrEnum):
    """What can be matched."""

    LEAD = "lead"
    CONTACT = "contact"
    ACCOUNT = "account"


class Band(StrEnum):
    """What is done about a pair: it may be merged unasked, somebody looks at it, or nothing."""

    AUTO = "auto"
    REVIEW = "review"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address as it is compared. `local` is without dots and tags; a shared box, such as
    info@, belongs to several people. `telling` when the local part says more than a name that
    namesakes have as well."""

    address: str
    local: str
    domain: str
    free: bool
    shared: bool
    telling: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """A record in the form in which it is compared; what it does not have is empty."""

    mailboxes: tuple[Mailbox, ...] = ()
    phones: frozenset[str] = frozenset()
    shared_phones: frozenset[str] = frozenset()
    given: str = ""
    given_roots: tuple[str, ...] = ()
    given_sound: str = ""
    family: str = ""
    family_sound: str = ""
    whole: str = ""
    company: str = ""
    domains: frozenset[str] = frozenset()
    domain_names: frozenset[str] = frozenset()
    street: str = ""
    house: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = ""
    custom: Mapping[str, str] = field(default_factory=dict)
    # An account is a company; a lead is somebody in it, or the company when nobody is named.
    is_company: bool = False

    @property
    def named(self) -> bool:
        """Whether it says anything of a person's name."""
        return bool(self.whole)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field, the level that two records reached, and the value they agree on if it is one whose
    frequency counts."""

    field: str
    level: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """What one comparison contributes, in bits. `rarity` is the part of it that is due to how rare
    the common value is."""

    field: str
    level: str
    weight: float
    rarity: float = 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """The probability that two records are one, with what makes it up."""

    signals: tuple[Signal, ...]
    prior: float

    @property
    def weight(self) -> float:
        """The log2 of the odds: the prior and every signal."""
        return self.prior + sum(signal.weight for signal in self.signals)

    @property
    def probability(self) -> float:
        """From 0 to 1."""
        return probability_of(self.weight)


def probability_of(weight: float) -> float:
    """The probability that odds of 2 to the `weight` stand for."""
    return 1 / (1 + 2 ** -max(min(weight, 60.0), -60.0))


Frequency = Callable[[str, str], float | None]


def no_frequencies(_field: str, _value: str) -> float | None:
    """Nothing is known about how often values come."""
    return None


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The rates of every level, and the prior."""

    rates: Mapping[str, Mapping[str, Rates]] = field(default_factory=lambda: WEIGHTS)
    prior: float = PRIOR

    def of(self, comparison: Comparison) -> Rates:
        """The rates of a comparison's level; a custom field has its own, or those of all."""
        levels = self.rates.get(comparison.field)
        if levels is None or comparison.level not in levels:
            levels = self.rates["custom"]
        return levels[comparison.level]

    def changed(
        self, rates: Mapping[str, Mapping[str, Rates]], prior: float | None = None
    ) -> "Weights":
        """The same with these levels in place of the present ones."""
        fields = {**self.rates}
        for name, levels in rates.items():
            fields[name] = {**fields.get(name, fields["custom"]), **levels}
        return Weights(rates=fields, prior=self.prior if prior is None else prior)


def score(
    comparisons: Sequence[Comparison], weights: Weights, frequency: Frequency = no_frequencies
) -> Score:
    """What the comparisons say together."""
    return Score(
        signals=tuple(_signal(comparison, weights, frequency) for comparison in comparisons),
        prior=weights.prior,
    )


def _signal(comparison: Comparison, weights: Weights, frequency: Frequency) -> Signal:
    rates = weights.of(comparison)
    usual = log2(rates.m / rates.u)
    if comparison.value is None or usual <= 0:
        return Signal(comparison.field, comparison.level, usual)
    often = frequency(comparison.field, comparison.value)
    if often is None or often <= 0:
        return Signal(comparison.field, comparison.level, usual)
    weight = min(max(log2(rates.m / often), LEAST_AGREEMENT), usual + MOST_GAIN)
    return Signal(comparison.field, comparison.level, weight, weight - usual)


@dataclass(frozen=True, slots=True)
class Bands:
    """From which probability on a pair is in which band."""

    auto_at: float
    review_at: float

    def of(self, probability: float) -> Band:
        """The band of a probability."""
        if probability >= self.auto_at:
            return Band.AUTO
        return Band.REVIEW if probability >= self.review_at else Band.IGNORE
