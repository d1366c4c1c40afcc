"""One request or job is one transaction: begun, committed and rolled back here and nowhere else."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from app.domain.access.api_keys import Caller
from app.domain.errors import LostRace, OutcomeUnknown
from app.domain.reach.events import Event, EventType
from app.platform import clock
from app.platform.db import Database
from app.platform.ids import new_id
from app.repositories import database_errors
from app.repositories.repositories import Repositories
from app.repositories.transaction import Transaction


class UnitOfWork(Repositories):
    """`async with UnitOfWork(database, caller) as uow`: commits on success, else rolls back.

    Nothing is sent to the database before the first statement.
    """

    def __init__(self, database: Database, caller: Caller) -> None:
        self.caller = caller
        self.now: datetime = clock.now()
        self._transaction = Transaction(database, caller.workspace_id, self.now)
        self._events: list[Event] = []

    @property
    def workspace_id(self) -> UUID:
        """The workspace of everything in here."""
        return self.caller.workspace_id

    @property
    def begun(self) -> bool:
        """Whether a statement was sent, and with it the transaction begun."""
        return self._transaction.begun

    def record(
        self,
        event_type: EventType,
        subject_type: str,
        subject_id: UUID,
        data: Mapping[str, Any],
        *,
        lead_id: UUID | None = None,
        occurred_at: datetime | None = None,
    ) -> UUID:
        """Add an entry to the journal; it is stored in this transaction, before the commit."""
        event = Event(
            workspace_id=self.workspace_id,
            id=new_id(),
            type=event_type.value,
            subject_type=subject_type,
            subject_id=subject_id,
            lead_id=lead_id,
            user_id=self.caller.user_id,
            api_key_id=self.caller.api_key_id,
            data=dict(data),
            occurred_at=occurred_at or self.now,
            recorded_at=self.now,
            position=None,
        )
        self._events.append(event)
        return event.id

    def take_events(self) -> list[Event]:
        """The events not stored yet, for a statement that stores them along with its own rows."""
        taken, self._events = self._events, []
        return taken

    async def flush(self) -> None:
        """Store what is still in memory, so that constraint errors surface in the use case."""
        if self._events:
            await self.events.add_all(self.take_events())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.end(error)

    async def end(self, error: BaseException | None) -> None:
        """Commit, or roll back when there was an error; raises what the error means."""
        given = error
        try:
            if error is None:
                await self.flush()
        except BaseException as flush_error:
            error = flush_error
        try:
            given_up = isinstance(error, asyncio.CancelledError)
            await self._transaction.finish(commit=error is None, given_up=given_up)
        except Exception as end_error:
            if self._transaction.in_doubt:
                raise OutcomeUnknown(
                    "the change may or may not have been stored; "
                    "repeat the request with the same Idempotency-Key"
                ) from end_error
            if error is None:
                error = end_error
        if error is not None:
            meant = _as_domain_error(error)
            if meant is not error:
                raise meant from error
            if error is not given:
                raise error


def _as_domain_error(error: BaseException) -> BaseException:
    if isinstance(error, database_errors.Collision):
        return LostRace("a unique key was taken meanwhile; try again")
    state = database_errors.sqlstate_of(error)
    if state in database_errors.RETRYABLE or state.startswith(database_errors.CONNECTION_LOST):
        return LostRace("the transaction was rolled back; try again")
    translated = database_errors.translate(error)
    if isinstance(translated, database_errors.Collision):
        return LostRace("a unique key was taken meanwhile; try again")
    return translated or error
