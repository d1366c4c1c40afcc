"""Submissions as people see them: found, released, rejected, retried."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from app.adapters import normalisers
from app.adapters.envelopes import decode
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.intake.storable import storable
from app.domain.intake.submissions import (
    Delivery,
    Submission,
    SubmissionFilter,
    SubmissionStatus,
)
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType
from app.repositories.intake.inbox import Inbox, Refused
from app.repositories.paging import merged
from app.repositories.unit_of_work import UnitOfWork

_TEXTS = ("content_type", "headers", "address", "visitor_id", "suspicions")
_WAITING = (SubmissionStatus.HELD, SubmissionStatus.QUARANTINED, SubmissionStatus.REJECTED)


class SubmissionService:
    """Use cases of submissions."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def get(self, submission_id: UUID) -> Submission:
        """One submission, also one that the database refused to store among the others."""
        try:
            return await self._uow.submissions.get(submission_id)
        except NotFound:
            return await self._quarantined(submission_id)

    async def delivery(self, submission_id: UUID) -> Delivery:
        """One submission with the bytes as they came."""
        try:
            return await self._uow.submissions.delivery(submission_id)
        except NotFound:
            kept = await self._uow.conservation.quarantined(submission_id)
            if kept is None:
                raise
            return decode(kept["record"])

    async def page(self, wanted: SubmissionFilter, request: PageRequest) -> Page[Submission]:
        """A page of submissions, by the time they were received."""
        if wanted.email is not None:
            email = normalisers.email(wanted.email)
            if email is None:
                raise Invalid.parameter("email", "must be an e-mail address")
            wanted = SubmissionFilter(**{**vars(wanted), "email": email})
        if wanted.lead_id:
            heads = await self._uow.merges.survivors(wanted.lead_id)
            ids = [heads.get(lead_id, lead_id) for lead_id in wanted.lead_id]
            wanted = replace(wanted, lead_id=ids)
        page = await self._uow.submissions.page(wanted, request)
        if not _may_be_refused(wanted):
            return page
        rows, cursor = await self._uow.conservation.waiting(wanted, request)
        refused = [_as_submission(row) for row in rows]
        return merged(page, refused, request, cursor, "received_at")

    async def release(self, submission_id: UUID, note: str | None, inbox: Inbox) -> Submission:
        """Have a submission that waits captured, whatever spoke against it.

        One that the database refused is stored first, under the same receipt.
        """
        try:
            submission = await self._uow.submissions.get(submission_id, lock=True)
        except NotFound:
            submission = await self._stored(submission_id, inbox)
        if submission.status not in _WAITING:
            raise Conflict(f"the submission is {submission.status}; only what waits is released")
        return await self._again(submission, EventType.SUBMISSION_RELEASED, note)

    async def reject(self, submission_id: UUID, note: str | None) -> Submission:
        """Say that a submission shall not become a lead; it stays on record and can be released."""
        try:
            submission = await self._uow.submissions.get(submission_id, lock=True)
        except NotFound:
            return await self._rejected(submission_id, note)
        if submission.status == SubmissionStatus.REJECTED:
            return submission
        if submission.status not in _WAITING:
            raise Conflict(f"the submission is {submission.status}; only what waits is rejected")
        await self._uow.submissions.change(
            submission_id,
            status=SubmissionStatus.REJECTED.value,
            processed_at=self._uow.now,
        )
        self._uow.record(EventType.SUBMISSION_REJECTED, "submission", submission_id, {"note": note})
        await self._uow.flush()
        return await self._uow.submissions.get(submission_id)

    async def confirm(self, submission_id: UUID) -> Submission:
        """The person behind a submission has confirmed the address: capture it. Again without
        effect, and nothing is brought back that somebody has rejected."""
        submission = await self._uow.submissions.get(submission_id, lock=True)
        if submission.status != SubmissionStatus.HELD:
            return submission
        return await self._again(submission, EventType.SUBMISSION_RELEASED, "confirmed by e-mail")

    async def store_fetched(self, submission_id: UUID, fetched: bytes) -> None:
        """Keep what a vendor told of a lead that the submission only named, and read it again."""
        await self._uow.submissions.change(
            submission_id, fetched=fetched, status=SubmissionStatus.RECEIVED.value
        )

    async def _again(
        self, submission: Submission, event: EventType, note: str | None
    ) -> Submission:
        await self._uow.submissions.change(
            submission.id,
            status=SubmissionStatus.RECEIVED.value,
            released=True,
            processed_at=None,
        )
        await self._uow.submissions.let_repeats_follow(submission.id)
        self._uow.record(event, "submission", submission.id, {"note": note})
        await self._uow.flush()
        return await self._uow.submissions.get(submission.id)

    async def _stored(self, submission_id: UUID, inbox: Inbox) -> Submission:
        kept = await self._kept(submission_id)
        try:
            await inbox.put([decode(kept["record"])])
        except Refused as refused:
            raise Conflict(f"the database refuses it still: {refused}") from refused
        await self._uow.conservation.resolve(submission_id)
        submission = await self._uow.submissions.get(submission_id, lock=True)
        if submission.status == SubmissionStatus.RECEIVED:
            # For it waited until now, whatever the pipeline would have done next.
            submission.status = SubmissionStatus.QUARANTINED.value
        return submission

    async def _rejected(self, submission_id: UUID, note: str | None) -> Submission:
        kept = await self._kept(submission_id)
        if kept["resolved_at"] is None:
            await self._uow.conservation.resolve(submission_id)
            self._uow.record(
                EventType.SUBMISSION_REJECTED, "submission", submission_id, {"note": note}
            )
            await self._uow.flush()
        return await self._quarantined(submission_id)

    async def _quarantined(self, submission_id: UUID) -> Submission:
        return _as_submission(await self._kept(submission_id))

    async def _kept(self, submission_id: UUID) -> Any:
        kept = await self._uow.conservation.quarantined(submission_id)
        if kept is None:
            raise NotFound("no such submission in this workspace")
        return kept


def _may_be_refused(wanted: SubmissionFilter) -> bool:
    told = {name for name, value in vars(wanted).items() if value is not None}
    asked = SubmissionStatus.QUARANTINED in (wanted.status or ())
    return asked and told <= {"status", "received_from", "received_before"}


def _as_submission(kept: Any) -> Submission:
    """What the database refused; once resolved, and not stored, it was rejected."""
    delivery = decode(kept["record"])
    told = {
        name: getattr(delivery, name)
        for name in Submission.__dataclass_fields__
        if name in Delivery.__dataclass_fields__
    }
    # As text that can be shown; the bytes have it as it came.
    told |= {name: storable(told[name]) for name in _TEXTS}
    waits = kept["resolved_at"] is None
    return Submission(
        **told,
        status=(SubmissionStatus.QUARANTINED if waits else SubmissionStatus.REJECTED).value,
        findings=[{"code": "refused", "detail": kept["reason"], "field": None}],
        email_norm=None,
        lead_id=None,
        outcome=None,
        touchpoint_id=None,
        duplicate_of=None,
        released=False,
        attempts=0,
        processed_at=kept["resolved_at"],
    )
