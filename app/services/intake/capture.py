"""Capture: candidates become leads and touchpoints, and nobody becomes two leads."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from app.domain.errors import AlreadyExists, FieldError, Invalid, NotFound
from app.domain.intake.capture import Candidate, Captured, OnDuplicate, Outcome
from app.domain.intake.enrichment import blanks_filled
from app.domain.leads.identities import Claim, Resolution
from app.domain.leads.leads import Lead
from app.domain.record.touchpoints import Touchpoint
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.capture_events import record_created, record_keys
from app.services.leads.key_holders import KeyHolders, keys_of
from app.services.leads.leads import LeadService, duplicate_lead
from app.services.leads.score_keeping import ScoreKeeper, show_scores
from app.services.record.touchpoints import build_touchpoint, check_past, record_touch_event


class CaptureService:
    """Everything that brings a lead ends here."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._leads = LeadService(uow)
        self._holders = KeyHolders(uow)
        self._scores = ScoreKeeper(uow)

    async def capture(self, candidate: Candidate, on_duplicate: OnDuplicate) -> Captured:
        """Create a lead, or add to the one whose keys the candidate has."""
        await self._check_touch(candidate)
        columns = await self._leads.columns(candidate.fields)
        claim = Claim(keys_of(columns, candidate.references), found_by=candidate.found_by)
        await self._holders.find(claim.keys)
        resolution = self._holders.resolve(claim, columns)
        known = await self._known_touch(candidate)
        if known is not None:
            holder = await self._living(known.lead_id)
            found = {lead_id for lead_id, _ in resolution.found}
            if holder is None:
                # The touch stays with the lead that was deleted; this lead is not lost for it.
                candidate = replace(candidate, touches=())
            elif not claim.keys or (found == {holder.id} and on_duplicate is OnDuplicate.REFUSE):
                return Captured(lead=holder, outcome=Outcome.LINKED, touchpoints=[known])
            elif found != {holder.id}:
                raise _touch_of_another(holder)
        if not resolution.found:
            return await self._create(candidate, columns, resolution)
        if on_duplicate is OnDuplicate.REFUSE or len(resolution.found) > 1:
            raise duplicate_lead(
                [(self._holders.leads[lead_id], key) for lead_id, key in resolution.found]
            )
        return await self._add_to(candidate, columns, claim, on_duplicate)

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
        self, candidate: Candidate, columns: dict[str, Any], resolution: Resolution
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
        record_created(self._uow, lead, touch, candidate.cause)
        if touch is not None:
            record_touch_event(self._uow, touch, candidate.cause)
        touches = [touch] if touch else []
        self._holders.apply(lead, resolution, columns, candidate.identity_source)
        identities = self._holders.take_new()
        await self._holders.store()
        scores = await self._scores.new([(lead, touches)])
        await self._uow.leads.add_captured(
            lead, identities, touches, self._uow.take_events(), scores
        )
        vars(lead)["score"] = await self._scores.shown(scores)
        return Captured(lead=lead, outcome=Outcome.CREATED, touchpoints=touches)

    async def _add_to(
        self,
        candidate: Candidate,
        columns: dict[str, Any],
        claim: Claim,
        on_duplicate: OnDuplicate,
    ) -> Captured:
        await self._holders.lock([(claim, columns)])
        resolution = self._holders.resolve(claim, columns)
        lead = self._holders.locked[resolution.found[0][0]]
        touch = await self._touched(lead, candidate) if candidate.touch_when_known else None
        given = {name: value for name, value in candidate.fields.items() if value is not None}
        added = self._holders.apply(
            lead,
            resolution,
            columns,
            candidate.identity_source,
            renames=on_duplicate is OnDuplicate.UPDATE,
        )
        record_keys(self._uow, added, candidate.cause)
        await self._holders.store()
        if on_duplicate is OnDuplicate.ENRICH:
            given = blanks_filled(vars(lead), given)
            if resolution.noted is not None:
                # The number of somebody who is called otherwise.
                given.pop("phone", None)
        if on_duplicate is not OnDuplicate.LINK:
            await self._leads.apply(lead, given)
        await self._uow.flush()
        stored = await self._uow.leads.get_scored(lead.id)
        await show_scores(self._uow, [stored])
        linked = on_duplicate is OnDuplicate.LINK
        return Captured(
            lead=stored,
            outcome=Outcome.LINKED if linked else Outcome.UPDATED,
            touchpoints=[touch] if touch else [],
            matched_on=resolution.found[0][1].kind,
        )

    async def _living(self, lead_id: UUID) -> Lead | None:
        try:
            return await self._leads.get(lead_id)
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
        await self._scores.keep(touches=[touch])
        record_touch_event(self._uow, touch, candidate.cause)
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
