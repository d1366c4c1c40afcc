"""Where a lead stands in a framework: the same whatever the order in which answers arrived."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.domain.ripeness.answers import UNKNOWN, GivenAnswer, age
from app.domain.ripeness.bant import ANSWERS, Answer
from app.domain.ripeness.frameworks import (
    AnswerKind,
    ConflictRule,
    Definition,
    FrameworkCriterion,
    Option,
)
from app.domain.ripeness.frameworks_builtin import TEMPLATES
from app.domain.ripeness.qualification import (
    QualificationPolicy,
    assess,
    definition_of,
    newest_answers,
)
from app.domain.ripeness.qualification_standing import Standing, standing_of
from app.domain.ripeness.verdicts import Outcome

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOW = NOON + timedelta(days=3)
OPTIONS = (
    Option(value="yes", label="Yes", points=100),
    Option(value="half", label="Half", points=50),
    Option(value="never", label="Never", points=0, knock_out=True),
)


def criterion(key: str, **told: Any) -> FrameworkCriterion:
    plain: dict[str, Any] = {"answers": OPTIONS, "weight": 1}
    return FrameworkCriterion(key=key, label=key, question=key, **plain | told)


def framework(*criteria: FrameworkCriterion, **told: Any) -> Definition:
    return Definition(key="ours", name="Ours", criteria=criteria, **told)


OURS = framework(
    criterion("one", required=True),
    criterion("short", expires_after_days=2, weight=3),
    criterion("many", several=True, weight=2, expires_after_days=2),
    criterion("words", kind=AnswerKind.TEXT, answers=()),
    conflicts=ConflictRule.HOLD,
)


def said(key: str, value: str = "yes", **told: Any) -> GivenAnswer:
    return GivenAnswer(criterion=key, answer=value, **{"answered_at": NOON, **told})


answers = st.builds(
    GivenAnswer,
    criterion=st.sampled_from(["one", "short", "many", "words", "gone"]),
    answer=st.sampled_from(["yes", "half", "never", UNKNOWN, "other"]),
    # Few instants, tellers and names, so that they meet.
    answered_at=st.integers(0, 3).map(lambda days: NOON + timedelta(days=days)),
    id=st.none() | st.integers(0, 20).map(lambda n: UUID(int=n)),
    detail=st.none() | st.sampled_from(["Ada", " ada ", "Bo"]),
    confidence=st.sampled_from([0, 50, 100]),
    answered_by=st.none() | st.integers(0, 2).map(lambda n: UUID(int=n)),
    by_lead=st.booleans(),
    settles=st.booleans(),
)
histories = st.lists(answers, max_size=12)


@given(histories, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(history: list[GivenAnswer], order: Random) -> None:
    shuffled = list(history)
    order.shuffle(shuffled)
    assert standing_of(OURS, shuffled, NOW) == standing_of(OURS, history, NOW)


def newest_of_each_kind(history: list[GivenAnswer]) -> list[GivenAnswer]:
    """What the database keeps of a history: see `_NEWEST` in the repository."""
    kinds: dict[Any, GivenAnswer] = {}
    for answer in sorted(history, key=age):
        kind = (answer.criterion, answer.teller, answer.detail, answer.settles, answer.is_known)
        kinds[kind] = answer
    return list(kinds.values())


@given(histories)
def test_what_the_database_leaves_out_changes_nothing(history: list[GivenAnswer]) -> None:
    assert standing_of(OURS, newest_of_each_kind(history), NOW) == standing_of(OURS, history, NOW)


@given(histories, answers)
def test_who_settles_last_is_contradicted_by_nobody_before(
    history: list[GivenAnswer], last: GivenAnswer
) -> None:
    later = NOW - timedelta(hours=1)
    settling = GivenAnswer(**vars(last) | {"settles": True, "answered_at": later})
    before = [each for each in history if each.answered_at < later]
    conflicts = standing_of(OURS, [*before, settling], NOW).conflicts
    # What is no answer to its criterion settles nothing.
    if settling.answer != "other" or settling.criterion == "words":
        assert last.criterion not in [conflict.criterion for conflict in conflicts]


@given(histories)
def test_whatever_is_open_is_asked_the_weightiest_first(history: list[GivenAnswer]) -> None:
    found = standing_of(OURS, history, NOW)
    asked = [question.criterion.key for question in found.next_questions]
    known = {part.criterion for part in found.verdict.contributions if part.answer is not None}
    disputed = {conflict.criterion for conflict in found.conflicts}
    assert set(asked) == (OURS.by_key.keys() - known) | disputed
    assert len(asked) == len(set(asked))
    weights = [question.criterion.weight for question in found.next_questions]
    assert weights == sorted(weights, reverse=True)
    assert {each.criterion for each in found.expired} <= OURS.by_key.keys() - known


@given(histories)
def test_the_score_is_the_sum_of_its_parts_and_completeness_says_what_is_open(
    history: list[GivenAnswer],
) -> None:
    verdict = standing_of(OURS, history, NOW).verdict
    assert verdict.score == sum(part.share for part in verdict.contributions)
    # The score is rounded, completeness is rounded down.
    assert 0 <= verdict.score <= min(verdict.completeness + 1, 100)
    if verdict.completeness == 100:
        assert verdict.missing == []


bant_answers = st.builds(
    lambda pair, **fields: Answer(criterion=pair[0], answer=pair[1], **fields),
    pair=st.sampled_from([(c, v) for c, kind in ANSWERS.items() for v in kind]),
    answered_at=st.integers(0, 3).map(lambda days: NOON + timedelta(days=days)),
    id=st.integers(0, 20).map(lambda n: UUID(int=n)),
    confidence=st.integers(0, 100),
)


@given(st.lists(bant_answers, max_size=10))
def test_bant_is_a_framework_like_any_other(history: list[Answer]) -> None:
    policy = QualificationPolicy()
    found = standing_of(definition_of(policy), history, NOW)
    assert found.verdict == assess(newest_answers(history), policy)


def test_an_answer_counts_until_it_expires_and_not_after() -> None:
    answer = said("short")
    until = NOON + timedelta(days=2)
    before = standing_of(OURS, [answer], until - timedelta(microseconds=1))
    after = standing_of(OURS, [answer], until)
    assert (before.verdict.score, before.expired) == (43, [])
    assert (after.verdict.score, [each.expired_at for each in after.expired]) == (0, [until])
    assert after.answers == {"short": [answer]}


def test_a_conflict_holds_the_verdict_up_where_the_framework_says_so() -> None:
    told = [said("one", "yes"), said("one", "half", by_lead=True)]
    for rule, outcome in ((ConflictRule.HOLD, Outcome.NOT_YET), (ConflictRule.SHOW, "qualified")):
        ours = framework(criterion("one", required=True), qualified_at=50, conflicts=rule)
        found = standing_of(ours, told, NOW)
        assert (len(found.conflicts), found.verdict.outcome) == (1, outcome)


def test_a_name_that_only_one_tells_contradicts_nothing() -> None:
    def conflicts(*told: GivenAnswer) -> int:
        return len(standing_of(OURS, told, NOW).conflicts)

    ada = said("one", detail="Ada", by_lead=True)
    assert conflicts(ada, said("one")) == 0
    assert conflicts(ada, said("one", detail="ADA ")) == 0
    assert conflicts(ada, said("one", detail="Bo")) == 1
    assert conflicts(ada, said("one", UNKNOWN)) == 0
    # The same person may change their mind.
    assert conflicts(said("one", "half"), said("one", "yes")) == 0


def test_of_several_the_best_counts_and_all_must_knock_out() -> None:
    def found(*told: GivenAnswer) -> Standing:
        return standing_of(OURS, told, NOON)

    both = found(said("many", "half", detail="Ada"), said("many", "yes", detail="Bo"))
    assert [answer.detail for answer in both.answers["many"]] == ["Bo", "Ada"]
    mixed = found(said("many", "never", detail="Ada"), said("many", "half", detail="Bo"))
    assert mixed.verdict.outcome is Outcome.NOT_YET
    assert found(said("many", "never", detail="Ada")).verdict.outcome is Outcome.DISQUALIFIED


def test_every_template_can_be_answered_in_full() -> None:
    for definition in TEMPLATES.values():
        best = [
            said(c.key, max(c.answers, key=lambda option: option.points).value)
            for c in definition.criteria
        ]
        verdict = standing_of(definition, best, NOON).verdict
        assert (verdict.outcome, verdict.score) == (Outcome.QUALIFIED, 100)
        assert standing_of(definition, [], NOON).verdict.completeness == 0
