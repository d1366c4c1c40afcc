"""Scores worked out by Postgres are those of the domain, for any model, leads and touches."""

import math
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.condition_parsing import parse_condition
from app.domain.conditions import Field
from app.domain.errors import Invalid
from app.domain.leads.leads import Lead
from app.domain.record.fields import touchpoint_fields
from app.domain.record.touchpoints import Touchpoint
from app.domain.ripeness.engagement import Level, decayed, order_key
from app.domain.ripeness.scoring import ScoringModel, counting, entries_of, fit_of, level_of
from app.domain.ripeness.scoring_models import LeadScore
from app.domain.ripeness.scoring_parsing import parse_model
from app.domain.ripeness.scoring_rules import CUSTOM, PROFILE
from app.platform.db import Database
from app.platform.ids import new_id
from app.repositories.ripeness.score_statements import shape_of_model
from app.repositories.tables.leads import leads
from app.repositories.tables.record import touchpoints
from app.repositories.unit_of_work import UnitOfWork
from tests.conftest import Client, client_of
from tests.factories.conditions import FIELDS, NOW, lead_columns, leaves, touch_conditions, trees
from tests.factories.rows import insert_sql, row_for

pytestmark = pytest.mark.anyio

LEADS = 60
KINDS = ("call", "form", "mail")
OWN_FIELDS = {name: each for name, each in FIELDS.items() if name.startswith(CUSTOM)}
TESTED = [FIELDS[name] for name in (*PROFILE, *OWN_FIELDS)]

told_touches = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(KINDS),
            "occurred_at": st.integers(-24, 60 * 24).map(lambda h: NOW - timedelta(hours=h)),
            "is_test": st.booleans(),
            "corrects": st.booleans(),
            "utm": st.sampled_from([None, {"source": "Fair"}, {"source": "x"}]),
            "page_url": st.sampled_from([None, "/pricing", "/Pricing/now"]),
        }
    ),
    max_size=12,
)


def understood(raw: Any, known: Mapping[str, Field]) -> bool:
    """Whether a rule may have the condition."""
    try:
        parse_condition(raw, known, timeless=True)
    except Invalid:
        return False
    return True


fit_tests = trees(st.sampled_from(TESTED).flatmap(leaves), 3).filter(
    lambda raw: understood(raw, {each.name: each for each in TESTED})
)
touch_tests = touch_conditions.filter(lambda raw: understood(raw, touchpoint_fields()))
whole = st.integers(-50, 60).filter(bool)
bounds = st.none() | st.integers(-20, 40)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Models of every shape."""
    groups = {
        name: {"min": least, "max": None if most is None or least is None else least + abs(most)}
        for name, least, most in (("one", draw(bounds), draw(bounds)), ("two", None, draw(bounds)))
    }
    fit = [
        {
            "key": f"f{n}",
            "points": draw(whole),
            "when": draw(fit_tests),
            "group": draw(st.sampled_from([None, "one", "two"])),
            "knock_out": draw(st.integers(0, 9)) == 0,
        }
        for n in range(draw(st.integers(0, 4)))
    ]
    earned = []
    for n in range(draw(st.integers(0, 4))):
        kinds = draw(st.lists(st.sampled_from(KINDS), max_size=2))
        limit = {
            "count": draw(st.integers(1, 3)),
            "days": draw(st.sampled_from([None, 1, 7, 30])),
        }
        earned.append(
            {
                "key": f"e{n}",
                "points": draw(whole),
                "kinds": kinds,
                "when": draw(touch_tests) if not kinds or draw(st.booleans()) else None,
                "limit": limit if draw(st.booleans()) else None,
            }
        )
    return {
        "fit": {"rules": fit, "groups": groups, "max": draw(st.sampled_from([10, 100]))},
        "engagement": {"rules": earned, "half_life_days": draw(st.sampled_from([1, 30, 365]))},
    }


def model_of(document: dict[str, Any]) -> ScoringModel:
    return parse_model(document, OWN_FIELDS, id=new_id(), number=1, name="Model")


@dataclass
class Herd:
    """Leads with their touches, in Python and in Postgres."""

    client: Client
    database: Database
    leads: dict[UUID, tuple[Lead, list[Touchpoint]]] = field(repr=False)

    async def worked_out(self, model: ScoringModel) -> dict[UUID, LeadScore]:
        """By Postgres."""
        async with UnitOfWork(self.database, self.client.caller) as uow:
            scores = await uow.score_recompute.work_out(model, self.leads)
        return {score.lead_id: score for score in scores}

    def expected(self, model: ScoringModel, lead_id: UUID) -> tuple[int, str | None, Level]:
        """By the domain."""
        lead, touches = self.leads[lead_id]
        counted = counting(touches, lead_is_test=lead.is_test)
        fit = fit_of(model, lead)
        return fit.points, fit.knocked_out_by, level_of(model, entries_of(model, counted))


@pytest.fixture(scope="module")
async def herd(app: FastAPI, owner_database: Database, database: Database) -> AsyncIterator[Herd]:
    """As many awkward leads as Hypothesis thinks of, made once."""
    made: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []

    @settings(
        max_examples=LEADS, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(columns=lead_columns, touches=told_touches)
    def think_of(columns: dict[str, Any], touches: list[dict[str, Any]]) -> None:
        made.append((columns, touches))

    think_of()
    async with await client_of(app, owner_database) as client:
        stored = [
            await _stored(owner_database, client.workspace_id, *each) for each in made[:LEADS]
        ]
        yield Herd(client, database, {lead.id: (lead, touches) for lead, touches in stored})


async def _stored(
    database: Database,
    workspace_id: UUID,
    columns: dict[str, Any],
    told: list[dict[str, Any]],
) -> tuple[Lead, list[Touchpoint]]:
    row = row_for(leads, workspace_id, {}) | columns | {"deleted_at": None}
    await database.fetch(insert_sql(leads, row), *row.values())
    touches: list[Touchpoint] = []
    for each in told:
        made = row_for(touchpoints, workspace_id, {"leads": row["id"]}) | each | {"id": new_id()}
        if made.pop("corrects") and touches:
            made["supersedes_id"] = touches[-1].id
        await database.fetch(insert_sql(touchpoints, made), *made.values())
        touches.append(Touchpoint(**made))
    lead = Lead(**{each.name: row[each.name] for each in fields(Lead) if each.name in row})
    return lead, touches


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(document=documents())
async def test_postgres_and_the_domain_agree(herd: Herd, document: dict[str, Any]) -> None:
    model = model_of(document)
    scores = await herd.worked_out(model)
    assert scores.keys() == herd.leads.keys()
    half_life = model.half_life_days
    for lead_id, score in scores.items():
        fit, knocked_out_by, level = herd.expected(model, lead_id)
        assert (score.fit, score.knocked_out_by) == (fit, knocked_out_by)
        assert score.engagement_at == level.at
        assert math.isclose(score.engagement, level.value, rel_tol=1e-9, abs_tol=1e-9)
        # What is left of points that cancel each other is below what a key tells apart.
        if abs(level.value) > 1e-9:
            own = Level(score.engagement, score.engagement_at)
            assert abs(score.engagement_key - order_key(own, half_life)) <= 4
            assert math.isclose(
                decayed(own, NOW, half_life), decayed(level, NOW, half_life), abs_tol=1e-9
            )


async def test_the_leads_are_awkward_enough(herd: Herd) -> None:
    """Limits, corrections and trials matter to some, or agreeing would mean little."""
    rule = {"key": "call", "kinds": ["call"], "points": 10}
    plain = model_of({"engagement": {"rules": [rule]}})
    limited = model_of({"engagement": {"rules": [rule | {"limit": {"count": 1, "days": 30}}]}})
    both = [await herd.worked_out(model) for model in (plain, limited)]
    values = [{key: each.engagement for key, each in scores.items()} for scores in both]
    assert sum(values[0][key] > values[1][key] for key in herd.leads) > 5
    every = [touch for _, touches in herd.leads.values() for touch in touches]
    counted = [
        touch
        for lead, touches in herd.leads.values()
        for touch in counting(touches, lead_is_test=lead.is_test)
    ]
    assert sum(touch.supersedes_id is not None for touch in every) > 20
    assert 20 < len(counted) < len(every) - 20


async def test_scores_are_stored_as_they_are_worked_out(herd: Herd) -> None:
    rule = {"key": "call", "kinds": ["call"], "points": 10}
    model = model_of({"engagement": {"rules": [rule]}})
    some = sorted(herd.leads)[:10]
    async with UnitOfWork(herd.database, herd.client.caller) as uow:
        told = await uow.score_recompute.recompute(model, some)
        stored = await uow.score_recompute.stored(model.id, herd.leads)
        assert {score.lead_id: vars(score) for score in told} == {
            lead_id: vars(score) for lead_id, score in stored.items()
        }
        assert sorted(stored) == some
        # Once more, the same.
        await uow.score_recompute.store(model, some)
        again = await uow.score_recompute.stored(model.id, herd.leads)
        assert {key: vars(each) for key, each in again.items()} == {
            key: vars(each) for key, each in stored.items()
        }
        assert await uow.score_recompute.remove(model.id, 7) == 7
        assert await uow.score_recompute.remove(model.id, 7) == 3


def test_models_that_differ_in_values_share_a_statement() -> None:
    def shape(points: int, kind: str, days: int, industry: str) -> Any:
        when = {"field": "industry", "op": "eq", "value": industry}
        earned = {
            "key": f"a{points}",
            "points": points,
            "kinds": [kind],
            "limit": {"count": points, "days": days},
        }
        return shape_of_model(
            model_of(
                {
                    "fit": {"rules": [{"key": "a", "points": points, "when": when}]},
                    "engagement": {
                        "rules": [earned, earned | {"key": "b"}],
                        "half_life_days": days,
                    },
                }
            )
        )

    assert shape(1, "call", 7, "x") == shape(2, "form", 8, "y")
    assert hash(shape(1, "call", 7, "x")) == hash(shape(2, "form", 8, "y"))
