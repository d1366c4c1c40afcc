"""Assessments: versions of what is known, and the qualification they add up to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.ripeness.answers import GivenAnswer
from app.domain.ripeness.bant import Criterion
from app.domain.ripeness.frameworks import BANT, Definition
from app.domain.ripeness.qualification_standing import (
    Conflict,
    Expired,
    NextQuestion,
    Standing,
    standing_of,
)
from app.domain.ripeness.verdicts import Contribution, Outcome

__all__ = ["BANT", "Assessment", "NewAssessment", "Qualification", "Shown", "qualification_of"]


@dataclass(frozen=True, kw_only=True)
class NewAssessment:
    """An assessment as somebody tells it: the fields of an answer, or of several, by criterion;
    made now when `assessed_at` is None. `framework` is the workspace's default when None."""

    framework: str | None
    answers: Mapping[Any, Mapping[str, Any] | Sequence[Mapping[str, Any]]]
    note: str | None
    assessed_at: datetime | None
    # Where the answers stand in the body.
    at: str = ""


@dataclass(frozen=True)
class Shown:
    """The answer to a criterion, with the others beside it where there may be several."""

    answer: GivenAnswer
    further: Sequence[GivenAnswer] = ()


def shown(framework: str, answers: Iterable[GivenAnswer]) -> dict[str, Shown | None]:
    """Answers by criterion, the first of each before its others. Of BANT all four are told."""
    found: dict[str, Shown | None] = dict.fromkeys(Criterion) if framework == BANT else {}
    for answer in answers:
        before = found.get(answer.criterion)
        found[answer.criterion] = (
            Shown(answer) if before is None else Shown(before.answer, [*before.further, answer])
        )
    return found


@dataclass(eq=False, kw_only=True)
class Assessment:
    """An assessment as stored, with the verdict that all newest answers came to after it."""

    workspace_id: UUID
    id: UUID
    lead_id: UUID
    framework: str
    framework_id: UUID | None = None
    outcome: str
    score: int
    completeness: int
    note: str | None
    assessed_at: datetime
    recorded_at: datetime
    user_id: UUID | None
    api_key_id: UUID | None
    form_id: UUID | None = None
    submission_id: UUID | None = None
    given: list[GivenAnswer] = field(default_factory=list)

    @property
    def answers(self) -> dict[str, Shown | None]:
        """What it answered, by criterion."""
        return shown(self.framework, self.given)


@dataclass(frozen=True, kw_only=True)
class Qualification:
    """The answers to each criterion that are in force, and what they come to."""

    lead_id: UUID
    framework: str
    framework_number: int | None
    answers: Mapping[str, Shown | None]
    outcome: Outcome
    score: int
    completeness: int
    missing: list[str]
    contributions: list[Contribution]
    reasons: list[str]
    conflicts: list[Conflict]
    expired: list[Expired]
    next_questions: list[NextQuestion]

    @property
    def lead_columns(self) -> dict[str, Any]:
        """What the lead itself shows of it."""
        return {
            "qualification_outcome": self.outcome.value,
            "qualification_score": self.score,
            "qualification_completeness": self.completeness,
        }


def qualification_of(
    lead_id: UUID, definition: Definition, answers: Iterable[GivenAnswer], now: datetime
) -> Qualification:
    """What these answers come to."""
    standing: Standing = standing_of(definition, answers, now)
    return Qualification(
        lead_id=lead_id,
        framework=definition.key,
        framework_number=definition.number,
        answers=shown(definition.key, (a for each in standing.answers.values() for a in each)),
        conflicts=standing.conflicts,
        expired=standing.expired,
        next_questions=standing.next_questions,
        **vars(standing.verdict),
    )
