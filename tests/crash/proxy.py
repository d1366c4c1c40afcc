"""Stands between the service and Postgres, and is a bad network when told to be."""

import asyncio
import contextlib
import re
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from tests.crash.wire import READY, FrontendReader

PIECE = 64 * 1024


class When(StrEnum):
    """At which moment the line is cut, seen from the statement it is cut for."""

    BEFORE = "before"  # Postgres never hears of it
    AT_ONCE = "at_once"  # sent on, and cut
    AFTER_ANSWER = "after_answer"  # carried out for certain; only the answer is lost


@dataclass
class Cut:
    """The next `left` connections that run a statement like this are cut."""

    pattern: re.Pattern[str]
    when: When
    left: int
    done: int = 0


@dataclass(eq=False)
class _Pair:
    """One client's connection and its continuation to Postgres."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    reads: FrontendReader = field(default_factory=FrontendReader)
    matched: Cut | None = None
    swallow: bool = False


class Proxy:
    """Listens on a free loopback port and goes on to `upstream` (a port of this machine)."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.port = 0
        self.accepted = 0
        self.cut: Cut | None = None
        self._delay = 0.0
        self._flows = {"to_server": asyncio.Event(), "to_client": asyncio.Event()}
        self._pairs: set[_Pair] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        """Listen for as long as the block lasts."""
        self.heal()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.reset_all()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def heal(self) -> None:
        """A good network again; what was held goes on."""
        self._delay = 0.0
        self.cut = None
        for flow in self._flows.values():
            flow.set()

    def delay(self, seconds: float) -> None:
        """Every piece takes so much longer, in both directions."""
        self._delay = seconds

    def freeze(self, *directions: str) -> None:
        """Nothing goes `to_server` or `to_client` any more, and nobody is told."""
        for direction in directions:
            self._flows[direction].clear()

    def black_hole(self) -> None:
        """Connections are accepted, and nothing goes anywhere."""
        self.freeze("to_server", "to_client")

    def cut_at(self, pattern: str, when: When, times: int = 1) -> Cut:
        """Cut the line of whoever runs a statement that matches, so many times."""
        self.cut = Cut(re.compile(pattern, re.IGNORECASE), when, times)
        return self.cut

    def half_close(self) -> None:
        """Each client sees the end of what Postgres says, and can go on talking to it."""
        for pair in self._pairs:
            with contextlib.suppress(OSError):
                pair.client.write_eof()

    def reset_all(self) -> None:
        """Break every connection off."""
        for pair in list(self._pairs):
            _reset(pair.client)
            _reset(pair.server)

    @property
    def open(self) -> int:
        """How many connections there are."""
        return len(self._pairs)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.accepted += 1
        try:
            await self._flows["to_server"].wait()
            upstream, onward = await asyncio.open_connection("127.0.0.1", self.upstream)
        except (OSError, asyncio.CancelledError):
            _reset(writer)
            return
        pair = _Pair(writer, onward)
        self._pairs.add(pair)
        pumps = [
            asyncio.create_task(self._to_server(pair, reader)),
            asyncio.create_task(self._to_client(pair, upstream)),
        ]
        try:
            await asyncio.gather(*pumps)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for pump in pumps:
                pump.cancel()
            self._pairs.discard(pair)
            _reset(writer)
            onward.close()

    async def _to_server(self, pair: _Pair, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(PIECE):
            await self._travel("to_server")
            cut = self._cut_for(pair, data)
            if cut is not None and cut.when is When.BEFORE:
                self._do(cut, pair)
            pair.server.write(data)
            await pair.server.drain()
            if cut is not None and cut.when is When.AT_ONCE:
                self._do(cut, pair)
            elif cut is not None:
                pair.swallow = True
        pair.server.close()

    async def _to_client(self, pair: _Pair, reader: asyncio.StreamReader) -> None:
        last = b""
        while data := await reader.read(PIECE):
            await self._travel("to_client")
            if pair.swallow:
                last = (last + data)[-6:]
                if last[:-1] == READY and pair.matched:
                    self._do(pair.matched, pair)
                continue
            pair.client.write(data)
            await pair.client.drain()
        pair.client.close()

    async def _travel(self, direction: str) -> None:
        if self._delay:
            await asyncio.sleep(self._delay)
        await self._flows[direction].wait()

    def _cut_for(self, pair: _Pair, data: bytes) -> Cut | None:
        """The cut that is due now: the statement is whole, and Postgres is asked to run it."""
        for kind, text in pair.reads.feed(data):
            if self.cut and self.cut.left and text and self.cut.pattern.search(text):
                self.cut.left -= 1
                pair.matched = self.cut
            if pair.matched and kind in {"S", "Q"}:
                return pair.matched
        return None

    def _do(self, cut: Cut, pair: _Pair) -> None:
        cut.done += 1
        _reset(pair.client)
        pair.server.close()
        raise ConnectionAbortedError("cut")


def _reset(writer: asyncio.StreamWriter) -> None:
    connected = writer.get_extra_info("socket")
    if connected is not None:
        with contextlib.suppress(OSError):
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
