"""Questions of qualification frameworks that a form puts to the lead itself.

What the lead answers becomes an assessment with the form as its source, in the transaction that
captures the submission.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.errors import FieldError, Invalid
from app.domain.intake.capture import Captured, Outcome
from app.domain.intake.forms import FieldType, FormField
from app.domain.intake.submissions import Delivery, Finding, Reading
from app.domain.ripeness.answers import UNKNOWN
from app.domain.ripeness.frameworks import AnswerKind, FrameworkCriterion
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.verdicts import definitions_in_force
from app.services.ripeness.assessments_by_lead import LeadAnswers, Said

_FIELD_TYPES: dict[AnswerKind, tuple[FieldType, ...]] = {
    AnswerKind.CHOICE: (FieldType.SELECT, FieldType.RADIO),
    AnswerKind.TEXT: (FieldType.TEXT, FieldType.TEXTAREA),
    AnswerKind.NUMBER: (FieldType.NUMBER,),
    AnswerKind.DATE: (FieldType.DATE,),
    # An amount would need a currency beside it.
    AnswerKind.MONEY: (),
}


@dataclass(frozen=True)
class ToldByLead:
    """A captured submission whose form put questions."""

    captured: Captured
    reading: Reading
    delivery: Delivery


async def with_choices(
    uow: UnitOfWork, fields: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The fields, those that ask for a criterion with its answers to choose from unless they have
    choices of their own; Invalid names what cannot be asked so."""
    asked = [FormField.of(field).question for field in fields]
    keys = {question.framework for question in asked if question}
    if not keys:
        return [dict(field) for field in fields]
    known = await definitions_in_force(uow, keys)
    problems: list[FieldError] = []
    completed = []
    for place, (field, question) in enumerate(zip(fields, asked, strict=True)):
        made = dict(field)
        completed.append(made)
        if question is None:
            continue
        definition = known.get(question.framework)
        criterion = definition.by_key.get(question.criterion) if definition else None
        here = f"/fields/{place}"
        if criterion is None:
            detail = "no published framework has such a criterion"
            problems.append(FieldError(pointer=f"{here}/to", detail=detail, code="not_found"))
            continue
        if criterion.answers and not made.get("choices"):
            made["choices"] = [
                {"value": option.value, "label": option.label} for option in criterion.answers
            ]
        problems += _faults(criterion, FormField.of(made), here)
    if problems:
        raise Invalid("the form cannot ask this", errors=problems)
    return completed


def _faults(criterion: FrameworkCriterion, field: FormField, here: str) -> Iterable[FieldError]:
    allowed = _FIELD_TYPES[criterion.kind]
    if criterion.several and criterion.kind is AnswerKind.CHOICE:
        allowed = (*allowed, FieldType.CHECKBOX)
    if field.type not in allowed:
        names = " or ".join(allowed) or "nothing that a form has"
        detail = f"a criterion of kind {criterion.kind} is asked by {names}"
        yield FieldError(pointer=f"{here}/type", detail=detail)
        return
    for number, choice in enumerate(field.choices):
        if criterion.answers and choice.value not in {*criterion.by_value, UNKNOWN}:
            detail = "the criterion has no such answer"
            yield FieldError(pointer=f"{here}/choices/{number}/value", detail=detail)


async def record_told(uow: UnitOfWork, told: Sequence[ToldByLead]) -> list[list[Finding]]:
    """Store what leads say of themselves; of each what could not be taken for an answer."""
    said = [_said(each) for each in told]
    refused = await LeadAnswers(uow).record(said)
    return [
        [Finding(code="not_an_answer", detail=detail, field=name) for name, detail in faults]
        for faults in refused
    ]


def _said(told: ToldByLead) -> Said:
    captured = told.captured
    touch = captured.touchpoint
    return Said(
        lead=captured.lead,
        touchpoint_id=touch.id if touch else None,
        form_id=told.delivery.form_id,
        submission_id=told.delivery.id,
        told_at=touch.occurred_at if touch else told.delivery.received_at,
        answers=told.reading.answers,
        changes_nothing_else=captured.outcome is not Outcome.CREATED and not captured.changes,
    )
