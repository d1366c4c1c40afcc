"""BANT's policy: how a workspace weighs the four answers, and the framework that it makes."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from app.domain.ripeness.bant import (
    QUESTIONS,
    STANDARDS,
    UNKNOWN,
    Answer,
    Criterion,
    QualificationError,
    newest_answers,
)
from app.domain.ripeness.frameworks import BANT, Definition, FrameworkCriterion, Option
from app.domain.ripeness.verdicts import Contribution, Outcome, Verdict, weigh

__all__ = [
    "Answer",
    "Contribution",
    "Criterion",
    "Outcome",
    "PolicyError",
    "QualificationPolicy",
    "Verdict",
    "assess",
    "definition_of",
    "newest_answers",
]


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


def definition_of(policy: QualificationPolicy) -> Definition:
    """BANT as a framework, weighed as the policy says."""
    return Definition(
        key=BANT,
        name="BANT",
        criteria=tuple(_weighed(criterion, policy) for criterion in Criterion),
        qualified_at=policy.qualified_at,
        disqualified_below=policy.disqualified_below,
    )


def _weighed(criterion: Criterion, policy: QualificationPolicy) -> FrameworkCriterion:
    points = policy.points.get(criterion, {})
    knock_outs = policy.knock_outs.get(criterion, ())
    return FrameworkCriterion(
        key=criterion.value,
        label=criterion.capitalize(),
        question=QUESTIONS[criterion],
        weight=policy.weights[criterion],
        required=criterion in policy.required,
        answers=tuple(
            Option(
                value=str(value),
                label=standard.meaning,
                points=points.get(value, standard.points),
                knock_out=value in knock_outs,
            )
            for value, standard in STANDARDS[criterion].items()
            if value != UNKNOWN
        ),
    )


def assess(answers: Mapping[Criterion, Answer], policy: QualificationPolicy) -> Verdict:
    """The verdict on what is known, by the rules of every framework; see `weigh`."""
    known = {criterion.value: a for criterion, a in answers.items() if a.is_known}
    return weigh(definition_of(policy), known)
