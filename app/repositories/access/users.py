"""Users of the workspace."""

from app.domain.access.users import User
from app.repositories.resources import Resources
from app.repositories.tables.access import users


class UserRepository(Resources[User]):
    """Users by id and by page."""

    table = users
    entity = User
    noun = "user"
