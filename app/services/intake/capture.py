"""Capture: candidates become leads and touchpoints, and nobody becomes two leads."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from app.domain.errors import AlreadyExists, FieldError, Invalid, LostRace, NotFound
from app.domain.intake.capture import Candidate, Captured, OnDuplicate, Outcome
from app.domain.leads.identities import Identity
from app.domain.leads.leads import Lead
from app.domain.reach.events import EventType
from app.domain.record.touchpoints import Touchpoint
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.leads import LeadService, duplicate_lead
from app.services.leads.normalisation import email_identity
from app.services.record.touchpoints import build_touchpoint, check_past, record_touch_event


class CaptureService:
    """Everything that brings a lead ends here."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._leads = LeadService(uow)

    async def capture(self, candidate: Candidate, on_duplicate: OnDuplicate) -> Captured:
        """Create a lead, or add to the one that has the candidate's e-mail or reference."""
        await self._check_touch(candidate)
        columns = await self._leads.columns(candidate.fields)
        identities = email_identity(columns["email_norm"]) + candidate.references
        matches = await self._uow.leads.matching(identities)
        found = {lead.id for lead, _ in matches}
        known = await self._known_touch(candidate)
        if known is not None:
            holder = await self._living(known.lead_id)
            if holder is None:
                # The touch stays with the lead that was deleted; this lead is not lost for it.
                candidate = replace(candidate, touch=None)
            elif not identities or (found == {holder.id} and on_duplicate is OnDuplicate.REFUSE):
                return Captured(lead=holder, outcome=Outcome.LINKED, touchpoint=known)
            elif found != {holder.id}:
                raise _touch_of_another(holder)
        if not found:
            return await self._create(candidate, columns, identities)
        if on_duplicate is OnDuplicate.REFUSE or len(found) > 1:
            raise duplicate_lead(matches)
        return await self._add_to(found.pop(), candidate, identities, on_duplicate)

    async def _check_touch(self, candidate: Candidate) -> None:
        touch = candidate.touch
        if touch is None:
            return
        check_past(touch, self._uow.now, "/touchpoint/occurred_at")
        named = touch.campaign_id
        # The lead's own campaign is checked, and named, by the lead's foreign key.
        if (
            named
            and named != candidate.fields.get("campaign_id")
            and not await self._uow.campaigns.existing([named])
        ):
            detail = "no such campaign in this workspace"
            raise Invalid.field("/touchpoint/campaign_id", detail, code="not_found")

    async def _create(
        self, candidate: Candidate, columns: dict[str, Any], identities: list[Identity]
    ) -> Captured:
        now = self._uow.now
        columns["custom"] = await self._leads.checked_custom(
            columns.get("custom") or {}, complete=True
        )
        lead = Lead(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            created_at=now,
            updated_at=now,
            **columns,
        )
        touch = build_touchpoint(self._uow, lead.id, candidate.touch) if candidate.touch else None
        if touch is not None:
            lead.first_touch_at = lead.last_touch_at = touch.occurred_at
            lead.touch_count = 1
        self._uow.record(
            EventType.LEAD_CREATED,
            "lead",
            lead.id,
            {
                "status": lead.status,
                "source": lead.source,
                "owner_id": lead.owner_id,
                "campaign_id": lead.campaign_id,
                "touchpoint_id": touch.id if touch else None,
            },
            lead_id=lead.id,
        )
        if touch is not None:
            record_touch_event(self._uow, touch)
        await self._uow.leads.add_captured(
            lead, identities, [touch] if touch else [], self._uow.take_events()
        )
        return Captured(lead=lead, outcome=Outcome.CREATED, touchpoint=touch)

    async def _add_to(
        self,
        lead_id: UUID,
        candidate: Candidate,
        identities: list[Identity],
        on_duplicate: OnDuplicate,
    ) -> Captured:
        lead = await self._locked(lead_id, identities)
        touch = await self._touched(lead, candidate) if candidate.touch_when_known else None
        given = {name: value for name, value in candidate.fields.items() if value is not None}
        known = {identity for _, identity in await self._uow.leads.matching(identities)}
        references = [r for r in candidate.references if r not in known]
        await self._uow.leads.add_identities(lead.id, references)
        if on_duplicate is OnDuplicate.UPDATE:
            await self._leads.apply(lead, given)
        await self._uow.flush()
        outcome = Outcome.UPDATED if on_duplicate is OnDuplicate.UPDATE else Outcome.LINKED
        stored = await self._uow.leads.get(lead.id)
        return Captured(lead=stored, outcome=outcome, touchpoint=touch)

    async def _locked(self, lead_id: UUID, identities: list[Identity]) -> Lead:
        """The lead under its lock; LostRace when it was deleted or renamed since it was matched."""
        lead = await self._living(lead_id, lock=True)
        matches = await self._uow.leads.matching(identities)
        if lead is None or {found.id for found, _ in matches} != {lead_id}:
            raise LostRace("the lead changed while it was being matched; try again")
        return lead

    async def _living(self, lead_id: UUID, *, lock: bool = False) -> Lead | None:
        try:
            return await self._uow.leads.get(lead_id, lock=lock)
        except NotFound:
            return None

    async def _known_touch(self, candidate: Candidate) -> Touchpoint | None:
        """The touch on record with the candidate's reference."""
        if candidate.touch is None or candidate.touch.reference is None:
            return None
        known = await self._uow.touchpoints.by_external([candidate.touch.reference])
        return known.get(candidate.touch.reference)

    async def _touched(self, lead: Lead, candidate: Candidate) -> Touchpoint | None:
        if candidate.touch is None:
            return None
        touch = build_touchpoint(self._uow, lead.id, candidate.touch)
        if not await self._uow.touchpoints.add_all([touch]):
            known = await self._known_touch(candidate)
            if known is None or known.lead_id != lead.id:
                raise _touch_of_another(lead)
            return known
        await self._uow.leads.note_touches({lead.id: [touch.occurred_at]})
        record_touch_event(self._uow, touch)
        return touch


def _touch_of_another(lead: Lead) -> AlreadyExists:
    detail = "another lead has a touchpoint with this source_system and external_id"
    return AlreadyExists(
        detail,
        errors=[
            FieldError(pointer="/touchpoint/external_id", code="already_exists", detail=detail)
        ],
        extra={"lead_id": str(lead.id)},
    )
