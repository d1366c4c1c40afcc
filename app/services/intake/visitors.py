"""Visitors: their touches are kept under the device's id until we know whose they are."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.domain.intake.submissions import Delivery
from app.domain.intake.visitors import Visitor, VisitorTouch
from app.domain.paging import Page, PageRequest
from app.domain.record.touchpoints import NewTouchpoint
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.record.touchpoints import build_touchpoint, record_touch_event

_COPIED = (
    "kind",
    "occurred_at",
    "utm",
    "click_ids",
    "page_url",
    "referrer",
    "products",
    "summary",
    "payload",
)


class VisitorService:
    """What is known of a visitor."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def get(self, visitor_id: str) -> Visitor:
        """One visitor."""
        return await self._uow.visitors.get(visitor_id)

    async def touches(self, visitor_id: str, request: PageRequest) -> Page[VisitorTouch]:
        """What the visitor did, those that went to a lead's timeline included."""
        return await self._uow.visitors.touches(visitor_id, request)


class Joining:
    """Brings touches and people together."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def record(
        self, told: Sequence[tuple[Delivery, Sequence[NewTouchpoint]]]
    ) -> dict[UUID, UUID | None]:
        """Store what visitors did; by delivery, the lead it went to, if one is known."""
        touches = [_touch(delivery, touch) for delivery, several in told for touch in several]
        spans: dict[str, tuple[datetime, datetime]] = {}
        for touch in touches:
            first, last = spans.get(touch.visitor_id, (touch.occurred_at, touch.occurred_at))
            spans[touch.visitor_id] = min(first, touch.occurred_at), max(last, touch.occurred_at)
        if not touches:
            return {}
        visitors = await self._uow.visitors.seen(spans)
        owners = {v.visitor_id: v.lead_id for v in visitors.values() if v.lead_id and not v.shared}
        for touch in touches:
            touch.lead_id = owners.get(touch.visitor_id)
        await self._uow.visitors.add_touches(touches)
        await self._move([touch for touch in touches if touch.lead_id])
        return {touch.submission_id: touch.lead_id for touch in touches}

    async def join(self, identified: Sequence[tuple[str, UUID]]) -> None:
        """Say which leads are behind visitors: what they did before joins their timelines.

        A device on which somebody else is known stays theirs, and is shared from now on.
        """
        if not identified:
            return
        now = self._uow.now
        visitors = await self._uow.visitors.seen({v: (now, now) for v, _ in identified})
        owners = {v: known.lead_id for v, known in visitors.items() if known.lead_id}
        fresh: dict[str, UUID] = {}
        others = set()
        for visitor_id, lead_id in identified:
            if owners.setdefault(visitor_id, lead_id) != lead_id:
                others.add(visitor_id)
            elif visitors[visitor_id].lead_id is None:
                fresh[visitor_id] = lead_id
        if others:
            await self._uow.visitors.share(others)
        if fresh:
            await self._uow.visitors.identify(fresh)
            await self._move(await self._uow.visitors.take_touches(fresh))

    async def _move(self, touches: Sequence[VisitorTouch]) -> None:
        by_lead: dict[UUID, list[datetime]] = {}
        moved = []
        for touch in touches:
            if touch.lead_id is None:
                continue
            told = NewTouchpoint(**{name: getattr(touch, name) for name in _COPIED})
            made = build_touchpoint(self._uow, touch.lead_id, told)
            made.id = touch.id
            moved.append(made)
            by_lead.setdefault(touch.lead_id, []).append(touch.occurred_at)
        if not moved:
            return
        await self._uow.touchpoints.add_all(moved)
        await self._uow.leads.note_touches(by_lead)
        for made in moved:
            record_touch_event(self._uow, made)


def _touch(delivery: Delivery, touch: NewTouchpoint) -> VisitorTouch:
    return VisitorTouch(
        workspace_id=delivery.workspace_id,
        id=new_id(),
        visitor_id=delivery.visitor_id or "",
        submission_id=delivery.id,
        recorded_at=delivery.received_at,
        lead_id=None,
        **{name: getattr(touch, name) for name in _COPIED if name != "occurred_at"},
        occurred_at=touch.occurred_at or delivery.received_at,
    )
