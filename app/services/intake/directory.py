"""Forms and connectors at the door: remembered for seconds, longer while Postgres is silent."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar
from uuid import UUID

from app.domain.errors import NotFound, Unavailable
from app.platform.db import Database
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import system_caller

T = TypeVar("T")

TRUST_SECONDS = 5.0
DEADLINE_SECONDS = 0.75
SILENT_SECONDS = 1.0
MOST_WAITING = 3
_MOST = 5_000


class Directory(Generic[T]):
    """What submissions are addressed to, by workspace and id."""

    def __init__(
        self, database: Database, load: Callable[[UnitOfWork, UUID], Awaitable[T]]
    ) -> None:
        self._database = database
        self._load = load
        self._known: OrderedDict[tuple[UUID, UUID], tuple[T | None, float]] = OrderedDict()
        self._silent_until = 0.0
        self._waiting = 0

    async def find(self, workspace_id: UUID, subject_id: UUID) -> T | None:
        """It, as it was at most seconds ago; None when there is none.

        When the database does not answer: as it was when last read, or Unavailable.
        """
        key = workspace_id, subject_id
        known = self._known.get(key)
        if known is not None and known[1] > monotonic():
            return known[0]
        # Shortly after one has waited in vain, not everybody does.
        if self._silent_until > monotonic():
            if known is not None:
                return known[0]
            if self._waiting >= MOST_WAITING:
                raise Unavailable("the database did not answer just now")
        self._waiting += 1
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                found = await self._read(workspace_id, subject_id)
        except (Unavailable, TimeoutError) as error:
            self._silent_until = monotonic() + SILENT_SECONDS
            if known is None:
                raise Unavailable("the database does not answer") from error
            found = known[0]
        finally:
            self._waiting -= 1
        self._known[key] = found, monotonic() + TRUST_SECONDS
        self._known.move_to_end(key)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return found

    def forget(self, subject_id: UUID) -> None:
        """Read it anew before the next use, because it just changed here."""
        for key in [key for key in self._known if key[1] == subject_id]:
            del self._known[key]

    async def _read(self, workspace_id: UUID, subject_id: UUID) -> T | None:
        async with UnitOfWork(self._database, system_caller(workspace_id)) as uow:
            try:
                return await self._load(uow, subject_id)
            except NotFound:
                return None
