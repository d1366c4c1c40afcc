"""Assessments over the wire."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from app.api.schemas.fields import (
    Body,
    CurrencyCode,
    Day,
    Flag,
    Instant,
    Line,
    Minor,
    Paragraph,
    Percent,
    Read,
    Token,
    about,
    optional,
)
from app.domain.ripeness.answers import GivenAnswer
from app.domain.ripeness.assessments import BANT, NewAssessment, Shown
from app.domain.ripeness.bant import Authority, Budget, Criterion, Need, Timeline

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
    settles: Flag = about(
        "Whether it settles the matter: what others said before is no conflict any more.",
        example=False,
        default=False,
    )

    def to_fields(self) -> dict[str, Any]:
        """The domain's fields."""
        evidence = self.evidence or Evidence()
        return {
            **self.model_dump(exclude={"evidence", "further"}),
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


def _as_said(value: Any) -> Any:
    # A number is a fine answer, and is kept as it is written.
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value


Said = Annotated[
    str,
    BeforeValidator(_as_said),
    StringConstraints(min_length=1, max_length=2_000),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "minLength": 1, "maxLength": 2_000}, {"type": "number"}]}
    ),
]


class FurtherAnswer(Answered):
    """An answer to a criterion of any framework."""

    answer: Said | None = optional(
        "One of the criterion's answers; a text, a number or a day where it is answered freely; "
        "`unknown` for what nobody knows. Money is told by its amount instead.",
        "met",
    )
    detail: Line | None = optional("Who or what exactly, such as the buyer's name.", "Ada Lovelace")
    amount_minor: Minor | None = optional("Money: how much, in minor units.", 5_000_000)
    currency: CurrencyCode | None = optional("Money: ISO 4217 code.", "EUR")


class CriterionAnswer(FurtherAnswer):
    """What one found out about a criterion."""

    further: Annotated[list[FurtherAnswer], Field(max_length=20)] = about(
        "Where a criterion has several answers, such as champions: the others.",
        default_factory=list,
    )


class AssessmentCreate(Body):
    """What somebody found out: at least one criterion. Earlier answers to others keep counting.

    BANT has members of its own; what is found out in any other published framework goes into
    `answers`, by criterion.
    """

    framework: Token | None = optional(
        "The framework: by default `bant` when one of its members is given, else the workspace's "
        "default.",
        BANT,
    )
    budget: BudgetAnswer | None = optional("Whether there is money.")
    authority: AuthorityAnswer | None = optional("What the person has to say in the decision.")
    need: NeedAnswer | None = optional("How much they need it.")
    timeline: TimelineAnswer | None = optional("When they will decide.")
    answers: Annotated[dict[Token, CriterionAnswer], Field(max_length=50)] = about(
        "Any framework but BANT: the answers by criterion.",
        {"economic_buyer": {"answer": "met", "detail": "Ada Lovelace"}},
        default_factory=dict,
    )
    note: Paragraph | None = optional("Anything else.", "Call of 2 March with Ada")
    assessed_at: Instant | None = optional(
        "When it was found out, perhaps long ago; now when absent.", "2026-03-02T09:30:00Z"
    )

    @model_validator(mode="after")
    def _answers_something(self) -> "AssessmentCreate":
        of_bant = any(getattr(self, criterion) for criterion in Criterion)
        if not of_bant and not self.answers:
            raise ValueError(f"answer at least one of: {', '.join(Criterion)}, or in `answers`")
        if of_bant and self.answers:
            raise ValueError("an assessment is made in one framework: BANT's members or `answers`")
        return self

    def to_domain(self) -> NewAssessment:
        """The domain's form."""
        if self.answers:
            told: dict[str, Any] = {
                criterion: [answer.to_fields(), *(each.to_fields() for each in answer.further)]
                for criterion, answer in self.answers.items()
            }
            framework, at = self.framework, "/answers"
        else:
            given = {criterion: getattr(self, criterion) for criterion in Criterion}
            told = {c.value: answer.to_fields() for c, answer in given.items() if answer}
            framework, at = self.framework or BANT, ""
        return NewAssessment(
            framework=framework,
            answers=told,
            note=self.note,
            assessed_at=self.assessed_at,
            at=at,
        )


class EvidenceRead(Read):
    """Why somebody believed the answer."""

    text: str | None = about("In words.", "“We have 50k set aside for this year.”")
    touchpoint_id: UUID | None = about("The touchpoint that shows it.")


class AnswerRead(Read):
    """One criterion, as it was answered."""

    answer: str = about("The answer, as it is written.", "allocated")
    detail: str | None = about("Who or what exactly.", "Ada Lovelace")
    amount_minor: int | None = about("Budget: how much, in minor units.", 5_000_000)
    currency: str | None = about("Budget: ISO 4217 code.", "EUR")
    role: str | None = about("Authority: the role in the purchase.", "Head of Purchasing")
    decision_on: date | None = about("Timeline: the day of the decision.", "2026-06-30")
    confidence: int = about("How sure one was.", 80)
    evidence: EvidenceRead | None = about("Why one believed it.")
    answered_at: datetime = about("When it was found out.", "2026-03-02T09:30:00Z")
    answered_by: UUID | None = about("The user who found it out.")
    by_lead: bool = about("Whether the lead said so itself.", example=False)
    settles: bool = about("Whether it settled what others had said.", example=False)

    @model_validator(mode="before")
    @classmethod
    def _with_evidence(cls, answer: Any) -> Any:
        return cls._flat(answer) if isinstance(answer, GivenAnswer) else answer

    @classmethod
    def _flat(cls, answer: GivenAnswer) -> dict[str, Any]:
        text, touchpoint_id = answer.evidence_text, answer.evidence_touchpoint_id
        given = text is not None or touchpoint_id is not None
        evidence = {"text": text, "touchpoint_id": touchpoint_id} if given else None
        return vars(answer) | {"evidence": evidence}


class ShownAnswerRead(AnswerRead):
    """The answer to a criterion."""

    further: list[AnswerRead] = about("Where there may be several: the others.")

    @model_validator(mode="before")
    @classmethod
    def _with_others(cls, shown: Any) -> Any:
        if not isinstance(shown, Shown):
            return shown
        return cls._flat(shown.answer) | {"further": list(shown.further)}


class AnswersRead(BaseModel):
    """Answers by criterion. Of BANT there are all four, null where there is none; of another
    framework those that were answered."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, ShownAnswerRead | None] = Field(init=False)

    budget: ShownAnswerRead | None = optional("Whether there is money.")
    authority: ShownAnswerRead | None = optional("What the person has to say in the decision.")
    need: ShownAnswerRead | None = optional("How much they need it.")
    timeline: ShownAnswerRead | None = optional("When they will decide.")


class AssessmentRead(Read):
    """An assessment as stored, with the verdict that all newest answers came to after it."""

    id: UUID = about("Id, a UUIDv7.", AN_ID)
    lead_id: UUID = about("The lead.", AN_ID)
    framework: str = about("The framework.", BANT)
    framework_id: UUID | None = about("The version of it; null for BANT, which is built in.")
    answers: AnswersRead = about("What this assessment answered.")
    outcome: str = about("The verdict after it: qualified, not_yet or disqualified.", "not_yet")
    score: int = about("0 to 100.", 62)
    completeness: int = about("0 to 100: how much of what counts is known.", 75)
    note: str | None = about("Anything else.", "Call of 2 March with Ada")
    assessed_at: datetime = about("When it was found out.", "2026-03-02T09:30:00Z")
    recorded_at: datetime = about("When it was stored.", "2026-03-02T09:31:00Z")
    user_id: UUID | None = about("The user who assessed.")
    api_key_id: UUID | None = about("The API key that was used.")
    form_id: UUID | None = about("The form that put the questions to the lead itself.")
    submission_id: UUID | None = about("The submission that the answers came with.")
