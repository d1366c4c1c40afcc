"""A small HTTP/1.1 client: it costs little beside what it measures, and can break off anywhere."""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Broken(Exception):
    """The line broke before the answer was whole."""


class NobodyListens(Exception):
    """There was no connection, so nothing was sent."""


@dataclass(frozen=True)
class Answer:
    """Status, headers in lower case, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as an object; empty when it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def request_bytes(
    method: str, path: str, host: str, headers: Mapping[str, str], body: bytes
) -> bytes:
    """A whole request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Line:
    """One open connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def exchange(self, request: bytes) -> Answer:
        """Send and read the answer; Broken when the line ends before that."""
        try:
            self.writer.write(request)
            await self.writer.drain()
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *rest = head.strip().split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in rest)
            }
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
            return Answer(int(first.split()[1]), headers, body)
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError, IndexError) as error:
            raise Broken(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Say good-bye the usual way."""
        self.writer.close()

    def reset(self) -> None:
        """Break off without a word."""
        connected = self.writer.get_extra_info("socket")
        with contextlib.suppress(OSError):
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class HttpClient:
    """Keeps connections open and takes a new one when none is free."""

    def __init__(self, port: int, *, timeout: float = 10.0) -> None:
        self.host = f"127.0.0.1:{port}"
        self._port = port
        self._timeout = timeout
        self._idle: list[Line] = []

    async def open(self) -> Line:
        """A new connection."""
        try:
            return Line(*await asyncio.open_connection("127.0.0.1", self._port))
        except OSError as error:
            raise NobodyListens from error

    async def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """One request on a kept connection; Broken also when the time is over."""
        line = self._idle.pop() if self._idle else None
        try:
            async with asyncio.timeout(self._timeout):
                line = line or await self.open()
                answer = await line.exchange(request_bytes(method, path, self.host, headers, body))
        except TimeoutError as error:
            if line:
                line.reset()
            raise Broken("no answer in time") from error
        except BaseException:
            if line:
                line.reset()
            raise
        if answer.headers.get("connection") == "close":
            line.close()
        else:
            self._idle.append(line)
        return answer

    def close(self) -> None:
        """Close what is kept."""
        for line in self._idle:
            line.close()
        self._idle.clear()
