"""What leads say of their own qualification: many at once, in a handful of statements."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from app.domain.leads.leads import Lead
from app.domain.ripeness.answers import AnswerError, GivenAnswer
from app.domain.ripeness.assessments import Assessment, Qualification, qualification_of
from app.domain.ripeness.bant import ANSWERS, Answer, Criterion
from app.domain.ripeness.frameworks import BANT, Definition, EvidenceRule
from app.domain.ripeness.frameworks_answering import answer_faults
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.verdicts import definitions_in_force
from app.services.ripeness.assessments_journal import record_assessed


class Question(Protocol):
    """A question that was answered."""

    @property
    def framework(self) -> str: ...
    @property
    def criterion(self) -> str: ...
    @property
    def values(self) -> Sequence[str]: ...
    @property
    def field(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one submission says of its lead, which is locked or new."""

    lead: Lead
    touchpoint_id: UUID | None
    form_id: UUID | None
    submission_id: UUID
    told_at: datetime
    answers: Sequence[Question]
    changes_nothing_else: bool


Faults = list[tuple[str, str]]


class LeadAnswers:
    """Stores them, and what they make of the leads."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._assessments: list[Assessment] = []
        self._known: dict[tuple[UUID, str], list[GivenAnswer]] = {}
        self._shown: dict[UUID, dict[str, Any]] = {}

    async def record(self, said: Sequence[Said]) -> list[Faults]:
        """Of each what is no answer to its question: the name of the field, and why."""
        uow = self._uow
        settings = await uow.workspace_settings.get(uow.workspace_id)
        keys = {answer.framework for each in said for answer in each.answers}
        definitions = await definitions_in_force(uow, keys, settings)
        self._known = await uow.assessments.newest_of_many([each.lead.id for each in said], keys)
        faults: list[Faults] = []
        for each in said:
            faults.append([])
            for key in sorted({answer.framework for answer in each.answers}):
                asked = [answer for answer in each.answers if answer.framework == key]
                definition = definitions.get(key)
                if definition is None:
                    detail = "the framework is not in force"
                    faults[-1] += [(answer.field, detail) for answer in asked]
                else:
                    shows = key == settings.default_framework
                    faults[-1] += self._assess(each, definition, asked, shows=shows)
        if self._assessments:
            await uow.assessments.add(self._assessments)
        if self._shown:
            unchanged = {each.lead.id for each in said if each.changes_nothing_else}
            unchanged -= {each.lead.id for each in said if not each.changes_nothing_else}
            await uow.assessments.show_on_leads(self._shown, unchanged)
        return faults

    def _assess(
        self, said: Said, definition: Definition, asked: Sequence[Question], *, shows: bool
    ) -> Faults:
        answers: list[GivenAnswer] = []
        faults: Faults = []
        for question in asked:
            if question.criterion not in definition.by_key:
                faults.append((question.field, "the framework asks this no longer"))
                continue
            try:
                answers += _answers(definition, said, question, min(said.told_at, self._uow.now))
            except AnswerError as error:
                faults.append((question.field, error.problems[0][1]))
        if answers:
            self._add(said, definition, answers, shows=shows)
        return faults

    def _add(
        self, said: Said, definition: Definition, answers: list[GivenAnswer], *, shows: bool
    ) -> None:
        lead, now = said.lead, self._uow.now
        known = self._known.setdefault((lead.id, definition.key), [])
        before = qualification_of(lead.id, definition, known, now)
        known += answers
        after = qualification_of(lead.id, definition, known, now)
        assessment = _assessment(said, definition, answers, after, now)
        self._assessments.append(assessment)
        earlier: Mapping[str, Any] = before.lead_columns
        if shows:
            earlier = self._shown.get(lead.id) or vars(lead)
            self._shown[lead.id] = after.lead_columns
        record_assessed(self._uow, assessment, definition, earlier, after, shown=shows)


def _answers(
    definition: Definition, said: Said, question: Question, told_at: datetime
) -> Iterator[GivenAnswer]:
    criterion = definition.by_key[question.criterion]
    values = question.values if criterion.several else question.values[-1:]
    for value in values:
        fields: dict[str, Any] = {"id": new_id(), "answered_at": told_at, "by_lead": True}
        if criterion.evidence is not EvidenceRule.NONE:
            fields["evidence_touchpoint_id"] = said.touchpoint_id
        if len(values) > 1:
            # They stand side by side, and this is all there is to tell them apart.
            fields["detail"] = value
        answer = GivenAnswer(criterion=criterion.key, answer=value.strip(), **fields)
        if faults := list(answer_faults(criterion, answer)):
            raise AnswerError(faults)
        if definition.key == BANT:
            one = Criterion(criterion.key)
            answer = Answer(criterion=one, answer=ANSWERS[one](answer.answer), **fields)
        yield answer


def _assessment(
    said: Said,
    definition: Definition,
    answers: list[GivenAnswer],
    verdict: Qualification,
    now: datetime,
) -> Assessment:
    return Assessment(
        workspace_id=said.lead.workspace_id,
        id=new_id(),
        lead_id=said.lead.id,
        framework=definition.key,
        framework_id=definition.id,
        outcome=verdict.outcome.value,
        score=verdict.score,
        completeness=verdict.completeness,
        note=None,
        assessed_at=answers[0].answered_at,
        recorded_at=now,
        user_id=None,
        api_key_id=None,
        form_id=said.form_id,
        submission_id=said.submission_id,
        given=answers,
    )
