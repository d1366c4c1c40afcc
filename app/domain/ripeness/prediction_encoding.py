"""Facts as numbers: each feature becomes a few columns, when learning and when foretelling alike.

A text is one of the levels that came often enough; the rest is `other`, and what is not known a
level of its own. A number is bent at quantiles, so that its effect may rise, fall and level off.
"""

import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Protocol

from app.domain.ripeness.prediction_facts import Fact, FactKind, plain

# Column and value; what is not named is 0.
Row = list[tuple[int, float]]

OTHER, MISSING = "(other)", "(missing)"
_MOST_LEVELS, _MOST_WORDS = 40, 30
_KNOTS = (0.1, 0.3, 0.5, 0.7, 0.9)
_OUTERMOST = 0.005
# Bends are shorter columns than the line, so that regularisation prefers the line.
_BEND = 0.5
# What is smaller is nothing: to divide by it would leave the range of numbers.
_TINY = 1e-9
# How alike two spellings must be, from 0 to 1, for the rare one to count as the common one.
_ALIKE = 0.88


class Encoder(Protocol):
    """Turns one fact into columns."""

    @property
    def columns(self) -> list[str]:
        """What each column stands for."""

    def encode(self, fact: Fact | None) -> Row:
        """The columns that are not 0."""

    def group(self, fact: Fact | None) -> str:
        """The part of the distribution that the fact belongs to, to see it move."""


def fold(text: str) -> str:
    """A spelling without case, accents, spaces and punctuation."""
    return re.sub(r"[\W_]+", "", plain(text)) or text.strip()


def least_often(sample: int) -> int:
    """How often a level has to come to be one of its own."""
    return max(5, min(30, math.ceil(sample / 100)))


@dataclass
class LevelEncoder:
    """One column a level. `levels` are folded, `labels` their most frequent spellings."""

    levels: list[str]
    labels: list[str]
    extra: list[str]
    _nearest: dict[str, str | None] = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)

    @classmethod
    def learnt(cls, facts: Sequence[Fact | None]) -> "LevelEncoder":
        """The levels of a sample."""
        spellings = Counter(str(fact) for fact in facts if fact is not None)
        counts: Counter[str] = Counter()
        shown: dict[str, str] = {}
        for spelling, count in sorted(spellings.items(), key=lambda each: (-each[1], each[0])):
            shown.setdefault(fold(spelling), spelling.strip())
            counts[fold(spelling)] += count
        least = least_often(len(facts))
        ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        kept = [level for level, count in ordered if count >= least][:_MOST_LEVELS]
        labels = [shown[level] for level in kept]
        frequent = cls(kept, labels, [])
        rare = any(frequent._level(level) is None for level, _ in ordered)
        blank = any(fact is None for fact in facts)
        return cls(kept, labels, [OTHER] * rare + [MISSING] * blank)

    @property
    def columns(self) -> list[str]:
        """The levels as they are mostly spelt, then what is rare and what is not known."""
        return [*self.labels, *self.extra]

    def encode(self, fact: Fact | None) -> Row:
        """One column, or none for what the sample did not have."""
        if not self._places:
            self._places |= {name: place for place, name in enumerate(self.columns)}
        name = self.group(fact)
        return [(self._places[name], 1.0)] if name in self._places else []

    def group(self, fact: Fact | None) -> str:
        """The level."""
        if fact is None:
            return MISSING
        level = self._level(fold(str(fact)))
        return OTHER if level is None else self.labels[self.levels.index(level)]

    def _level(self, folded: str) -> str | None:
        """The level of a spelling: itself, or the one that it is nearly spelt like."""
        if folded in self.levels:
            return folded
        if folded not in self._nearest:
            if len(self._nearest) > 10_000:
                self._nearest.clear()
            self._nearest[folded] = _nearest(folded, self.levels)
        return self._nearest[folded]


def _nearest(folded: str, levels: Iterable[str]) -> str | None:
    if len(folded) < 5 or any(c.isdigit() for c in folded):
        return None
    alike = [
        (SequenceMatcher(None, folded, level, autojunk=False).ratio(), level)
        for level in levels
        if abs(len(level) - len(folded)) <= 2 and len(level) >= 5
    ]
    best = max(alike, default=(0.0, ""))
    return best[1] if best[0] >= _ALIKE else None


@dataclass
class WordsEncoder:
    """One column a word that comes often enough."""

    words: list[str]
    extra: list[str]

    @classmethod
    def learnt(cls, facts: Sequence[Fact | None]) -> "WordsEncoder":
        """The words of a sample."""
        counts = Counter(word for fact in facts for word in _words(fact))
        least = least_often(len(facts))
        ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        kept = [word for word, count in ordered if count >= least][:_MOST_WORDS]
        blank = any(fact is None for fact in facts)
        rare = any(fact is not None and not {*_words(fact)} & {*kept} for fact in facts)
        return cls(kept, [OTHER] * rare + [MISSING] * blank)

    @property
    def columns(self) -> list[str]:
        """The words."""
        return [*self.words, *self.extra]

    def encode(self, fact: Fact | None) -> Row:
        """Each of its words that is known; `other` when none is."""
        found = [(n, 1.0) for n, word in enumerate(self.words) if word in _words(fact)]
        if not found and (group := self.group(fact)) in self.extra:
            found = [(len(self.words) + self.extra.index(group), 1.0)]
        return found

    def group(self, fact: Fact | None) -> str:
        """Its most frequent word."""
        if fact is None:
            return MISSING
        return next((word for word in self.words if word in _words(fact)), OTHER)


def _words(fact: Fact | None) -> Sequence[str]:
    return fact if isinstance(fact, list) else []


@dataclass
class NumberEncoder:
    """A straight line that bends at quantiles, over a logarithm: sizes and counts are judged by
    their ratios. Beyond what the sample had, the ends count."""

    unit: float
    low: float
    high: float
    middle: float
    spread: float
    knots: list[float]
    extra: list[str]
    # What is not told is none of it.
    counts: bool = False

    @classmethod
    def learnt(cls, facts: Sequence[Fact | None], *, counts: bool = False) -> "NumberEncoder":
        """Quantiles of a sample."""
        blank = any(fact is None for fact in facts) and not counts
        numbers = sorted(_as_number(fact) for fact in facts if counts or fact is not None)
        sizes = sorted(abs(number) for number in numbers if number)
        unit = max(quantile(sizes, 0.5), _TINY) if sizes else 1.0
        logs = [_log(number, unit) for number in numbers] or [0.0]
        low, high = quantile(logs, _OUTERMOST), quantile(logs, 1 - _OUTERMOST)
        if high <= low:
            low, high = logs[0], logs[-1]
        mean = sum(logs) / len(logs)
        deviation = math.sqrt(sum((log - mean) ** 2 for log in logs) / len(logs))
        deviation = deviation if deviation > _TINY else 1.0
        distinct = sorted({quantile(logs, share) for share in _KNOTS})
        knots = [knot for knot in distinct if low < knot < high]
        extra = [MISSING] if blank else []
        return cls(unit, low, high, mean, deviation, knots, extra, counts)

    @property
    def columns(self) -> list[str]:
        """The line, and each bend of it."""
        bends = [f"above {shown(_number_of(knot, self.unit))}" for knot in self.knots]
        return ["more", *bends, *self.extra]

    def encode(self, fact: Fact | None) -> Row:
        """The line and the bends below the number."""
        if self._is_missing(fact):
            return [(len(self.knots) + 1, 1.0)] if self.extra else []
        log = self._log_of(fact)
        row = [(0, (log - self.middle) / self.spread)]
        bent = self.knots[: bisect_right(self.knots, log)]
        row += [(n, _BEND * (log - knot) / self.spread) for n, knot in enumerate(bent, 1)]
        return row

    def group(self, fact: Fact | None) -> str:
        """Between which bends it lies."""
        if self._is_missing(fact):
            return MISSING
        above = bisect_right(self.knots, self._log_of(fact))
        if above == 0:
            return f"up to {shown(_number_of(self.knots[0], self.unit))}" if self.knots else "all"
        return f"above {shown(_number_of(self.knots[above - 1], self.unit))}"

    def _is_missing(self, fact: Fact | None) -> bool:
        """Also what is no number, as where a field was declared anew with another type."""
        return not self.counts and not isinstance(fact, float | int)

    def _log_of(self, fact: Fact | None) -> float:
        return min(self.high, max(self.low, _log(_as_number(fact), self.unit)))


def _as_number(fact: Fact | None) -> float:
    return float(fact) if isinstance(fact, float | int) else 0.0


def _log(number: float, unit: float) -> float:
    return math.copysign(math.log1p(abs(number) / unit), number)


def _number_of(log: float, unit: float) -> float:
    return math.copysign(math.expm1(abs(log)) * unit, log)


def shown(number: float) -> str:
    """A number for people."""
    return f"{number:.3g}" if abs(number) < 1000 else f"{number:.0f}"


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which this share of ordered values lies, in proportion between two."""
    if not ordered:
        return 0.0
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


_CLASSES: dict[str, type[LevelEncoder] | type[WordsEncoder] | type[NumberEncoder]] = {
    FactKind.LEVEL: LevelEncoder,
    FactKind.WORDS: WordsEncoder,
    FactKind.NUMBER: NumberEncoder,
    FactKind.COUNT: NumberEncoder,
}


def learnt(kind: str, facts: Sequence[Fact | None]) -> Encoder:
    """The encoder of a feature, from a sample of it."""
    if kind == FactKind.LEVEL:
        return LevelEncoder.learnt(facts)
    if kind == FactKind.WORDS:
        return WordsEncoder.learnt(facts)
    return NumberEncoder.learnt(facts, counts=kind == FactKind.COUNT)


def as_document(encoder: Encoder) -> dict[str, Any]:
    """The encoder as JSON."""
    return {name: value for name, value in vars(encoder).items() if not name.startswith("_")}


def from_document(kind: str, document: Mapping[str, Any]) -> Encoder:
    """The encoder that `as_document` told."""
    return _CLASSES[kind](**document)
