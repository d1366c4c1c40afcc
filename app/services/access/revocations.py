"""Publishable keys that are no longer good: known in memory, and on disk for a start without a
database."""

import asyncio
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import UUID

import orjson
import structlog

from app.platform import clock
from app.platform.db import FAILURES, Database
from app.repositories.access.api_keys import ended_keys

log = structlog.get_logger("touchline.access")

# As long as a process trusts what it knows of a secret key.
REFRESH_SECONDS = 5.0


class Revocations:
    """A publishable key proves by itself that it was made here; this says that it was ended."""

    def __init__(self, file: Path | None, now: Callable[[], datetime] = clock.now) -> None:
        self._file = file
        self._now = now
        self._ends: dict[UUID, datetime] = {}
        # Revoked by this process: a list that was being read meanwhile does not have them.
        self._ended_here: dict[UUID, datetime] = {}

    def ended(self, key_id: UUID) -> bool:
        """Whether the key was revoked or has expired."""
        end = self._ends.get(key_id)
        return end is not None and end <= self._now()

    def end(self, key_id: UUID) -> None:
        """Refuse a key from now on, because it was just revoked here."""
        self._ends[key_id] = self._ended_here[key_id] = self._now()

    def load(self) -> None:
        """Take up what the last run knew."""
        if self._file is None or not self._file.exists():
            return
        try:
            kept = orjson.loads(self._file.read_bytes())
            self._ends = {UUID(key): datetime.fromisoformat(end) for key, end in kept.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            log.exception("the list of revoked keys cannot be read")

    async def refresh(self, auth_database: Database) -> None:
        """Read the list from the database, and keep it for the next start."""
        ends = await ended_keys(auth_database) | self._ended_here
        if ends != self._ends:
            self._ends = ends
            self._keep()

    async def keep_fresh(self, auth_database: Database) -> None:
        """Read it again and again; while the database is silent it stays as it is."""
        while True:
            try:
                await self.refresh(auth_database)
            except FAILURES as error:
                log.warning("the list of revoked keys is not fresh", reason=type(error).__name__)
            await asyncio.sleep(REFRESH_SECONDS)

    def _keep(self) -> None:
        if self._file is None:
            return
        data = orjson.dumps({str(key): end.isoformat() for key, end in self._ends.items()})
        new = self._file.with_suffix(f".{os.getpid()}")
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            new.write_bytes(data)
            new.replace(self._file)
        except OSError as error:
            log.warning("the list of revoked keys cannot be kept", reason=str(error))
