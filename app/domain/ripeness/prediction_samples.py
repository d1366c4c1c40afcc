"""What a model is learnt from: the facts of leads with a verdict, without those that give it away.

A fact that all but says the verdict was in all likelihood filled in because of it. Where the moment
at which a value was told is known, the snapshot has dealt with that; of leads that were brought in
with their past, nobody knows it, and only the figures show it.
"""

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.domain.ripeness.prediction import named_by
from app.domain.ripeness.prediction_encoding import learnt, least_often
from app.domain.ripeness.prediction_facts import KNOWN, Fact, FactKind, Facts
from app.domain.ripeness.score_quality import auc

FOLDS = 5
# A single feature that tells converted from disqualified leads as well as this knows too much: by
# its value, or by whether it is there at all. Less is believed of what was brought in.
VALUE_AT, BROUGHT_VALUE_AT = 0.95, 0.85
PRESENCE_AT, BROUGHT_PRESENCE_AT = 0.85, 0.80
# A custom field that hardly anybody but converted leads has, or hardly anybody but the others.
PURE_AT, PURE_UP_TO_RATE, PURE_BELOW = 0.9, 0.6, 1 / 6
# Where it can be known: most of its values were told only after the moment.
LATE_AT = 0.5
LEAST = 20
_MOST_OF_TOUCHES = 60
_ALL_TOUCHES = frozenset(("touches.count", "touches.days", "touches.decayed", "touches.recency"))


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Looks at leads with a verdict, in a fixed order: those at one `lead` follow each other, the
    last is the one closest to its verdict. `created` are seconds, `late` names the facts that were
    told only after the look, `kinds` are those of the facts."""

    facts: Sequence[Facts]
    converted: Sequence[bool]
    lead: Sequence[int]
    created: Sequence[float]
    back_filled: Sequence[bool]
    late: Sequence[Sequence[str]]
    kinds: dict[str, str]

    def last_looks(self) -> list[int]:
        """The place of the last look at each lead."""
        return sorted({lead: place for place, lead in enumerate(self.lead)}.values())


@dataclass(frozen=True, kw_only=True)
class Leak:
    """A feature that knows too much: by its `value`, its `presence`, because hardly anybody of one
    kind has it (`purity`), or because it is mostly told `late`. `figure` is the area under the
    curve, the rate of conversion, or the share told late."""

    feature: str
    reason: str
    figure: float
    threshold: float
    used: bool = False


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The features to learn from, and why others are not."""

    names: list[str]
    leaks: list[Leak]
    left_out: list[dict[str, Any]]


def choose(sample: Sample, exclude: Collection[str], include: Collection[str]) -> Chosen:
    """The features worth learning from."""
    excluded, included = frozenset(exclude), frozenset(include)
    parts = _parts(sample)
    names: list[str] = []
    leaks: list[Leak] = []
    left_out: list[dict[str, Any]] = []
    for name in sorted(_candidates(sample), key=lambda name: (name not in _ALL_TOUCHES, name)):
        used = named_by(name, included)
        if reason := _left_out(sample, name, excluded, leaks, used=used):
            left_out.append({"feature": name, "reason": reason})
        elif found := leak_of(parts, name, sample.kinds[name]):
            leaks.append(replace(found, used=used))
            names += [name] if used else []
        else:
            names.append(name)
    return Chosen(names=sorted(names), leaks=leaks, left_out=left_out)


def _left_out(
    sample: Sample, name: str, excluded: frozenset[str], leaks: Sequence[Leak], *, used: bool
) -> str | None:
    if named_by(name, excluded):
        return "excluded"
    first = sample.facts[0].get(name)
    if all(facts.get(name) == first for facts in sample.facts):
        return "no_variation"
    of_touches = name.startswith(("touches.", "first_touch.")) and not used
    if of_touches and any(leak.feature in _ALL_TOUCHES for leak in leaks):
        # Not one kind of touch, but whether they were told of at all, gives it away.
        return "touches_leak"
    return None


@dataclass(frozen=True, kw_only=True)
class _Part:
    """The last looks at leads whose past was seen here, or at those that were brought in with it:
    each by itself, for what one part gives away may drown in the other."""

    facts: Sequence[Facts]
    converted: Sequence[bool]
    late: Sequence[Sequence[str]]
    brought: bool

    @property
    def rate(self) -> float:
        """The share that was converted."""
        return sum(self.converted) / len(self.converted)


def _parts(sample: Sample) -> list[_Part]:
    found, one_sided = [], False
    last = sample.last_looks()
    for brought in (False, True):
        part = _part(sample, [n for n in last if sample.back_filled[n] == brought], brought=brought)
        enough = min(sum(part.converted), len(part.converted) - sum(part.converted)) >= LEAST
        found += [part] if enough else []
        one_sided = one_sided or (not enough and len(part.converted) >= LEAST)
    if one_sided:
        # By itself it tells nothing, as where only the converted leads were brought in.
        found.append(_part(sample, last, brought=True))
    return found


def _part(sample: Sample, places: Sequence[int], *, brought: bool) -> _Part:
    return _Part(
        facts=[sample.facts[n] for n in places],
        converted=[sample.converted[n] for n in places],
        late=[sample.late[n] for n in places],
        brought=brought,
    )


def _candidates(sample: Sample) -> list[str]:
    """Every fact that enough leads have; of kinds and channels of touches the most frequent."""
    counts = Counter(name for facts in sample.facts for name in facts if name != KNOWN)
    least = least_often(len(sample.facts))
    frequent = {name for name, count in counts.items() if count >= least}
    touched = [name for name in frequent if sample.kinds[name] == FactKind.COUNT]
    touched.sort(key=lambda name: (-counts[name], name))
    return sorted(frequent - set(touched[_MOST_OF_TOUCHES:]))


def leak_of(parts: Sequence[_Part], name: str, kind: str) -> Leak | None:
    """Whether a feature knows too much in any part."""
    for part in parts:
        column = [facts.get(name) for facts in part.facts]
        found = _told_late(part, name, column)
        # That nothing happened is no value that somebody left out.
        if found is None and kind != FactKind.COUNT and any(fact is None for fact in column):
            found = _presence(part, name, column) or _purity(part, name, column)
        if found := found or _value(part, name, kind, column):
            return found
    return None


def _told_late(part: _Part, name: str, column: Sequence[Fact | None]) -> Leak | None:
    if part.brought:
        return None
    late = sum(name in names for names in part.late)
    early = sum(fact is not None for fact in column)
    if late < LEAST or late / (late + early) < LATE_AT:
        return None
    return Leak(feature=name, reason="late", figure=late / (late + early), threshold=LATE_AT)


def _value(part: _Part, name: str, kind: str, column: Sequence[Fact | None]) -> Leak | None:
    threshold = BROUGHT_VALUE_AT if part.brought else VALUE_AT
    found = alone(kind, column, part.converted)
    if found < threshold:
        return None
    return Leak(feature=name, reason="value", figure=found, threshold=threshold)


def _presence(part: _Part, name: str, column: Sequence[Fact | None]) -> Leak | None:
    threshold = BROUGHT_PRESENCE_AT if part.brought else PRESENCE_AT
    area = auc([float(fact is not None) for fact in column], part.converted) or 0.5
    if max(area, 1 - area) < threshold:
        return None
    return Leak(feature=name, reason="presence", figure=max(area, 1 - area), threshold=threshold)


def _purity(part: _Part, name: str, column: Sequence[Fact | None]) -> Leak | None:
    having = [won for fact, won in zip(column, part.converted, strict=True) if fact is not None]
    if len(having) < LEAST or not name.startswith("custom."):
        return None
    low, high = _wilson(sum(having), len(having))
    threshold = part.rate * PURE_BELOW
    if high <= threshold or (low >= PURE_AT and part.rate <= PURE_UP_TO_RATE):
        figure = sum(having) / len(having)
        passed = threshold if high <= threshold else PURE_AT
        return Leak(feature=name, reason="purity", figure=figure, threshold=passed)
    return None


def _wilson(hits: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """The interval in which a rate lies in 95 of 100 cases (Wilson 1927)."""
    rate, share = hits / count, z * z / count
    middle = (rate + share / 2) / (1 + share)
    half = z / (1 + share) * math.sqrt(rate * (1 - rate) / count + share / (4 * count))
    return middle - half, middle + half


def alone(kind: str, column: Sequence[Fact | None], converted: Sequence[bool]) -> float:
    """The area under the curve of one feature by itself: each lead gets the rate of the others in
    the same part of the distribution, drawn towards the overall rate where these are few."""
    encoder = learnt(kind, column)
    groups = [encoder.group(fact) for fact in column]
    overall = sum(converted) / len(converted)
    scores = [0.0] * len(column)
    for fold in range(FOLDS):
        seen: Counter[str] = Counter()
        won: Counter[str] = Counter()
        for place, group in enumerate(groups):
            if place % FOLDS != fold:
                seen[group] += 1
                won[group] += converted[place]
        for place in range(fold, len(groups), FOLDS):
            group = groups[place]
            scores[place] = (won[group] + 5 * overall) / (seen[group] + 5)
    return auc(scores, converted) or 0.5
