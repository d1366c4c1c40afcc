"""Duplicates: scans begun, pairs listed, dismissed and restored."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.domain.errors import FieldError, Invalid
from app.domain.leads.duplicates import Dismissal, DuplicatePair, pair_of, told
from app.domain.leads.matching import Band, Record
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType
from app.domain.reach.jobs import Job
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.match_scoring import Scorer, counted_by, features_by_id, known_counts
from app.services.leads.matching import unfinished

SCAN_DUPLICATES = "scan_duplicates"


class DuplicateService:
    """Use cases of duplicates."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def start_scan(self, record: Record) -> Job:
        """The job that compares all records of a kind; the one still to be done if there is one."""
        job_id = await self._uow.jobs.add(
            SCAN_DUPLICATES, {"record": record.value}, dedupe_key=record.value
        )
        await self._uow.flush()
        if job_id is None:
            return await unfinished(self._uow, SCAN_DUPLICATES)
        return await self._uow.jobs.get(job_id)

    async def page(
        self, record: Record, filters: Mapping[str, Any], request: PageRequest
    ) -> Page[dict[str, Any]]:
        """A page of pairs."""
        return await self._uow.duplicates.page(record, filters, request)

    async def clusters(self, record: Record, request: PageRequest) -> Page[dict[str, Any]]:
        """A page of groups."""
        return await self._uow.duplicates.cluster_page(record, request)

    async def dismissals(self, request: PageRequest) -> Page[Dismissal]:
        """A page of dismissals."""
        return await self._uow.dismissals.page(request)

    async def dismiss(
        self, record: Record, first_id: UUID, second_id: UUID, reason: str | None
    ) -> Dismissal:
        """Remember that two are not one; of leads that were merged away, what they became."""
        ids = {"/first_id": first_id, "/second_id": second_id}
        if record is Record.LEAD:
            heads = await self._uow.merges.survivors(ids.values())
            ids = {pointer: heads.get(lead_id, lead_id) for pointer, lead_id in ids.items()}
        await self._check_there(record, ids)
        if ids["/first_id"] == ids["/second_id"]:
            raise Invalid.field("/second_id", "the two were merged; undo that first")
        pair = pair_of(*ids.values())
        dismissal = Dismissal(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            record=record.value,
            lead_a=pair[0],
            lead_b=pair[1],
            reason=reason,
            user_id=self._uow.caller.user_id,
            api_key_id=self._uow.caller.api_key_id,
            created_at=self._uow.now,
        )
        kept = await self._uow.dismissals.keep(dismissal)
        await self._uow.duplicates.drop(record, pair)
        if kept.id == dismissal.id:
            self._record(kept, restored=False)
        await self._uow.flush()
        return kept

    async def restore(self, dismissal_id: UUID) -> None:
        """Forget a dismissal; the pair is judged at once."""
        dismissal = await self._uow.dismissals.get(dismissal_id, lock=True)
        await self._uow.dismissals.remove(dismissal_id)
        self._record(dismissal, restored=True)
        await self._judge(dismissal)
        await self._uow.flush()

    async def _check_there(self, record: Record, ids: Mapping[str, UUID]) -> None:
        repository: Any = {
            Record.LEAD: self._uow.leads,
            Record.CONTACT: self._uow.contacts,
            Record.ACCOUNT: self._uow.accounts,
        }[record]
        there = await repository.existing(ids.values())
        detail = f"no such {record.value} in this workspace"
        errors = [
            FieldError(pointer=pointer, code="not_found", detail=detail)
            for pointer, record_id in ids.items()
            if record_id not in there
        ]
        if errors:
            raise Invalid(detail, errors=errors)

    async def _judge(self, dismissal: Dismissal) -> None:
        """Put the pair back into the queue, if it belongs there."""
        record = Record(dismissal.record)
        pair = (dismissal.lead_a, dismissal.lead_b)
        rows = await self._uow.matching.records(record, pair)
        if len(rows) < len(pair):
            return
        features = await features_by_id(self._uow, record, rows)
        settings = await self._uow.matching.settings()
        scan_id, counted = counted_by(settings, record)
        scorer = Scorer(settings, counted)
        await known_counts(self._uow, scorer, record, scan_id, features.values())
        scored = scorer.score(features[pair[0]], features[pair[1]])
        if scorer.band(scored) is Band.IGNORE:
            return
        found = DuplicatePair(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            record=record.value,
            first_id=pair[0],
            second_id=pair[1],
            band=scorer.band(scored).value,
            probability=scored.probability,
            prior=scored.prior,
            signals=told(scored.signals),
            cluster_id=pair[0],
            scan_id=scan_id,
            found_at=self._uow.now,
        )
        await self._uow.duplicates.store([found])

    def _record(self, dismissal: Dismissal, *, restored: bool) -> None:
        self._uow.record(
            EventType.DUPLICATE_DISMISSED,
            dismissal.record,
            dismissal.lead_a,
            {
                "dismissal_id": dismissal.id,
                "other_id": dismissal.lead_b,
                "reason": dismissal.reason,
                **({"restored": True} if restored else {}),
            },
            lead_id=dismissal.lead_a if dismissal.record == Record.LEAD else None,
        )
