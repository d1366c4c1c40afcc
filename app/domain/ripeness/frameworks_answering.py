"""Answering a criterion: what may be said to it, and how it is written down."""

import re
from collections.abc import Iterator
from datetime import date

from app.domain.ripeness.answers import UNKNOWN, GivenAnswer
from app.domain.ripeness.frameworks import AnswerKind, EvidenceRule, FrameworkCriterion

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII)
LONGEST_NUMBER = 40


def is_understood(criterion: FrameworkCriterion, answer: GivenAnswer) -> bool:
    """Whether the criterion, as it is now, can be answered so."""
    if not answer.is_known:
        return True
    return not any(True for _ in _value_faults(criterion, answer))


def answer_faults(criterion: FrameworkCriterion, answer: GivenAnswer) -> Iterator[tuple[str, str]]:
    """What is wrong with a new answer, each as the end of a pointer and a sentence."""
    if (answer.amount_minor is None) != (answer.currency is None):
        yield "/currency", "an amount and its currency come together"
    if not answer.is_known:
        return
    yield from _value_faults(criterion, answer)
    if answer.amount_minor is not None and criterion.kind is not AnswerKind.MONEY:
        yield "/amount_minor", f"{criterion.key} is not answered with an amount"
    has_evidence = answer.evidence_text is not None or answer.evidence_touchpoint_id is not None
    # Of what the lead says itself the form is the evidence.
    if criterion.evidence is EvidenceRule.REQUIRED and not has_evidence and not answer.by_lead:
        yield "/evidence", "an answer to this needs evidence"
    if criterion.evidence is EvidenceRule.NONE and has_evidence:
        yield "/evidence", "no evidence is kept for this"


def _value_faults(criterion: FrameworkCriterion, answer: GivenAnswer) -> Iterator[tuple[str, str]]:
    match criterion.kind:
        case AnswerKind.CHOICE:
            if answer.answer not in criterion.by_value:
                allowed = ", ".join([*criterion.by_value, UNKNOWN])
                yield "/answer", f"{criterion.key} is answered with one of: {allowed}"
        case AnswerKind.NUMBER:
            if not _NUMBER.fullmatch(answer.answer) or len(answer.answer) > LONGEST_NUMBER:
                yield "/answer", f"{criterion.key} is answered with a number"
        case AnswerKind.DATE:
            if not _is_day(answer.answer):
                yield "/answer", f"{criterion.key} is answered with a day such as 2026-05-31"
        case AnswerKind.MONEY:
            if answer.amount_minor is None:
                yield "/amount_minor", f"{criterion.key} is answered with an amount"
        case AnswerKind.TEXT:
            if not answer.answer.strip():
                yield "/answer", "must say something"


def written(
    criterion: FrameworkCriterion,
    answer: str | None,
    amount_minor: int | None,
    currency: str | None,
) -> str:
    """The answer as it is kept: of an amount its spelling, or `unknown` for none at all."""
    if answer is None and criterion.kind is AnswerKind.MONEY and amount_minor is not None:
        return f"{amount_minor} {currency or ''}".strip()
    return UNKNOWN if answer is None else answer.strip()


def _is_day(text: str) -> bool:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2026-05-31") and 1900 <= day.year < 2200
