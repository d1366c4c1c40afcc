"""What the touches of a lead come to, as SQL: how many there are, the first and the last."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    FromClause,
    Select,
    Text,
    bindparam,
    func,
    select,
)

from app.domain.conditions import Condition, Picked, Term, Window
from app.repositories.condition_tests import Names
from app.repositories.statements import own
from app.repositories.tables.record import touchpoints

_INSTANT = DateTime(timezone=True)

Where = Callable[[Condition, FromClause], ColumnElement[bool]]


def aggregate_of(test: Term, lead: FromClause, names: Names, where: Where) -> ColumnElement[Any]:
    """The number of the touches in the window of a test, or the instant of the first or last;
    `where` writes a condition on touchpoints."""
    touch = touchpoints.alias("touch")
    chosen: ColumnElement[Any] = {
        "count": func.count(),
        "first": func.min(touch.c.occurred_at),
        "last": func.max(touch.c.occurred_at),
    }[test.field.column]
    window = test.window
    query = _picked(select(chosen), touch, lead, window.picked, names.kinds, where)
    query = query.where(*_after(window, touch.c.occurred_at, names))
    if window.days is not None:
        now = bindparam(f"{names.prefix}_now", type_=_INSTANT)
        query = query.where(touch.c.occurred_at <= now)
    if isinstance(window.since, Picked):
        newest = touchpoints.alias("newest")
        latest = _picked(
            select(func.max(newest.c.occurred_at)),
            newest,
            lead,
            window.since,
            names.since_kinds,
            where,
        )
        query = query.where(touch.c.occurred_at > latest.correlate(lead).scalar_subquery())
    return query.correlate(lead).scalar_subquery()


def implied_by(window: Window, lead: FromClause, names: Names) -> Iterator[ColumnElement[bool]]:
    """What is true of a lead that has a touch in the window: its last touch is not before it. That
    has an index, and spares looking at the touches of all others."""
    yield from _after(window, lead.c.last_touch_at, names)


def _after(
    window: Window, instant: ColumnElement[Any], names: Names
) -> Iterator[ColumnElement[bool]]:
    if window.days is not None:
        yield instant >= bindparam(names.days, type_=_INSTANT)
    if window.since is not None and not isinstance(window.since, Picked):
        yield instant >= bindparam(names.since, type_=_INSTANT)


def _picked(
    query: Select[Any],
    touch: Any,
    lead: FromClause,
    picked: Picked,
    kinds: str,
    where: Where,
) -> Select[Any]:
    """The touches that count, of these kinds, which meet the condition."""
    correction = touchpoints.alias(f"{touch.name}_correction")
    superseded = (
        select(1)
        .select_from(correction)
        .where(own(correction), correction.c.supersedes_id == touch.c.id)
        .correlate(touch)
        .exists()
    )
    query = query.select_from(touch).where(
        own(touch),
        touch.c.lead_id == lead.c.id,
        ~superseded,
        ~touch.c.is_test | lead.c.is_test,
    )
    if picked.kinds:
        query = query.where(touch.c.kind == func.any(bindparam(kinds, type_=ARRAY(Text()))))
    if picked.where is not None:
        query = query.where(where(picked.where, touch))
    return query
