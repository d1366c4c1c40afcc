"""Which value survives when two leads are one person.

What only means something together survives together: an address is never made of two. Blanks are
filled from the loser whatever the rule; a tie goes to the winner.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.domain.leads.field_history import ValueOrigin
from app.domain.leads.merge_rules import (
    CUSTOM,
    PARTS,
    STAGE,
    STATUS,
    FieldRule,
    Part,
    Rule,
    rule_for,
)
from app.domain.leads.status import Status, further
from app.domain.reach.events import CauseKind

LONGEST_TEXT = 20_000


class Kept(StrEnum):
    """Whose value it is that survives."""

    WINNER = "winner"
    LOSER = "loser"
    BOTH = "both"


# A lead that is open is worked on, also when a record of the same person was given up before.
_HOW_FAR = {
    status: rank
    for rank, status in enumerate(
        (
            Status.DISQUALIFIED,
            Status.NEW,
            Status.NURTURING,
            Status.WORKING,
            Status.QUALIFIED,
            Status.CONVERTED,
        )
    )
}


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two leads: its columns, where its values come from, and which keys were verified.

    `origins` holds custom fields as `custom.<key>`; what is missing in it is of unknown age and
    source.
    """

    columns: Mapping[str, Any]
    origins: Mapping[str, ValueOrigin] = field(default_factory=dict)
    verified: frozenset[str] = frozenset()

    def values(self, part: Part) -> dict[str, Any]:
        """The part's values; a custom field is named by its key."""
        if part.name.startswith(CUSTOM):
            key = part.name.removeprefix(CUSTOM)
            return {part.name: (self.columns.get("custom") or {}).get(key)}
        return {name: self.columns.get(name) for name in part.columns}


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One part of both leads, what survives of it, and why."""

    part: str
    winner: dict[str, Any]
    loser: dict[str, Any]
    survivor: dict[str, Any]
    kept: Kept
    rule: Rule
    reason: str


def survivors(winner: Side, loser: Side, rules: Mapping[str, FieldRule]) -> list[Decision]:
    """A decision for each part that either lead has anything of."""
    parts = [*PARTS.values(), *_custom_parts(winner, loser)]
    decided = [_decide(part, winner, loser, rule_for(part, rules)) for part in parts]
    found = [decision for decision in decided if decision is not None]
    return [*found, furthest_status(winner, loser), furthest_stage(winner, loser)]


def columns_after(winner: Mapping[str, Any], decisions: Sequence[Decision]) -> dict[str, Any]:
    """The winner's columns once the decisions are carried out."""
    after = dict(winner)
    custom = dict(winner.get("custom") or {})
    for decision in decisions:
        for name, value in decision.survivor.items():
            if name.startswith(CUSTOM):
                custom[name.removeprefix(CUSTOM)] = value
            else:
                after[name] = value
    return after | {"custom": {key: v for key, v in custom.items() if v is not None}}


def furthest_status(winner: Side, loser: Side) -> Decision:
    """The status that is furthest, with the reasons that belong to it."""
    one, other = winner.values(STATUS), loser.values(STATUS)
    loses = _HOW_FAR[Status(one["status"])] < _HOW_FAR[Status(other["status"])]
    return Decision(
        part=STATUS.name,
        winner=one,
        loser=other,
        survivor=other if loses else one,
        kept=Kept.LOSER if loses else Kept.WINNER,
        rule=Rule.FURTHEST,
        reason="the one that came furthest; an open lead before one that was given up",
    )


def furthest_stage(winner: Side, loser: Side) -> Decision:
    """The furthest lifecycle stage, and of each instant the earliest."""
    one, other = winner.values(STAGE), loser.values(STAGE)
    loses = further(one["lifecycle_stage"], other["lifecycle_stage"])
    instants = {
        name: min((side[name] for side in (one, other) if side[name]), default=None)
        for name in STAGE.forms
    }
    stage = (other if loses else one)["lifecycle_stage"]
    return Decision(
        part=STAGE.name,
        winner=one,
        loser=other,
        survivor={"lifecycle_stage": stage, **instants},
        kept=Kept.LOSER if loses else Kept.WINNER,
        rule=Rule.FURTHEST,
        reason="the furthest stage, and when each was reached first",
    )


def _custom_parts(winner: Side, loser: Side) -> list[Part]:
    keys = {**(winner.columns.get("custom") or {}), **(loser.columns.get("custom") or {})}
    return [Part(f"{CUSTOM}{key}", (f"{CUSTOM}{key}",)) for key in sorted(keys)]


def _decide(part: Part, winner: Side, loser: Side, rule: FieldRule) -> Decision | None:
    one, other = winner.values(part), loser.values(part)
    mine, theirs = _told(part, one), _told(part, other)
    if not mine and not theirs:
        return None
    kept, reason = Kept.WINNER, ""
    if not theirs:
        reason = "the loser has none"
    elif not mine:
        kept, reason = Kept.LOSER, "the winner has none"
    elif _agree(mine, theirs):
        kept = Kept.LOSER if len(theirs) > len(mine) else Kept.WINNER
        reason = "both say the same" if len(mine) == len(theirs) else "both agree, one says more"
    elif rule.rule is Rule.JOIN:
        return _joined(part, one, other)
    else:
        kept, reason = _by_rule(part, winner, loser, rule)
    survivor = other if kept is Kept.LOSER else one
    return Decision(
        part=part.name,
        winner=one,
        loser=other,
        survivor=survivor,
        kept=kept,
        rule=rule.rule,
        reason=reason,
    )


def _by_rule(part: Part, winner: Side, loser: Side, rule: FieldRule) -> tuple[Kept, str]:
    mine = _weight(part, winner, rule)
    theirs = _weight(part, loser, rule)
    if mine == theirs:
        tie = "the winner's value" if rule.rule is Rule.WINNER else f"a tie by {rule.rule}"
        return Kept.WINNER, tie
    return (Kept.LOSER if theirs > mine else Kept.WINNER), _REASONS[rule.rule]


_REASONS = {
    Rule.NEWEST: "the newer value",
    Rule.LONGEST: "the longer value",
    Rule.FULLEST: "the one with more parts told",
    Rule.VERIFIED_FIRST: "the one that was verified",
    Rule.SOURCE_PRIORITY: "the source that is trusted more",
}


def _weight(part: Part, side: Side, rule: FieldRule) -> float:
    """How much speaks for a side's value; only compared with the other side's."""
    told = _told(part, side.values(part))
    match rule.rule:
        case Rule.NEWEST:
            known = [o.at.timestamp() for name in told if (o := side.origins.get(name))]
            return max(known, default=float("-inf"))
        case Rule.LONGEST:
            return sum(len(str(value)) for value in told.values())
        case Rule.FULLEST:
            return len(told)
        case Rule.VERIFIED_FIRST:
            return float(part.name in side.verified)
        case Rule.SOURCE_PRIORITY:
            origins = [o for name in told if (o := side.origins.get(name))]
            return -min((_rank(o, rule.sources) for o in origins), default=len(rule.sources))
        case _:
            return 0.0


def _rank(origin: ValueOrigin, sources: Sequence[str]) -> int:
    """The place of a source in the list, known by its kind or its name; behind all if unlisted."""
    places = [n for n, source in enumerate(sources) if source in (origin.source, origin.name)]
    return min(places, default=len(sources))


def _joined(part: Part, one: dict[str, Any], other: dict[str, Any]) -> Decision:
    name = part.fields[0]
    mine, theirs = str(one[name]), str(other[name])
    text, kept, reason = f"{mine}\n\n{theirs}", Kept.BOTH, "both texts, the winner's first"
    if theirs.strip() in mine:
        text, kept, reason = mine, Kept.WINNER, "the winner's text holds the loser's"
    elif mine.strip() in theirs:
        text, kept, reason = theirs, Kept.LOSER, "the loser's text holds the winner's"
    elif len(text) > LONGEST_TEXT:
        text, kept, reason = mine, Kept.WINNER, "both together are too long for one field"
    return Decision(
        part=part.name,
        winner=one,
        loser=other,
        survivor={name: text},
        kept=kept,
        rule=Rule.JOIN,
        reason=reason,
    )


def _told(part: Part, values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a part that say something."""
    return {name: values[name] for name in part.fields if not is_blank(values[name])}


def _agree(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether the shorter says nothing that the longer does not say as well."""
    small, large = sorted((one, other), key=len)
    return all(name in large and _folded(large[name]) == _folded(small[name]) for name in small)


def traced(
    lead_id: UUID,
    origins: Mapping[UUID, Mapping[str, ValueOrigin]],
    losers: Mapping[UUID, UUID],
) -> dict[str, ValueOrigin]:
    """Where a lead's values come from, through the merges that brought them; `losers` by merge."""

    def back(name: str, origin: ValueOrigin) -> ValueOrigin:
        for _ in range(len(losers)):
            loser = losers.get(origin.cause_id) if origin.cause_id else None
            found = origins.get(loser, {}).get(name) if loser else None
            if origin.source != CauseKind.MERGE or found is None:
                break
            origin = found
        return origin

    return {name: back(name, origin) for name, origin in origins.get(lead_id, {}).items()}


def is_blank(value: Any) -> bool:
    """Whether a value says nothing."""
    return value is None or value in ([], {}) or (isinstance(value, str) and not value.strip())


def _folded(value: Any) -> Any:
    return " ".join(value.casefold().split()) if isinstance(value, str) else value
