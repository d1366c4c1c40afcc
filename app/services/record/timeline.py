"""Reading timelines."""

from collections.abc import Sequence
from uuid import UUID

from app.domain.paging import Page, PageRequest
from app.domain.record.timeline import HistorySources, TimelineEntry
from app.repositories.unit_of_work import UnitOfWork


class TimelineService:
    """The history behind a lead."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def of_lead(
        self, lead_id: UUID, kinds: Sequence[str] | None, request: PageRequest
    ) -> Page[TimelineEntry]:
        """Everything that happened to a lead."""
        await self._uow.leads.get(lead_id)
        sources = HistorySources(lead_ids=[lead_id], subject_ids=[lead_id])
        return await self._uow.timeline.page(sources, kinds, request)
