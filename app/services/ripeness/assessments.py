"""Assessments: recorded as versions, of which the newest answer to each criterion counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.domain.errors import FieldError, Invalid
from app.domain.leads.leads import Lead
from app.domain.paging import Page, PageRequest
from app.domain.ripeness.answers import GivenAnswer
from app.domain.ripeness.assessments import (
    Assessment,
    NewAssessment,
    Qualification,
    qualification_of,
)
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.verdicts import definition_in_force
from app.services.ripeness.assessments_journal import record_assessed
from app.services.ripeness.assessments_reading import read_answers


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

        A back-dated answer displaces no newer one. The lead shows the verdict of the workspace's
        default framework.
        """
        uow, now = self._uow, self._uow.now
        assessed_at = new.assessed_at or now
        if assessed_at > now:
            raise Invalid.field("/assessed_at", "an assessment lies in the past")
        lead = await uow.leads.get(lead_id, lock=True)
        settings = await uow.workspace_settings.get(uow.workspace_id)
        key = new.framework or settings.default_framework
        definition = await definition_in_force(uow, settings, key)
        if definition is None:
            detail = "no version of such a framework is published"
            raise Invalid.field("/framework", detail, code="not_found")
        answers = read_answers(new, definition, assessed_at, uow.caller.user_id)
        await self._check_evidence(lead_id, answers)
        stored = await uow.assessments.newest_answers(lead_id, key)
        before = qualification_of(lead_id, definition, stored, now)
        verdict = qualification_of(lead_id, definition, [*stored, *answers.values()], now)
        assessment = Assessment(
            workspace_id=uow.workspace_id,
            id=new_id(),
            lead_id=lead_id,
            framework=key,
            framework_id=definition.id,
            outcome=verdict.outcome.value,
            score=verdict.score,
            completeness=verdict.completeness,
            note=new.note,
            assessed_at=assessed_at,
            recorded_at=now,
            user_id=uow.caller.user_id,
            api_key_id=uow.caller.api_key_id,
            given=list(answers.values()),
        )
        await uow.assessments.add([assessment])
        if key == settings.default_framework:
            await self._show(lead, verdict)
            record_assessed(uow, assessment, definition, vars(lead), verdict)
        else:
            record_assessed(uow, assessment, definition, before.lead_columns, verdict, shown=False)
        await uow.flush()
        return Assessed(assessment=assessment, qualification=verdict)

    async def page(self, lead_id: UUID, request: PageRequest) -> Page[Assessment]:
        """A page of a lead's assessments."""
        await self._uow.leads.get(lead_id)
        return await self._uow.assessments.page(lead_id, request)

    async def _check_evidence(self, lead_id: UUID, answers: Mapping[str, GivenAnswer]) -> None:
        named = {place: answer.evidence_touchpoint_id for place, answer in answers.items()}
        ids = {touchpoint_id for touchpoint_id in named.values() if touchpoint_id}
        if not ids:
            return
        known = await self._uow.assessments.touchpoints_of(lead_id, ids)
        detail = "this lead has no such touchpoint"
        problems = [
            FieldError(pointer=f"{place}/evidence/touchpoint_id", code="not_found", detail=detail)
            for place, touchpoint_id in named.items()
            if touchpoint_id and touchpoint_id not in known
        ]
        if problems:
            raise Invalid(detail, errors=problems)

    async def _show(self, lead: Lead, verdict: Qualification) -> None:
        """Show the verdict on the lead."""
        stamp: dict[str, Any] = {"updated_at": self._uow.now, "version": lead.version + 1}
        await self._uow.leads.change(lead.id, verdict.lead_columns | stamp)
