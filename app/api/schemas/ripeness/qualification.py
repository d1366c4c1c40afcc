"""Qualification over the wire."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import model_validator

from app.api.schemas.fields import Body, Line, Paragraph, Read, Token, about, optional
from app.api.schemas.leads.overriding import Overriding
from app.api.schemas.ripeness.assessments import AnswerRead, AnswersRead, AssessmentRead
from app.api.schemas.ripeness.frameworks import AnswerOptionRead
from app.domain.leads.status import Status
from app.domain.ripeness.frameworks import AnswerKind
from app.domain.ripeness.qualification_standing import NextQuestion
from app.domain.ripeness.verdicts import Outcome

AN_ID = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"


class ContributionRead(Read):
    """What one criterion brought."""

    criterion: str = about("The criterion.", "budget")
    answer: str | None = about("The newest answer; null when it is not known.", "allocated")
    weight: int = about("How much the criterion counts.", 25)
    points: int = about("What the answer is worth, 0 to 100.", 80)
    confidence: int = about("How sure one is, 0 to 100.", 100)
    share: int = about("What it brought to the score; the shares add up to it.", 20)


class ConflictRead(Read):
    """A criterion with one answer, of which people say different things."""

    criterion: str = about("The criterion.", "economic_buyer")
    answers: list[AnswerRead] = about("The newest word of each, newest first.")


class ExpiredRead(Read):
    """A criterion whose answer is too old to count."""

    criterion: str = about("The criterion.", "decision_process")
    answered_at: datetime = about("When it was found out.", "2026-03-02T09:30:00Z")
    expired_at: datetime = about("Until when it counted.", "2026-05-31T09:30:00Z")


class NextQuestionRead(Read):
    """What to ask next."""

    criterion: str = about("The criterion.", "economic_buyer")
    label: str = about("What people call it.", "Economic buyer")
    question: str = about("What to ask.", "Who can spend this money?")
    help: str | None = about("How to ask it, or what counts.", "One person; say the name.")
    kind: AnswerKind = about("How it is answered.", "choice")
    answers: list[AnswerOptionRead] = about("The answers to choose from.")
    weight: int = about("How much it counts.", 20)
    required: bool = about("Whether it has to be known.", example=True)
    reason: Literal["unknown", "expired", "conflict"] = about("Why it is open.", "unknown")

    @model_validator(mode="before")
    @classmethod
    def _asked(cls, question: Any) -> Any:
        if not isinstance(question, NextQuestion):
            return question
        asked = question.criterion
        names = ("label", "question", "help", "kind", "answers", "weight", "required")
        told = {name: getattr(asked, name) for name in names}
        return told | {"criterion": asked.key, "reason": question.reason}


class QualificationRead(Read):
    """The answers that are in force, and what they come to in the version that is published."""

    lead_id: UUID = about("The lead.", AN_ID)
    framework: str = about("The framework.", "bant")
    framework_number: int | None = about(
        "The number of the version in force; null for BANT, which is built in.", 2
    )
    answers: AnswersRead = about("The newest answer to each criterion.")
    outcome: Outcome = about("The verdict.", "not_yet")
    score: int = about("0 to 100.", 62)
    completeness: int = about("0 to 100: how much of what counts is known.", 75)
    missing: list[str] = about("Criteria that have to be known and are not.", ["timeline"])
    contributions: list[ContributionRead] = about("What each criterion brought.")
    reasons: list[str] = about(
        "Why the verdict is what it is, for people.", ["timeline: not known yet"]
    )
    conflicts: list[ConflictRead] = about("Where people contradict each other.")
    expired: list[ExpiredRead] = about("Answers that are too old to count.")
    next_questions: list[NextQuestionRead] = about("What to ask next, the weightiest first.")


class AssessmentCreated(Read):
    """The assessment as stored, and the lead's qualification since."""

    assessment: AssessmentRead = about("The assessment.")
    qualification: QualificationRead = about("The lead's qualification since.")


class LeadQualify(Body):
    """Why to qualify a lead whatever the verdict says."""

    override_reason: Line | None = optional(
        "Needed when the verdict is not `qualified`; kept in the journal.", "Board decided already"
    )


class LeadDisqualify(Overriding, Body):
    """Why a lead is out."""

    reason: Token = about("A code of the workspace's list.", "no_budget")
    note: Paragraph | None = optional("Why, in words.", "Budget frozen until 2027")


class LeadReactivate(Overriding, Body):
    """How a disqualified lead comes back."""

    status: Literal[Status.WORKING, Status.NURTURING] = about(
        "What it comes back to.", "nurturing", default=Status.WORKING
    )
    note: Paragraph | None = optional("Why, in words.", "New budget year")
