"""Where a lead stands in a framework: the answers that count, which are too old, who contradicts
whom, and what to ask next.

All of it follows from the answers and the time, never from the order in which answers arrived.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.ripeness.answers import GivenAnswer, age
from app.domain.ripeness.frameworks import Definition, FrameworkCriterion
from app.domain.ripeness.frameworks_answering import is_understood
from app.domain.ripeness.verdicts import Verdict, is_knock_out, points_of, weigh


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """A criterion with one answer, of which people say different things: the newest word of each,
    newest first."""

    criterion: str
    answers: list[GivenAnswer]


@dataclass(frozen=True, kw_only=True)
class Expired:
    """A criterion whose answer is too old to count."""

    criterion: str
    answered_at: datetime
    expired_at: datetime


@dataclass(frozen=True, kw_only=True)
class NextQuestion:
    """What to ask, and why: `conflict`, `expired`, or `unknown`."""

    criterion: FrameworkCriterion
    reason: str


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The answers to each criterion, the one that counts first, and what they come to."""

    answers: dict[str, list[GivenAnswer]]
    conflicts: list[Conflict]
    expired: list[Expired]
    next_questions: list[NextQuestion]
    verdict: Verdict


def standing_of(definition: Definition, answers: Iterable[GivenAnswer], now: datetime) -> Standing:
    """Where these answers leave a lead. An answer that the framework no longer understands, since
    another version asks otherwise, tells nothing, and neither does what it took the place of."""
    of_criterion: dict[str, list[GivenAnswer]] = {c.key: [] for c in definition.criteria}
    for answer in sorted(answers, key=age):
        if answer.criterion in of_criterion:
            of_criterion[answer.criterion].append(answer)
    shown: dict[str, list[GivenAnswer]] = {}
    known: dict[str, GivenAnswer] = {}
    conflicts: list[Conflict] = []
    expired: list[Expired] = []
    for criterion in definition.criteria:
        given = of_criterion[criterion.key]
        current = _current(criterion, given, now)
        if current:
            shown[criterion.key] = current
        if current and _counts(criterion, current[0], now):
            known[criterion.key] = current[0]
        elif told := [answer for answer in current if _tells(criterion, answer)]:
            expired.append(_expired(criterion, max(told, key=age)))
        conflicts += _conflicts(criterion, given, now)
    disputed = [conflict.criterion for conflict in conflicts]
    return Standing(
        answers=shown,
        conflicts=conflicts,
        expired=expired,
        next_questions=_next(definition, known, disputed, [each.criterion for each in expired]),
        verdict=weigh(definition, known, disputed),
    )


def expires_at(criterion: FrameworkCriterion, answer: GivenAnswer) -> datetime | None:
    """When an answer becomes too old to count; None when it never does."""
    if criterion.expires_after_days is None:
        return None
    return answer.answered_at + timedelta(days=criterion.expires_after_days)


def _tells(criterion: FrameworkCriterion, answer: GivenAnswer) -> bool:
    return answer.is_known and is_understood(criterion, answer)


def _counts(criterion: FrameworkCriterion, answer: GivenAnswer, now: datetime) -> bool:
    until = expires_at(criterion, answer)
    return _tells(criterion, answer) and (until is None or now < until)


def _current(
    criterion: FrameworkCriterion, given: Sequence[GivenAnswer], now: datetime
) -> list[GivenAnswer]:
    """The answers that are in force, the one that counts first; `given` is oldest first."""
    if not criterion.several:
        return [given[-1]] if given else []
    standing: dict[str, GivenAnswer] = {}
    for answer in given:
        if not answer.is_known and not answer.about:
            standing = {}
        standing[answer.about] = answer
    if any(_tells(criterion, answer) for answer in standing.values()):
        standing = {about: a for about, a in standing.items() if _tells(criterion, a)}

    def rank(answer: GivenAnswer) -> tuple[object, ...]:
        if not _tells(criterion, answer):
            return (False, False, 0, age(answer))
        worth = points_of(criterion, answer) * answer.confidence
        fresh = _counts(criterion, answer, now)
        return (fresh, not is_knock_out(criterion, answer), worth, age(answer))

    return sorted(standing.values(), key=rank, reverse=True)


def _conflicts(
    criterion: FrameworkCriterion, given: Sequence[GivenAnswer], now: datetime
) -> list[Conflict]:
    if criterion.several:
        return []
    settled = max((place for place, answer in enumerate(given) if answer.settles), default=0)
    newest = {answer.teller: answer for answer in given[settled:]}
    words = [answer for answer in newest.values() if _counts(criterion, answer, now)]
    if not any(_contradict(one, other) for one in words for other in words):
        return []
    return [Conflict(criterion=criterion.key, answers=sorted(words, key=age, reverse=True))]


def _contradict(one: GivenAnswer, other: GivenAnswer) -> bool:
    """Whether not both can be right; a name that only one of them tells contradicts nothing."""
    if one.answer != other.answer:
        return True
    return bool(one.about and other.about and one.about != other.about)


def _expired(criterion: FrameworkCriterion, answer: GivenAnswer) -> Expired:
    until = expires_at(criterion, answer) or answer.answered_at
    return Expired(criterion=criterion.key, answered_at=answer.answered_at, expired_at=until)


def _next(
    definition: Definition,
    known: Iterable[str],
    disputed: Sequence[str],
    expired: Sequence[str],
) -> list[NextQuestion]:
    """What is open, the weightiest first; of equal weight in the framework's order."""
    answered = set(known)
    found = []
    for criterion in definition.criteria:
        if criterion.key in disputed:
            found.append(NextQuestion(criterion=criterion, reason="conflict"))
        elif criterion.key not in answered:
            reason = "expired" if criterion.key in expired else "unknown"
            found.append(NextQuestion(criterion=criterion, reason=reason))
    return sorted(found, key=lambda question: -question.criterion.weight)
