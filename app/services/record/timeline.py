"""Reading timelines."""

from collections.abc import Sequence
from uuid import UUID

from app.domain.paging import Page, PageRequest
from app.domain.record.timeline import HistorySources, TimelineEntry
from app.repositories.unit_of_work import UnitOfWork


class TimelineService:
    """The history behind a lead, and behind the records that leads were converted into."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def of_lead(
        self, lead_id: UUID, kinds: Sequence[str] | None, request: PageRequest
    ) -> Page[TimelineEntry]:
        """Everything that happened to a lead, and to those that were merged into it."""
        family = await self._uow.merges.family(lead_id)
        sources = HistorySources(lead_ids=family, subject_ids=[lead_id])
        return await self._uow.timeline.page(sources, kinds, request)

    async def of_account(
        self, account_id: UUID, kinds: Sequence[str] | None, request: PageRequest
    ) -> Page[TimelineEntry]:
        """Everything that happened to an account, its contacts and its opportunities."""
        await self._uow.accounts.get(account_id)
        sources = await self._uow.conversions.history_of_account(account_id)
        return await self._uow.timeline.page(sources, kinds, request)

    async def of_contact(
        self, contact_id: UUID, kinds: Sequence[str] | None, request: PageRequest
    ) -> Page[TimelineEntry]:
        """Everything that happened to a contact."""
        await self._uow.contacts.get(contact_id)
        sources = await self._uow.conversions.history_of_contact(contact_id)
        return await self._uow.timeline.page(sources, kinds, request)

    async def of_opportunity(
        self, opportunity_id: UUID, kinds: Sequence[str] | None, request: PageRequest
    ) -> Page[TimelineEntry]:
        """Everything that happened to an opportunity."""
        await self._uow.opportunities.get(opportunity_id)
        sources = await self._uow.conversions.history_of_opportunity(opportunity_id)
        return await self._uow.timeline.page(sources, kinds, request)
