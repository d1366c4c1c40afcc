"""Teams: users who share a queue of leads."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(eq=False, kw_only=True)
class Team:
    """A team of the workspace."""

    workspace_id: UUID
    id: UUID
    name: str
    created_at: datetime
    updated_at: datetime
    version: int
