"""Users: created, read, changed, deactivated; never deleted, for the record names them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.adapters import normalisers
from app.domain.access.users import Role, User
from app.domain.errors import Invalid
from app.domain.paging import Page, PageRequest
from app.domain.reach.events import EventType
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.codes import check_time_zone
from app.services.patching import apply_patch, check_version


class UserService:
    """Use cases of users."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def create(
        self, name: str, email: str, role: Role, team_id: UUID | None, time_zone: str | None
    ) -> User:
        """A new, active user; AlreadyExists when another has this e-mail address.

        Without a time zone the user gets the workspace's.
        """
        now = self._uow.now
        user = User(
            workspace_id=self._uow.workspace_id,
            id=new_id(),
            name=name,
            email=_address(email),
            role=role.value,
            team_id=team_id,
            time_zone=time_zone or await self._default_time_zone(),
            active=True,
            created_at=now,
            updated_at=now,
            version=1,
        )
        check_time_zone(user.time_zone, "/time_zone")
        await self._uow.users.add(user)
        told = {"name": user.name, "role": user.role, "team_id": user.team_id}
        self._uow.record(EventType.USER_CREATED, "user", user.id, told)
        await self._uow.flush()
        return user

    async def get(self, user_id: UUID) -> User:
        """One user, active or not."""
        return await self._uow.users.get(user_id)

    async def page(self, filters: Mapping[str, Sequence[Any]], request: PageRequest) -> Page[User]:
        """A page of users, narrowed to these values of role, team_id and active."""
        return await self._uow.users.page(request, filters)

    async def update(self, user_id: UUID, fields: Mapping[str, Any], if_match: int | None) -> User:
        """Change the given fields; a null takes the user out of the team."""
        user = await self._uow.users.get(user_id, lock=True)
        check_version(user.version, if_match)
        fields = dict(fields)
        if "email" in fields:
            fields["email"] = _address(fields["email"])
        if "time_zone" in fields:
            check_time_zone(fields["time_zone"], "/time_zone")
        return await apply_patch(self._uow, self._uow.users, user, fields, EventType.USER_UPDATED)

    async def _default_time_zone(self) -> str:
        settings = await self._uow.workspace_settings.get(self._uow.workspace_id)
        return settings.time_zone


def _address(typed: str) -> str:
    """The address in the one spelling that makes it unique."""
    address = normalisers.email(typed)
    if address is None:
        raise Invalid.field("/email", "must be an e-mail address")
    return address
