"""What is looked up at the door does not hold it up while Postgres is silent."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from app.domain.errors import NotFound, Unavailable
from app.platform.db import Database
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.directory import MOST_WAITING, Directory
from tests.conftest import Databases

pytestmark = pytest.mark.anyio


class Line:
    """A line to Postgres that falls silent when it is told to."""

    def __init__(self) -> None:
        self.flows = asyncio.Event()
        self.flows.set()
        self.tasks: set[asyncio.Task[None]] = set()

    async def accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        onward_reader, onward = await self.dial()
        for source, target in ((reader, onward), (onward_reader, writer)):
            self.tasks.add(asyncio.create_task(self._pump(source, target)))

    async def dial(self) -> tuple[StreamReader, StreamWriter]:
        raise NotImplementedError

    async def _pump(self, source: StreamReader, target: StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                await self.flows.wait()
                target.write(data)
                await target.drain()
        except OSError:
            pass
        finally:
            target.transport.abort()


@pytest.fixture
async def line(databases: Databases) -> AsyncIterator[tuple[Line, Database]]:
    """The line, and the database behind it."""
    parts = urlsplit(databases.app_url)
    told = {name: values[0] for name, values in parse_qs(parts.query).items()}
    host = parts.hostname or told.get("host", "")
    port = parts.port or int(told.get("port", 5432))
    found = Line()

    async def dial() -> tuple[StreamReader, StreamWriter]:
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)

    found.dial = dial  # type: ignore[method-assign]
    server = await asyncio.start_server(found.accept, "127.0.0.1", 0)
    here = server.sockets[0].getsockname()[1]
    who = parts.username if parts.password is None else f"{parts.username}:{parts.password}"
    url = f"postgresql://{who}@127.0.0.1:{here}{parts.path}?sslmode=disable"
    database = Database(url, pool_size=2)
    yield found, database
    found.flows.set()
    await database.close()
    server.close()
    for task in found.tasks:
        task.cancel()
    await asyncio.gather(*found.tasks, return_exceptions=True)


async def test_a_silent_database_is_waited_for_once_and_not_for_long(
    line: tuple[Line, Database],
) -> None:
    wire, database = line

    async def load(uow: UnitOfWork, subject_id: UUID) -> str:
        await uow.workspaces.ids()
        return f"found {subject_id}"

    directory = Directory(database, load)
    workspace, known = new_id(), new_id()
    assert await directory.find(workspace, known) == f"found {known}"
    directory._known[workspace, known] = (f"found {known}", 0.0)
    wire.flows.clear()
    started = monotonic()
    assert await directory.find(workspace, known) == f"found {known}"
    # A ROLLBACK over the dead line would take 20 s more.
    assert monotonic() - started < 1.5
    started = monotonic()
    answers = await asyncio.gather(
        *(directory.find(workspace, new_id()) for _ in range(50)), return_exceptions=True
    )
    assert {type(answer) for answer in answers} == {Unavailable}
    assert sum("just now" in str(answer) for answer in answers) == 50 - MOST_WAITING
    assert monotonic() - started < 1.5


async def test_what_is_not_there_is_remembered_for_a_while(line: tuple[Line, Database]) -> None:
    asked = 0

    async def load(_: Any, __: UUID) -> str:
        nonlocal asked
        asked += 1
        raise NotFound("none")

    directory = Directory(line[1], load)
    subject = new_id()
    for _ in range(3):
        assert await directory.find(new_id(), subject) is None
    workspace = new_id()
    for _ in range(3):
        assert await directory.find(workspace, subject) is None
    assert asked == 4
    directory.forget(subject)
    await directory.find(workspace, subject)
    assert asked == 5
