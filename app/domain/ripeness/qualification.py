"""The policy that weighs the answers of a lead, and the verdict it comes to."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.domain.ripeness.bant import (
    STANDARDS,
    UNKNOWN,
    Answer,
    AnswerValue,
    Criterion,
    QualificationError,
    newest_answers,
)

__all__ = [
    "Answer",
    "Contribution",
    "Criterion",
    "Outcome",
    "PolicyError",
    "QualificationPolicy",
    "Verdict",
    "assess",
    "newest_answers",
]


class Outcome(StrEnum):
    """The verdict on a lead."""

    QUALIFIED = "qualified"
    NOT_YET = "not_yet"
    DISQUALIFIED = "disqualified"


class PolicyError(QualificationError):
    """The policy contradicts itself."""


def _standard_knock_outs() -> dict[Criterion, frozenset[str]]:
    return {
        criterion: frozenset(value for value, standard in standards.items() if standard.knock_out)
        for criterion, standards in STANDARDS.items()
    }


@dataclass(frozen=True, kw_only=True)
class QualificationPolicy:
    """How a workspace weighs the answers.

    `points` overrides the standard of single answers; `knock_outs`, when given, is the whole list.
    """

    weights: Mapping[Criterion, int] = field(default_factory=lambda: dict.fromkeys(Criterion, 25))
    qualified_at: int = 70
    disqualified_below: int = 0
    required: Collection[Criterion] = tuple(Criterion)
    points: Mapping[Criterion, Mapping[str, int]] = field(default_factory=dict)
    knock_outs: Mapping[Criterion, Collection[str]] = field(default_factory=_standard_knock_outs)

    def __post_init__(self) -> None:
        if problems := list(_policy_problems(self)):
            raise PolicyError(problems)

    def points_of(self, answer: Answer) -> int:
        standard = STANDARDS[answer.criterion][answer.answer].points
        return self.points.get(answer.criterion, {}).get(answer.answer, standard)

    def is_knock_out(self, answer: Answer) -> bool:
        return answer.answer in self.knock_outs.get(answer.criterion, ())


_ALL = ", ".join(Criterion)


def _policy_problems(policy: QualificationPolicy) -> Iterable[tuple[str, str]]:
    yield from _criterion_problems("weights", policy.weights)
    yield from (("/weights/" + c, "is missing") for c in Criterion if c not in policy.weights)
    for criterion, weight in policy.weights.items():
        if type(weight) is not int or weight < 0:
            yield f"/weights/{criterion}", "must be a whole number, 0 or more"
    if not any(policy.weights.values()):
        yield "/weights", "at least one weight must be more than 0"
    if not _is_whole(policy.qualified_at, 1, 100):
        yield "/qualified_at", "must be a whole number from 1 to 100"
    elif not _is_whole(policy.disqualified_below, 0, policy.qualified_at):
        yield "/disqualified_below", "must be a whole number from 0 to qualified_at"
    for criterion in policy.required:
        if criterion not in STANDARDS:
            yield "/required", f"{criterion} is not one of: {_ALL}"
    yield from _points_problems(policy.points)
    yield from _criterion_problems("knock_outs", policy.knock_outs)
    for criterion, values in policy.knock_outs.items():
        for value in values:
            if problem := _value_problem(criterion, value):
                yield f"/knock_outs/{criterion}", problem


def _points_problems(
    points: Mapping[Criterion, Mapping[str, int]],
) -> Iterable[tuple[str, str]]:
    yield from _criterion_problems("points", points)
    for criterion, overrides in points.items():
        for value, number in overrides.items():
            pointer = f"/points/{criterion}/{value}"
            if problem := _value_problem(criterion, value):
                yield pointer, problem
            if not _is_whole(number, 0, 100):
                yield pointer, "must be a whole number from 0 to 100"


def _is_whole(number: object, low: int, high: int) -> bool:
    # `type`, not isinstance: in JSON `true` is no number.
    return type(number) is int and low <= number <= high


def _criterion_problems(name: str, criteria: Iterable[str]) -> Iterable[tuple[str, str]]:
    for criterion in criteria:
        if criterion not in STANDARDS:
            yield f"/{name}/{criterion}", f"is not one of: {_ALL}"


def _value_problem(criterion: Criterion, value: str) -> str | None:
    if value == UNKNOWN:
        return "unknown has no points and is no knock-out"
    if criterion in STANDARDS and value not in STANDARDS[criterion]:
        return f"{value} is no answer to {criterion}"
    return None


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """What one criterion brought: `share` of the score; the shares add up to it."""

    criterion: Criterion
    answer: AnswerValue | None
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
    missing: list[Criterion]
    contributions: list[Contribution]
    reasons: list[str]


def assess(answers: Mapping[Criterion, Answer], policy: QualificationPolicy) -> Verdict:
    """The verdict on what is known.

    An answer brings weight x points x confidence; what is not known brings nothing while its
    weight still counts, so an answer more never lowers the score. A knock-out counts at any
    confidence. A low score disqualifies only when all that counts is known: a lead that nobody
    has asked yet has a low score too.
    """
    known = {criterion: answer for criterion, answer in answers.items() if answer.is_known}
    contributions = _contributions(known, policy)
    score = sum(contribution.share for contribution in contributions)
    # Rounded down: 100 means that nothing is missing.
    completeness = (
        100 * sum(policy.weights[criterion] for criterion in known) // sum(policy.weights.values())
    )
    missing = [c for c in Criterion if c in policy.required and c not in known]
    knock_outs = [c for c in Criterion if c in known and policy.is_knock_out(known[c])]

    reasons = [f"{c}: {known[c].answer} is a knock-out" for c in knock_outs]
    reasons += [f"{c}: not known yet" for c in missing]
    if score >= policy.qualified_at:
        reasons.append(f"score {score} reaches {policy.qualified_at}")
    else:
        reasons.append(f"score {score} is below {policy.qualified_at}")

    if knock_outs:
        outcome = Outcome.DISQUALIFIED
    elif completeness == 100 and score < policy.disqualified_below:
        outcome = Outcome.DISQUALIFIED
        reasons.append(f"score {score} is below {policy.disqualified_below}, which disqualifies")
    elif score >= policy.qualified_at and not missing:
        outcome = Outcome.QUALIFIED
    else:
        outcome = Outcome.NOT_YET
    return Verdict(
        outcome=outcome,
        score=score,
        completeness=completeness,
        missing=missing,
        contributions=contributions,
        reasons=reasons,
    )


def _contributions(
    known: Mapping[Criterion, Answer], policy: QualificationPolicy
) -> list[Contribution]:
    total = 100 * sum(policy.weights.values())
    contributions = []
    earned = 0
    for criterion in Criterion:
        answer = known.get(criterion)
        weight = policy.weights[criterion]
        points = policy.points_of(answer) if answer else 0
        confidence = answer.confidence if answer else 0
        before = _round_half_up(earned, total)
        earned += weight * points * confidence
        contributions.append(
            Contribution(
                criterion=criterion,
                answer=answer.answer if answer else None,
                weight=weight,
                points=points,
                confidence=confidence,
                # Of two rounded sums, so that the shares add up to the rounded score.
                share=_round_half_up(earned, total) - before,
            )
        )
    return contributions


def _round_half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)
