"""One transaction in one workspace: the only thing repositories run statements on."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from app.platform.db import Database
from app.repositories.statements import Statement


class Transaction:
    """Begins with the first statement: a request refused before it costs the database nothing."""

    def __init__(self, database: Database, workspace_id: UUID, now: datetime) -> None:
        self.workspace_id = UUID(str(workspace_id))
        self.now = now
        self.committing = False
        self._database = database
        self._connection: asyncpg.Connection | None = None

    async def rows(self, statement: Statement, **values: Any) -> list[asyncpg.Record]:
        """Every row of the answer. The workspace is bound by itself."""
        connection = self._connection or await self._begin()
        values["workspace_id"] = self.workspace_id
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
        if self._database.observe:
            self._database.observe(begin)
        await connection.execute(begin)
        return connection

    async def finish(self, *, commit: bool) -> None:
        """End the transaction and hand the connection back; called by the unit of work alone."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if commit:
                self.committing = True
                await connection.execute("COMMIT")
                self.committing = False
            elif not connection.is_closed():
                await connection.execute("ROLLBACK")
        except BaseException:
            # Nobody knows what state it is in.
            connection.terminate()
            raise
        finally:
            self._database.release(connection)
