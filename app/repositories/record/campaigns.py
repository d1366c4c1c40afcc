"""Campaigns."""

from uuid import UUID

from sqlalchemy import select

from app.domain.record.campaigns import Campaign
from app.repositories.resources import Resources
from app.repositories.statements import Statement, own, param
from app.repositories.tables.record import campaigns


class CampaignRepository(Resources[Campaign]):
    """Campaigns by id, by page and along their ancestry."""

    table = campaigns
    entity = Campaign
    noun = "campaign"

    async def with_ancestors(self, campaign_id: UUID) -> set[UUID]:
        """The ids of a campaign, its parent, the parent's parent and so on."""
        rows = await self._transaction.rows(_WITH_ANCESTORS, id=campaign_id)
        return {row["id"] for row in rows}


def _with_ancestors() -> Statement:
    line = (
        select(campaigns.c.id, campaigns.c.parent_id)
        .where(own(campaigns), campaigns.c.id == param("id", campaigns.c.id))
        .cte("line", recursive=True)
    )
    above = campaigns.alias("above")
    # UNION and not UNION ALL: it ends even where the line should run in a circle.
    line = line.union(
        select(above.c.id, above.c.parent_id).where(own(above), above.c.id == line.c.parent_id)
    )
    return Statement(select(line.c.id))


_WITH_ANCESTORS = _with_ancestors()
