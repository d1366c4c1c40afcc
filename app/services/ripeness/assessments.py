"""Assessments: recorded as versions, of which the newest answer to each criterion counts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.errors import FieldError, Invalid
from app.domain.leads.leads import Lead
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType
from app.domain.ripeness.assessments import Assessment, NewAssessment, Qualification
from app.domain.ripeness.bant import Answer, AnswerError, Criterion
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.codes import check_currency
from app.services.ripeness.qualification import QualificationService


@dataclass(frozen=True, kw_only=True)
class Assessed:
    """An assessment as stored, and what the lead's qualification is since."""

    assessment: Assessment
    qualification: Qualification


class AssessmentService:
    """Use cases of assessments."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def assess(self, lead_id: UUID, new: NewAssessment) -> Assessed:
        """Store an assessment and the verdict that follows from all newest answers.

        A back-dated answer displaces no newer one.
        """
        now = self._uow.now
        assessed_at = new.assessed_at or now
        if assessed_at > now:
            raise Invalid.field("/assessed_at", "an assessment lies in the past")
        lead = await self._uow.leads.get(lead_id, lock=True)
        answers = self._answers(new, assessed_at)
        await self._check_evidence(lead_id, answers)
        verdict = await QualificationService(self._uow).verdict(lead_id, answers.values())
        assessment = Assessment(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            lead_id=lead_id,
            framework=new.framework,
            outcome=verdict.outcome.value,
            score=verdict.score,
            completeness=verdict.completeness,
            note=new.note,
            assessed_at=assessed_at,
            recorded_at=now,
            user_id=self._uow.caller.user_id,
            api_key_id=self._uow.caller.api_key_id,
            answers=answers,
        )
        await self._uow.assessments.add(assessment)
        await self._change(lead, assessment, verdict)
        await self._uow.flush()
        return Assessed(assessment=assessment, qualification=verdict)

    async def page(self, lead_id: UUID, request: PageRequest) -> Page[Assessment]:
        """A page of a lead's assessments."""
        await self._uow.leads.get(lead_id)
        return await self._uow.assessments.page(lead_id, request)

    def _answers(self, new: NewAssessment, assessed_at: datetime) -> dict[Criterion, Answer]:
        problems: list[FieldError] = []
        answers: dict[Criterion, Answer] = {}
        for criterion, fields in new.answers.items():
            try:
                answers[criterion] = Answer(
                    id=new_id(),
                    criterion=criterion,
                    answered_at=assessed_at,
                    answered_by=self._uow.caller.user_id,
                    **fields,
                )
            except AnswerError as error:
                problems += [
                    FieldError(pointer=f"/{criterion}{pointer}", detail=detail)
                    for pointer, detail in error.problems
                ]
        if problems:
            raise Invalid("the assessment contradicts itself", errors=problems)
        for criterion, answer in answers.items():
            if answer.currency is not None:
                check_currency(answer.currency, f"/{criterion}/currency")
        return answers

    async def _check_evidence(self, lead_id: UUID, answers: dict[Criterion, Answer]) -> None:
        named = {c: a.evidence_touchpoint_id for c, a in answers.items()}
        ids = {touchpoint_id for touchpoint_id in named.values() if touchpoint_id}
        if not ids:
            return
        known = await self._uow.assessments.touchpoints_of(lead_id, ids)
        detail = "this lead has no such touchpoint"
        problems = [
            FieldError(
                pointer=f"/{criterion}/evidence/touchpoint_id", code="not_found", detail=detail
            )
            for criterion, touchpoint_id in named.items()
            if touchpoint_id and touchpoint_id not in known
        ]
        if problems:
            raise Invalid(detail, errors=problems)

    async def _change(self, lead: Lead, assessment: Assessment, verdict: Qualification) -> None:
        """Show the verdict on the lead and tell the journal."""
        columns = verdict.lead_columns
        stamp = {"updated_at": self._uow.now, "version": lead.version + 1}
        await self._uow.leads.change(lead.id, columns | stamp)
        told = {
            name.removeprefix("qualification_"): {"before": getattr(lead, name), "after": value}
            for name, value in columns.items()
        }
        self._uow.record(
            EventType.LEAD_ASSESSED,
            "lead",
            lead.id,
            {
                "assessment_id": assessment.id,
                "framework": assessment.framework,
                "answers": {c.value: given.answer for c, given in assessment.answers.items()},
                **told,
            },
            lead_id=lead.id,
            occurred_at=assessment.assessed_at,
        )
