"""Pairs of records that may be one, what was decided about them, and the groups they form."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.leads.matching import Band, Bands, Record, Score, Signal, Weights
from app.domain.leads.matching_weights import Rates

AUTO_AT = 0.995
REVIEW_AT = 0.2
MOST_MERGED = 20

Pair = tuple[UUID, UUID]


@dataclass(eq=False, kw_only=True)
class MatchingSettings:
    """How a workspace matches. `terms` names, by record, the scan that counted how often values
    come, and how many records there were."""

    workspace_id: UUID
    auto_at: float = AUTO_AT
    review_at: float = REVIEW_AT
    auto_merge: bool = False
    compared_custom: list[str] = field(default_factory=list)
    ignored_fields: list[str] = field(default_factory=list)
    weights: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    prior: float | None = None
    terms: dict[str, Any] = field(default_factory=dict)
    estimate: dict[str, Any] | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 0

    @property
    def bands(self) -> Bands:
        """Where the bands begin."""
        return Bands(auto_at=self.auto_at, review_at=self.review_at)

    def effective_weights(self) -> Weights:
        """The defaults, with what the workspace has put in their place."""
        own = {
            name: {level: Rates(*rates) for level, rates in levels.items()}
            for name, levels in self.weights.items()
        }
        return Weights().changed(own, self.prior)


@dataclass(eq=False, kw_only=True)
class DuplicatePair:
    """Two records that a scan found alike; `first_id` is the smaller id."""

    workspace_id: UUID
    id: UUID
    record: str
    first_id: UUID
    second_id: UUID
    band: str
    probability: float
    prior: float
    signals: list[dict[str, Any]]
    cluster_id: UUID | None
    scan_id: UUID
    found_at: datetime


@dataclass(eq=False, kw_only=True)
class Dismissal:
    """Somebody said that two records are not one; `lead_a` is the smaller id."""

    workspace_id: UUID
    id: UUID
    record: str
    lead_a: UUID
    lead_b: UUID
    reason: str | None
    user_id: UUID | None
    api_key_id: UUID | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Match:
    """A record that may be the one asked about."""

    record: Record
    id: UUID
    summary: Mapping[str, Any]
    band: Band
    score: Score


def pair_of(one: UUID, other: UUID) -> Pair:
    """The two in the order in which they are kept, so that (a, b) is (b, a)."""
    return (one, other) if one < other else (other, one)


def told(signals: Iterable[Signal]) -> list[dict[str, Any]]:
    """Signals as they are kept and shown, the heaviest first."""
    heaviest = sorted(signals, key=lambda s: (-abs(s.weight), s.field))
    return [
        {
            "field": signal.field,
            "level": signal.level,
            "weight": round(signal.weight, 4),
            "rarity": round(signal.rarity, 4),
        }
        for signal in heaviest
    ]


def closure(pairs: Iterable[Pair]) -> list[set[UUID]]:
    """The groups that pairs form together, whatever their order."""
    head: dict[UUID, UUID] = {}

    def head_of(member: UUID) -> UUID:
        top = head.setdefault(member, member)
        while top != head[top]:
            top = head[top]
        while head[member] != top:
            head[member], member = top, head[member]
        return top

    for one, other in pairs:
        first, second = sorted((head_of(one), head_of(other)))
        head[second] = first
    groups: dict[UUID, set[UUID]] = {}
    for member in head:
        groups.setdefault(head_of(member), set()).add(member)
    return sorted(groups.values(), key=min)


def undisputed(
    groups: Iterable[set[UUID]], dismissed: Collection[Pair], most: int = MOST_MERGED
) -> list[set[UUID]]:
    """The groups that may be merged unasked. One in which somebody said of two that they are not
    one is left to people as a whole, or the two would be joined through a third; so is a large
    one, which is more likely a shared key than one person."""
    apart: dict[UUID, set[UUID]] = {}
    for one, other in dismissed:
        apart.setdefault(one, set()).add(other)
    return [
        group
        for group in groups
        if len(group) <= most and not any(apart.get(member, set()) & group for member in group)
    ]


def cluster_ids(groups: Sequence[set[UUID]]) -> dict[UUID, UUID]:
    """The smallest id of its group, for every member."""
    return {member: min(group) for group in groups for member in group}
