"""Users: the people who own leads and in whose name a key may act."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a user may do when a key acts in their name."""

    REP = "rep"
    MANAGER = "manager"
    ADMIN = "admin"


@dataclass(eq=False, kw_only=True)
class User:
    """A person in the workspace."""

    workspace_id: UUID
    id: UUID
    name: str
    email: str
    role: str
    team_id: UUID | None
    time_zone: str
    active: bool
    created_at: datetime
    updated_at: datetime
    version: int
