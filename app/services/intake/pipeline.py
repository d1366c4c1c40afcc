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
from app.services.intake.plain_reading import read_visit
from app.services.intake.reading import Reader
from app.services.intake.repeats import Repeats
from app.services.intake.visitors import Joining

log = structlog.get_logger("touchline.pipeline")

T = TypeVar("T")

BATCH = 100
ATTEMPTS = 5


class Pipeline:
    """Captures what the reception took in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, workspace_id: UUID) -> int:
        """Everything that waits in a workspace; returns how many submissions were settled."""
        count = 0
        while settled := await self._batch(workspace_id):
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

    async def _batch(self, workspace_id: UUID) -> int:
        ids: list[UUID] = []
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with UnitOfWork(self._database, system_caller(workspace_id)) as uow:
                    claimed = await uow.submissions.claim(BATCH)
                    ids = [each.delivery.id for each in claimed]
                    fates = await _settled(uow, claimed)
                return len(fates)
            except LostRace:
                await _pause(attempt)
            except Unavailable:
                raise
            except Exception:
                log.exception("a batch failed; its submissions are captured one by one")
                break
        for submission_id in ids:
            await self._by_itself(workspace_id, submission_id)
        return len(ids)

    async def _by_itself(self, workspace_id: UUID, submission_id: UUID) -> None:
        try:
            await self.run_one(workspace_id, submission_id)
        except Unavailable:
            raise
        except Exception as error:
            log.exception("a submission cannot be captured", submission_id=str(submission_id))
            await self._set_aside(workspace_id, submission_id, type(error).__name__)

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
    visits = [each for each in claimed if each.delivery.kind is SubmissionKind.VISITOR]
    fates = await _visits(uow, visits) if visits else []
    repeats = await Repeats.among(
        uow, [each for each in claimed if each.delivery.kind is not SubmissionKind.VISITOR]
    )
    reader = await Reader.for_batch(uow, repeats.firsts)
    readings: list[tuple[Claimed, Reading]] = []
    for each in repeats.firsts:
        reading = reader.read(each)
        fate = await reader.waits(each, reading)
        if fate is None:
            readings.append((each, reading))
        else:
            fates.append(fate)
    if readings:
        fates += await BatchCapture(uow).capture(readings)
    fates += repeats.like_their_firsts(fates)
    if fates:
        await uow.submissions.settle(fates)
    await uow.flush()
    return fates


async def _visits(uow: UnitOfWork, claimed: Sequence[Claimed]) -> list[Fate]:
    fates = []
    told = []
    for each in claimed:
        touches, findings = read_visit(each.delivery)
        told.append((each.delivery, touches))
        status = SubmissionStatus.CAPTURED if touches else SubmissionStatus.HELD
        fates.append(Fate(id=each.delivery.id, status=status, findings=findings))
    await Joining(uow).record(told)
    return fates


async def _pause(attempt: int) -> None:
    await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter
