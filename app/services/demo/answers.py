"""What the leads of the demo answer to the four questions."""

from datetime import date
from typing import Any

from app.domain.ripeness.bant import Authority, Budget, Criterion, Need, Timeline

_BY_WARMTH = (
    # budget, authority, need, timeline, how sure, what was said
    (
        Budget.UNBUDGETED,
        Authority.USER,
        Need.WEAK,
        Timeline.LATER,
        50,
        "Gathering prices, no project yet",
    ),
    (
        Budget.PLANNED,
        Authority.RECOMMENDER,
        Need.MODERATE,
        Timeline.THIS_YEAR,
        70,
        "The board has asked for figures",
    ),
    (
        Budget.APPROVED,
        Authority.DECISION_MAKER,
        Need.STRONG,
        Timeline.THIS_QUARTER,
        90,
        "The old boiler must be out before the heating season",
    ),
)
_ROLES = ("works in the building", "prepares the decision", "signs")


def answers_of(warmth: int, amount_minor: int, decides_on: date) -> dict[Criterion, dict[str, Any]]:
    """The answers of a lead that is cold (0), warm (1) or ripe (2)."""
    budget, authority, need, timeline, confidence, said = _BY_WARMTH[warmth]
    answers: dict[Criterion, dict[str, Any]] = {
        Criterion.BUDGET: {"answer": budget},
        Criterion.AUTHORITY: {"answer": authority, "role": _ROLES[warmth]},
        Criterion.NEED: {"answer": need, "evidence_text": said},
        Criterion.TIMELINE: {"answer": timeline},
    }
    if warmth > 0:
        answers[Criterion.BUDGET] |= {"amount_minor": amount_minor, "currency": "EUR"}
        answers[Criterion.TIMELINE] |= {"decision_on": decides_on}
    for answer in answers.values():
        answer["confidence"] = confidence
    return answers
