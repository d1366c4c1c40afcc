"""Campaigns: created, read, changed; their touches keep them on the record."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from app.domain.errors import Invalid
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType
from app.domain.record.campaigns import Campaign, check_campaign
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.codes import check_currency
from app.services.patching import apply_patch, check_version


class CampaignService:
    """Use cases of campaigns."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def create(self, fields: Mapping[str, Any]) -> Campaign:
        """A new campaign; AlreadyExists when another has its reference."""
        now = self._uow.now
        campaign = Campaign(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            created_at=now,
            updated_at=now,
            version=1,
            **fields,
        )
        campaign.currency = await self._checked_currency(campaign)
        check_campaign(campaign)
        await self._uow.campaigns.add(campaign)
        told = {name: getattr(campaign, name) for name in ("name", "kind", "channel", "status")}
        self._uow.record(EventType.CAMPAIGN_CREATED, "campaign", campaign.id, told)
        await self._uow.flush()
        return campaign

    async def get(self, campaign_id: UUID) -> Campaign:
        """One campaign."""
        return await self._uow.campaigns.get(campaign_id)

    async def page(
        self, filters: Mapping[str, Sequence[Any]], request: PageRequest
    ) -> Page[Campaign]:
        """A page of campaigns, narrowed to these values of columns."""
        return await self._uow.campaigns.page(request, filters)

    async def update(
        self, campaign_id: UUID, fields: Mapping[str, Any], if_match: int | None
    ) -> Campaign:
        """Change the given fields; a null clears one."""
        campaign = await self._uow.campaigns.get(campaign_id, lock=True)
        check_version(campaign.version, if_match)
        after = replace(campaign, **fields)
        after.currency = await self._checked_currency(after)
        check_campaign(after)
        if after.parent_id not in (None, campaign.parent_id):
            await self._check_parent(campaign_id, after.parent_id)
        changed = {**fields, "currency": after.currency}
        return await apply_patch(
            self._uow, self._uow.campaigns, campaign, changed, EventType.CAMPAIGN_UPDATED
        )

    async def _checked_currency(self, campaign: Campaign) -> str | None:
        """The campaign's own, or the workspace's when there is money without one."""
        if campaign.currency is not None:
            check_currency(campaign.currency, "/currency")
            return campaign.currency
        if not campaign.has_money:
            return None
        settings = await self._uow.workspace_settings.get(self._uow.workspace_id)
        return settings.default_currency

    async def _check_parent(self, campaign_id: UUID, parent_id: UUID | None) -> None:
        if parent_id is None:
            return
        # Two moves at once could close a circle that neither sees: one at a time in a workspace.
        await self._uow.workspace_settings.get(self._uow.workspace_id, lock=True)
        if campaign_id in await self._uow.campaigns.with_ancestors(parent_id):
            raise Invalid.field("/parent_id", "this campaign is the parent or above it already")
