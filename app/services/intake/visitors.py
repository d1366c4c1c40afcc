"""Visitors: their touches are kept under the device's id until we know whose they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from app.domain.intake.submissions import Delivery, Fate, Finding, SubmissionStatus
from app.domain.intake.visitors import Visitor, VisitorTouch
from app.domain.paging import Page, PageRequest
from app.domain.record.touchpoints import NewTouchpoint
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.plain_reading import read_visit
from app.services.leads.score_keeping import ScoreKeeper
from app.services.record.touchpoints import CLOCK_SKEW, build_touchpoint, record_touch_event

# So that a robot that made up a million visits does not keep a person from becoming a lead.
MOST_JOINED = 5_000

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


@dataclass(frozen=True)
class Visit:
    """A submission of what a visitor did, as it was read."""

    delivery: Delivery
    touches: list[VisitorTouch]
    findings: list[Finding]

    @classmethod
    def read(cls, delivery: Delivery, now: datetime) -> "Visit":
        """What it says; a time in the future counts from when it was received."""
        told, findings = read_visit(delivery)
        touches = [_touch(delivery, touch) for touch in told]
        for touch in touches:
            if touch.occurred_at > now + CLOCK_SKEW:
                touch.occurred_at = delivery.received_at
                detail = "its time lies in the future; it counts from when it was received"
                findings.append(Finding(code="future_instant", detail=detail))
        return cls(delivery, touches, findings)

    def fate(self) -> Fate:
        """Captured, if there was something to capture."""
        status = SubmissionStatus.CAPTURED if self.touches else SubmissionStatus.HELD
        return Fate(id=self.delivery.id, status=status, findings=self.findings)


class Joining:
    """Brings touches and people together, for one batch.

    Every transaction locks visitors before leads, so that none waits for another in a circle.
    """

    def __init__(self, uow: UnitOfWork, visitors: dict[str, Visitor]) -> None:
        self._uow = uow
        self._visitors = visitors
        # The leads behind them that are still there; whoever locks leads says which.
        self.living: set[UUID] = set()

    @classmethod
    async def among(
        cls, uow: UnitOfWork, visits: Sequence[Visit], seen: Sequence[tuple[str, datetime]]
    ) -> Self:
        """Lock the visitors of visits, and those that were `seen` at a time."""
        spans: dict[str, tuple[datetime, datetime]] = {}
        told = [(touch.visitor_id, touch.occurred_at) for v in visits for touch in v.touches]
        for visitor_id, instant in [*told, *seen]:
            first, last = spans.get(visitor_id, (instant, instant))
            spans[visitor_id] = min(first, instant), max(last, instant)
        return cls(uow, await uow.visitors.seen(spans) if spans else {})

    @property
    def owners(self) -> set[UUID]:
        """The leads behind the visitors, some of which may have been deleted."""
        return {v.lead_id for v in self._visitors.values() if v.lead_id}

    def owner_of(self, visitor_id: str) -> UUID | None:
        """The lead behind a visitor, if there is one still."""
        return self._owner(self._visitors[visitor_id])

    async def record(self, visits: Sequence[Visit]) -> None:
        """Store what visitors did; what is known to be a lead's goes to its timeline as well."""
        touches = [touch for visit in visits for touch in visit.touches]
        if not touches:
            return
        await self._check_campaigns(visits)
        for touch in touches:
            visitor = self._visitors[touch.visitor_id]
            if not visitor.shared and not touch.is_test:
                touch.lead_id = self._owner(visitor)
        await self._uow.visitors.add_touches(touches)
        await self._move([touch for touch in touches if touch.lead_id])

    async def join(self, identified: Sequence[tuple[str, UUID]]) -> None:
        """Say which leads are behind visitors: what they did before joins their timelines.

        A device on which somebody else is known stays theirs, and is shared from now on.
        """
        fresh: dict[str, UUID] = {}
        others = set()
        for visitor_id, lead_id in identified:
            visitor = self._visitors[visitor_id]
            owner = self._owner(visitor)
            if owner is None:
                visitor.lead_id = fresh[visitor_id] = lead_id
                self.living.add(lead_id)
            elif owner != lead_id:
                visitor.shared = True
                others.add(visitor_id)
        if fresh:
            await self._uow.visitors.identify(fresh)
            await self._move(await self._uow.visitors.take_touches(fresh, MOST_JOINED))
        if others:
            await self._uow.visitors.share(others)

    def _owner(self, visitor: Visitor) -> UUID | None:
        return visitor.lead_id if visitor.lead_id in self.living else None

    async def _check_campaigns(self, visits: Sequence[Visit]) -> None:
        named = {touch.campaign_id for visit in visits for touch in visit.touches}
        known = await self._campaigns(named)
        for visit in visits:
            for touch in visit.touches:
                if touch.campaign_id and touch.campaign_id not in known:
                    touch.campaign_id = None
                    detail = "no such campaign in this workspace"
                    visit.findings.append(
                        Finding(code="unknown_campaign", detail=detail, field="campaign_id")
                    )

    async def _campaigns(self, named: set[UUID | None]) -> set[UUID]:
        wanted = {campaign_id for campaign_id in named if campaign_id}
        return await self._uow.campaigns.existing(wanted) if wanted else set()

    async def _move(self, touches: Sequence[VisitorTouch]) -> None:
        """Put touches on the timelines of their leads, under the ids that they have."""
        if not touches:
            return
        # A campaign may have gone since the visit.
        campaigns = await self._campaigns({touch.campaign_id for touch in touches})
        by_lead: dict[UUID, list[datetime]] = {}
        moved = []
        for touch in touches:
            if touch.lead_id is None:
                continue
            told = NewTouchpoint(**{name: getattr(touch, name) for name in _COPIED})
            made = build_touchpoint(self._uow, touch.lead_id, told)
            made.id, made.recorded_at = touch.id, touch.recorded_at
            made.campaign_id = touch.campaign_id if touch.campaign_id in campaigns else None
            moved.append(made)
            by_lead.setdefault(touch.lead_id, []).append(touch.occurred_at)
        await self._uow.touchpoints.add_all(moved)
        await self._uow.leads.note_touches(by_lead)
        await ScoreKeeper(self._uow).keep(touches=moved)
        for made in moved:
            record_touch_event(self._uow, made)


def _touch(delivery: Delivery, touch: NewTouchpoint) -> VisitorTouch:
    return VisitorTouch(
        workspace_id=delivery.workspace_id,
        id=new_id(),
        visitor_id=delivery.visitor_id or "",
        submission_id=delivery.id,
        recorded_at=delivery.received_at,
        campaign_id=touch.campaign_id,
        is_test=delivery.is_test,
        lead_id=None,
        **{name: getattr(touch, name) for name in _COPIED if name != "occurred_at"},
        occurred_at=touch.occurred_at or delivery.received_at,
    )
