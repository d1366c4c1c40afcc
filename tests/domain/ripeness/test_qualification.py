"""BANT: which answer counts, what the score is, and when a lead is qualified."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.ripeness.bant import (
    ANSWERS,
    STANDARDS,
    Answer,
    AnswerError,
    AnswerValue,
    Authority,
    Budget,
    Criterion,
    Need,
    Timeline,
    newest_answers,
)
from app.domain.ripeness.qualification import (
    Outcome,
    PolicyError,
    QualificationPolicy,
    Verdict,
    assess,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DEFAULT = QualificationPolicy()
BY_VALUE = {(criterion, value): value for criterion, kind in ANSWERS.items() for value in kind}
KNOWN = [(criterion, value) for criterion, value in BY_VALUE if value != "unknown"]


def answer(value: AnswerValue, **changes: Any) -> Answer:
    criterion = next(criterion for criterion, kind in ANSWERS.items() if isinstance(value, kind))
    return Answer(criterion=criterion, answer=value, **{"answered_at": NOON, **changes})


def verdict_on(
    *values: AnswerValue, policy: QualificationPolicy = DEFAULT, **changes: Any
) -> Verdict:
    return assess(newest_answers(answer(value, **changes) for value in values), policy)


answers = st.builds(
    lambda pair, **fields: Answer(criterion=pair[0], answer=pair[1], **fields),
    pair=st.sampled_from([(c, v) for c, kind in ANSWERS.items() for v in kind]),
    confidence=st.integers(0, 100),
    # Few instants, so that ties happen; and one of them in another zone.
    answered_at=st.sampled_from(
        [NOON, NOON.astimezone(timezone(timedelta(hours=5))), NOON + timedelta(days=1)]
    ),
    id=st.none() | st.integers(0, 5).map(lambda n: UUID(int=n)),
)
policies = st.builds(
    QualificationPolicy,
    weights=st.fixed_dictionaries(dict.fromkeys(Criterion, st.integers(0, 50))).filter(
        lambda weights: any(weights.values())
    ),
    qualified_at=st.integers(40, 100),
    disqualified_below=st.integers(0, 40),
    required=st.sets(st.sampled_from(list(Criterion))),
)
assessed = st.lists(answers, max_size=8).map(newest_answers)


@pytest.mark.parametrize(
    ("values", "changes", "outcome", "score", "completeness"),
    [
        # 360 points / 4
        ((Budget.APPROVED, Authority.DECISION_MAKER, Need.STRONG, Timeline.THIS_QUARTER), {},
         Outcome.QUALIFIED, 90, 100),
        # 270 points / 4 = 67.5, rounded up
        ((Budget.ALLOCATED, Authority.RECOMMENDER, Need.STRONG, Timeline.HALF_YEAR), {},
         Outcome.NOT_YET, 68, 100),
        # 250 points / 4 = 62.5, rounded up
        ((Budget.PLANNED, Authority.INFLUENCER, Need.MODERATE, Timeline.THIS_QUARTER), {},
         Outcome.NOT_YET, 63, 100),
        # 90 at 75 percent = 67.5
        ((Budget.APPROVED, Authority.DECISION_MAKER, Need.STRONG, Timeline.THIS_QUARTER),
         {"confidence": 75}, Outcome.NOT_YET, 68, 100),
        # 300 points / 4: the score would do, the timeline is missing
        ((Budget.APPROVED, Authority.DECISION_MAKER, Need.CRITICAL), {},
         Outcome.NOT_YET, 75, 75),
        ((Budget.APPROVED, Authority.DECISION_MAKER, Need.CRITICAL, Timeline.UNKNOWN), {},
         Outcome.NOT_YET, 75, 75),
        ((Budget.APPROVED, Authority.DECISION_MAKER, Need.NONE, Timeline.IMMEDIATE), {},
         Outcome.DISQUALIFIED, 75, 100),
        ((Budget.NONE,), {}, Outcome.DISQUALIFIED, 0, 25),
        ((), {}, Outcome.NOT_YET, 0, 0),
    ],
)  # fmt: skip
def test_worked_cases(
    values: tuple[AnswerValue, ...],
    changes: dict[str, Any],
    outcome: Outcome,
    score: int,
    completeness: int,
) -> None:
    verdict = verdict_on(*values, **changes)
    assert (verdict.outcome, verdict.score, verdict.completeness) == (outcome, score, completeness)


def test_a_verdict_explains_itself() -> None:
    policy = QualificationPolicy(
        weights={
            Criterion.BUDGET: 1,
            Criterion.AUTHORITY: 1,
            Criterion.NEED: 1,
            Criterion.TIMELINE: 0,
        }
    )
    verdict = verdict_on(Budget.APPROVED, Need.NONE, policy=policy, confidence=50)
    assert verdict.missing == [Criterion.AUTHORITY, Criterion.TIMELINE]
    assert verdict.reasons == [
        "need: none is a knock-out",
        "authority: not known yet",
        "timeline: not known yet",
        "score 17 is below 70",
    ]
    # 100 x 50 % / 3 = 16.7
    parts = [
        (c.criterion, c.weight, c.points, c.confidence, c.share) for c in verdict.contributions
    ]
    assert parts == [
        (Criterion.BUDGET, 1, 100, 50, 17),
        (Criterion.AUTHORITY, 1, 0, 0, 0),
        (Criterion.NEED, 1, 0, 50, 0),
        (Criterion.TIMELINE, 0, 0, 0, 0),
    ]
    assert verdict.completeness == 66


def test_the_threshold_itself_qualifies() -> None:
    values = (Budget.ALLOCATED, Authority.INFLUENCER, Need.STRONG, Timeline.THIS_QUARTER)  # 310 / 4
    assert verdict_on(*values, policy=QualificationPolicy(qualified_at=78)).outcome == "qualified"
    assert verdict_on(*values, policy=QualificationPolicy(qualified_at=79)).outcome == "not_yet"


def test_a_low_score_disqualifies_once_all_is_known() -> None:
    policy = QualificationPolicy(disqualified_below=30)
    low = (Budget.UNBUDGETED, Authority.USER, Need.WEAK, Timeline.LATER)  # 80 / 4
    assert verdict_on(*low, policy=policy).outcome == "disqualified"
    assert "score 20 is below 30, which disqualifies" in verdict_on(*low, policy=policy).reasons
    assert verdict_on(*low, policy=replace(policy, disqualified_below=20)).outcome == "not_yet"
    assert verdict_on(*low[:3], policy=policy).outcome == "not_yet"
    assert verdict_on(*low, policy=DEFAULT).outcome == "not_yet"


def test_a_workspace_sets_its_own_points_knock_outs_and_requirements() -> None:
    policy = QualificationPolicy(
        points={Criterion.BUDGET: {"none": 60}},
        knock_outs={Criterion.AUTHORITY: {"no_access"}},
        required=[Criterion.NEED],
        qualified_at=40,
    )
    # 160 points / 4
    assert verdict_on(Budget.NONE, Need.CRITICAL, policy=policy).outcome == "qualified"
    assert verdict_on(Need.CRITICAL, Authority.NO_ACCESS, policy=policy).outcome == "disqualified"


def test_a_policy_may_come_as_plain_json() -> None:
    stored: dict[str, Any] = {
        "weights": {"budget": 10, "authority": 20, "need": 30, "timeline": 40},
        "required": ["need"],
        "points": {"need": {"weak": 30}},
        "knock_outs": {"timeline": ["none"]},
    }
    policy = QualificationPolicy(**stored)
    assert verdict_on(Need.WEAK, policy=policy).score == 9
    assert verdict_on(Timeline.NONE, policy=policy).outcome == "disqualified"


WEIGHTS = dict.fromkeys(Criterion, 25)


@pytest.mark.parametrize(
    ("settings", "pointer"),
    [
        ({"weights": {"budget": 25, "authority": 25, "need": 25}}, "/weights/timeline"),
        ({"weights": WEIGHTS | {"need": -1}}, "/weights/need"),
        ({"weights": WEIGHTS | {"need": 2.5}}, "/weights/need"),
        ({"weights": WEIGHTS | {"need": True}}, "/weights/need"),
        ({"weights": WEIGHTS | {"mood": 5}}, "/weights/mood"),
        ({"weights": dict.fromkeys(Criterion, 0)}, "/weights"),
        ({"qualified_at": 0}, "/qualified_at"),
        ({"qualified_at": 101}, "/qualified_at"),
        ({"qualified_at": "70"}, "/qualified_at"),
        ({"qualified_at": True}, "/qualified_at"),
        ({"disqualified_below": 1.5}, "/disqualified_below"),
        ({"disqualified_below": -1}, "/disqualified_below"),
        ({"disqualified_below": 71}, "/disqualified_below"),
        ({"required": ["mood"]}, "/required"),
        ({"points": {"need": {"none": 101}}}, "/points/need/none"),
        ({"points": {"need": {"strong": "80"}}}, "/points/need/strong"),
        ({"points": {"need": {"huge": 50}}}, "/points/need/huge"),
        ({"points": {"need": {"unknown": 50}}}, "/points/need/unknown"),
        ({"points": {"mood": {"good": 50}}}, "/points/mood"),
        ({"knock_outs": {"need": ["huge"]}}, "/knock_outs/need"),
        ({"knock_outs": {"need": ["unknown"]}}, "/knock_outs/need"),
        ({"knock_outs": {"mood": ["bad"]}}, "/knock_outs/mood"),
    ],
)
def test_a_policy_names_the_field_that_is_wrong(settings: dict[str, Any], pointer: str) -> None:
    with pytest.raises(PolicyError) as error:
        QualificationPolicy(**settings)
    assert [problem[0] for problem in error.value.problems] == [pointer]


def test_a_policy_names_all_problems_at_once() -> None:
    with pytest.raises(PolicyError) as error:
        QualificationPolicy(qualified_at=0, required=["mood", "luck"])  # type: ignore[list-item]
    assert len(error.value.problems) == 3


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"answer": Need.STRONG}, "/answer"),
        ({"confidence": 101}, "/confidence"),
        ({"answered_at": datetime(2026, 1, 1)}, "/answered_at"),  # noqa: DTZ001
        ({"amount_minor": 100}, "/currency"),
        ({"role": "CFO"}, "/role"),
        ({"decision_on": date(2027, 1, 1)}, "/decision_on"),
    ],
)
def test_an_answer_names_the_field_that_is_wrong(fields: dict[str, Any], pointer: str) -> None:
    good: dict[str, Any] = {
        "criterion": Criterion.BUDGET, "answer": Budget.APPROVED, "answered_at": NOON,
    }  # fmt: skip
    assert Answer(**good, amount_minor=100, currency="EUR").is_known
    with pytest.raises(AnswerError) as error:
        Answer(**good | fields)
    assert [problem[0] for problem in error.value.problems] == [pointer]


def test_the_newest_answer_counts_even_if_it_is_unknown() -> None:
    old, new = answer(Need.CRITICAL), answer(Need.UNKNOWN, answered_at=NOON + timedelta(days=1))
    assert newest_answers([new, old]) == {Criterion.NEED: new}
    assert assess(newest_answers([new, old]), DEFAULT).missing == list(Criterion)


def test_of_two_answers_at_one_instant_the_later_id_counts() -> None:
    first, second = (answer(Need.WEAK, id=UUID(int=n)) for n in (1, 2))
    assert (
        newest_answers([second, first])
        == newest_answers([first, second])
        == {Criterion.NEED: second}
    )


@given(st.lists(answers, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_the_answers_changes_nothing(
    given_answers: list[Answer], random: Random
) -> None:
    shuffled = random.sample(given_answers, len(given_answers))
    assert newest_answers(shuffled) == newest_answers(given_answers)


@given(assessed, policies)
def test_bounds_and_sums(known: dict[Criterion, Answer], policy: QualificationPolicy) -> None:
    verdict = assess(known, policy)
    assert 0 <= verdict.score <= 100
    assert 0 <= verdict.completeness <= 100
    assert sum(part.share for part in verdict.contributions) == verdict.score
    assert [part.criterion for part in verdict.contributions] == list(Criterion)
    assert verdict.reasons
    exact = sum(p.weight * p.points * p.confidence for p in verdict.contributions)
    assert abs(exact / (100 * sum(policy.weights.values())) - verdict.score) <= 0.5


@given(assessed, policies, st.sampled_from(KNOWN), st.integers(0, 100), st.integers(0, 100))
def test_more_points_never_lower_the_score(
    known: dict[Criterion, Answer],
    policy: QualificationPolicy,
    pair: tuple[Criterion, AnswerValue],
    one: int,
    other: int,
) -> None:
    criterion, value = pair
    known = known | {criterion: answer(value)}
    low, high = (
        assess(known, replace(policy, points={criterion: {value: points}})).score
        for points in sorted((one, other))
    )
    assert low <= high


@given(assessed, policies, answers)
def test_an_answer_more_and_more_confidence_never_lower_the_score(
    known: dict[Criterion, Answer], policy: QualificationPolicy, added: Answer
) -> None:
    without = {criterion: a for criterion, a in known.items() if criterion != added.criterion}
    doubted = without | {added.criterion: added}
    certain = without | {added.criterion: replace(added, confidence=100)}
    scores = [assess(answers, policy).score for answers in (without, doubted, certain)]
    assert scores == sorted(scores)


@given(assessed, policies, st.sampled_from(KNOWN), st.integers(0, 100))
def test_a_knock_out_wins(
    known: dict[Criterion, Answer],
    policy: QualificationPolicy,
    pair: tuple[Criterion, AnswerValue],
    confidence: int,
) -> None:
    criterion, value = pair
    harsh = replace(policy, knock_outs={criterion: [value]}, qualified_at=1, disqualified_below=0)
    verdict = assess(known | {criterion: answer(value, confidence=confidence)}, harsh)
    assert verdict.outcome == Outcome.DISQUALIFIED


@given(assessed, policies)
def test_nothing_is_qualified_while_something_required_is_missing(
    known: dict[Criterion, Answer], policy: QualificationPolicy
) -> None:
    verdict = assess(known, policy)
    assert verdict.missing == [
        c for c in Criterion if c in policy.required and (c not in known or not known[c].is_known)
    ]
    if verdict.missing:
        assert verdict.outcome != Outcome.QUALIFIED
    if verdict.outcome == Outcome.QUALIFIED:
        assert verdict.score >= policy.qualified_at


@given(assessed, policies, st.integers(1, 1_000))
def test_only_the_proportion_of_the_weights_matters(
    known: dict[Criterion, Answer], policy: QualificationPolicy, factor: int
) -> None:
    scaled = replace(policy, weights={c: weight * factor for c, weight in policy.weights.items()})
    one, other = assess(known, policy), assess(known, scaled)
    assert [p.share for p in one.contributions] == [p.share for p in other.contributions]
    assert replace(one, contributions=[]) == replace(other, contributions=[])


def test_the_standards_cover_every_answer_from_best_to_worst() -> None:
    for criterion, kind in ANSWERS.items():
        standards = STANDARDS[criterion]
        assert list(standards) == list(kind)
        points = [standard.points for standard in standards.values()]
        assert points == sorted(points, reverse=True)
        assert points[0] == 100
    out = [
        (c, v) for c, standards in STANDARDS.items() for v, s in standards.items() if s.knock_out
    ]
    assert out == [(Criterion.BUDGET, "none"), (Criterion.NEED, "none")]
