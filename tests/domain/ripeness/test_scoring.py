"""What the rules of a model come to: points, bounds, limits, grades."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Invalid
from app.domain.leads.leads import Lead
from app.domain.leads.status import LifecycleStage
from app.domain.record.touchpoints import Touchpoint
from app.domain.ripeness.engagement import NOTHING, Level
from app.domain.ripeness.scoring import (
    Fit,
    ScoringModel,
    counting,
    entries_of,
    fit_of,
    level_of,
    reached,
    standing,
)
from app.domain.ripeness.scoring_documents import TEMPLATES, document_of, patched
from app.domain.ripeness.scoring_parsing import parse_model

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
WORKSPACE = UUID(int=1)
ONE = {"field": "company", "op": "is_not_null"}


def model_of(document: dict[str, Any]) -> ScoringModel:
    return parse_model(document, {}, id=UUID(int=2), number=1, name="Model")


def lead(**fields: Any) -> Lead:
    told = {"company": "Firm"} | fields
    return Lead(workspace_id=WORKSPACE, id=UUID(int=3), created_at=NOW, updated_at=NOW, **told)


def touch(days: float, number: int = 0, kind: str = "call", **fields: Any) -> Touchpoint:
    """A touch so many days ago."""
    return Touchpoint(
        workspace_id=WORKSPACE,
        id=UUID(int=100 + number),
        lead_id=UUID(int=3),
        kind=kind,
        occurred_at=NOW - timedelta(days=days),
        recorded_at=NOW,
        **fields,
    )


def fit_rule(points: int, **fields: Any) -> dict[str, Any]:
    return {"key": f"k{points}".replace("-", "_"), "points": points, "when": ONE} | fields


@pytest.mark.parametrize(
    ("rules", "groups", "most", "points"),
    [
        ([], {}, 100, 0),
        ([fit_rule(40), fit_rule(-10)], {}, 100, 30),
        ([fit_rule(80), fit_rule(70)], {}, 100, 100),
        ([fit_rule(-40)], {}, 100, 0),
        ([fit_rule(80), fit_rule(70, group="g")], {"g": {"max": 10}}, 200, 90),
        ([fit_rule(80), fit_rule(-70, group="g")], {"g": {"min": -5}}, 100, 75),
        ([fit_rule(30)], {"g": {"min": 5}}, 100, 35),
        ([fit_rule(30, when={"not": ONE})], {}, 100, 0),
    ],
)
def test_points_are_held_in_bounds(rules: Any, groups: Any, most: int, points: int) -> None:
    model = model_of({"fit": {"rules": rules, "groups": groups, "max": most}})
    assert fit_of(model, lead()).points == points


def test_a_knock_out_leaves_nothing_and_is_told() -> None:
    out = {"key": "rival", "knock_out": True, "when": ONE}
    model = model_of({"fit": {"rules": [fit_rule(90), out], "letters": {"A": 75, "B": 50, "C": 0}}})
    fit = fit_of(model, lead())
    assert (fit.points, fit.knocked_out_by) == (0, "rival")
    assert [each.rule.key for each in fit.contributions] == ["k90", "rival"]
    assert standing(model, fit, NOTHING, NOW).grade == "D4"
    spared = fit_of(model, lead(company=None))
    assert (spared.points, spared.knocked_out_by) == (0, None)
    assert standing(model, spared, NOTHING, NOW).grade == "C4"


def limited(count: int, days: int | None, **fields: Any) -> ScoringModel:
    rule = {"key": "call", "kinds": ["call"], "points": 10, "limit": {"count": count, "days": days}}
    return model_of({"engagement": {"rules": [rule | fields]}})


def test_the_first_touches_of_each_stretch_count() -> None:
    # 2026-03-02 is day 20514, so stretches of seven days begin on Thursdays: 20510 is 2930 weeks.
    touches = [touch(days, number) for number, days in enumerate((0, 1, 2, 3, 4.5, 5, 6))]
    counted = entries_of(limited(2, 7), touches)
    assert [entry.occurred_at for entry in counted] == [
        NOW - timedelta(days=days) for days in (6, 5, 3, 2)
    ]
    assert len(entries_of(limited(2, None), touches)) == 2
    assert len(entries_of(limited(1, 1), touches)) == 6


@given(
    days=st.lists(st.integers(0, 40), max_size=12),
    count=st.integers(1, 3),
    length=st.sampled_from([None, 1, 7, 30]),
    data=st.data(),
)
def test_limits_do_not_depend_on_the_order_of_arrival(
    days: list[int], count: int, length: int | None, data: st.DataObject
) -> None:
    touches = [touch(age, number) for number, age in enumerate(days)]
    model = limited(count, length)
    shuffled = data.draw(st.permutations(touches))
    assert entries_of(model, shuffled) == entries_of(model, touches)
    counted = [entry.touchpoint_id for entry in entries_of(model, touches)]
    assert len(set(counted)) == len(counted) <= len(touches)


def test_corrected_touches_and_trials_do_not_count() -> None:
    first = touch(3, 1)
    second = touch(2, 2, supersedes_id=first.id)
    trial = touch(1, 3, is_test=True)
    touches = [first, second, trial]
    assert counting(touches, lead_is_test=False) == [second]
    assert counting(touches, lead_is_test=True) == [second, trial]


def test_a_touch_counts_by_kind_and_condition() -> None:
    rules = [
        {"key": "any", "points": 1, "when": {"field": "utm.source", "op": "eq", "value": "Fair"}},
        {"key": "page", "points": 2, "kinds": ["page_viewed"]},
        {"key": "bounce", "points": -5, "kinds": ["email_bounced"]},
    ]
    model = model_of({"engagement": {"rules": rules}})
    touches = [
        touch(0, 1, "page_viewed", utm={"source": "fair"}),
        touch(30, 2, "call"),
        touch(30, 3, "email_bounced"),
    ]
    entries = entries_of(model, touches)
    assert [(entry.rule.key, entry.points) for entry in entries] == [
        ("bounce", -5),
        ("any", 1),
        ("page", 2),
    ]
    assert level_of(model, entries) == Level(3 - 2.5, NOW)


@pytest.mark.parametrize(
    ("fit", "engagement", "score", "grade", "temperature"),
    [
        (100, 100.0, 100, "A1", "hot"),
        (100, 900.0, 100, "A1", "hot"),
        (75, 29.9, 52, "A3", "warm"),
        (74, 30.0, 52, "B2", "warm"),
        (25, 60.0, 43, "C1", "warm"),
        (24, 9.99, 17, "D4", "cold"),
        (0, -50.0, 0, "D4", "cold"),
        (1, 0.0, 1, "D4", "cold"),  # a half is rounded up
    ],
)
def test_where_a_lead_stands(
    fit: int, engagement: float, score: int, grade: str, temperature: str
) -> None:
    model = model_of({})
    found = standing(model, Fit(points=fit), Level(engagement, NOW), NOW)
    assert (found.score, found.grade, found.temperature) == (score, grade, temperature)


def test_a_lead_cools_by_itself() -> None:
    model = model_of({"engagement": {"half_life_days": 7}})
    level = Level(60.0, NOW)
    grades = [
        standing(model, Fit(points=80), level, NOW + timedelta(days=days)).grade
        for days in (0, 7, 14, 21)
    ]
    assert grades == ["A1", "A2", "A3", "A4"]


def test_stages_are_reached_by_score_or_grade() -> None:
    model = model_of({"mql": {"score": 50}, "sql": {"grades": ["B1", "A1"]}})
    by_score = standing(model, Fit(points=80), Level(20.0, NOW), NOW)
    by_grade = standing(model, Fit(points=50), Level(60.0, NOW), NOW)
    neither = standing(model, Fit(points=10), Level(60.0, NOW), NOW)
    assert reached(model, by_score) is LifecycleStage.MQL
    assert reached(model, by_grade) is LifecycleStage.SQL
    assert reached(model, neither) is None
    assert reached(model_of({}), by_grade) is None


@pytest.mark.parametrize("document", [{}, *TEMPLATES.values()])
def test_a_document_is_written_as_it_was_read(document: dict[str, Any]) -> None:
    model = model_of(document)
    assert model_of(document_of(model)) == model
    assert document_of(model_of(document_of(model))) == document_of(model)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@st.composite
def spoiled(draw: st.DrawFn) -> Any:
    """The template with something else in one of its places."""
    document: Any = document_of(model_of(TEMPLATES["standard"]))
    place: Any = document
    while True:
        steps = list(place) if isinstance(place, dict) else list(range(len(place)))
        step = draw(st.sampled_from(steps))
        if not isinstance(place[step], dict | list) or not place[step] or draw(st.booleans()):
            place[step] = draw(anything)
            return document
        place = place[step]


@given(document=anything | spoiled())
def test_no_document_breaks_the_reader(document: Any) -> None:
    model, faults = None, []
    try:
        model = model_of(document)
    except Invalid as invalid:
        faults = invalid.errors
    if model is None:
        assert faults
        assert all(fault.pointer for fault in faults)
    else:
        assert model_of(document_of(model)) == model


def test_a_merge_patch_goes_into_objects_and_replaces_lists() -> None:
    document = {"a": {"b": 1, "c": [1, 2]}, "d": 2}
    patch = {"a": {"b": None, "c": [3]}, "e": {"f": None, "g": 1}}
    assert patched(document, patch) == {"a": {"c": [3]}, "d": 2, "e": {"g": 1}}
    assert document == {"a": {"b": 1, "c": [1, 2]}, "d": 2}
