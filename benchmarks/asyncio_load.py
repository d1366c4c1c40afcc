"""A stand-in for wrk: takes the same arguments, reads the same files, prints the same line."""

import asyncio
import itertools
import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import uvloop


class Requests:
    """The bytes to send, one request after the other."""

    def __init__(self, base: Path, host: str, tag: str, first: int) -> None:
        head = base.with_suffix(".head").read_text().split("\n")
        self._method, self._path, authorization, keyed = head
        self._body = base.with_suffix(".body").read_text("utf-8")
        self._picks = base.with_suffix(".picks").read_text("utf-8").splitlines() or [""]
        self._headers = (
            f"Host: {host}\r\nAuthorization: {authorization}\r\nContent-Type: application/json\r\n"
        )
        if keyed:
            self._headers += "Idempotency-Key: @N@\r\n"
        self._tag = tag
        # Rounds begin far apart and count on: two persons never draw the same number.
        self._digits = random.randint(20_000_000, 90_000_000) - first
        self._numbers: Iterator[int] = itertools.count(first)

    def next(self) -> bytes:
        """Another request."""
        number = next(self._numbers)
        pick = self._picks[number % len(self._picks)]

        def filled(text: str) -> str:
            text = text.replace("@PICK@", pick).replace("@N@", f"{self._tag}{number}")
            return text.replace("@DIGITS@", str(self._digits + number))

        body = filled(self._body).encode()
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        head = (
            f"{self._method} {filled(self._path)} HTTP/1.1\r\n{filled(self._headers)}{length}\r\n"
        )
        return head.encode() + body


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    at = head.lower().find(b"content-length:")
    if at >= 0:
        await reader.readexactly(int(head[at + 15 : head.index(b"\r\n", at)]))
    return status


async def _connection(
    address: tuple[str, int], requests: Requests, until: float, latencies: list[float]
) -> int:
    reader, writer = await asyncio.open_connection(*address, limit=2**24)
    failed = 0
    try:
        while (started := time.perf_counter()) < until:
            writer.write(requests.next())
            failed += await _answer(reader) >= 400
            latencies.append((time.perf_counter() - started) * 1000)
    finally:
        writer.close()
    return failed


async def _run(seconds: float, connections: int, url: str, rest: list[str]) -> None:
    base, tag, first = rest
    parts = urlsplit(url)
    address = (parts.hostname or "127.0.0.1", parts.port or 80)
    requests = Requests(Path(base), parts.netloc, tag, int(first))
    latencies: list[float] = []
    started = time.perf_counter()
    failed = await asyncio.gather(
        *(_connection(address, requests, started + seconds, latencies) for _ in range(connections))
    )
    took = time.perf_counter() - started
    latencies.sort()
    counted = {
        "requests": len(latencies),
        "seconds": took,
        "p50": latencies[len(latencies) // 2],
        "p99": latencies[int(len(latencies) * 0.99)],
        "failed": sum(failed),
    }
    print(json.dumps(counted))


def main() -> None:
    """`-d2s -c32 URL -- FILES TAG FIRST`, as load.py calls wrk."""
    duration, connections, url, _, *rest = sys.argv[1:]
    uvloop.run(_run(float(duration[2:-1]), int(connections[2:]), url, rest))


if __name__ == "__main__":
    main()
