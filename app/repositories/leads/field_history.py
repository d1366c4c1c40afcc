"""The journal read for one lead: its events, what one field was when, its touches until then.

A lead's events are found by their subject, which leaves out those of its touchpoints, of which
there may be thousands.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Text, Uuid, and_, case, cast, func, null, or_, select, union_all
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB, distinct_on

from app.domain.leads.field_history import SHORT_NAMES
from app.domain.leads.leads import Lead
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import Event, EventType
from app.domain.record.touchpoints import Touchpoint
from app.repositories.paging import Cursor, arguments_for, in_order, page_of
from app.repositories.statements import Statement, array_param, built, own, param
from app.repositories.tables.leads import leads
from app.repositories.tables.merges import lead_merge_moves, lead_merges
from app.repositories.tables.reach import events
from app.repositories.tables.record import touchpoints
from app.repositories.transaction import Transaction

e = events.c
_OF_A_LEAD = "lead"
# Later than anything on record.
_EVER = datetime(9999, 1, 1, tzinfo=UTC)


class FieldHistoryRepository:
    """What became of the values of leads."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def leads_ever(self, ids: Sequence[UUID]) -> list[Lead]:
        """These leads, though they be deleted or merged."""
        return [built(Lead, row) for row in await self._transaction.rows(_LEADS_EVER, ids=ids)]

    async def events_of(self, lead_ids: Iterable[UUID]) -> list[Event]:
        """Everything the journal tells of the fields of these leads."""
        rows = await self._transaction.rows(_EVENTS_OF, ids=sorted(set(lead_ids)))
        return [built(Event, row) for row in rows]

    async def touches_until(
        self, lead_id: UUID, instant: datetime, *, trials: bool, moved: bool
    ) -> Any:
        """First and last touch and their count, of those recorded until an instant.

        `trials` says whether those count, `moved` whether a merge has moved touches since.
        """
        statement = _TOUCHES_BEFORE_MERGES if moved else _TOUCHES_UNTIL
        return await self._transaction.row(
            statement, lead_id=lead_id, instant=instant, trials=trials
        )

    async def touches_held(
        self, lead_id: UUID, instant: datetime, *, trials: bool, moved: bool
    ) -> list[Touchpoint]:
        """The touches themselves, of the same; but for those that were not known to be the lead's
        until then."""
        statement = _HELD_BEFORE_MERGES if moved else _HELD_UNTIL
        rows = await self._transaction.rows(
            statement, lead_id=lead_id, instant=instant, trials=trials
        )
        return [built(Touchpoint, row) for row in rows]

    async def touches_now(self, lead: Lead) -> list[Touchpoint]:
        """All touches of a lead that count."""
        rows = await self._transaction.rows(
            _HELD_NOW, lead_id=lead.id, instant=_EVER, trials=lead.is_test
        )
        return [built(Touchpoint, row) for row in rows]

    async def changes_of(
        self, lead_id: UUID, name: str, request: PageRequest
    ) -> Page[Mapping[str, Any]]:
        """The changes of one field and the lead's creation, newest first; each with the time of the
        next newer one and the value that it found."""
        cursor = Cursor(
            self._transaction.workspace_id, self._transaction.now, "field history", lead_id, name
        )
        plain, _, key = name.partition(".")
        short = SHORT_NAMES.get(name, "")
        named = {"key": key} if key else {"short": short}
        rows = await self._transaction.rows(
            _changes(custom=bool(key), after=request.cursor is not None),
            lead_id=lead_id,
            name=plain,
            **named,
            **arguments_for(request, cursor, UUID),
        )
        return page_of(rows, request, cursor, dict, "position")


def _path(*steps: Any) -> Any:
    return func.jsonb_extract_path(e.data, *steps, type_=JSONB)


@cache
def _changes(*, custom: bool, after: bool) -> Statement:
    name = param("name", Text())
    if custom:
        key = param("key", Text())
        nothing = sql("'null'::jsonb")
        sides = {
            side: func.coalesce(_path("changes", name, side, key), nothing, type_=JSONB)
            for side in ("before", "after")
        }
        told = _path("changes", name, "after").is_not(None)
    else:
        assessed = e.type == EventType.LEAD_ASSESSED.value
        sides = {
            side: func.coalesce(
                _path("changes", name, side),
                _path(name, side),
                case((assessed, _path(param("short", Text()), side)), else_=null()),
                type_=JSONB,
            )
            for side in ("before", "after")
        }
        told = sides["after"].is_not(None)
    changed = and_(told, sides["before"].is_distinct_from(sides["after"]))
    found = (
        select(
            *(e[column] for column in ("id", "type", "recorded_at", "user_id", "api_key_id")),
            e.data["cause"].label("cause"),
            e.data["submission_id"].label("submission_id"),
            sides["after"].label("value"),
            sides["before"].label("before"),
        )
        .where(
            own(events),
            e.subject_id == param("lead_id", e.subject_id),
            e.subject_type == _OF_A_LEAD,
            or_(e.type == EventType.LEAD_CREATED.value, changed),
        )
        .subquery("found")
    )
    newest_first = found.c.id.desc()
    windowed = select(
        *found.c,
        cast(found.c.id, Text).label("position"),
        func.lag(found.c.recorded_at).over(order_by=newest_first).label("until"),
        func.lag(found.c.before).over(order_by=newest_first).label("found_by_next"),
    ).subquery("windowed")
    ids = windowed.c.id
    return Statement(in_order(select(*windowed.c), ids, ids, descending=True, after=after))


_INSTANT = param("instant", DateTime(timezone=True))
_OF_THE_LEAD = touchpoints.c.lead_id == param("lead_id", touchpoints.c.lead_id)


def _told_later() -> Any:
    """Of a touch that is older than we know whose it is: what a visitor did before it was known
    joined the lead's timeline with the times that it had."""
    return (
        select(1)
        .where(
            own(events),
            e.subject_id == touchpoints.c.id,
            e.type == EventType.TOUCHPOINT_RECORDED.value,
            e.recorded_at > _INSTANT,
        )
        .exists()
    )


def _touches_until(held: Any, *columns: Any) -> Statement:
    """Of the touches that were the lead's, those that count."""
    touch, correction = touchpoints, touchpoints.alias("correction")
    superseded = (
        select(1)
        .select_from(correction)
        .where(
            own(correction),
            correction.c.supersedes_id == touch.c.id,
            correction.c.recorded_at <= _INSTANT,
        )
        .exists()
    )
    return Statement(
        select(*columns).where(
            own(touch),
            held,
            touch.c.recorded_at <= _INSTANT,
            ~superseded,
            ~touch.c.is_test | param("trials", touch.c.is_test),
        )
    )


def _held_before_merges() -> Any:
    """A touch was the lead's at an instant when the first move after it took it from there, or when
    there was no such move and it is the lead's now."""
    merge, entry = lead_merges.c, lead_merge_moves.c
    lead_id = param("lead_id", merge.winner_id)

    def moves(at: Any, came_from: Any) -> Any:
        return select(entry.row_key, at.label("at"), came_from.label("came_from")).where(
            own(lead_merges),
            own(lead_merge_moves),
            entry.merge_id == merge.id,
            entry.moved_from == touchpoints.name,
            or_(merge.winner_id == lead_id, merge.loser_id == lead_id),
            at > _INSTANT,
        )

    every = union_all(
        moves(merge.created_at, merge.loser_id), moves(merge.undone_at, merge.winner_id)
    ).subquery("every")
    first = (
        select(every.c.row_key, every.c.came_from)
        .ext(distinct_on(every.c.row_key))
        .order_by(every.c.row_key, every.c.at)
        .cte("first_move")
    )
    key = cast(touchpoints.c.id, Text)
    left = select(first.c.row_key).where(first.c.came_from == lead_id)
    stayed = and_(_OF_THE_LEAD, key.not_in(select(first.c.row_key)))
    return or_(stayed, touchpoints.c.id.in_(select(cast(left.subquery("gone").c.row_key, Uuid()))))


_LEADS_EVER = Statement(
    select(leads).where(own(leads), leads.c.id == func.any(array_param("ids", leads.c.id)))
)
_EVENTS_OF = Statement(
    select(events)
    .where(
        own(events),
        e.subject_id == func.any(array_param("ids", e.subject_id)),
        e.subject_type == _OF_A_LEAD,
    )
    .order_by(e.id)
)
_COUNTED = (
    func.min(touchpoints.c.occurred_at).label("first_touch_at"),
    func.max(touchpoints.c.occurred_at).label("last_touch_at"),
    func.count().label("touch_count"),
)
_TOUCHES_UNTIL = _touches_until(_OF_THE_LEAD, *_COUNTED)
_TOUCHES_BEFORE_MERGES = _touches_until(_held_before_merges(), *_COUNTED)
_HELD_NOW = _touches_until(_OF_THE_LEAD, touchpoints)
_HELD_UNTIL = _touches_until(_OF_THE_LEAD & ~_told_later(), touchpoints)
_HELD_BEFORE_MERGES = _touches_until(_held_before_merges() & ~_told_later(), touchpoints)
