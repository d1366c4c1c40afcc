"""Capture of submissions: readings become candidates, and what became of those their fates."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from app.domain.intake.capture import Candidate, Captured, OnDuplicate, Outcome
from app.domain.intake.forms import FORM_SUBMITTED
from app.domain.intake.submissions import (
    Claimed,
    Fate,
    Finding,
    Reading,
    SubmissionKind,
    SubmissionStatus,
)
from app.domain.leads.identities import IdentitySource
from app.domain.reach.events import Cause, CauseKind
from app.domain.record.touchpoints import NewTouchpoint
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.consents import record_consent
from app.services.intake.fields import FieldReader
from app.services.intake.form_questions import ToldByLead, record_told
from app.services.intake.set_capture import Result, SetCapture
from app.services.intake.visitors import Joining
from app.services.record.touchpoints import CLOCK_SKEW

_SOURCES = {
    SubmissionKind.FORM: IdentitySource.FORM,
    SubmissionKind.CONNECTOR: IdentitySource.CONNECTOR,
    SubmissionKind.EMAIL: IdentitySource.CONNECTOR,
}


@dataclass
class _Item:
    """A reading on its way."""

    claimed: Claimed
    reading: Reading
    notes: list[Finding] = field(default_factory=list)

    def fate(self, result: Result) -> Fate:
        """What became of it."""
        if not isinstance(result, Captured):
            # What would be refused is left out of a submission's candidate beforehand.
            raise TypeError(result.detail)
        lead, touch = result.lead, result.touchpoint
        return Fate(
            id=self.claimed.delivery.id,
            status=SubmissionStatus.CAPTURED,
            findings=[*self.notes, *result.notes],
            email_norm=result.email_norm,
            lead_id=lead.id,
            outcome="created" if result.outcome is Outcome.CREATED else "matched",
            touchpoint_id=touch.id if touch else None,
        )


class BatchCapture:
    """Captures readings that nothing speaks against."""

    def __init__(self, uow: UnitOfWork, joining: Joining, fields: FieldReader) -> None:
        self._uow = uow
        self._joining = joining
        self._fields = fields
        self._engine = SetCapture(uow, fields)

    async def capture(self, readings: Sequence[tuple[Claimed, Reading]]) -> list[Fate]:
        """The fate of each, in order. LostRace when somebody else took an identity meanwhile."""
        items = [_Item(claimed, reading, notes=[*reading.notes]) for claimed, reading in readings]
        results = await self._engine.capture(
            [self._candidate(item) for item in items], self._joining.owners
        )
        self._joining.living |= set(self._engine.locked)
        for item, result in zip(items, results, strict=True):
            self._record_consents(item, result)
        await self._record_answers(list(zip(items, results, strict=True)))
        await self._joining.join(
            [
                (item.reading.visitor_id, result.lead.id)
                for item, result in zip(items, results, strict=True)
                if item.reading.visitor_id
                and isinstance(result, Captured)
                and not item.reading.is_test
            ]
        )
        await self._uow.flush()
        return [item.fate(result) for item, result in zip(items, results, strict=True)]

    def _candidate(self, item: _Item) -> Candidate:
        reading, delivery = item.reading, item.claimed.delivery
        return Candidate(
            fields=reading.fields,
            references=reading.references,
            touches=[self._touch_of(item)],
            on_duplicate=OnDuplicate.ENRICH,
            cause=Cause(CauseKind.SUBMISSION, delivery.id, reading.origin),
            identity_source=_SOURCES.get(delivery.kind, IdentitySource.API),
            default_country=reading.default_country,
            is_test=reading.is_test,
        )

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

    async def _record_answers(self, captured: Sequence[tuple[_Item, Result]]) -> None:
        """What leads say of their own qualification; a trial says nothing of a real one."""
        told = [
            (item, ToldByLead(result, item.reading, item.claimed.delivery))
            for item, result in captured
            if item.reading.answers and isinstance(result, Captured)
            if result.lead.is_test or not item.reading.is_test
        ]
        if told:
            notes = await record_told(self._uow, [each for _, each in told])
            for (item, _), found in zip(told, notes, strict=True):
                item.notes.extend(found)

    def _record_consents(self, item: _Item, result: Result) -> None:
        """A trial says nothing of a lead that is real."""
        if isinstance(result, Captured) and (result.lead.is_test or not item.reading.is_test):
            for consent in item.reading.consents:
                record_consent(self._uow, result.lead.id, item.claimed, consent)
