"""What the journal says of an assessment."""

from collections.abc import Mapping
from typing import Any

from app.domain.reach.events import EventType
from app.domain.ripeness.answers import UNKNOWN, GivenAnswer
from app.domain.ripeness.assessments import Assessment, Qualification
from app.domain.ripeness.frameworks import AnswerKind, Definition
from app.repositories.unit_of_work import UnitOfWork

_PREFIX = "qualification_"


def record_assessed(
    uow: UnitOfWork,
    assessment: Assessment,
    definition: Definition,
    before: Mapping[str, Any],
    verdict: Qualification,
    *,
    shown: bool = True,
) -> None:
    """What was answered, and the verdict before and after. What the lead itself shows of it
    stands at the top, where its history looks for changes of the lead."""
    changed = {
        name.removeprefix(_PREFIX): {"before": before.get(name), "after": value}
        for name, value in verdict.lead_columns.items()
    }
    told: dict[str, Any] = {
        "assessment_id": assessment.id,
        "framework": assessment.framework,
        "answers": _answers(assessment, definition),
    }
    if assessment.form_id is not None:
        told |= {"form_id": assessment.form_id, "submission_id": assessment.submission_id}
    uow.record(
        EventType.LEAD_ASSESSED,
        "lead",
        assessment.lead_id,
        told | (changed if shown else {"verdict": changed}),
        lead_id=assessment.lead_id,
        occurred_at=assessment.assessed_at,
    )


def _answers(assessment: Assessment, definition: Definition) -> dict[str, Any]:
    """What was chosen; of words, numbers and names only that they were given."""

    def said(answer: GivenAnswer) -> str:
        free = definition.by_key[answer.criterion].kind is not AnswerKind.CHOICE
        return "answered" if free and answer.answer != UNKNOWN else answer.answer

    found: dict[str, Any] = {}
    for answer in assessment.given:
        # BANT's criteria are of an enum, and JSON's keys are plain text.
        criterion = str(answer.criterion)
        before = found.get(criterion)
        if before is None:
            found[criterion] = said(answer)
        else:
            listed = before if isinstance(before, list) else [before]
            found[criterion] = [*listed, said(answer)]
    return found
