"""A condition means the same in Python and in Postgres, for any leads and any condition."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.domain.condition_parsing import parse_condition
from app.domain.conditions import OPERATORS, Condition, ValueType, holds, terms_of
from app.domain.leads.fields import Touch, values_of
from app.domain.leads.leads import Lead
from app.domain.ripeness.engagement import Level, order_key
from app.domain.ripeness.score_conditions import derived_values
from app.domain.ripeness.scoring import Fit, ScoringModel, standing
from app.platform.db import Database
from app.platform.ids import new_id
from app.repositories.conditions import clause_for, shape_of, values_for
from app.repositories.statements import Statement, own
from app.repositories.tables.leads import leads
from app.repositories.tables.predictions import lead_predictions
from app.repositories.tables.record import touchpoints
from app.repositories.tables.scoring import lead_scores
from app.repositories.tables.segments import segment_members, segments
from app.repositories.transaction import Transaction
from tests.conftest import Client, client_of
from tests.factories.conditions import (
    FIELDS,
    IDS,
    NOW,
    conditions,
    derived_tests,
    lead_columns,
    leaves,
    told_besides,
)
from tests.factories.conditions import touches as any_touches
from tests.factories.rows import insert_sql, row_for

pytestmark = pytest.mark.anyio

LEADS = 100
MODEL = ScoringModel(id=UUID(int=9), number=1, name="Model", published=True)
FOLLOWING = [
    {"kind": kind, "occurred_at": NOW - timedelta(days=days), "is_test": False}
    for kind, days in (("form", 40), ("call", 20), ("call", 19), ("form", 8), ("call", 3))
]
MINUTES = {"field": "payload.minutes", "op": "gte", "value": 0}


@dataclass
class Herd:
    """Leads with their touches, in Python and in Postgres."""

    client: Client
    database: Database
    leads: list[tuple[Lead, list[Touch], Mapping[str, Any]]] = field(repr=False)

    def chosen(self, condition: Condition) -> set[UUID]:
        """The leads that meet it, by the domain's word."""
        return {
            lead.id
            for lead, touches, derived in self.leads
            if holds(condition, values_of(lead, touches, NOW, derived), NOW)
        }

    async def selected(self, condition: Condition) -> set[UUID]:
        """The same, by the word of Postgres."""
        query = select(leads.c.id).where(own(leads), clause_for(shape_of(condition), leads))
        transaction = Transaction(self.database, self.client.workspace_id, NOW)
        try:
            values = values_for(condition, NOW, model=MODEL)
            rows = await transaction.rows(Statement(query), **values)
        finally:
            await transaction.finish(commit=False)
        return {row["id"] for row in rows}

    async def agree(self, written: Any) -> None:
        """Both sides choose the same leads."""
        condition = parse_condition(written, FIELDS)
        assert await self.selected(condition) == self.chosen(condition), written


@pytest.fixture(scope="module")
async def herd(app: FastAPI, owner_database: Database, database: Database) -> AsyncIterator[Herd]:
    """As many awkward leads as Hypothesis thinks of, made once."""
    made: list[tuple[dict[str, Any], list[Any], dict[str, Any]]] = []

    @settings(
        max_examples=3 * LEADS,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(columns=lead_columns, touches=any_touches, told=told_besides)
    def think_of(columns: dict[str, Any], touches: list[Any], told: dict[str, Any]) -> None:
        made.append((columns, touches, told))

    think_of()
    async with await client_of(app, owner_database) as client:
        herd = Herd(client, database, [])
        await _segments(owner_database, client.workspace_id)
        chosen = Random(7).sample(made, LEADS)
        # Some of them with touches that follow one another, which chance brings too rarely.
        plain = [(columns, FOLLOWING, told) for columns, _, told in chosen[:10]]
        for columns, touches, told in plain + chosen[10:]:
            lead, known = await _stored(owner_database, client.workspace_id, columns, touches)
            herd.leads.append((lead, known, await _told(owner_database, lead, told)))
        yield herd


async def _stored(
    database: Database, workspace_id: UUID, columns: dict[str, Any], touches: list[Any]
) -> tuple[Lead, list[Touch]]:
    row = row_for(leads, workspace_id, {}) | columns | {"deleted_at": None}
    await database.fetch(insert_sql(leads, row), *row.values())
    counted: list[tuple[Touch, bool]] = []
    replaced: UUID | None = None
    for place, told in enumerate(touches):
        touch = row_for(touchpoints, workspace_id, {"leads": row["id"]}) | told | {"id": new_id()}
        # Every third touch corrects the one before it.
        if replaced is not None and place % 3 == 2:
            touch["supersedes_id"] = replaced
            counted.pop()
        await database.fetch(insert_sql(touchpoints, touch), *touch.values())
        replaced = touch["id"]
        asked = {each.name: touch[each.name] for each in fields(Touch)}
        counted.append((Touch(**asked), touch["is_test"]))
    known = [touch for touch, is_test in counted if row["is_test"] or not is_test]
    # As the service keeps it: the statement relies on it.
    row["last_touch_at"] = max((touch.occurred_at for touch in known), default=None)
    await database.fetch(
        "UPDATE leads SET last_touch_at = $1 WHERE workspace_id = $2 AND id = $3",
        row["last_touch_at"],
        workspace_id,
        row["id"],
    )
    lead = Lead(**{each.name: row[each.name] for each in fields(Lead) if each.name in row})
    return lead, known


async def _segments(database: Database, workspace_id: UUID) -> None:
    for segment_id in IDS:
        row = row_for(segments, workspace_id, {}) | {"id": segment_id}
        await database.fetch(insert_sql(segments, row), *row.values())


async def _told(database: Database, lead: Lead, told: dict[str, Any]) -> Mapping[str, Any]:
    """Store what is known of a lead besides; the same in Python."""
    workspace_id = lead.workspace_id
    about = {"lead_id": lead.id}
    stands = None
    if told["level"] is not None:
        level = Level(*told["level"])
        fit = Fit(points=told["fit"], knocked_out_by=told["knocked_out_by"])
        stands = standing(MODEL, fit, level, NOW)
        row = row_for(lead_scores, workspace_id, {}) | about
        row |= {"model_id": MODEL.id, "fit": fit.points, "knocked_out_by": fit.knocked_out_by}
        row |= {"engagement": level.value, "engagement_at": level.at}
        row |= {"engagement_key": order_key(level, MODEL.half_life_days)}
        await database.fetch(insert_sql(lead_scores, row), *row.values())
    if told["prediction"] is not None:
        row = row_for(lead_predictions, workspace_id, {}) | about
        row |= {"percent": told["prediction"]}
        await database.fetch(insert_sql(lead_predictions, row), *row.values())
    for segment_id in told["segments"]:
        row = row_for(segment_members, workspace_id, {}) | about | {"segment_id": segment_id}
        await database.fetch(insert_sql(segment_members, row), *row.values())
    knocked_out_by = told["knocked_out_by"] if stands else None
    return derived_values(stands, knocked_out_by, told["prediction"], told["segments"])


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(written=conditions)
async def test_both_sides_choose_the_same_leads(herd: Herd, written: Any) -> None:
    await herd.agree(written)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(written=derived_tests)
async def test_they_agree_on_touches_and_scores(herd: Herd, written: Any) -> None:
    await herd.agree(written)


async def test_they_agree_on_every_score_and_grade(herd: Herd) -> None:
    """Chance asks for the score that a lead has, and no other, too rarely."""
    standings = [derived for *_, derived in herd.leads if "score" in derived]
    for name in ("score", "grade", "fit"):
        for value in {derived[name] for derived in standings}:
            await herd.agree({"field": name, "op": "eq", "value": value})
            await herd.agree({"field": name, "op": "not_in", "value": [value]})
    for least in {derived["score"] for derived in standings}:
        for op in ("gte", "gt", "lt"):
            await herd.agree({"field": "score", "op": op, "value": least})


@pytest.mark.parametrize(
    ("op", "value"),
    [
        *((op, number) for op in ("eq", "ne", "gt", "gte", "lt", "lte") for number in (-1, 0, 1)),
        *(("between", [low, 1]) for low in (-1, 0, 1)),
        *(("in", [number, 2]) for number in (-1, 0, 1)),
        ("not_in", [1]),
    ],
)
async def test_leads_without_a_touch_in_the_window_are_not_forgotten(
    herd: Herd, op: str, value: Any
) -> None:
    for window in ({"days": 7}, {"since": "yesterday"}, {"days": 30, "kind": "form"}):
        await herd.agree({"field": "touches", "op": op, "value": value} | window)


@pytest.mark.parametrize("name", FIELDS)
@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
async def test_they_agree_on_every_operator_of_every_field(
    herd: Herd, name: str, data: st.DataObject
) -> None:
    for op in sorted(OPERATORS[FIELDS[name].type]):
        test = data.draw(leaves(FIELDS[name], op))
        await herd.agree({"any": [test, {"field": "touch_count", "op": "eq", "value": 3}]})
        await herd.agree({"not": test})


async def test_the_leads_are_awkward_enough(herd: Herd) -> None:
    """Every kind of test finds some and misses some, or agreeing would mean little."""
    for written in (
        {"field": "company", "op": "is_null"},
        {"field": "company", "op": "eq", "value": ""},
        {"field": "company", "op": "contains", "value": "A"},
        {"field": "custom.size", "op": "gt", "value": 0},
        {"field": "custom.due", "op": "within_days", "value": 30},
        {"field": "custom.vip", "op": "eq", "value": True},
        {"field": "touches", "op": "gte", "value": 1, "days": 30, "kind": "call"},
        {"field": "touches", "op": "gte", "value": 1, "since": {"kind": "form"}},
        {"field": "last_touch", "op": "gte", "value": {"days_ago": 7}, "kinds": ["call", "form"]},
        {"field": "touches", "op": "gte", "value": 1, "where": MINUTES},
        {"field": "company", "op": "has_any_word", "value": ["ada", "b", "de"]},
        {"field": "company", "op": "ends_with", "value": "a"},
        {"field": "created_at", "op": "gte", "value": "this_month"},
        {"field": "engagement", "op": "gt", "value": 9.7},
        {"field": "score", "op": "lt", "value": 40},
        {"field": "temperature", "op": "eq", "value": "warm"},
        {"field": "grade", "op": "not_in", "value": ["A1", "D4"]},
        {"field": "prediction", "op": "gte", "value": 40},
        {"field": "segment", "op": "in", "value": [str(IDS[0])]},
    ):
        chosen = await herd.selected(parse_condition(written, FIELDS))
        assert 0 < len(chosen) < LEADS, written


async def test_shapes_hold_no_values() -> None:
    one, two = (
        parse_condition(
            {"any": [{"field": f"custom.{key}", "op": "in", "value": [value, "x"]}]}, FIELDS
        )
        for key, value in (("note", "a"), ("note", "b"))
    )
    assert one != two
    assert shape_of(one) == shape_of(two)
    assert len(set(map(hash, (shape_of(one), shape_of(two))))) == 1
    texts = [test.value for test in terms_of(shape_of(one))]
    assert texts == [None]


def test_every_type_but_objects_can_be_compared() -> None:
    assert OPERATORS.keys() == set(ValueType)
