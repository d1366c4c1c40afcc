"""One transaction in one workspace: the only thing repositories run statements on."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from app.platform.db import Database
from app.repositories.statements import Statement

log = structlog.get_logger("touchline.transaction")


class Transaction:
    """Begins with the first statement: a request refused before it costs the database nothing."""

    def __init__(self, database: Database, workspace_id: UUID, now: datetime) -> None:
        self.workspace_id = UUID(str(workspace_id))
        self.now = now
        self._committing = False
        self._changing = False
        self._database = database
        self._connection: asyncpg.Connection | None = None

    @property
    def in_doubt(self) -> bool:
        """Whether a change was sent to be committed and nobody said whether it was."""
        return self._committing and self._changing

    @property
    def begun(self) -> bool:
        """Whether the database knows of it."""
        return self._connection is not None

    async def rows(self, statement: Statement, **values: Any) -> list[asyncpg.Record]:
        """Every row of the answer. The workspace is bound by itself."""
        connection = self._connection or await self._begin()
        values["workspace_id"] = self.workspace_id
        # `WITH …` may hold an INSERT, so it counts as a change as well.
        self._changing = self._changing or not statement.sql.startswith("SELECT")
        if self._database.observe:
            self._database.observe(statement.sql)
        answer: list[asyncpg.Record] = await connection.fetch(
            statement.sql, *statement.arguments(values)
        )
        return answer

    async def row(self, statement: Statement, **values: Any) -> asyncpg.Record | None:
        """The first row of the answer, if there is one."""
        answer = await self.rows(statement, **values)
        return answer[0] if answer else None

    async def _begin(self) -> asyncpg.Connection:
        connection = await self._database.acquire()
        self._connection = connection
        # One round trip for both. SET takes no parameters; the value is a UUID's own spelling.
        begin = f"BEGIN; SET LOCAL app.workspace_id = '{self.workspace_id}'"
        if self._database.has_old_plans(connection):
            begin += "; DISCARD PLANS"
        if self._database.observe:
            self._database.observe(begin)
        await connection.execute(begin)
        return connection

    async def finish(self, *, commit: bool, given_up: bool = False) -> None:
        """End the transaction and hand the connection back; called by the unit of work alone.

        Whoever has `given_up` waiting for an answer must not wait for that of a ROLLBACK either:
        then the connection is broken off, and the server rolls back by itself.
        """
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if commit:
                self._committing = True
                await connection.execute("COMMIT")
                self._committing = False
            elif given_up:
                connection.terminate()
            elif not connection.is_closed():
                await connection.execute("ROLLBACK")
        except BaseException:
            # Nobody knows what state it is in.
            connection.terminate()
            raise
        finally:
            self._release(connection)

    def _release(self, connection: asyncpg.Connection) -> None:
        try:
            self._database.release(connection)
        except Exception:
            # How the transaction ended is settled: after a commit, an error raised here would have
            # the request run again.
            log.exception("a connection could not be handed back")
