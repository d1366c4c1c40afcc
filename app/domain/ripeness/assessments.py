"""Assessments: versions of what is known, and the qualification they add up to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.ripeness.bant import Answer, Criterion
from app.domain.ripeness.qualification import (
    Contribution,
    Outcome,
    QualificationPolicy,
    assess,
)

BANT = "bant"


@dataclass(frozen=True, kw_only=True)
class NewAssessment:
    """An assessment as somebody tells it: fields of `Answer` by criterion; made now when
    `assessed_at` is None."""

    framework: str
    answers: Mapping[Criterion, Mapping[str, Any]]
    note: str | None
    assessed_at: datetime | None


@dataclass(eq=False, kw_only=True)
class Assessment:
    """An assessment as stored, with the verdict that all newest answers came to after it."""

    workspace_id: UUID
    id: UUID
    lead_id: UUID
    framework: str
    outcome: str
    score: int
    completeness: int
    note: str | None
    assessed_at: datetime
    recorded_at: datetime
    user_id: UUID | None
    api_key_id: UUID | None
    answers: dict[Criterion, Answer] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Qualification:
    """The newest answer to each criterion, and what they come to under a policy."""

    lead_id: UUID
    framework: str
    answers: Mapping[Criterion, Answer]
    outcome: Outcome
    score: int
    completeness: int
    missing: list[Criterion]
    contributions: list[Contribution]
    reasons: list[str]

    @property
    def lead_columns(self) -> dict[str, Any]:
        """What the lead itself shows of it."""
        return {
            "qualification_outcome": self.outcome.value,
            "qualification_score": self.score,
            "qualification_completeness": self.completeness,
        }


def qualification_of(
    lead_id: UUID, answers: Mapping[Criterion, Answer], policy: QualificationPolicy
) -> Qualification:
    """The verdict on these answers."""
    verdict = assess(answers, policy)
    return Qualification(lead_id=lead_id, framework=BANT, answers=answers, **vars(verdict))
