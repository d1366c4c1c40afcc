"""Members of segments: listed, and picked for static ones."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from app.domain.errors import Conflict, DomainError, NotFound
from app.domain.paging import Page, PageRequest
from app.domain.ripeness.segments import Crossing, Member, Membership, Segment
from app.repositories.unit_of_work import UnitOfWork
from app.services.ripeness.segment_keeping import record_crossings

Outcome = Literal["added", "present", "removed", "absent", "rejected"]


@dataclass(frozen=True)
class Picked:
    """A lead that somebody named, at its place in the request."""

    index: int
    lead_id: UUID


@dataclass(frozen=True, kw_only=True)
class PickResult:
    """What became of one item."""

    index: int
    status: Outcome
    lead_id: UUID | None = None
    error: DomainError | None = None


@dataclass(frozen=True, kw_only=True)
class MemberList:
    """A page of members, and as of when it is right."""

    data: list[Member]
    next_cursor: str | None
    evaluated_at: datetime | None


class SegmentMemberService:
    """Use cases of membership."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def page(self, segment_id: UUID, request: PageRequest) -> MemberList:
        """A page of the members of a segment."""
        # In this order: who is followed meanwhile is newer than it says, never older.
        segment = await self._uow.segments.get(segment_id)
        page = await self._uow.segment_members.page(segment_id, request)
        return MemberList(
            data=page.data, next_cursor=page.next_cursor, evaluated_at=segment.evaluated_at
        )

    async def of_lead(self, lead_id: UUID, request: PageRequest) -> Page[Membership]:
        """A page of the segments that a lead is in."""
        await self._uow.leads.get(lead_id)
        return await self._uow.segment_members.of_lead(lead_id, request)

    async def add(self, segment_id: UUID, items: Sequence[Picked]) -> list[PickResult]:
        """Put leads into a static segment."""
        heads = await self._heads(items)
        await self._static(segment_id)
        await self._uow.segment_crossings.pick(segment_id, heads.values())
        crossed = await self._follow(segment_id, heads.values())
        return _results(items, heads, crossed, "added", "present")

    async def remove(self, segment_id: UUID, items: Sequence[Picked]) -> list[PickResult]:
        """Take leads out of a static segment."""
        heads = await self._heads(items)
        await self._static(segment_id)
        await self._uow.segment_crossings.unpick(segment_id, heads.values())
        crossed = await self._follow(segment_id, heads.values())
        return _results(items, heads, crossed, "removed", "absent")

    async def _heads(self, items: Sequence[Picked]) -> dict[UUID, UUID]:
        """The leads that are there, locked, each by its id and by those merged into it."""
        wanted = {item.lead_id for item in items}
        there = await self._uow.leads.lock_existing(wanted)
        unknown = wanted - there
        heads = await self._uow.merges.survivors(unknown) if unknown else {}
        living = await self._uow.leads.lock_existing(heads.values()) if heads else set()
        merged = {part: head for part, head in heads.items() if head in living}
        return {lead_id: lead_id for lead_id in there} | merged

    async def _static(self, segment_id: UUID) -> Segment:
        """The segment, locked, once nobody else works on members."""
        await self._uow.segment_progress.lock()
        segment = await self._uow.segments.get(segment_id, lock=True)
        if segment.dynamic:
            detail = "a condition says who is in this segment; a snapshot of it can be changed"
            raise Conflict(detail, code="segment_dynamic")
        if segment.archived_at is not None:
            raise Conflict("this segment is archived", code="segment_archived")
        return segment

    async def _follow(self, segment_id: UUID, lead_ids: Collection[UUID]) -> set[UUID]:
        """Let leads enter and leave as they are picked now; who did so here."""
        crossings: list[Crossing] = await self._uow.segment_crossings.follow_picks(lead_ids)
        if crossings:
            by_id = {each.id: each for each in await self._uow.segments.every()}
            await record_crossings(self._uow, by_id, crossings)
        return {each.lead_id for each in crossings if each.segment_id == segment_id}


def _results(
    items: Sequence[Picked],
    heads: dict[UUID, UUID],
    crossed: set[UUID],
    changed: Outcome,
    unchanged: Outcome,
) -> list[PickResult]:
    """Each item's result, in order; of the same lead named twice, the first one did it."""
    waiting = set(crossed)
    results = []
    for item in items:
        head = heads.get(item.lead_id)
        if head is None:
            error = NotFound("no such lead in this workspace")
            results.append(PickResult(index=item.index, status="rejected", error=error))
            continue
        status = changed if head in waiting else unchanged
        waiting.discard(head)
        results.append(PickResult(index=item.index, status=status, lead_id=head))
    return results
