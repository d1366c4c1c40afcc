"""What a framework may say: every fault is named at once, by its place in the JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.errors import FieldError, Invalid
from app.domain.ripeness.answers import UNKNOWN
from app.domain.ripeness.frameworks import AnswerKind

Faults = Iterator[tuple[str, str]]


def check_document(document: Mapping[str, Any]) -> None:
    """Raise Invalid, naming every part that does not fit the others."""
    faults = [*_criteria_faults(document["criteria"]), *_threshold_faults(document)]
    if faults:
        problems = [FieldError(pointer=pointer, detail=detail) for pointer, detail in faults]
        raise Invalid("the parts of the framework do not fit together", errors=problems)


def _criteria_faults(criteria: list[dict[str, Any]]) -> Faults:
    seen: set[str] = set()
    for place, criterion in enumerate(criteria):
        here = f"/criteria/{place}"
        if criterion["key"] in seen:
            yield f"{here}/key", "each key comes once"
        seen.add(criterion["key"])
        if not criterion["question"].strip():
            yield f"{here}/question", "must ask something"
        yield from _answer_faults(criterion, here)
    if not any(criterion["weight"] for criterion in criteria):
        yield "/criteria", "at least one weight must be more than 0"


def _answer_faults(criterion: Mapping[str, Any], here: str) -> Faults:
    answers = criterion["answers"]
    if criterion["kind"] != AnswerKind.CHOICE:
        if answers:
            yield f"{here}/answers", f"a criterion of kind {criterion['kind']} is answered freely"
        return
    if not answers:
        yield f"{here}/answers", "a choice needs answers to choose from"
    seen: set[str] = set()
    for place, answer in enumerate(answers):
        if answer["value"] == UNKNOWN:
            yield f"{here}/answers/{place}/value", "unknown is an answer to everything already"
        elif answer["value"] in seen:
            yield f"{here}/answers/{place}/value", "each value comes once"
        seen.add(answer["value"])


def _threshold_faults(document: Mapping[str, Any]) -> Faults:
    if document["disqualified_below"] > document["qualified_at"]:
        yield "/disqualified_below", "must not be more than qualified_at"
