"""Teams: created, read, renamed."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.domain.access.teams import Team
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.patching import apply_patch, check_version


class TeamService:
    """Use cases of teams."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def create(self, name: str) -> Team:
        """A new team; AlreadyExists when another has this name."""
        now = self._uow.now
        team = Team(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            name=name,
            created_at=now,
            updated_at=now,
            version=1,
        )
        await self._uow.teams.add(team)
        self._uow.record(EventType.TEAM_CREATED, "team", team.id, {"name": team.name})
        await self._uow.flush()
        return team

    async def get(self, team_id: UUID) -> Team:
        """One team."""
        return await self._uow.teams.get(team_id)

    async def page(self, request: PageRequest) -> Page[Team]:
        """A page of teams."""
        return await self._uow.teams.page(request)

    async def update(self, team_id: UUID, fields: Mapping[str, Any], if_match: int | None) -> Team:
        """Change the given fields. Stale when the version has moved on."""
        team = await self._uow.teams.get(team_id, lock=True)
        check_version(team.version, if_match)
        return await apply_patch(self._uow, self._uow.teams, team, fields, EventType.TEAM_UPDATED)
