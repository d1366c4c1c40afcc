"""What the journal says of a lead's past."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.domain.leads.field_history import as_of, in_order, origins, told_changes
from app.domain.leads.leads import Lead
from app.domain.reach.events import Event, EventType

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOBODY = UUID(int=0)


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def lead(**fields: Any) -> Lead:
    told = {"created_at": at(0), "updated_at": at(0)} | fields
    return Lead(workspace_id=NOBODY, id=NOBODY, **told)


def event(number: int, minutes: int, data: dict[str, Any], **told: Any) -> Event:
    plain: dict[str, Any] = {
        "workspace_id": NOBODY,
        "id": UUID(int=number),
        "type": EventType.LEAD_UPDATED,
        "subject_type": "lead",
        "subject_id": NOBODY,
        "lead_id": NOBODY,
        "user_id": None,
        "api_key_id": None,
        "data": data,
        "occurred_at": at(minutes),
        "recorded_at": at(minutes),
        "position": None,
    }
    return Event(**(plain | told))


def changed(number: int, minutes: int, before: Any, after: Any, **told: Any) -> Event:
    change = {"changes": {"city": {"before": before, "after": after}}}
    return event(number, minutes, change | told)


@given(st.lists(st.sampled_from(["Bonn", "London", None]), min_size=1, max_size=8))
def test_changes_are_taken_back_one_by_one(cities: list[str | None]) -> None:
    events = [
        changed(number, number, cities[number - 1], city)
        for number, city in enumerate(cities)
        if number
    ]
    present = lead(city=cities[-1], version=len(cities))
    for minute, city in enumerate(cities):
        then = as_of(present, in_order(events), at(minute))
        assert then is not None
        assert (then.city, then.version) == (city, minute + 1)


def test_a_transaction_that_waited_comes_after_the_one_it_waited_for() -> None:
    # The first began last, and was written first: its event has the lower id.
    events = in_order([changed(2, 1, "London", "Paris"), changed(1, 5, "Bonn", "London")])
    present = lead(city="Paris", version=3)
    cities = []
    for minute in (0, 3, 5):
        then = as_of(present, events, at(minute))
        cities.append(then and then.city)
    assert cities == ["Bonn", "Bonn", "Paris"]


def test_there_is_nothing_before_the_creation_and_after_the_deletion() -> None:
    gone = {"changes": {"deleted_at": {"before": None, "after": at(9).isoformat()}}}
    events = [event(1, 9, gone, type=EventType.LEAD_DELETED)]
    present = lead(deleted_at=at(9), city="Bonn")
    found = [as_of(present, events, at(minute)) for minute in (-1, 0, 8, 9)]
    assert [then and then.city for then in found] == [None, "Bonn", "Bonn", None]
    assert all(then is None or then.deleted_at is None for then in found)


def test_a_lead_that_was_deleted_for_a_while_was_not_there_then() -> None:
    gone = {"changes": {"deleted_at": {"before": None, "after": at(3).isoformat()}}}
    back = {"changes": {"deleted_at": {"before": at(3).isoformat(), "after": None}}}
    events = [event(1, 3, gone), event(2, 6, back)]
    found = [as_of(lead(), events, at(minute)) is not None for minute in (2, 3, 5, 6)]
    assert found == [True, False, False, True]


def test_stages_of_former_versions_take_their_instants_along() -> None:
    moved = {"lifecycle_stage": {"before": "lead", "after": "sql"}}
    present = lead(lifecycle_stage="sql", sql_at=at(5))
    then = as_of(present, [event(1, 5, moved, type=EventType.LEAD_STAGE_CHANGED)], at(1))
    assert then is not None
    assert (then.lifecycle_stage, then.sql_at) == ("lead", None)


def test_ids_and_instants_are_read_as_such() -> None:
    owner = UUID(int=7)
    told = {"owner_id": {"before": str(owner), "after": None}, "source": "fair"}
    assert told_changes(event(1, 1, told)) == {"owner_id": (owner, None)}


def test_the_newest_change_is_where_a_value_comes_from() -> None:
    cause = {"kind": "enrichment", "id": str(UUID(int=9)), "name": "Register"}
    created = event(1, 0, {}, type=EventType.LEAD_CREATED)
    events = [created, changed(2, 1, None, "Bonn"), changed(3, 2, "Bonn", "London", cause=cause)]
    found = origins(lead(city="London", company="Engines", website=""), events)
    assert found.keys() == {"city", "company", "status", "lifecycle_stage", "is_test"}
    assert (found["city"].source, found["city"].name, found["city"].at) == (
        "enrichment",
        "Register",
        at(2),
    )
    assert not found["city"].by_hand
    assert found["company"].event_id == created.id
    assert origins(lead(city="Bonn"), events[:2])["city"].by_hand
