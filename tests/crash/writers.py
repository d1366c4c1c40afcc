"""Clients that send leads as a good client does: the same key again until there is an answer."""

import asyncio
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Self

from tests.crash.ledger import Ledger, email_of
from tests.crash.raw_http import Answer, Broken, HttpClient, NobodyListens

PATH = "/v1/submissions"
FIRST_PAUSE = 0.02
LONGEST_PAUSE = 0.5
ACCEPTED = (200, 201, 202)
AGAIN = (409, 429)  # 409: an attempt with this key is still under way


@dataclass(frozen=True)
class Keys:
    """The two kinds of key that may send leads."""

    secret: str
    publishable: str


class Door(StrEnum):
    """With which key submissions come."""

    BOTH = "both"
    SECRET = "secret"
    PUBLISHABLE = "publishable"


class Writers:
    """Sends submissions and writes everything down in the ledger.

    `prefix` starts every key, so that rounds can be told apart. With several ports, who finds one
    shut goes to the next.
    """

    def __init__(
        self,
        ports: Sequence[int],
        keys: Keys,
        ledger: Ledger,
        prefix: str,
        *,
        seed: int = 1,
        door: Door = Door.BOTH,
        keep_alive: bool = True,
        timeout: float = 10.0,
    ) -> None:
        self.ledger = ledger
        self._clients = [HttpClient(port, timeout=timeout) for port in ports]
        self._keys = keys
        self._door = door
        self._keep_alive = keep_alive
        self._random = random.Random(f"{prefix} {seed}")
        self._names: Iterator[str] = (f"{prefix}-{number:06d}" for number in count())
        self.unanswered: list[str] = []  # given up before an answer came
        self.errors: list[str] = []  # 5xx other than 503

    async def send(self, key: str, patience: float = 30.0) -> bool:
        """Until it is acknowledged or refused; False when the patience ended before that."""
        deadline = time.monotonic() + patience
        pause = FIRST_PAUSE
        while True:
            if await self._attempt(key):
                return True
            if time.monotonic() > deadline:
                self.unanswered.append(key)
                return False
            await asyncio.sleep(pause * self._random.uniform(0.5, 1.0))
            pause = min(pause * 2, LONGEST_PAUSE)

    async def closed_loop(
        self,
        stop: asyncio.Event,
        *,
        writers: int,
        patience: float = 30.0,
        most: int = 10**9,
        rest: float = 0.0,
    ) -> None:
        """So many writers, each sending its next lead `rest` seconds after the last is settled."""
        left = iter(range(most))

        async def write() -> None:
            while not stop.is_set() and next(left, None) is not None:
                await self.send(next(self._names), patience)
                await asyncio.sleep(rest)

        async with asyncio.TaskGroup() as group:
            for _ in range(writers):
                group.create_task(write())

    async def open_loop(self, *, rate: float, seconds: float, patience: float = 30.0) -> None:
        """So many a second, however long each takes."""
        started = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(int(rate * seconds)):
                await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
                group.create_task(self.send(next(self._names), patience))

    def request(self, key: str) -> tuple[dict[str, str], bytes]:
        """Headers and body of one submission."""
        by_page = self._door is Door.PUBLISHABLE or (
            self._door is Door.BOTH and sum(key.encode()) % 2
        )
        bearer = self._keys.publishable if by_page else self._keys.secret
        headers = {
            "Authorization": f"Bearer {bearer}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "Connection": "keep-alive" if self._keep_alive else "close",
        }
        person = {"email": email_of(key), "full_name": f"Crash {key}"}
        return headers, json.dumps({"fields": person}).encode()

    def next_key(self) -> str:
        """The key of a submission that nobody sent yet."""
        return next(self._names)

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            client.close()

    async def _attempt(self, key: str) -> bool:
        headers, body = self.request(key)
        self.ledger.invoke(key)
        started = time.monotonic()
        try:
            answer = await self._clients[0].send("POST", PATH, headers, body)
        except NobodyListens:
            self.ledger.refused(key)
            self._clients.append(self._clients.pop(0))
            return False
        except Broken as error:
            self.ledger.info(key, str(error), time.monotonic() - started)
            return False
        return self._settled(key, answer, time.monotonic() - started)

    def _settled(self, key: str, answer: Answer, seconds: float) -> bool:
        if answer.status in ACCEPTED:
            self.ledger.ok(key, answer.status, str(answer.json().get("receipt_id")), seconds)
            return True
        if answer.status >= 500 or answer.status in AGAIN:
            if answer.status not in (503, *AGAIN):
                self.errors.append(
                    f"{answer.status}: {answer.body[:200].decode('utf-8', 'replace')}"
                )
            self.ledger.info(key, "told to try again", seconds, answer.status)
            return False
        self.errors.append(f"{answer.status}: {answer.body[:200].decode('utf-8', 'replace')}")
        self.ledger.fail(key, answer.status, seconds)
        return True


class Load:
    """Writers at work in the background, until told to stop."""

    def __init__(
        self, writers: Writers, number: int, patience: float = 30.0, rest: float = 0.0
    ) -> None:
        self.writers = writers
        self._number = number
        self._patience = patience
        self._rest = rest
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(
            self.writers.closed_loop(
                self._stop, writers=self._number, patience=self._patience, rest=self._rest
            )
        )

    def stop(self) -> None:
        """Begin nothing new; what is under way is asked for until there is an answer."""
        self._stop.set()

    async def finished(self) -> None:
        """Until every writer has its last answer."""
        self.stop()
        if self._task is not None:
            await self._task

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.finished()
