"""BANT: the four questions, the answers they have, and which answer counts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from app.domain.ripeness.answers import UNKNOWN, AnswerError, GivenAnswer, QualificationError, age

__all__ = [
    "ANSWERS",
    "QUESTIONS",
    "STANDARDS",
    "UNKNOWN",
    "Answer",
    "AnswerError",
    "AnswerValue",
    "Authority",
    "Budget",
    "Criterion",
    "Need",
    "QualificationError",
    "Standard",
    "Timeline",
    "newest_answers",
]


class Criterion(StrEnum):
    """The four questions, in the order in which they are asked and shown."""

    BUDGET = "budget"
    AUTHORITY = "authority"
    NEED = "need"
    TIMELINE = "timeline"


QUESTIONS: Mapping[Criterion, str] = {
    Criterion.BUDGET: "Is there money set aside for it, and how much?",
    Criterion.AUTHORITY: "Who decides, and what do you have to say in it?",
    Criterion.NEED: "Which problem should be solved, and what happens if it is not?",
    Criterion.TIMELINE: "By when do you want to decide?",
}


class Budget(StrEnum):
    """Whether there is money."""

    APPROVED = "approved"
    ALLOCATED = "allocated"
    PLANNED = "planned"
    UNBUDGETED = "unbudgeted"
    NONE = "none"
    UNKNOWN = "unknown"


class Authority(StrEnum):
    """What the person has to say in the decision."""

    DECISION_MAKER = "decision_maker"
    INFLUENCER = "influencer"
    RECOMMENDER = "recommender"
    USER = "user"
    NO_ACCESS = "no_access"
    UNKNOWN = "unknown"


class Need(StrEnum):
    """How much they need what we sell."""

    CRITICAL = "critical"
    STRONG = "strong"
    MODERATE = "moderate"
    WEAK = "weak"
    NONE = "none"
    UNKNOWN = "unknown"


class Timeline(StrEnum):
    """When they will decide, counted from the answer."""

    IMMEDIATE = "immediate"
    THIS_QUARTER = "this_quarter"
    HALF_YEAR = "half_year"
    THIS_YEAR = "this_year"
    LATER = "later"
    NONE = "none"
    UNKNOWN = "unknown"


AnswerValue = Budget | Authority | Need | Timeline

ANSWERS: Mapping[Criterion, type[Budget] | type[Authority] | type[Need] | type[Timeline]] = {
    Criterion.BUDGET: Budget,
    Criterion.AUTHORITY: Authority,
    Criterion.NEED: Need,
    Criterion.TIMELINE: Timeline,
}


class Standard(NamedTuple):
    """What an answer means, and what it counts unless the policy says otherwise."""

    meaning: str
    points: int
    knock_out: bool = False


_NOT_KNOWN = Standard("Asked, and nobody knows; or no longer known.", 0)

STANDARDS: Mapping[Criterion, Mapping[str, Standard]] = {
    Criterion.BUDGET: {
        Budget.APPROVED: Standard("The money is released for this purchase.", 100),
        Budget.ALLOCATED: Standard("A budget exists; spending it needs a signature.", 80),
        Budget.PLANNED: Standard("Requested for a coming budget.", 50),
        Budget.UNBUDGETED: Standard("Not in any budget; money would have to be found.", 20),
        Budget.NONE: Standard("There will be no money.", 0, knock_out=True),
        Budget.UNKNOWN: _NOT_KNOWN,
    },
    Criterion.AUTHORITY: {
        Authority.DECISION_MAKER: Standard("Decides or signs.", 100),
        Authority.INFLUENCER: Standard("Is heard by whoever decides, and sets criteria.", 70),
        Authority.RECOMMENDER: Standard("Evaluates and proposes; others weigh it.", 50),
        Authority.USER: Standard("Will work with it; has no say in the purchase.", 25),
        Authority.NO_ACCESS: Standard("Does not know who decides, or cannot reach them.", 0),
        Authority.UNKNOWN: _NOT_KNOWN,
    },
    Criterion.NEED: {
        Need.CRITICAL: Standard("Cannot go on without; the damage has a date or a price.", 100),
        Need.STRONG: Standard("A recognised problem that somebody is told to solve.", 80),
        Need.MODERATE: Standard("A recognised problem that can wait.", 50),
        Need.WEAK: Standard("Curious; no problem named.", 20),
        Need.NONE: Standard("Does not need it.", 0, knock_out=True),
        Need.UNKNOWN: _NOT_KNOWN,
    },
    Criterion.TIMELINE: {
        Timeline.IMMEDIATE: Standard("Decides within 30 days.", 100),
        Timeline.THIS_QUARTER: Standard("Decides within 90 days.", 80),
        Timeline.HALF_YEAR: Standard("Decides within six months.", 60),
        Timeline.THIS_YEAR: Standard("Decides within twelve months.", 40),
        Timeline.LATER: Standard("Decides in more than twelve months.", 15),
        Timeline.NONE: Standard("No plan to decide.", 0),
        Timeline.UNKNOWN: _NOT_KNOWN,
    },
}


_BELONGS_TO = {
    "amount_minor": Criterion.BUDGET,
    "currency": Criterion.BUDGET,
    "role": Criterion.AUTHORITY,
    "decision_on": Criterion.TIMELINE,
}


@dataclass(frozen=True, kw_only=True)
class Answer(GivenAnswer):
    """One of the four, answered."""

    criterion: Criterion
    answer: AnswerValue

    def __post_init__(self) -> None:
        if problems := list(_answer_problems(self)):
            raise AnswerError(problems)


def _answer_problems(answer: Answer) -> Iterable[tuple[str, str]]:
    if not isinstance(answer.answer, ANSWERS[answer.criterion]):
        allowed = ", ".join(ANSWERS[answer.criterion])
        yield "/answer", f"{answer.criterion} is answered with one of: {allowed}"
    if not 0 <= answer.confidence <= 100:
        yield "/confidence", "must be from 0 to 100"
    if answer.answered_at.tzinfo is None:
        yield "/answered_at", "needs a time zone"
    if (answer.amount_minor is None) != (answer.currency is None):
        yield "/currency", "an amount and its currency come together"
    for name, owner in _BELONGS_TO.items():
        if getattr(answer, name) is not None and answer.criterion != owner:
            yield f"/{name}", f"belongs to {owner}"


def newest_answers(answers: Iterable[Answer]) -> dict[Criterion, Answer]:
    """The newest answer to each criterion, whatever order they come in; the later id breaks a tie.

    `unknown` replaces an older answer too: somebody said that it is no longer known.
    """
    return {answer.criterion: answer for answer in sorted(answers, key=age)}
