"""The verdict of a framework on what is known, and how it came about."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.ripeness.answers import GivenAnswer
from app.domain.ripeness.frameworks import (
    AnswerKind,
    ConflictRule,
    Definition,
    FrameworkCriterion,
)

# What an answer in one's own words counts: that it is known is all that can be judged.
FREE_POINTS = 100


class Outcome(StrEnum):
    """The verdict on a lead."""

    QUALIFIED = "qualified"
    NOT_YET = "not_yet"
    DISQUALIFIED = "disqualified"


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """What one criterion brought: `share` of the score; the shares add up to it."""

    criterion: str
    answer: str | None
    weight: int
    points: int
    confidence: int
    share: int


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome and how it came about."""

    outcome: Outcome
    score: int
    completeness: int
    missing: list[str]
    contributions: list[Contribution]
    reasons: list[str]


def points_of(criterion: FrameworkCriterion, answer: GivenAnswer) -> int:
    """What a known answer is worth, 0 to 100."""
    if criterion.kind is not AnswerKind.CHOICE:
        return FREE_POINTS
    return criterion.by_value[answer.answer].points


def is_knock_out(criterion: FrameworkCriterion, answer: GivenAnswer) -> bool:
    """Whether a known answer disqualifies by itself."""
    option = criterion.by_value.get(answer.answer)
    return option is not None and option.knock_out


def weigh(
    definition: Definition,
    known: Mapping[str, GivenAnswer],
    disputed: Collection[str] = (),
) -> Verdict:
    """The verdict on the known answer to each criterion.

    An answer brings weight x points x confidence; what is not known brings nothing while its
    weight still counts, so an answer more never lowers the score. A knock-out counts at any
    confidence. A low score disqualifies only when all that counts is known: a lead that nobody
    has asked yet has a low score too.
    """
    criteria = definition.criteria
    contributions = _contributions(definition, known)
    score = sum(contribution.share for contribution in contributions)
    # Rounded down: 100 means that nothing is missing.
    weighed = sum(c.weight for c in criteria if c.key in known)
    completeness = 100 * weighed // sum(c.weight for c in criteria)
    missing = [key for key in definition.required if key not in known]
    knock_outs = [c.key for c in criteria if c.key in known and is_knock_out(c, known[c.key])]
    holds = definition.conflicts is ConflictRule.HOLD
    held = [c.key for c in criteria if holds and c.key in disputed]

    reasons = [f"{key}: {known[key].answer} is a knock-out" for key in knock_outs]
    reasons += [f"{key}: not known yet" for key in missing]
    reasons += [f"{key}: the answers contradict each other" for key in held]
    reaches = score >= definition.qualified_at
    reasons.append(
        f"score {score} {'reaches' if reaches else 'is below'} {definition.qualified_at}"
    )
    outcome = Outcome.NOT_YET
    if knock_outs:
        outcome = Outcome.DISQUALIFIED
    elif completeness == 100 and score < definition.disqualified_below:
        outcome = Outcome.DISQUALIFIED
        limit = definition.disqualified_below
        reasons.append(f"score {score} is below {limit}, which disqualifies")
    elif reaches and not missing and not held:
        outcome = Outcome.QUALIFIED
    return Verdict(
        outcome=outcome,
        score=score,
        completeness=completeness,
        missing=missing,
        contributions=contributions,
        reasons=reasons,
    )


def _contributions(definition: Definition, known: Mapping[str, GivenAnswer]) -> list[Contribution]:
    total = 100 * sum(criterion.weight for criterion in definition.criteria)
    contributions = []
    earned = 0
    for criterion in definition.criteria:
        answer = known.get(criterion.key)
        points = points_of(criterion, answer) if answer else 0
        confidence = answer.confidence if answer else 0
        before = _round_half_up(earned, total)
        earned += criterion.weight * points * confidence
        contributions.append(
            Contribution(
                criterion=criterion.key,
                answer=answer.answer if answer else None,
                weight=criterion.weight,
                points=points,
                confidence=confidence,
                # Of two rounded sums, so that the shares add up to the rounded score.
                share=_round_half_up(earned, total) - before,
            )
        )
    return contributions


def _round_half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)
