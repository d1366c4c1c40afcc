"""Records to put into a spool, and what comes back of them."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.adapters.spool import Abandoned, Spool, Survey

ROOT = Path(__file__).resolve().parents[3]
KEY = bytes(range(32))
OTHER_KEY = bytes(32)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def numbered(count: int, size: int = 40, first: int = 0) -> list[bytes]:
    """Records that differ, and are in order when they are sorted."""
    return [f"{n:08d}".encode().ljust(size, b".") for n in range(first, first + count)]


def owed(spool: Spool | Abandoned | Survey) -> list[bytes]:
    """What Postgres does not have yet."""
    return [record for _, record in spool.unsettled()]


def crash(spool: Spool) -> Path:
    """End a spool as a kill would: nothing more is written, the kernel lets go of the lock."""
    for writer in spool._writers.values():
        writer.close()
    spool._writers.clear()
    assert spool._descriptor is not None
    os.close(spool._descriptor)
    spool._descriptor = None
    return spool.directory


def segments(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.segment"))


def only(paths: Iterable[Path]) -> Path:
    [path] = paths
    return path
