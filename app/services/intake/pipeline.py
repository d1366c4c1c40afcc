"""From submissions to leads: read in batches, in the order in which they came.

Whatever goes wrong with one leaves it as it is and does not touch its neighbours: the batch is
done again one by one, and what cannot be read at all goes to quarantine, where it can be retried.
"""

import asyncio
import random
from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

import structlog

from app.domain.errors import LostRace, Unavailable
from app.domain.intake.submissions import (
    Claimed,
    Fate,
    Finding,
    Reading,
    Submission,
    SubmissionKind,
    SubmissionStatus,
)
from app.domain.reach.events import EventType
from app.platform.db import Database
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import system_caller
from app.services.intake.batches import BatchCapture
from app.services.intake.fields import FieldReader
from app.services.intake.reading import Reader
from app.services.intake.repeats import Repeats
from app.services.intake.visitors import Joining, Visit

log = structlog.get_logger("touchline.pipeline")

T = TypeVar("T")

BATCH = 100
ATTEMPTS = 5
# So many turns a submission may have before it is set aside.
PATIENCE = 20


class Pipeline:
    """Captures what the reception took in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, workspace_id: UUID) -> int:
        """Everything that waits in a workspace; returns how many submissions were settled."""
        count = 0
        while settled := await self.turn(workspace_id):
            count += settled
        return count

    async def run_one(self, workspace_id: UUID, submission_id: UUID) -> Submission:
        """One submission, now; returns what became of it."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._alone(workspace_id, submission_id)
            except LostRace:
                if attempt == ATTEMPTS:
                    raise
                await _pause(attempt)
        raise AssertionError("unreachable")

    async def turn(self, workspace_id: UUID) -> int:
        """The oldest that wait, as many as make a batch; returns how many were settled."""
        ids: list[UUID] = []
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with UnitOfWork(self._database, system_caller(workspace_id)) as uow:
                    claimed = await uow.submissions.claim(BATCH)
                    ids = [each.delivery.id for each in claimed]
                    fates = await _settled(uow, claimed)
                return len(fates)
            except LostRace:
                if attempt == ATTEMPTS and not ids:
                    raise
                await _pause(attempt)
            except Unavailable:
                if not ids:
                    raise
                break
            except Exception:
                log.exception("a batch failed; its submissions are captured one by one")
                break
        settled = [await self._by_itself(workspace_id, each) for each in ids]
        return sum(settled)

    async def _by_itself(self, workspace_id: UUID, submission_id: UUID) -> bool:
        """Capture one of a batch that failed; whether it is settled. Unavailable when it is the
        database that fails, and not the submission."""
        try:
            submission = await self.run_one(workspace_id, submission_id)
        except Unavailable as error:
            return await self._tried_in_vain(workspace_id, submission_id, error)
        except Exception as error:
            log.exception("a submission cannot be captured", submission_id=str(submission_id))
            await self._set_aside(workspace_id, submission_id, type(error).__name__)
            return True
        return submission.status != SubmissionStatus.RECEIVED

    async def _tried_in_vain(
        self, workspace_id: UUID, submission_id: UUID, error: Unavailable
    ) -> bool:
        """It waits for its next turn, unless it has had many: then it is no accident."""
        async with UnitOfWork(self._database, system_caller(workspace_id)) as uow:
            attempts = await uow.submissions.count_attempt(submission_id)
        log.warning("a submission has to wait", submission_id=str(submission_id), why=error.code)
        if attempts < PATIENCE:
            return False
        await self._set_aside(workspace_id, submission_id, error.code)
        return True

    async def _alone(self, workspace_id: UUID, submission_id: UUID) -> Submission:
        async with UnitOfWork(self._database, system_caller(workspace_id)) as uow:
            claimed = await uow.submissions.claim_one(submission_id)
            if claimed is not None:
                await _settled(uow, [claimed])
            return await uow.submissions.get(submission_id)

    async def _set_aside(self, workspace_id: UUID, submission_id: UUID, reason: str) -> None:
        async with UnitOfWork(self._database, system_caller(workspace_id)) as uow:
            if await uow.submissions.claim_one(submission_id) is None:
                return
            finding = Finding(code="not_captured", detail=f"capturing it failed: {reason}")
            fate = Fate(id=submission_id, status=SubmissionStatus.QUARANTINED, findings=[finding])
            await uow.submissions.count_attempt(submission_id)
            await uow.submissions.settle([fate])
            uow.record(
                EventType.SUBMISSION_QUARANTINED,
                "submission",
                submission_id,
                {"reason": finding.detail},
            )


async def _settled(uow: UnitOfWork, claimed: Sequence[Claimed]) -> list[Fate]:
    """Capture what was claimed, and note what became of it."""
    if not claimed:
        return []
    visits = [Visit.read(e.delivery, uow.now) for e in claimed if _is_visit(e)]
    repeats = await Repeats.among(uow, [each for each in claimed if not _is_visit(each)])
    reader = await Reader.for_batch(uow, repeats.firsts)
    readings: list[tuple[Claimed, Reading]] = []
    fates: list[Fate] = []
    for each in repeats.firsts:
        reading = reader.read(each)
        fate = await reader.waits(each, reading)
        if fate is None:
            readings.append((each, reading))
        else:
            fates.append(fate)
    fates += await _captured(uow, visits, readings)
    fates += repeats.like_their_firsts(fates)
    if fates:
        await uow.submissions.settle(fates)
    await uow.flush()
    return fates


async def _captured(
    uow: UnitOfWork, visits: Sequence[Visit], readings: Sequence[tuple[Claimed, Reading]]
) -> list[Fate]:
    seen = [
        (reading.visitor_id, claimed.delivery.received_at)
        for claimed, reading in readings
        if reading.visitor_id and not reading.is_test
    ]
    fields = await FieldReader.for_workspace(uow, [reading for _, reading in readings])
    joining = await Joining.among(uow, visits, seen)
    fates: list[Fate] = []
    if readings:
        fates += await BatchCapture(uow, joining, fields).capture(readings)
    elif joining.owners:
        joining.living = await uow.leads.lock_existing(joining.owners)
    await joining.record(visits)
    return fates + [visit.fate() for visit in visits]


def _is_visit(claimed: Claimed) -> bool:
    return claimed.delivery.kind is SubmissionKind.VISITOR


async def _pause(attempt: int) -> None:
    await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter
