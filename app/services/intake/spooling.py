"""The spool behind one thread of its own, so that a slow disk never holds up the event loop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeVar

import structlog

from app.adapters.spool import Abandoned, Entry, Spool, Usage, abandoned
from app.platform import clock
from app.platform.faults import fault

log = structlog.get_logger("touchline.spool")

S = TypeVar("S", Spool, Abandoned)
T = TypeVar("T")

TRIM_SECONDS = 30.0
# Of records that are read at a time.
MOST_BYTES = 4 * 1024 * 1024
# Longer than the deadline after which a submission is answered from the spool.
IN_FLIGHT = timedelta(seconds=2)


class Backlog(Generic[S]):
    """Records that Postgres does not have yet, in a directory that is ours."""

    def __init__(self, spool: S, thread: ThreadPoolExecutor | None = None) -> None:
        self._spool: S = spool
        self._thread = thread or ThreadPoolExecutor(1, thread_name_prefix="spool")

    async def unsettled(self, most: int, but: Collection[Entry] = ()) -> list[tuple[Entry, bytes]]:
        """The oldest records that Postgres does not have, without those named.

        Those of the last moments may be on their way to Postgres by another road.
        """
        return await self._in_thread(self._oldest, most, but)

    async def settle(self, entries: Sequence[Entry]) -> None:
        """Note that these are in Postgres."""
        await self._in_thread(self._spool.settle, entries)

    def usage(self) -> Usage:
        """How full it is, and how old its oldest record; it may be a batch behind."""
        return self._spool.usage()

    async def recent(self, size: int) -> AsyncIterator[list[bytes]]:
        """Every record of the last quarter of an hour in this directory."""
        records = self._spool.tail()
        while batch := await self._in_thread(lambda: list(islice(records, size))):
            yield batch

    async def _in_thread(self, work: Callable[..., T], *args: object) -> T:
        return await asyncio.wrap_future(self._thread.submit(work, *args))

    def _oldest(self, most: int, but: Collection[Entry]) -> list[tuple[Entry, bytes]]:
        until = clock.now() - IN_FLIGHT
        found: list[tuple[Entry, bytes]] = []
        size = 0
        for entry, record in self._spool.unsettled():
            if entry.written_at >= until or len(found) == most:
                break
            if entry in but:
                continue
            size += len(record)
            if found and size > MOST_BYTES:
                break
            found.append((entry, record))
        return found


class SpoolLog(Backlog[Spool]):
    """One process's spool. Everything that came is written to it; only what Postgres did not take
    in time is synced before it is acknowledged."""

    def __init__(self, spool: Spool, key: bytes) -> None:
        super().__init__(spool)
        self._key = key
        self._last: Future[list[Entry]] | None = None
        # Batches that Postgres has, which the thread is told of along with the next one: to wake
        # it costs more than what it does.
        self._stored: list[Future[list[Entry]]] = []
        self._other_thread = ThreadPoolExecutor(1, thread_name_prefix="adopted-spools")
        self._adopted: list[Adopted] = []

    @property
    def root(self) -> Path:
        """The folder with the spools of all processes."""
        root: Path = self._spool.directory.parent
        return root

    def append(self, records: Sequence[bytes]) -> Future[list[Entry]]:
        """Write records in order, unsynced; the future has their entries."""
        stored, self._stored = self._stored, []
        self._last = self._thread.submit(self._append, records, stored)
        return self._last

    @property
    def behind(self) -> bool:
        """Whether the disk has not finished with what it was given before."""
        return self._last is not None and not self._last.done()

    async def synced(self, appended: Future[list[Entry]]) -> None:
        """Return once the records are on disk; SpoolUnavailable when they cannot be."""
        entries = await asyncio.wrap_future(appended)
        await self._in_thread(self._sync, entries)

    def settle_later(self, appended: Future[list[Entry]]) -> None:
        """Note that what was appended is in Postgres, when the thread is woken next."""
        self._stored.append(appended)

    async def unsettled(self, most: int, but: Collection[Entry] = ()) -> list[tuple[Entry, bytes]]:
        stored, self._stored = self._stored, []
        await self._in_thread(self._settle_appended, stored)
        return await super().unsettled(most, but)

    async def tail(self, size: int) -> AsyncIterator[list[bytes]]:
        """Every record of the last quarter of an hour, so many at a time; those of processes that
        are no more as well."""
        spools: list[Backlog[Any]] = [self, *self._adopted]
        for each in spools:
            async for batch in each.recent(size):
                yield batch

    @property
    def damaged(self) -> int:
        """How many places cannot be read, here and in what ended processes left."""
        spools: list[Backlog[Any]] = [self, *self._held()]
        return sum(each.usage().damaged for each in spools)

    def _held(self) -> "list[Adopted]":
        return [each for each in self._adopted if not each.gone]

    async def adopted(self) -> "list[Adopted]":
        """The spools of processes that are no more, in our hands until nothing of them is left.

        To read them takes as long as they are large, so they have a thread of their own, and are
        read once.
        """
        reading = self._other_thread.submit(lambda: list(abandoned(self.root, self._key)))
        found = await asyncio.wrap_future(reading)
        self._adopted = self._held()
        self._adopted += [Adopted(each, self._other_thread) for each in found]
        return list(self._adopted)

    async def keep_trimmed(self) -> None:
        """Give back the room of what is settled and old, again and again."""
        while True:
            await asyncio.sleep(TRIM_SECONDS)
            try:
                await self._in_thread(self._spool.trim)
            except Exception:
                log.exception("the spool could not be trimmed")

    async def close(self) -> None:
        """Finish what is under way, and let go of the directory."""
        await self._in_thread(self._settle_appended, self._stored)
        await self._in_thread(self._spool.close)
        self._thread.shutdown()
        for each in self._adopted:
            await each.close()
        self._other_thread.shutdown()

    def _append(
        self, records: Sequence[bytes], stored: Sequence[Future[list[Entry]]]
    ) -> list[Entry]:
        self._settle_appended(stored)
        fault("before_append")
        entries: list[Entry] = self._spool.append(records)
        fault("after_append")
        return entries

    def _sync(self, entries: Sequence[Entry]) -> None:
        fault("before_sync")
        self._spool.sync(entries)
        fault("after_sync")

    def _settle_appended(self, stored: Sequence[Future[list[Entry]]]) -> None:
        for appended in stored:
            # What could not be written to it is in Postgres all the same, and others go on.
            with suppress(Exception):
                self._spool.settle(appended.result())


class Adopted(Backlog[Abandoned]):
    """The spool of a process that is no more, in our hands."""

    gone = False
    _told = 0

    def damage(self) -> dict[str, str | int]:
        """What is damaged in it and was not told before; empty when there is nothing new."""
        damaged = self.usage().damaged
        if damaged <= self._told:
            return {}
        self._told = damaged
        return {"directory": str(self._spool.directory), "places": damaged}

    async def retire(self) -> None:
        """Remove what is settled and past its tail; `gone` when that was all."""
        if not self.gone:
            self.gone = await self._in_thread(self._spool.retire)

    async def close(self) -> None:
        """Let others have what is left."""
        if not self.gone:
            await self._in_thread(self._spool.close)
