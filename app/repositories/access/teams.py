"""Teams of the workspace."""

from app.domain.access.teams import Team
from app.repositories.resources import Resources
from app.repositories.tables.access import teams


class TeamRepository(Resources[Team]):
    """Teams by id and by page."""

    table = teams
    entity = Team
    noun = "team"
