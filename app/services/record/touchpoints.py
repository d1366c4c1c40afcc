"""Recording touchpoints: one, or a thousand at once; never changing one."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from app.adapters import normalisers
from app.domain.errors import AlreadyExists, DomainError, Invalid, NotFound
from app.domain.reach.events import Cause, EventType
from app.domain.record.channels import derive_channel
from app.domain.record.touchpoints import NewTouchpoint, Touchpoint
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.journal import caused_by
from app.services.leads.score_keeping import ScoreKeeper

CLOCK_SKEW = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class BatchItem:
    """A touch for a lead, at its place in the batch."""

    index: int
    lead_id: UUID
    touch: NewTouchpoint


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """What became of one item: `created`, `exists` (its reference was known) or `rejected`."""

    index: int
    status: Literal["created", "exists", "rejected"]
    id: UUID | None = None
    error: DomainError | None = None


class TouchpointService:
    """Touchpoints of leads."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def record(self, lead_id: UUID, touch: NewTouchpoint) -> tuple[Touchpoint, bool]:
        """The touchpoint as stored, and whether it is new; Merged when another lead stands for
        the one that is named."""
        item = BatchItem(index=0, lead_id=lead_id, touch=touch)
        [result] = await self._record_all([item], await self._lock([item]))
        if isinstance(result.error, NotFound):
            await self._uow.leads.get(lead_id)
        if result.error is not None or result.id is None:
            raise result.error or NotFound("no such lead in this workspace")
        return await self._uow.touchpoints.get(result.id), result.status == "created"

    async def record_batch(self, items: Sequence[BatchItem]) -> list[BatchResult]:
        """Store every sound item; a bad one is answered and harms no neighbour.

        What names a lead that was merged goes to the one that stands for it.
        """
        leads = await self._lock(items)
        unknown = {item.lead_id for item in items} - leads
        heads = await self._uow.merges.survivors(unknown) if unknown else {}
        if heads:
            items = [replace(i, lead_id=heads.get(i.lead_id, i.lead_id)) for i in items]
            leads |= await self._lock(items)
        return await self._record_all(items, leads)

    async def _lock(self, items: Sequence[BatchItem]) -> set[UUID]:
        return await self._uow.leads.lock_existing(item.lead_id for item in items)

    async def _record_all(self, items: Sequence[BatchItem], leads: set[UUID]) -> list[BatchResult]:
        refused = await self._refused(items, leads)
        sound = [item for item in items if item.index not in refused]
        made = {item.index: build_touchpoint(self._uow, item.lead_id, item.touch) for item in sound}
        stored = await self._uow.touchpoints.add_all(list(made.values())) if made else set()
        await self._journal([touch for touch in made.values() if touch.id in stored])
        results = list(refused.values())
        results += [
            BatchResult(index=item.index, status="created", id=made[item.index].id)
            for item in sound
            if made[item.index].id in stored
        ]
        repeats = [item for item in sound if made[item.index].id not in stored]
        if repeats:
            results += await self._repeats(repeats)
        return sorted(results, key=lambda result: result.index)

    async def get(self, touchpoint_id: UUID) -> Touchpoint:
        """One touchpoint."""
        return await self._uow.touchpoints.get(touchpoint_id)

    async def _journal(self, stored: Sequence[Touchpoint]) -> None:
        instants: dict[UUID, list[datetime]] = defaultdict(list)
        for touch in stored:
            instants[touch.lead_id].append(touch.occurred_at)
            record_touch_event(self._uow, touch)
        # What a correction takes out of the count cannot be told from what it puts in.
        corrected = {touch.lead_id for touch in stored if touch.supersedes_id}
        if corrected:
            await self._uow.leads.recount_touches(corrected)
        noted = {lead_id: told for lead_id, told in instants.items() if lead_id not in corrected}
        if noted:
            await self._uow.leads.note_touches(noted)
        await ScoreKeeper(self._uow).keep(touches=stored, anew=corrected)
        await self._uow.flush()

    async def _refused(
        self, items: Sequence[BatchItem], leads: set[UUID]
    ) -> dict[int, BatchResult]:
        """Items that name a lead, campaign or touchpoint which is not there, or the future."""
        campaign_ids = {i.touch.campaign_id for i in items if i.touch.campaign_id}
        campaigns = await self._uow.campaigns.existing(campaign_ids) if campaign_ids else set()
        corrected_ids = {i.touch.supersedes_id for i in items if i.touch.supersedes_id}
        open_to_correction = (
            await self._uow.touchpoints.not_superseded(corrected_ids) if corrected_ids else {}
        )
        told_before = await self._told_before(items) if corrected_ids else set()
        refused: dict[int, BatchResult] = {}
        claimed: set[UUID] = set()
        for item in items:
            error = _unless_known(item, leads, campaigns) or _unless_past(item.touch, self._uow.now)
            if error is None and item.touch.reference not in told_before:
                error = _unless_correctable(item, open_to_correction, claimed)
            if error is not None:
                refused[item.index] = BatchResult(index=item.index, status="rejected", error=error)
            elif item.touch.supersedes_id:
                claimed.add(item.touch.supersedes_id)
        return refused

    async def _told_before(self, items: Sequence[BatchItem]) -> set[tuple[str, str] | None]:
        """References of corrections that are on record, which a repeat may name again."""
        given = (item.touch.reference for item in items if item.touch.supersedes_id)
        return set(await self._uow.touchpoints.by_external([r for r in given if r]))

    async def _repeats(self, items: Sequence[BatchItem]) -> list[BatchResult]:
        references = [item.touch.reference for item in items]
        known = await self._uow.touchpoints.by_external([r for r in references if r])
        results = []
        for item, reference in zip(items, references, strict=True):
            first = known[reference] if reference else None
            if first is None or first.lead_id != item.lead_id:
                detail = "another lead has a touchpoint with this source_system and external_id"
                results.append(_rejected(item.index, AlreadyExists(detail)))
            else:
                results.append(BatchResult(index=item.index, status="exists", id=first.id))
        return results


def build_touchpoint(uow: UnitOfWork, lead_id: UUID, touch: NewTouchpoint) -> Touchpoint:
    """The touchpoint to store, with who recorded it and when."""
    return Touchpoint(
        workspace_id=uow.workspace_id,
        id=new_id(),
        lead_id=lead_id,
        kind=touch.kind,
        channel=touch.channel
        or derive_channel(touch.utm or {}, touch.click_ids or {}, _from_elsewhere(touch)),
        occurred_at=touch.occurred_at or uow.now,
        recorded_at=uow.now,
        campaign_id=touch.campaign_id,
        utm=touch.utm,
        click_ids=touch.click_ids,
        page_url=touch.page_url,
        referrer=touch.referrer,
        products=touch.products,
        summary=touch.summary,
        payload=touch.payload,
        source_system=touch.source_system,
        external_id=touch.external_id,
        supersedes_id=touch.supersedes_id,
        is_test=touch.is_test,
        user_id=uow.caller.user_id,
        api_key_id=uow.caller.api_key_id,
    )


def _from_elsewhere(touch: NewTouchpoint) -> str | None:
    """The referrer, unless the visitor only came from another page of the same site."""
    if touch.referrer and touch.page_url:
        here = normalisers.web_domain(touch.page_url)
        if here is not None and here == normalisers.web_domain(touch.referrer):
            return None
    return touch.referrer


def record_touch_event(uow: UnitOfWork, touch: Touchpoint, cause: Cause | None = None) -> None:
    """The journal's entry for a touchpoint."""
    uow.record(
        EventType.TOUCHPOINT_RECORDED,
        "touchpoint",
        touch.id,
        {
            "kind": touch.kind,
            "channel": touch.channel,
            "campaign_id": touch.campaign_id,
            "supersedes_id": touch.supersedes_id,
            **({"is_test": True} if touch.is_test else {}),
            **caused_by(cause),
        },
        lead_id=touch.lead_id,
        occurred_at=touch.occurred_at,
    )


def check_past(touch: NewTouchpoint, now: datetime, pointer: str = "/occurred_at") -> None:
    """Raise Invalid for a touch that has not happened yet."""
    if touch.occurred_at is not None and touch.occurred_at > now + CLOCK_SKEW:
        raise Invalid.field(pointer, "a touchpoint lies in the past, this instant does not")


def _unless_known(item: BatchItem, leads: set[UUID], campaigns: set[UUID]) -> DomainError | None:
    if item.lead_id not in leads:
        return NotFound("no such lead in this workspace")
    if item.touch.campaign_id and item.touch.campaign_id not in campaigns:
        return Invalid.field("/campaign_id", "no such campaign in this workspace", code="not_found")
    return None


def _unless_past(touch: NewTouchpoint, now: datetime) -> DomainError | None:
    try:
        check_past(touch, now)
    except Invalid as error:
        return error
    return None


def _unless_correctable(
    item: BatchItem, open_to_correction: dict[UUID, UUID], claimed: set[UUID]
) -> DomainError | None:
    corrected = item.touch.supersedes_id
    if corrected is None:
        return None
    if corrected in claimed or open_to_correction.get(corrected) != item.lead_id:
        return Invalid.field(
            "/supersedes_id",
            "not a touchpoint of this lead, or superseded already; correct the newest one",
            code="not_found",
        )
    return None


def _rejected(index: int, error: DomainError) -> BatchResult:
    return BatchResult(index=index, status="rejected", error=error)
