"""Campaigns."""

from app.domain.record.campaigns import Campaign
from app.repositories.resources import Resources
from app.repositories.tables.record import campaigns


class CampaignRepository(Resources[Campaign]):
    """Campaigns by id and by page."""

    table = campaigns
    entity = Campaign
    noun = "campaign"
