"""Precision and recall, pair by pair after transitive closure, by what the service itself runs.

Records are compared as the scan does: those that share a key which not too many have, scored with
the frequencies counted over all of them. What the capture finds out beforehand is done here too: a
number that people of clearly different names give is marked as shared.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations, islice
from typing import Any
from uuid import UUID

from app.adapters.match_features import features_of
from app.adapters.match_keys import kinds_of, name_keys, reach_keys
from app.adapters.similarities import SIMILARITIES
from app.domain.leads.duplicates import MatchingSettings, closure
from app.domain.leads.matching import Band, Features
from app.domain.leads.matching_estimation import Estimate, Lesson, estimate, pattern_of
from app.domain.leads.matching_levels import compare
from app.domain.leads.matching_names import Likeness, compared_names, likeness_of
from app.repositories.leads.match_candidates import MOST_OF_A_KEY
from app.services.leads.match_scoring import Scorer, terms_of
from app.services.leads.matching_estimates import RANDOM_PAIRS, UNTAUGHT
from benchmarks.matching.sets import RecordSet

Pair = tuple[int, int]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LOOKED_AT = 300


@dataclass(frozen=True)
class Figures:
    """What a band and all above it get right."""

    precision: float
    recall: float
    wrong: int


@dataclass(frozen=True)
class Quality:
    """The figures of one set with one set of weights."""

    name: str
    records: int
    true_pairs: int
    compared: int
    found_by_keys: float
    auto: Figures
    review: Figures


def settings_for(records: RecordSet, estimated: Estimate | None = None) -> MatchingSettings:
    """The defaults, with the set's own fields, and the estimated weights if there are any."""
    weights = estimated.rates if estimated else {}
    return MatchingSettings(
        workspace_id=UUID(int=0),
        compared_custom=list(records.custom),
        weights={n: {level: [*r] for level, r in levels.items()} for n, levels in weights.items()},
        created_at=NOW,
        updated_at=NOW,
    )


def measure(records: RecordSet, settings: MatchingSettings, name: str) -> Quality:
    """Compare, score, close, count."""
    features = compared_form(records)
    counts = Counter(term for each in features for term in terms_of(each, records.custom))
    scorer = Scorer(settings, len(features), counts)
    pairs = candidates(features)
    bands: dict[Pair, Band] = {
        (a, b): scorer.band(scorer.score(features[a], features[b])) for a, b in pairs
    }
    truth = [record.truth for record in records.records]
    true_pairs = sum(n * (n - 1) // 2 for n in Counter(truth).values())
    certain = [pair for pair, band in bands.items() if band is Band.AUTO]
    likely = [pair for pair, band in bands.items() if band is not Band.IGNORE]
    return Quality(
        name=name,
        records=len(features),
        true_pairs=true_pairs,
        compared=len(pairs),
        found_by_keys=sum(truth[a] == truth[b] for a, b in pairs) / true_pairs,
        auto=_figures(certain, truth, true_pairs),
        review=_figures(likely, truth, true_pairs),
    )


def compared_form(records: RecordSet) -> list[Features]:
    """Every record's features, with the numbers that are known to be shared."""
    plain = [features_of(record.columns) for record in records.records]
    holders: dict[str, list[Features]] = defaultdict(list)
    for each in plain:
        for phone in each.phones:
            holders[phone].append(each)
    shared = {phone for phone, those in holders.items() if _of_several(those)}
    return [features_of(record.columns, shared=shared) for record in records.records]


def _of_several(holders: Sequence[Features]) -> bool:
    return any(
        likeness_of(list(compared_names(a, b, SIMILARITIES))) is Likeness.APART
        for a, b in islice(combinations(holders, 2), LOOKED_AT)
    )


def candidates(features: Sequence[Features]) -> set[Pair]:
    """Pairs that share a key which not too many have."""
    blocks: dict[int, list[int]] = defaultdict(list)
    for number, each in enumerate(features):
        for key in {*name_keys(each), *reach_keys(each)}:
            blocks[key].append(number)
    return {
        pair
        for block in blocks.values()
        if len(block) <= MOST_OF_A_KEY
        for pair in combinations(block, 2)
    }


def estimated(records: RecordSet) -> Estimate:
    """Weights from the set's own records, without its truth."""
    features = compared_form(records)
    blocks: dict[tuple[str, Any], list[int]] = defaultdict(list)
    for number, each in enumerate(features):
        for kind, keys in kinds_of(each).items():
            for key in keys:
                blocks[kind, key].append(number)
        for box in each.mailboxes:
            blocks["email", box.address].append(number)
        for phone in each.phones:
            blocks["phone", phone].append(number)
    found: dict[str, set[Pair]] = defaultdict(set)
    for (kind, _), block in blocks.items():
        if len(block) <= MOST_OF_A_KEY:
            found[kind] |= set(combinations(block, 2))
    lessons = [_lesson(features, kind, pairs, records.custom) for kind, pairs in found.items()]
    draw = random.Random(0)
    drawn = Counter(
        pattern_of(compare(one, other, SIMILARITIES, records.custom))
        for one, other in (draw.sample(features, 2) for _ in range(RANDOM_PAIRS))
    )
    return estimate(lessons, drawn, settings_for(records).effective_weights())


def _lesson(
    features: Sequence[Features], kind: str, pairs: Iterable[Pair], custom: Sequence[str]
) -> Lesson:
    lesson = Lesson()
    untaught = UNTAUGHT.get(kind, frozenset({kind}))
    for a, b in pairs:
        compared = compare(features[a], features[b], SIMILARITIES, custom)
        if pattern := pattern_of(compared, untaught):
            lesson.patterns[pattern] += 1
    return lesson


def _figures(pairs: Iterable[Pair], truth: Sequence[str], true_pairs: int) -> Figures:
    right = wrong = 0
    for group in closure((UUID(int=a), UUID(int=b)) for a, b in pairs):
        for one, other in combinations(group, 2):
            same = truth[one.int] == truth[other.int]
            right, wrong = right + same, wrong + (not same)
    return Figures(right / (right + wrong or 1), right / true_pairs, wrong)
