"""From what somebody tells about criteria to answers, with every fault named by its place."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.errors import FieldError, Invalid
from app.domain.ripeness.answers import UNKNOWN, AnswerError, GivenAnswer
from app.domain.ripeness.assessments import NewAssessment
from app.domain.ripeness.bant import ANSWERS, Answer, Criterion
from app.domain.ripeness.frameworks import BANT, Definition
from app.domain.ripeness.frameworks_answering import answer_faults, written
from app.platform.ids import new_id
from app.services.access.codes import check_currency


def read_answers(
    new: NewAssessment, definition: Definition, answered_at: datetime, answered_by: UUID | None
) -> dict[str, GivenAnswer]:
    """The answers by the place where each stands in the body; Invalid names the faults."""
    problems: list[FieldError] = []
    answers: dict[str, GivenAnswer] = {}
    stamp = {"answered_at": answered_at, "answered_by": answered_by}
    for place, criterion, fields in _told(new):
        if criterion not in definition.by_key:
            detail = f"{definition.key} has no such criterion"
            problems.append(FieldError(pointer=place, detail=detail, code="unknown_field"))
            continue
        if "/further/" in place and not definition.by_key[criterion].several:
            problems.append(FieldError(pointer=place, detail="this has one answer"))
            continue
        try:
            answers[place] = _answer(definition, criterion, {**stamp, **fields})
        except AnswerError as error:
            problems += [
                FieldError(pointer=f"{place}{pointer}", detail=detail)
                for pointer, detail in error.problems
            ]
    if problems:
        raise Invalid("the assessment contradicts itself", errors=problems)
    for place, answer in answers.items():
        if answer.currency is not None:
            check_currency(answer.currency, f"{place}/currency")
    return answers


def _told(new: NewAssessment) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for criterion, told in new.answers.items():
        place = f"{new.at}/{criterion}"
        if isinstance(told, Mapping):
            yield place, criterion, told
            continue
        for number, fields in enumerate(told):
            yield place if not number else f"{place}/further/{number - 1}", criterion, fields


def _answer(definition: Definition, criterion: str, fields: Mapping[str, Any]) -> GivenAnswer:
    if definition.key == BANT:
        one = Criterion(criterion)
        # What is none of its answers stays a text, and is refused as one.
        said = fields["answer"] or UNKNOWN
        value = next((known for known in ANSWERS[one] if known == said), said)
        return Answer(id=new_id(), **{**fields, "criterion": one, "answer": value})
    asked = definition.by_key[criterion]
    said = written(asked, fields.get("answer"), fields.get("amount_minor"), fields.get("currency"))
    answer = GivenAnswer(id=new_id(), **{**fields, "criterion": criterion, "answer": said})
    if faults := list(answer_faults(asked, answer)):
        raise AnswerError(faults)
    return answer
