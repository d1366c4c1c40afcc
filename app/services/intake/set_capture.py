"""Capture of a set: many candidates become leads and touchpoints in a handful of statements.

One transaction, one workspace. People who appear twice in the set become one lead. Each candidate
is captured or refused for itself; only what no candidate can help is an error for all of them.

A trial that names a known lead leaves it as it is: its touch is on the timeline, marked, and counts
for nothing. A lead that was only a trial takes over what the first real candidate says, and is a
real one from then on.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.errors import FieldError, LostRace
from app.domain.intake.capture import Candidate, Captured, OnDuplicate, Outcome, Refused
from app.domain.intake.submissions import Finding
from app.domain.leads.identities import Claim, Identity, Resolution
from app.domain.leads.leads import Lead
from app.domain.reach.events import Cause
from app.domain.record.touchpoints import NewTouchpoint, Touchpoint
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.capture_events import record_created, record_keys
from app.services.intake.enriching import Enriching
from app.services.intake.fields import FieldReader
from app.services.leads.key_holders import KeyHolders, keys_of
from app.services.leads.score_keeping import ScoreKeeper
from app.services.record.touchpoints import build_touchpoint, record_touch_event

Result = Captured | Refused


@dataclass
class _Item:
    """A candidate on its way."""

    candidate: Candidate
    columns: Mapping[str, Any]
    claim: Claim
    notes: list[Finding]
    touches: list[NewTouchpoint] = field(default_factory=list)


class SetCapture:
    """Captures candidates that nothing speaks against; `fields` knows what the workspace
    declares."""

    def __init__(self, uow: UnitOfWork, fields: FieldReader) -> None:
        self._uow = uow
        self._fields = fields
        self._holders = KeyHolders(uow)
        self._enriching = Enriching(uow, fields)
        self._scores = ScoreKeeper(uow)
        self._by_reference: dict[tuple[str, str], Touchpoint] = {}
        self._new: dict[UUID, Lead] = {}
        self._freed: dict[UUID, list[Identity]] = {}
        self._touches: list[tuple[Touchpoint, Cause | None]] = []

    async def capture(
        self, candidates: Sequence[Candidate], also_lock: Collection[UUID] = ()
    ) -> list[Result]:
        """What becomes of each, in order. LostRace when somebody else took a key meanwhile."""
        items = [self._read(candidate) for candidate in candidates]
        await self._find(items, also_lock)
        results = [self._place(item) for item in items]
        await self._store()
        return results

    @property
    def locked(self) -> Collection[UUID]:
        """The leads that were there and are locked."""
        return self._holders.locked.keys()

    def _read(self, candidate: Candidate) -> _Item:
        if candidate.columns is None:
            columns, notes = self._fields.read(candidate)
        else:
            columns, notes = dict(candidate.columns), []
        keys = keys_of(columns, candidate.references)
        claim = Claim(keys, is_trial=candidate.is_test, found_by=candidate.found_by)
        return _Item(candidate, columns, claim, notes, list(candidate.touches))

    async def _find(self, items: Sequence[_Item], also_lock: Iterable[UUID]) -> None:
        await self._holders.find(key for item in items for key in item.claim.keys)
        references = [t.reference for item in items for t in item.touches if t.reference]
        if references:
            self._by_reference = dict(await self._uow.touchpoints.by_external(references))
        holders = {touch.lead_id for touch in self._by_reference.values()}
        claims = [(item.claim, item.columns) for item in items]
        await self._holders.lock(claims, holders | set(also_lock))

    def _place(self, item: _Item) -> Result:
        """Decide whose candidate it is, and what it adds."""
        candidate = item.candidate
        if wrong := self._unknown_campaign(item):
            return wrong
        teller = self._told_before(item)
        if teller is not None and candidate.on_duplicate is OnDuplicate.ENRICH:
            return self._captured(item, teller, Outcome.LINKED)
        resolution = self._holders.resolve(item.claim, item.columns)
        leads = [self._holders.leads[lead_id] for lead_id, _ in resolution.found]
        if teller is not None:
            refused_repeat = candidate.on_duplicate is OnDuplicate.REFUSE and leads == [teller]
            if not item.claim.keys or refused_repeat:
                return self._captured(item, teller, Outcome.LINKED)
            if leads != [teller]:
                return _touch_of_another(teller)
        if not leads:
            return self._create(item, resolution)
        several = len(leads) > 1 and candidate.on_duplicate is not OnDuplicate.ENRICH
        if candidate.on_duplicate is OnDuplicate.REFUSE or several:
            return Refused(
                code="duplicate_lead",
                detail="a lead with this identity exists",
                candidates=[(self._holders.leads[id_], key) for id_, key in resolution.found],
            )
        if len(leads) > 1:
            item.notes.append(_SEVERAL_LEADS)
        return self._add_to(leads[0], item, resolution)

    def _create(self, item: _Item, resolution: Resolution) -> Result:
        candidate = item.candidate
        if not candidate.may_create:
            return Refused(code="not_found", detail="no lead has one of these keys")
        created_at = candidate.created_at or self._uow.now
        lead = Lead(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            created_at=created_at,
            updated_at=created_at,
            is_test=candidate.is_test,
            **item.columns,
        )
        self._new[lead.id] = lead
        self._holders.apply(lead, resolution, item.columns, candidate.identity_source)
        captured = self._captured(item, lead, Outcome.CREATED)
        record_created(self._uow, lead, captured.touchpoint, candidate.cause)
        return captured

    def _add_to(self, lead: Lead, item: _Item, resolution: Resolution) -> Captured:
        candidate = item.candidate
        updates = candidate.on_duplicate is OnDuplicate.UPDATE
        added = self._holders.apply(
            lead, resolution, item.columns, candidate.identity_source, renames=updates
        )
        record_keys(self._uow, added, candidate.cause)
        links = candidate.on_duplicate is OnDuplicate.LINK
        columns = item.columns
        if resolution.noted is not None and not updates:
            # A number of somebody who is called otherwise would be a key of the wrong person.
            columns = {name: v for name, v in columns.items() if name != "phone"}
        changes = {} if links else self._enriching.add(lead, columns, candidate)
        if changes:
            self._holders.changed(lead)
            self._free(lead, changes)
        if updates and not lead.is_test:
            now = keys_of(vars(lead))
            self._holders.assign(
                lead, [key for key in item.claim.keys if key in now], candidate.identity_source
            )
        captured = self._captured(item, lead, Outcome.LINKED if links else Outcome.UPDATED)
        captured.changes = changes
        captured.matched_on = resolution.found[0][1].kind
        return captured

    def _captured(self, item: _Item, lead: Lead, outcome: Outcome) -> Captured:
        captured = Captured(
            lead=lead,
            outcome=outcome,
            email_norm=item.columns.get("email_norm"),
            notes=item.notes,
        )
        if outcome is not Outcome.CREATED and not item.candidate.touch_when_known:
            return captured
        for told in item.touches:
            known = self._by_reference.get(told.reference) if told.reference else None
            if known is not None and known.lead_id == lead.id:
                captured.touchpoints.append(known)
                continue
            touch = build_touchpoint(self._uow, lead.id, told)
            captured.touchpoints.append(touch)
            captured.new_touches += 1
            self._touches.append((touch, item.candidate.cause))
            if told.reference:
                self._by_reference[told.reference] = touch
        return captured

    def _told_before(self, item: _Item) -> Lead | None:
        """The lead of a touch that this candidate tells again: a vendor repeats itself."""
        for number, told in enumerate(item.touches):
            known = self._by_reference.get(told.reference) if told.reference else None
            if known is None:
                continue
            teller = self._holders.locked.get(known.lead_id) or self._new.get(known.lead_id)
            if teller is not None:
                return teller
            # The touch stays with the lead that was deleted; this candidate is not lost for it.
            item.touches[number] = replace(told, source_system=None, external_id=None)
        return None

    def _unknown_campaign(self, item: _Item) -> Refused | None:
        named = {touch.campaign_id for touch in item.touches if touch.campaign_id}
        if named <= self._fields.campaigns:
            return None
        detail = "no such campaign in this workspace"
        wrong = FieldError(pointer="/touchpoint/campaign_id", code="not_found", detail=detail)
        return Refused(code="invalid", detail=detail, errors=[wrong])

    def _free(self, lead: Lead, changes: Mapping[str, Any]) -> None:
        """An address or number that another took the place of is the lead's no longer."""
        before = {name: changes[name]["before"] for name in _NORMAL_KEYS if name in changes}
        if any(before.values()):
            self._freed.setdefault(lead.id, []).extend(keys_of(before))

    async def _store(self) -> None:
        if self._freed:
            await self._uow.identities.release_of(self._freed)
        noted = self._counted()
        touched = defaultdict(list)
        for touch, _ in self._touches:
            touched[touch.lead_id].append(touch)
        if self._new:
            scores = await self._scores.new((lead, touched[lead.id]) for lead in self._new.values())
            await self._uow.leads.add_many(
                list(self._new.values()), self._holders.take_new(), scores
            )
        await self._holders.store()
        if self._touches:
            stored = await self._uow.touchpoints.add_all([touch for touch, _ in self._touches])
            if len(stored) < len(self._touches):
                raise LostRace("another process recorded one of these touches; try again")
        for touch, cause in self._touches:
            record_touch_event(self._uow, touch, cause)
        await self._enriching.store(self._new)
        recounted = self._enriching.no_trials_now - self._new.keys()
        if recounted:
            await self._uow.leads.recount_touches(recounted)
        noted = {lead_id: told for lead_id, told in noted.items() if lead_id not in recounted}
        if noted:
            await self._uow.leads.note_touches(noted)
        await self._scores.keep(
            touches=[
                touch for lead_id in noted for touch in touched[lead_id] if self._counts(touch)
            ],
            changed=self._enriching.changed(self._new),
            anew=recounted,
            held=self._holders.locked,
        )

    def _counts(self, touch: Touchpoint) -> bool:
        return not touch.is_test or self._holders.leads[touch.lead_id].is_test

    def _counted(self) -> dict[UUID, list[datetime]]:
        """Count the touches of new leads, and tell those of the others."""
        noted: dict[UUID, list[datetime]] = {}
        for touch, _ in self._touches:
            lead = self._holders.leads[touch.lead_id]
            if not self._counts(touch):
                continue
            if lead.id in self._new:
                _count(lead, touch.occurred_at)
            else:
                noted.setdefault(lead.id, []).append(touch.occurred_at)
        return noted


_NORMAL_KEYS = ("email_norm", "phone_norm")
_SEVERAL_LEADS = Finding(
    code="several_leads",
    detail="its e-mail and its references belong to different leads; it was added to the first",
)


def _touch_of_another(lead: Lead) -> Refused:
    detail = "another lead has a touchpoint with this source_system and external_id"
    wrong = FieldError(pointer="/touchpoint/external_id", code="already_exists", detail=detail)
    return Refused(code="already_exists", detail=detail, errors=[wrong], lead_id=lead.id)


def _count(lead: Lead, occurred_at: datetime) -> None:
    lead.touch_count += 1
    lead.first_touch_at = min(lead.first_touch_at or occurred_at, occurred_at)
    lead.last_touch_at = max(lead.last_touch_at or occurred_at, occurred_at)
