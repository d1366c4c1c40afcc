"""What providers propose for leads, and how far leads have been enriched by themselves."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import insert

from app.domain.intake.submissions import SubmissionKind
from app.domain.leads.enrichment import Proposal, ProposalStatus
from app.domain.paging import Page, PageRequest
from app.repositories.resources import Resources
from app.repositories.statements import (
    Statement,
    array_param,
    as_arrays,
    own,
    param,
    rows_of,
    stored_columns,
)
from app.repositories.tables.enrichment import enrichment_progress, enrichment_proposals
from app.repositories.tables.intake import submissions
from app.repositories.tables.reach import event_positions
from app.repositories.transaction import Transaction

proposals = enrichment_proposals.c


class ProposalRepository(Resources[Proposal]):
    """Proposals by id and by lead."""

    table = enrichment_proposals
    entity = Proposal
    noun = "proposal"

    async def of_lead(
        self, lead_id: UUID, statuses: Sequence[str] | None, request: PageRequest
    ) -> Page[Proposal]:
        """A page of a lead's proposals."""
        filters: dict[str, Sequence[Any]] = {"lead_id": [lead_id]}
        if statuses:
            filters["status"] = statuses
        return await self.page(request, filters)

    async def told_before(self, lead_id: UUID, provider_id: UUID) -> list[tuple[str, Any]]:
        """Field and value of what was rejected, or is still to be decided on."""
        rows = await self._transaction.rows(_TOLD_BEFORE, lead_id=lead_id, provider_id=provider_id)
        return [(row["field"], row["value"]) for row in rows]

    async def put(self, new: Sequence[Proposal]) -> None:
        """Store proposals, over those that are open for the same field."""
        if new:
            rows = [vars(proposal) for proposal in new]
            await self._transaction.rows(_PUT, **as_arrays(enrichment_proposals, rows))


class EnrichmentProgressRepository:
    """How far in the journal leads have been enriched by themselves."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def behind(self) -> bool:
        """Whether there are events that nobody has looked at."""
        row = await self._transaction.row(_BEHIND)
        return bool(row and row["last_position"] > (row["position"] or 0))

    async def lock(self) -> int:
        """The position, kept from every other process until the transaction ends."""
        workspace_id = self._transaction.workspace_id
        await self._transaction.rows(_ENSURE_PROGRESS, new_workspace_id=workspace_id)
        row = await self._transaction.row(_LOCK_PROGRESS)
        return int(row["position"]) if row else 0

    async def addresses_of(self, submission_ids: Iterable[UUID]) -> dict[UUID, str]:
        """The addresses that these forms were filled in at. Other doors are not looked at: behind
        them is a server, not a person."""
        rows = await self._transaction.rows(_ADDRESSES, ids=sorted(submission_ids))
        return {row["id"]: row["address"] for row in rows}

    async def advance(self, position: int) -> None:
        """All until here is done."""
        await self._transaction.rows(_ADVANCE, new_position=position)


def _put() -> Statement:
    names = stored_columns(enrichment_proposals)
    given = rows_of(enrichment_proposals, names)
    new = insert(enrichment_proposals).from_select(
        list(names), select(*(given.c[name] for name in names))
    )
    return Statement(
        new.on_conflict_do_update(
            index_elements=["workspace_id", "lead_id", "provider_id", "field"],
            index_where=sql("status = 'open'"),
            set_={name: new.excluded[name] for name in ("value", "present", "created_at")},
        )
    )


_PUT = _put()
_TOLD_BEFORE = Statement(
    select(proposals.field, proposals.value).where(
        own(enrichment_proposals),
        proposals.lead_id == param("lead_id", proposals.lead_id),
        proposals.provider_id == param("provider_id", proposals.provider_id),
        proposals.status != ProposalStatus.ACCEPTED.value,
    )
)
_BEHIND = Statement(
    select(event_positions.c.last_position, enrichment_progress.c.position)
    .select_from(event_positions)
    .outerjoin(enrichment_progress, own(enrichment_progress))
    .where(own(event_positions))
)
_ENSURE_PROGRESS = Statement(
    insert(enrichment_progress)
    .values(workspace_id=param("new_workspace_id", enrichment_progress.c.workspace_id), position=0)
    .on_conflict_do_nothing()
)
_LOCK_PROGRESS = Statement(
    select(enrichment_progress.c.position).where(own(enrichment_progress)).with_for_update()
)
_ADVANCE = Statement(
    update(enrichment_progress)
    .where(own(enrichment_progress))
    .values(position=param("new_position", enrichment_progress.c.position))
)
_ADDRESSES = Statement(
    select(submissions.c.id, submissions.c.address).where(
        own(submissions),
        submissions.c.id == func.any(array_param("ids", submissions.c.id)),
        submissions.c.kind == SubmissionKind.FORM.value,
        submissions.c.address.is_not(None),
    )
)
