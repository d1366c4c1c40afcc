"""Segments as rows, and how far in the journal their members have been followed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Integer, Select, case, func, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from app.domain.errors import NotFound
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType
from app.domain.ripeness.segments import BROAD, Segment
from app.repositories.paging import Cursor, arguments_for, in_order, page_of
from app.repositories.resources import Resources
from app.repositories.statements import Statement, array_param, built, own, param
from app.repositories.tables.reach import event_positions, events
from app.repositories.tables.segments import segment_progress, segments
from app.repositories.transaction import Transaction

c, p = segments.c, segment_progress.c


class SegmentRepository(Resources[Segment]):
    """Segments by id and by page; what is read, not locked, says how far it was followed."""

    table = segments
    entity = Segment
    noun = "segment"

    async def get(self, row_id: UUID, *, lock: bool = False) -> Segment:
        """One segment, archived or not."""
        if lock:
            return await super().get(row_id, lock=True)
        row = await self._transaction.row(_GET, id=row_id, now=self._transaction.now)
        if row is None:
            raise NotFound("no such segment in this workspace")
        return built(Segment, row)

    async def page(
        self, request: PageRequest, filters: Mapping[str, Sequence[Any]] | None = None
    ) -> Page[Segment]:
        """A page, newest first; `archived` tells the two apart."""
        given = {name: sorted(values) for name, values in (filters or {}).items()}
        cursor = Cursor(
            self._transaction.workspace_id,
            self._transaction.now,
            "segments",
            request.sort,
            sorted(given.items()),
        )
        statement = _page(frozenset(given), request.descending, request.cursor is not None)
        rows = await self._transaction.rows(
            statement, now=self._transaction.now, **given, **arguments_for(request, cursor)
        )
        return page_of(rows, request, cursor, lambda row: built(Segment, row), "created_at")

    async def every(self) -> list[Segment]:
        """All of them, archived ones too, in the order of their ids."""
        return [built(Segment, row) for row in await self._transaction.rows(_EVERY)]

    async def due(self) -> list[UUID]:
        """Those whose members are to be worked out anew by now."""
        rows = await self._transaction.rows(_DUE, now=self._transaction.now)
        return [row["id"] for row in rows]

    async def postpone(self, segment_ids: Iterable[UUID], until: datetime) -> None:
        """Have the members of these worked out anew at another time."""
        values = {"ids": sorted(segment_ids), "new_refresh_due_at": until}
        await self._transaction.rows(_POSTPONE, **values)

    async def make_due(self, segment_ids: Iterable[UUID]) -> None:
        """Have the members of these worked out anew, from the start if that is at work."""
        now = self._transaction.now
        await self._transaction.rows(_MAKE_DUE, ids=sorted(segment_ids), now=now)


@dataclass(frozen=True)
class Change:
    """An event after which members may be others: of a lead, or one that is about many."""

    position: int
    type: str
    lead_id: UUID | None


class SegmentProgressRepository:
    """How far in the journal members of segments are right; its row is the lock that lets one
    transaction at a time change who is a member."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def start(self) -> None:
        """Follow the journal from here on, unless that is done already."""
        await self._transaction.rows(_START)

    async def behind(self) -> bool:
        """Whether there are events that nobody has looked at."""
        return bool(await self._transaction.rows(_BEHIND))

    async def lock(self) -> int:
        """The position, kept from every other process until the transaction ends."""
        row = await self._transaction.row(_LOCK)
        return int(row["position"]) if row else 0

    async def changes(
        self, position: int, last: int, named: Iterable[UUID], limit: int
    ) -> list[Change]:
        """What happened between two positions that segments may depend on; of entries and exits,
        those of the segments that others name."""
        rows = await self._transaction.rows(
            _CHANGES,
            position=position,
            last=last,
            named=sorted(named),
            crossings=_CROSSINGS,
            broad=_BROAD,
            limit=limit,
        )
        return [Change(**row) for row in rows]

    async def advance(self, position: int, followed_at: datetime | None) -> None:
        """All until here is done; `followed_at` when there was nothing beyond it."""
        values = {"new_position": position, "new_followed_at": followed_at}
        await self._transaction.rows(_ADVANCE, **values)


_CROSSINGS = [EventType.SEGMENT_ENTERED.value, EventType.SEGMENT_LEFT.value]
_BROAD = sorted(each.value for each in BROAD)
_NOW = param("now", DateTime(timezone=True))


def _followed() -> Select[Any]:
    """Segments, and up to when they were followed: until now if nothing waits in the journal."""
    waiting = select(events.c.id).where(own(events), events.c.position.is_(None)).exists()
    last = select(event_positions.c.last_position).where(own(event_positions)).scalar_subquery()
    idle = (p.position >= func.coalesce(last, 0)) & ~waiting
    followed = (
        select(case((idle, _NOW), else_=p.followed_at))
        .select_from(segment_progress)
        .where(own(segment_progress))
        .scalar_subquery()
    )
    return select(segments, followed.label("followed_at")).where(own(segments))


_GET = Statement(_followed().where(c.id == param("id", c.id)))
_EVERY = Statement(select(segments).where(own(segments)).order_by(c.id))
_DUE = Statement(
    select(c.id)
    .where(own(segments), c.refresh_due_at <= _NOW, c.archived_at.is_(None))
    .order_by(c.id)
)
_MAKE_DUE = Statement(
    update(segments)
    .where(own(segments), c.id == func.any(array_param("ids", c.id)), c.archived_at.is_(None))
    .values(refresh_due_at=_NOW, edition=c.edition + 1)
)
_POSTPONE = Statement(
    update(segments)
    .where(own(segments), c.id == func.any(array_param("ids", c.id)))
    .values(refresh_due_at=param("new_refresh_due_at", c.refresh_due_at))
)


@cache
def _page(filters: frozenset[str], descending: bool, after: bool) -> Statement:
    query = _followed()
    for name in sorted(filters):
        column = c.archived_at.is_not(None) if name == "archived" else c[name]
        query = query.where(column == func.any(array_param(name, column)))
    return Statement(in_order(query, c.created_at, c.id, descending=descending, after=after))


def _start() -> Statement:
    last = select(event_positions.c.last_position).where(own(event_positions)).scalar_subquery()
    row = select(param("workspace_id", p.workspace_id), func.coalesce(last, 0), null())
    names = ["workspace_id", "position", "followed_at"]
    return Statement(insert(segment_progress).from_select(names, row).on_conflict_do_nothing())


_START = _start()
_BEHIND = Statement(
    select(p.position).where(
        own(segment_progress, event_positions), event_positions.c.last_position > p.position
    )
)
_LOCK = Statement(select(p.position).where(own(segment_progress)).with_for_update())
_CHANGES = Statement(
    select(events.c.position, events.c.type, events.c.lead_id)
    .where(
        own(events),
        events.c.position > param("position", BigInteger),
        events.c.position <= param("last", BigInteger),
        or_(
            events.c.lead_id.is_not(None)
            & (
                (events.c.type != func.all(array_param("crossings", events.c.type)))
                | (events.c.subject_id == func.any(array_param("named", events.c.subject_id)))
            ),
            events.c.type == func.any(array_param("broad", events.c.type)),
        ),
    )
    .order_by(events.c.position)
    .limit(param("limit", Integer))
)
_ADVANCE = Statement(
    update(segment_progress)
    .where(own(segment_progress))
    .values(
        position=param("new_position", p.position),
        followed_at=func.coalesce(param("new_followed_at", p.followed_at), p.followed_at),
    )
)
