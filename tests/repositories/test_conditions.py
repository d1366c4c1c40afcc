"""A condition means the same in Python and in Postgres, for any leads and any condition."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, fields
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
from app.platform.db import Database
from app.platform.ids import new_id
from app.repositories.conditions import clause_for, shape_of, values_for
from app.repositories.statements import Statement, own
from app.repositories.tables.leads import leads
from app.repositories.tables.record import touchpoints
from app.repositories.transaction import Transaction
from tests.conftest import Client, client_of
from tests.factories.conditions import FIELDS, NOW, conditions, lead_columns, leaves
from tests.factories.conditions import touches as any_touches
from tests.factories.rows import insert_sql, row_for

pytestmark = pytest.mark.anyio

LEADS = 100


@dataclass
class Herd:
    """Leads with their touches, in Python and in Postgres."""

    client: Client
    database: Database
    leads: list[tuple[Lead, list[Touch]]]

    def chosen(self, condition: Condition) -> set[UUID]:
        """The leads that meet it, by the domain's word."""
        return {
            lead.id
            for lead, touches in self.leads
            if holds(condition, values_of(lead, touches, NOW), NOW)
        }

    async def selected(self, condition: Condition) -> set[UUID]:
        """The same, by the word of Postgres."""
        query = select(leads.c.id).where(own(leads), clause_for(shape_of(condition), leads))
        transaction = Transaction(self.database, self.client.workspace_id, NOW)
        try:
            rows = await transaction.rows(Statement(query), **values_for(condition, NOW))
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
    made: list[tuple[dict[str, Any], list[Any]]] = []

    @settings(
        max_examples=LEADS, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(columns=lead_columns, touches=any_touches)
    def think_of(columns: dict[str, Any], touches: list[Any]) -> None:
        made.append((columns, touches))

    think_of()
    async with await client_of(app, owner_database) as client:
        herd = Herd(client, database, [])
        for columns, touches in made[:LEADS]:
            herd.leads.append(await _stored(owner_database, client.workspace_id, columns, touches))
        yield herd


async def _stored(
    database: Database, workspace_id: UUID, columns: dict[str, Any], touches: list[Any]
) -> tuple[Lead, list[Touch]]:
    row = row_for(leads, workspace_id, {}) | columns | {"deleted_at": None}
    await database.fetch(insert_sql(leads, row), *row.values())
    counted: list[tuple[Touch, bool]] = []
    replaced: UUID | None = None
    for kind, occurred_at, is_test in touches:
        touch = row_for(touchpoints, workspace_id, {"leads": row["id"]}) | {
            "id": new_id(),
            "kind": kind,
            "occurred_at": occurred_at,
            "is_test": is_test,
        }
        # Every other touch corrects the one before it.
        if replaced is not None and len(counted) % 2:
            touch["supersedes_id"] = replaced
            counted.pop()
        await database.fetch(insert_sql(touchpoints, touch), *touch.values())
        replaced = touch["id"]
        counted.append((Touch(kind, occurred_at), is_test))
    lead = Lead(**{field.name: row[field.name] for field in fields(Lead) if field.name in row})
    return lead, [touch for touch, is_test in counted if lead.is_test or not is_test]


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(written=conditions)
async def test_both_sides_choose_the_same_leads(herd: Herd, written: Any) -> None:
    await herd.agree(written)


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
