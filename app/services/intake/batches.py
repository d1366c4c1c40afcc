"""Capture of a batch: many readings become leads and touchpoints in a handful of statements.

One transaction, one workspace. People who appear twice in the batch become one lead, and a lead
that is known gets the touch and what was blank, never another value for what it has.

A trial that names a known lead leaves it as it is: its touch is on the timeline, marked, and counts
for nothing; no identity, consent or visitor of it is believed. A lead that was only a trial takes
over what the first real submission says, and is a real one from then on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.errors import LostRace
from app.domain.intake.forms import FORM_SUBMITTED
from app.domain.intake.submissions import (
    Claimed,
    Fate,
    Finding,
    Reading,
    SubmissionStatus,
)
from app.domain.leads.identities import Identity
from app.domain.leads.leads import Lead
from app.domain.reach.events import EventType
from app.domain.record.touchpoints import NewTouchpoint, Touchpoint
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.consents import record_consent
from app.services.intake.enriching import Enriching
from app.services.intake.fields import FieldReader
from app.services.intake.visitors import Joining
from app.services.leads.normalisation import email_identity
from app.services.record.touchpoints import CLOCK_SKEW, build_touchpoint, record_touch_event


@dataclass
class _Item:
    """A reading on its way."""

    claimed: Claimed
    reading: Reading
    columns: dict[str, Any] = field(default_factory=dict)
    identities: list[Identity] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    lead: Lead | None = None
    created: bool = False
    touch: Touchpoint | None = None
    touch_is_known: bool = False

    @property
    def is_believed(self) -> bool:
        """Whether what it says holds for its lead: a trial says nothing of one that is real."""
        return self.lead is not None and (self.lead.is_test or not self.reading.is_test)

    def fate(self) -> Fate:
        """Captured."""
        return Fate(
            id=self.claimed.delivery.id,
            status=SubmissionStatus.CAPTURED,
            findings=self.notes,
            email_norm=self.columns.get("email_norm"),
            lead_id=self.lead.id if self.lead else None,
            outcome="created" if self.created else "matched",
            touchpoint_id=self.touch.id if self.touch else None,
        )


class BatchCapture:
    """Captures readings that nothing speaks against."""

    def __init__(self, uow: UnitOfWork, joining: Joining, fields: FieldReader) -> None:
        self._uow = uow
        self._joining = joining
        self._fields = fields
        self._enriching = Enriching(uow, fields)
        self._by_identity: dict[Identity, Lead] = {}
        self._by_reference: dict[tuple[str, str], Touchpoint] = {}
        self._new: dict[UUID, tuple[Lead, list[Identity]]] = {}
        self._added: dict[UUID, list[Identity]] = {}
        self._holders: dict[UUID, Lead] = {}

    async def capture(self, readings: Sequence[tuple[Claimed, Reading]]) -> list[Fate]:
        """The fate of each, in order. LostRace when somebody else took an identity meanwhile."""
        items = [_Item(claimed, reading, notes=[*reading.notes]) for claimed, reading in readings]
        for item in items:
            item.columns, found = self._fields.read(item.reading)
            item.notes += found
            item.identities = email_identity(item.columns["email_norm"]) + item.reading.references
        await self._find_known(items)
        touches = [self._place(item) for item in items]
        await self._store([touch for touch in touches if touch is not None], items)
        await self._joining.join(
            [
                (item.reading.visitor_id, item.lead.id)
                for item in items
                if item.reading.visitor_id and item.lead and not item.reading.is_test
            ]
        )
        await self._uow.flush()
        return [item.fate() for item in items]

    async def _find_known(self, items: Sequence[_Item]) -> None:
        wanted = list(dict.fromkeys(i for item in items for i in item.identities))
        matches = await self._uow.leads.matching(wanted)
        references = [r for item in items if (r := _reference(item.reading))]
        if references:
            self._by_reference = dict(await self._uow.touchpoints.by_external(references))
        ids = {lead.id for lead, _ in matches}
        ids |= {touch.lead_id for touch in self._by_reference.values()}
        ids |= self._joining.owners
        if not ids:
            return
        locked = await self._uow.leads.lock_many(ids)
        self._joining.living |= locked.keys()
        again = await self._uow.leads.matching(wanted)
        if {(lead.id, i) for lead, i in matches} != {(lead.id, i) for lead, i in again}:
            raise LostRace("a lead changed while it was being matched; try again")
        self._by_identity = {i: locked[lead.id] for lead, i in matches if lead.id in locked}
        self._holders = locked

    def _place(self, item: _Item) -> Touchpoint | None:
        """Decide whose submission it is; returns the touch to be stored, if it is a new one."""
        told = self._told_before(item)
        if told is not None:
            return None
        owners = list(
            dict.fromkeys(
                self._by_identity[i].id for i in item.identities if i in self._by_identity
            )
        )
        if owners:
            first = next(i for i in item.identities if i in self._by_identity)
            item.lead = self._by_identity[first]
            if len(owners) > 1:
                item.notes.append(
                    Finding(
                        code="several_leads",
                        detail="its e-mail and its references belong to different leads; "
                        "it was added to the first",
                    )
                )
            self._enriching.add(item.lead, item.columns, item.reading)
        else:
            item.lead, item.created = self._made(item), True
        if item.is_believed:
            for identity in item.identities:
                if identity not in self._by_identity:
                    self._by_identity[identity] = item.lead
                    self._own(item.lead, identity)
        touch = build_touchpoint(self._uow, item.lead.id, self._touch_of(item))
        item.touch = touch
        if touch.source_system and touch.external_id:
            self._by_reference[touch.source_system, touch.external_id] = touch
        return touch

    def _told_before(self, item: _Item) -> Touchpoint | None:
        """The touch on record that this submission tells again: a vendor repeats itself."""
        reference = _reference(item.reading)
        known = self._by_reference.get(reference) if reference else None
        if known is None:
            return None
        holder = self._holders.get(known.lead_id) or self._new.get(known.lead_id, (None,))[0]
        if holder is None:
            # The touch stays with the lead that was deleted; this submission is not lost for it.
            touch = item.reading.touch
            if touch is not None:
                item.reading = replace(
                    item.reading, touch=replace(touch, source_system=None, external_id=None)
                )
            return None
        item.lead, item.touch = holder, known
        return known

    def _made(self, item: _Item) -> Lead:
        now = self._uow.now
        lead = Lead(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            created_at=now,
            updated_at=now,
            is_test=item.reading.is_test,
            **item.columns,
        )
        self._new[lead.id] = (lead, [])
        return lead

    def _own(self, lead: Lead, identity: Identity) -> None:
        if lead.id in self._new:
            self._new[lead.id][1].append(identity)
        else:
            self._added.setdefault(lead.id, []).append(identity)

    def _touch_of(self, item: _Item) -> NewTouchpoint:
        received_at = item.claimed.delivery.received_at
        touch = item.reading.touch or NewTouchpoint(kind=FORM_SUBMITTED)
        occurred_at = touch.occurred_at or received_at
        if occurred_at > self._uow.now + CLOCK_SKEW:
            detail = "its time lies in the future; it counts from when it was received"
            item.notes.append(Finding(code="future_instant", detail=detail))
            occurred_at = received_at
        campaign_id = touch.campaign_id
        if campaign_id and campaign_id not in self._fields.campaigns:
            detail = "no such campaign in this workspace"
            item.notes.append(Finding(code="unknown_campaign", detail=detail, field="campaign_id"))
            campaign_id = None
        return replace(
            touch,
            occurred_at=occurred_at,
            campaign_id=campaign_id,
            is_test=item.reading.is_test,
        )

    async def _store(self, touches: Sequence[Touchpoint], items: Sequence[_Item]) -> None:
        leads = {item.lead.id: item.lead for item in items if item.lead}
        noted: dict[UUID, list[datetime]] = {}
        for touch in touches:
            lead = leads[touch.lead_id]
            if touch.is_test and not lead.is_test:
                continue
            if lead.id in self._new:
                _count(lead, touch.occurred_at)
            else:
                noted.setdefault(lead.id, []).append(touch.occurred_at)
        if self._new:
            await self._uow.leads.add_many(self._new)
            self._record_new(items)
        await self._uow.leads.add_identities_of(self._added)
        if touches:
            stored = await self._uow.touchpoints.add_all(touches)
            if len(stored) < len(touches):
                raise LostRace("another process recorded one of these touches; try again")
        for touch in touches:
            record_touch_event(self._uow, touch)
        await self._enriching.store(self._new)
        if noted:
            await self._uow.leads.note_touches(noted)
        self._record_consents(items)

    def _record_new(self, items: Sequence[_Item]) -> None:
        for item in items:
            if item.created and item.lead is not None:
                lead = item.lead
                self._uow.record(
                    EventType.LEAD_CREATED,
                    "lead",
                    lead.id,
                    {
                        "status": lead.status,
                        "source": lead.source,
                        "owner_id": lead.owner_id,
                        "campaign_id": lead.campaign_id,
                        "touchpoint_id": item.touch.id if item.touch else None,
                        "submission_id": item.claimed.delivery.id,
                        "is_test": lead.is_test,
                    },
                    lead_id=lead.id,
                )

    def _record_consents(self, items: Sequence[_Item]) -> None:
        for item in items:
            if item.lead is not None and item.is_believed:
                for consent in item.reading.consents:
                    record_consent(self._uow, item.lead.id, item.claimed, consent)


def _reference(reading: Reading) -> tuple[str, str] | None:
    return reading.touch.reference if reading.touch else None


def _count(lead: Lead, occurred_at: datetime) -> None:
    lead.touch_count += 1
    lead.first_touch_at = min(lead.first_touch_at or occurred_at, occurred_at)
    lead.last_touch_at = max(lead.last_touch_at or occurred_at, occurred_at)
