"""Connectors."""

from app.domain.intake.connectors import Connector
from app.repositories.resources import Resources
from app.repositories.tables.intake_connectors import connectors


class ConnectorRepository(Resources[Connector]):
    """Connectors by id and by page."""

    table = connectors
    entity = Connector
    noun = "connector"
