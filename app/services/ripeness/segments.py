"""Segments: made, read, changed, archived, refreshed, copied, tried out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.errors import Conflict, FieldError, Invalid, LostRace
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType, difference
from app.domain.reach.jobs import Job
from app.domain.ripeness.segments import (
    EVERY,
    Member,
    Segment,
    SegmentKind,
    circle,
    segments_in,
)
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.patching import check_version
from app.services.ripeness.segment_conditions import SegmentConditions
from app.services.ripeness.segment_keeping import REFRESH_SEGMENT, refresh_of

_CONDITION = "/condition"


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many leads are in a segment, or would be, at this moment."""

    size: int
    counted_at: datetime


@dataclass(frozen=True, kw_only=True)
class Preview(Size):
    """The same, with the newest of them."""

    members: list[Member]


class SegmentService:
    """Use cases of segments."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def create(self, fields: Mapping[str, Any]) -> Segment:
        """A new segment; a job works out who is in a dynamic one."""
        segment = self._new(fields)
        # One at a time, or two could name each other at once.
        await self._uow.segment_progress.start()
        await self._uow.segment_progress.lock()
        if segment.dynamic or segment.condition is not None:
            await self._check_condition(segment)
        if not segment.dynamic:
            segment.refreshed_at = self._uow.now
        return await self._add(segment)

    async def get(self, segment_id: UUID) -> Segment:
        """One segment, archived or not."""
        return await self._uow.segments.get(segment_id)

    async def page(
        self, filters: Mapping[str, Sequence[Any]], request: PageRequest
    ) -> Page[Segment]:
        """A page of segments."""
        return await self._uow.segments.page(request, filters)

    async def update(
        self, segment_id: UUID, fields: Mapping[str, Any], if_match: int | None
    ) -> Segment:
        """Change the given fields. With another condition, and when it is taken out of the
        archive, its members are worked out anew."""
        uow = self._uow
        if fields.keys() & {"condition", "archived"}:
            # Whoever works on members has this lock first, and then that of the segment.
            await uow.segment_progress.lock()
        before = await uow.segments.get(segment_id, lock=True)
        check_version(before.version, if_match)
        changed = {name: value for name, value in fields.items() if name != "archived"}
        if "archived" in fields and fields["archived"] != (before.archived_at is not None):
            changed["archived_at"] = uow.now if fields["archived"] else None
        after = replace(before, **changed)
        changes = {n: v for n, v in vars(after).items() if getattr(before, n) != v}
        if not changes:
            return await uow.segments.get(segment_id)
        if "condition" in changes:
            await self._check_condition(after)
        if after.archived_at is not None and "archived_at" in changes:
            await self._check_unnamed(after)
        comes_back = "archived_at" in changes and after.archived_at is None
        if comes_back and "condition" not in changes:
            await self._check_all_followed(after)
        if "condition" in changes or comes_back:
            after.refreshed_at, after.problem = None, None
            after.edition, after.refresh_due_at = before.edition + 1, uow.now + EVERY
            await uow.jobs.add_all([refresh_of(segment_id)])
        after.updated_at, after.version = uow.now, before.version + 1
        stored = {n: v for n, v in vars(after).items() if getattr(before, n) != v}
        await uow.segments.change(segment_id, stored)
        archives = changes.get("archived_at") is not None
        told = difference(vars(before), {n: v for n, v in changes.items() if n != "condition"})
        # Not what it says: names and addresses that it looks for do not belong in the journal.
        more = {"condition_changed": True} if "condition" in changes else {}
        event_type = EventType.SEGMENT_ARCHIVED if archives else EventType.SEGMENT_UPDATED
        uow.record(event_type, "segment", segment_id, {"changes": told} | more)
        await uow.flush()
        return await uow.segments.get(segment_id)

    async def archive(self, segment_id: UUID, if_match: int | None) -> None:
        """Follow it no more. Its members stay as they are."""
        await self.update(segment_id, {"archived": True}, if_match)

    async def size(self, segment_id: UUID) -> Size:
        """How many leads are in it now, whatever has been worked out so far."""
        segment = await self._uow.segments.get(segment_id)
        if not segment.dynamic:
            size = await self._uow.segment_members.count_picked(segment_id)
            return Size(size=size, counted_at=self._uow.now)
        try:
            asked = await (await SegmentConditions.of(self._uow)).read(segment.condition)
        except Invalid as error:
            detail = "its condition names something that is not there any more"
            raise Conflict(detail, code="condition_broken", errors=error.errors) from error
        size = await self._uow.segment_members.count(asked)
        return Size(size=size, counted_at=self._uow.now)

    async def preview(self, document: Mapping[str, Any], limit: int) -> Preview:
        """Who would be in a segment with this condition."""
        asked = await (await SegmentConditions.of(self._uow)).read(document, _CONDITION)
        size = await self._uow.segment_members.count(asked)
        members = await self._uow.segment_members.first(asked, limit)
        return Preview(size=size, counted_at=self._uow.now, members=members)

    async def refresh(self, segment_id: UUID) -> Job:
        """The job that works out all its members; the one still to be done if there is one."""
        segment = await self._uow.segments.get(segment_id)
        _check_active(segment)
        added = await self._uow.jobs.add_all([refresh_of(segment_id)])
        await self._uow.flush()
        if added:
            return await self._uow.jobs.get(added[0])
        live = {
            "kind": [REFRESH_SEGMENT],
            "dedupe_key": [str(segment_id)],
            "status": ["failed", "queued", "running"],
        }
        page = await self._uow.jobs.page(PageRequest(limit=1), live)
        if not page.data:
            raise LostRace("the job that was still to be done is over; try again")
        return page.data[0]

    async def snapshot(self, segment_id: UUID, name: str, description: str | None) -> Segment:
        """A static segment of those who are in it; a job lets them enter."""
        source = await self._uow.segments.get(segment_id)
        if source.evaluated_at is None:
            detail = "it is not known yet who is in this segment; its refresh is still to be done"
            raise Conflict(detail, code="not_evaluated")
        told = {"name": name, "description": description, "kind": SegmentKind.STATIC.value}
        copy = self._new({**told, "condition": None})
        copy.snapshot_of = source.id
        await self._add(copy)
        await self._uow.segment_crossings.pick_members(copy.id, source.id)
        return await self._uow.segments.get(copy.id)

    def _new(self, fields: Mapping[str, Any]) -> Segment:
        now = self._uow.now
        return Segment(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            edition=1,
            timed=False,
            problem=None,
            snapshot_of=None,
            refreshed_at=None,
            refresh_due_at=now + EVERY,
            archived_at=None,
            created_at=now,
            updated_at=now,
            version=1,
            **fields,
        )

    async def _add(self, segment: Segment) -> Segment:
        uow = self._uow
        await uow.segments.add(segment)
        if segment.refreshed_at is None:
            await uow.jobs.add_all([refresh_of(segment.id)])
        told = {"name": segment.name, "kind": segment.kind, "snapshot_of": segment.snapshot_of}
        uow.record(EventType.SEGMENT_CREATED, "segment", segment.id, told)
        await uow.flush()
        return await uow.segments.get(segment.id)

    async def _check_condition(self, segment: Segment) -> None:
        """Understand the condition; what it names has to be there and not lead back to it."""
        if not segment.dynamic:
            detail = "the members of a static segment are picked one by one"
            raise Invalid.field(_CONDITION, detail)
        if segment.condition is None:
            detail = "a dynamic segment needs a condition"
            raise Invalid.field(_CONDITION, detail, code="missing")
        conditions = await SegmentConditions.of(self._uow)
        await conditions.read(segment.condition, _CONDITION)
        segment.timed = conditions.timed(segment.condition)
        named = segments_in(segment.condition, _CONDITION)
        if not named:
            return
        others = {each.id: each for each in await self._uow.segments.every()}
        links = {each.id: segments_in(each.condition).keys() for each in others.values()}
        if circle(segment.id, {**links, segment.id: named.keys()}):
            at = next(iter(named.values()))
            raise Invalid.field(at, "these segments would name each other in a circle")
        detail = "no such segment in this workspace, or it is archived"
        errors = [
            FieldError(pointer=at, code="not_found", detail=detail)
            for segment_id, at in named.items()
            if segment_id not in others or others[segment_id].archived_at is not None
        ]
        if errors:
            raise Invalid(detail, errors=errors)

    async def _check_all_followed(self, segment: Segment) -> None:
        """What it names may have been archived while it was archived itself."""
        named = segments_in(segment.condition)
        archived = [
            each.name
            for each in await self._uow.segments.every()
            if each.archived_at is not None and each.id in named
        ]
        if archived:
            raise Conflict(
                "it names segments that are archived; bring those back first",
                code="segment_archived",
                extra={"segments": archived},
            )

    async def _check_unnamed(self, segment: Segment) -> None:
        """Whoever names it would be told about members that nobody follows."""
        naming = [
            each.name
            for each in await self._uow.segments.every()
            if each.archived_at is None and segment.id in segments_in(each.condition)
        ]
        if naming:
            raise Conflict(
                "other segments name this one; change or archive them first",
                code="segment_in_use",
                extra={"segments": naming},
            )


def _check_active(segment: Segment) -> None:
    if segment.archived_at is not None:
        raise Conflict("this segment is archived", code="segment_archived")
