"""Answers to the criteria of any framework: who gave them, when, and which of two is newer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

UNKNOWN = "unknown"


class QualificationError(ValueError):
    """Every problem found, each as a JSON pointer and a sentence."""

    def __init__(self, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{pointer}: {detail}" for pointer, detail in self.problems))


class AnswerError(QualificationError):
    """The answer contradicts itself."""


@dataclass(frozen=True, kw_only=True)
class GivenAnswer:
    """One criterion, answered by somebody at some time who is `confidence` percent sure.

    `detail` says who or what exactly, such as the name of the buyer. One that `settles` a dispute
    puts what others said before it out of the question.
    """

    criterion: str
    answer: str
    answered_at: datetime
    id: UUID | None = None
    amount_minor: int | None = None
    currency: str | None = None
    decision_on: date | None = None
    role: str | None = None
    detail: str | None = None
    confidence: int = 100
    evidence_text: str | None = None
    evidence_touchpoint_id: UUID | None = None
    answered_by: UUID | None = None
    by_lead: bool = False
    settles: bool = False

    @property
    def is_known(self) -> bool:
        """Whether it says anything: `unknown` is an answer, and tells nothing."""
        return self.answer != UNKNOWN

    @property
    def teller(self) -> tuple[bool, UUID | None]:
        """Who says so: the lead, a user, or whoever comes without one."""
        return self.by_lead, self.answered_by

    @property
    def about(self) -> str:
        """What tells two answers of one criterion apart where there may be several."""
        return " ".join((self.detail or "").split()).casefold()


A = TypeVar("A", bound=GivenAnswer)


def age(answer: GivenAnswer) -> tuple[datetime, int, str]:
    """The order of answers, oldest first: by when they were given, then by id."""
    # Answers not yet stored have no id; their text makes the order total.
    return answer.answered_at, answer.id.int if answer.id else -1, repr(answer)
