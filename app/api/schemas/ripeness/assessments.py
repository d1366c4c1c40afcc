"""Assessments over the wire."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, model_validator

from app.api.schemas.fields import (
    Body,
    CurrencyCode,
    Day,
    Instant,
    Line,
    Minor,
    Paragraph,
    Percent,
    Read,
    about,
    optional,
)
from app.domain.ripeness.assessments import BANT, NewAssessment
from app.domain.ripeness.bant import Answer, Authority, Budget, Criterion, Need, Timeline

AN_ID = "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d"


class Evidence(Body):
    """Why somebody believes the answer."""

    text: Paragraph | None = optional("In words.", "“We have 50k set aside for this year.”")
    touchpoint_id: UUID | None = optional("A touchpoint of this lead that shows it.")


class Answered(Body):
    """What every answer has."""

    confidence: Percent = about(
        "How sure one is: an answer counts by so many percent.", 80, default=100
    )
    evidence: Evidence | None = optional("Why one believes it.")

    def to_fields(self) -> dict[str, Any]:
        """The domain's fields."""
        evidence = self.evidence or Evidence()
        return {
            **self.model_dump(exclude={"evidence"}),
            "evidence_text": evidence.text,
            "evidence_touchpoint_id": evidence.touchpoint_id,
        }


class BudgetAnswer(Answered):
    """Whether there is money."""

    answer: Budget = about("How far the money is there.", "allocated")
    amount_minor: Minor | None = optional("How much, in minor units of `currency`.", 5_000_000)
    currency: CurrencyCode | None = optional("ISO 4217 code; together with the amount.", "EUR")


class AuthorityAnswer(Answered):
    """What the person has to say in the decision."""

    answer: Authority = about("What the person has to say.", "decision_maker")
    role: Line | None = optional("Their role in the purchase.", "Head of Purchasing")


class NeedAnswer(Answered):
    """How much they need it."""

    answer: Need = about("How much they need it.", "strong")


class TimelineAnswer(Answered):
    """When they will decide."""

    answer: Timeline = about("How soon they will decide, from `assessed_at` on.", "this_quarter")
    decision_on: Day | None = optional("The day of the decision.", "2026-06-30")


class AssessmentCreate(Body):
    """What somebody found out: at least one criterion. Earlier answers to others keep counting."""

    framework: Literal["bant"] = about("The framework.", BANT, default=BANT)
    budget: BudgetAnswer | None = optional("Whether there is money.")
    authority: AuthorityAnswer | None = optional("What the person has to say in the decision.")
    need: NeedAnswer | None = optional("How much they need it.")
    timeline: TimelineAnswer | None = optional("When they will decide.")
    note: Paragraph | None = optional("Anything else.", "Call of 2 March with Ada")
    assessed_at: Instant | None = optional(
        "When it was found out, perhaps long ago; now when absent.", "2026-03-02T09:30:00Z"
    )

    @model_validator(mode="after")
    def _answers_something(self) -> "AssessmentCreate":
        if not any(getattr(self, criterion) for criterion in Criterion):
            raise ValueError(f"answer at least one of: {', '.join(Criterion)}")
        return self

    def to_domain(self) -> NewAssessment:
        """The domain's form."""
        given = {criterion: getattr(self, criterion) for criterion in Criterion}
        return NewAssessment(
            framework=self.framework,
            answers={c: answer.to_fields() for c, answer in given.items() if answer},
            note=self.note,
            assessed_at=self.assessed_at,
        )


class EvidenceRead(Read):
    """Why somebody believed the answer."""

    text: str | None = about("In words.", "“We have 50k set aside for this year.”")
    touchpoint_id: UUID | None = about("The touchpoint that shows it.")


class AnswerRead(Read):
    """One criterion, as it was answered."""

    answer: str = about("The answer.", "allocated")
    amount_minor: int | None = about("Budget: how much, in minor units.", 5_000_000)
    currency: str | None = about("Budget: ISO 4217 code.", "EUR")
    role: str | None = about("Authority: the role in the purchase.", "Head of Purchasing")
    decision_on: date | None = about("Timeline: the day of the decision.", "2026-06-30")
    confidence: int = about("How sure one was.", 80)
    evidence: EvidenceRead | None = about("Why one believed it.")
    answered_at: datetime = about("When it was found out.", "2026-03-02T09:30:00Z")
    answered_by: UUID | None = about("The user who found it out.")

    @model_validator(mode="before")
    @classmethod
    def _with_evidence(cls, answer: Any) -> Any:
        if not isinstance(answer, Answer):
            return answer
        text, touchpoint_id = answer.evidence_text, answer.evidence_touchpoint_id
        given = text is not None or touchpoint_id is not None
        evidence = {"text": text, "touchpoint_id": touchpoint_id} if given else None
        return vars(answer) | {"evidence": evidence}


class AnswersRead(BaseModel):
    """Answers by criterion; null where there is none."""

    budget: AnswerRead | None = optional("Whether there is money.")
    authority: AnswerRead | None = optional("What the person has to say in the decision.")
    need: AnswerRead | None = optional("How much they need it.")
    timeline: AnswerRead | None = optional("When they will decide.")


class AssessmentRead(Read):
    """An assessment as stored, with the verdict that all newest answers came to after it."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    lead_id: UUID = about("The lead.", AN_ID)
    framework: str = about("The framework.", BANT)
    answers: AnswersRead = about("What this assessment answered.")
    outcome: str = about("The verdict after it: qualified, not_yet or disqualified.", "not_yet")
    score: int = about("0 to 100.", 62)
    completeness: int = about("0 to 100: how much of what counts is known.", 75)
    note: str | None = about("Anything else.", "Call of 2 March with Ada")
    assessed_at: datetime = about("When it was found out.", "2026-03-02T09:30:00Z")
    recorded_at: datetime = about("When it was stored.", "2026-03-02T09:31:00Z")
    user_id: UUID | None = about("The user who assessed.")
    api_key_id: UUID | None = about("The API key that was used.")
