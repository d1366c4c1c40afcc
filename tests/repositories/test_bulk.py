"""Rows sent in bulk: what all have in common is sent once, and every row is stored as it is."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Boolean, Column, MetaData, PrimaryKeyConstraint, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.reach.events import Event
from app.platform.db import Database, Json
from app.repositories.bulk import add_shaped, shaped
from app.repositories.unit_of_work import UnitOfWork
from tests.conftest import Client

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def new_table() -> Table:
    """What differs is remembered by table: each test has its own."""
    return Table(
        "things",
        MetaData(),
        Column("workspace_id", Uuid),
        Column("id", Uuid),
        Column("name", Text),
        Column("done", Boolean),
        Column("data", JSONB),
        PrimaryKeyConstraint("workspace_id", "id"),
    )


def row(**given: object) -> dict[str, object]:
    return {
        "workspace_id": UUID(int=1),
        "id": uuid4(),
        "name": None,
        "done": False,
        "data": {},
    } | given


def test_what_is_the_same_in_all_rows_is_sent_once() -> None:
    shape, sent = shaped(new_table(), [row(), row()])
    assert shape == ("id",)
    assert sent["incoming_workspace_id"] == UUID(int=1)
    assert sent["incoming_name"] is None
    assert len(sent["incoming_id"]) == 2


def test_a_column_that_differed_once_goes_as_an_array_from_then_on() -> None:
    table = new_table()
    assert shaped(table, [row(name="a"), row(name="b")])[0] == ("id", "name")
    shape, sent = shaped(table, [row(), row()])
    assert shape == ("id", "name")
    assert sent["incoming_name"] == [None, None]


def test_one_and_true_are_two_values_in_a_document() -> None:
    shape, sent = shaped(new_table(), [row(data={"n": 1}), row(data={"n": True})])
    assert shape == ("id", "data")
    assert [value.value for value in sent["incoming_data"]] == [{"n": 1}, {"n": True}]


ROWS: st.SearchStrategy[list[dict[str, object]]] = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from([None, "", "a", "b"]),
            "done": st.booleans(),
            "data": st.sampled_from([None, {}, [], {"a": 1}, {"a": True}]),
        }
    ),
    min_size=1,
    max_size=5,
)


@given(sets=st.lists(ROWS, min_size=1, max_size=4))
def test_every_row_is_sent_as_it_is(sets: list[list[dict[str, object]]]) -> None:
    table = new_table()
    for several in sets:
        given_rows = [row(**each) for each in several]
        shape, sent = shaped(table, given_rows)
        for name in ("id", "name", "done", "data"):
            value = sent[f"incoming_{name}"]
            all_sent = value if name in shape else [value] * len(given_rows)
            plain = [v.value if isinstance(v, Json) else v for v in all_sent]
            assert [repr(v) for v in plain] == [repr(each[name]) for each in given_rows]


async def test_postgres_stores_them_so(client: Client, database: Database) -> None:
    told: list[Event] = [
        Event(
            workspace_id=client.workspace_id,
            id=uuid4(),
            type=kind,
            subject_type="lead",
            subject_id=uuid4(),
            lead_id=None,
            user_id=None,
            api_key_id=None,
            data=data,
            occurred_at=NOW,
            recorded_at=NOW,
            position=None,
        )
        for kind, data in (("a", {"n": 1}), ("b", {"n": True}), ("a", {}))
    ]
    async with UnitOfWork(database, client.caller) as uow:
        await uow.events.add_all(told)
        while await uow.events.place():
            pass
    async with UnitOfWork(database, client.caller) as uow:
        stored = {event.id: event for event in await uow.events.after(0, None, 100)}
    assert [repr(stored[e.id].data) for e in told] == [repr(e.data) for e in told]
    assert [stored[e.id].type for e in told] == ["a", "b", "a"]


def test_a_shape_is_compiled_once() -> None:
    table = new_table()
    shape, _ = shaped(table, [row(), row()])
    assert add_shaped(table, shape) is add_shaped(table, shape)
