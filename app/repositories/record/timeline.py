"""The timeline: touchpoints and events of leads and records, merged in one order."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import asyncpg
from sqlalchemy import Integer, and_, func, literal, null, or_, select, true, tuple_, union_all
from sqlalchemy import Uuid as UuidType
from sqlalchemy.dialects.postgresql import ARRAY

from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType
from app.domain.record.timeline import EntryType, HistorySources, TimelineEntry
from app.repositories.paging import Cursor, arguments_for, page_of
from app.repositories.statements import Statement, array_param, built, own, param
from app.repositories.tables.reach import events
from app.repositories.tables.record import touchpoints
from app.repositories.transaction import Transaction

t, e = touchpoints.c, events.c

_TOUCH_DATA = (
    "channel",
    "campaign_id",
    "utm",
    "click_ids",
    "page_url",
    "referrer",
    "products",
    "summary",
    "payload",
    "source_system",
    "external_id",
    "supersedes_id",
)

_SHARED = ("id", "kind", "occurred_at", "recorded_at", "lead_id", "user_id", "api_key_id")
_HEAD = ("type", *_SHARED)


class TimelineRepository:
    """Pages of history."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def page(
        self, sources: HistorySources, kinds: Sequence[str] | None, request: PageRequest
    ) -> Page[TimelineEntry]:
        """Entries by `occurred_at`; a superseded touchpoint gives way to its correction."""
        cursor = Cursor(
            self._transaction.workspace_id,
            self._transaction.now,
            "timeline",
            sources.subject_ids[0],
            sorted(kinds or ()),
            request.sort,
        )
        values: dict[str, Any] = arguments_for(request, cursor)
        values |= {"lead_ids": sources.lead_ids, "subject_ids": sources.subject_ids}
        if kinds:
            values["kinds"] = list(kinds)
        statement = _statement(bool(kinds), request.descending, request.cursor is not None)
        rows = await self._transaction.rows(statement, **values)
        return page_of(rows, request, cursor, _entry, "occurred_at")


def _entry(row: asyncpg.Record) -> TimelineEntry:
    if row["type"] == EntryType.EVENT:
        data = {
            "subject_type": row["subject_type"],
            "subject_id": row["subject_id"],
            **row["event_data"],
        }
    else:
        data = {name: row[name] for name in _TOUCH_DATA if row[name] is not None}
    return built(TimelineEntry, {**{name: row[name] for name in _HEAD}, "data": data})


@lru_cache(maxsize=8)
def _statement(typed: bool, descending: bool, after: bool) -> Statement:
    """For each source the first page of its rows, by index, and then the first page of all."""

    def first_page(query: Any, occurred_at: Any, row_id: Any, kind: Any) -> Any:
        if typed:
            query = query.where(kind == func.any(array_param("kinds", kind)))
        if after:
            mark = tuple_(param("after_key", t.occurred_at), param("after_id", t.id))
            row = tuple_(occurred_at, row_id)
            query = query.where(row < mark if descending else row > mark)
        order = (
            (occurred_at.desc(), row_id.desc()) if descending else (occurred_at.asc(), row_id.asc())
        )
        return query.order_by(*order).limit(param("limit", Integer))

    lead = _each("lead_ids", "lead")
    subject = _each("subject_ids", "subject")
    correction = touchpoints.alias("correction")
    touches = first_page(
        select(touchpoints).where(
            own(touchpoints),
            t.lead_id == lead.c.id,
            ~select(1)
            .select_from(correction)
            .where(own(correction), correction.c.supersedes_id == t.id)
            .exists(),
        ),
        t.occurred_at,
        t.id,
        t.kind,
    ).lateral("touch")
    # A touchpoint is in the timeline itself; its event would say everything twice.
    worth_showing = and_(own(events), e.type != EventType.TOUCHPOINT_RECORDED)
    of_leads = first_page(
        select(events).where(worth_showing, e.lead_id == lead.c.id), e.occurred_at, e.id, e.type
    ).lateral("lead_event")
    of_subjects = first_page(
        select(events).where(
            worth_showing,
            e.subject_id == subject.c.id,
            or_(
                e.lead_id.is_(None),
                ~(e.lead_id == func.any(param("lead_ids", ARRAY(UuidType)))),
            ),
        ),
        e.occurred_at,
        e.id,
        e.type,
    ).lateral("subject_event")
    merged = union_all(
        select(*_touch_columns(touches)).select_from(lead.join(touches, true())),
        select(*_event_columns(of_leads)).select_from(lead.join(of_leads, true())),
        select(*_event_columns(of_subjects)).select_from(subject.join(of_subjects, true())),
    ).subquery("merged")
    order = (
        (merged.c.occurred_at.desc(), merged.c.id.desc())
        if descending
        else (merged.c.occurred_at.asc(), merged.c.id.asc())
    )
    return Statement(select(merged).order_by(*order).limit(param("limit", Integer)))


def _each(name: str, alias: str) -> Any:
    return func.unnest(param(name, ARRAY(UuidType))).table_valued("id", name=alias).render_derived()


def _touch_columns(touch: Any) -> list[Any]:
    return [
        literal(EntryType.TOUCHPOINT.value).label("type"),
        *(touch.c[name] for name in _SHARED),
        *(touch.c[name] for name in _TOUCH_DATA),
        null().label("subject_type"),
        null().label("subject_id"),
        null().label("event_data"),
    ]


def _event_columns(event: Any) -> list[Any]:
    renamed = {"kind": "type"}
    return [
        literal(EntryType.EVENT.value).label("type"),
        *(event.c[renamed.get(name, name)].label(name) for name in _SHARED),
        *(null().label(name) for name in _TOUCH_DATA),
        event.c.subject_type,
        event.c.subject_id,
        event.c.data.label("event_data"),
    ]
