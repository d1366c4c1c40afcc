"""Opportunities."""

from app.domain.sales.opportunities import Opportunity
from app.repositories.resources import Resources
from app.repositories.tables.sales import opportunities


class OpportunityRepository(Resources[Opportunity]):
    """Opportunities by id and by page."""

    table = opportunities
    entity = Opportunity
    noun = "opportunity"
