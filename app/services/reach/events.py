"""The change feed."""

from dataclasses import dataclass

from app.domain.reach.events import Event
from app.repositories.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Feed:
    """A stretch of the feed; `next_position` continues it, now or later."""

    data: list[Event]
    next_position: int
    more: bool


class EventService:
    """Reads the journal in the order of commits."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def feed(self, after: int, types: list[str] | None, limit: int) -> Feed:
        """Events behind a position. What was committed before the call is in the feed."""
        while await self._uow.events.place():
            pass
        # Read before the events: whatever is placed in between waits for the next call.
        last = await self._uow.events.last_position()
        found = await self._uow.events.after(after, types, limit + 1)
        shown, more = found[:limit], len(found) > limit
        # Unless more is there, nothing of these types is left up to `last`.
        read_to = shown[-1].position or after if shown else after
        position = read_to if more else max(read_to, last)
        return Feed(data=shown, next_position=position, more=more)

    async def place(self) -> int:
        """Give positions to a batch of committed events; returns how many."""
        return await self._uow.events.place()
