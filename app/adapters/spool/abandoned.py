"""Directories that processes left behind, and directories as they look from outside."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

import structlog

from app.adapters.spool import directories
from app.adapters.spool.errors import SpoolInUse
from app.adapters.spool.log import TAIL_SECONDS, Clock, Entry, SegmentLog
from app.adapters.spool.recovery import Recovered, recover
from app.adapters.spool.writing import SEGMENT_BYTES, WritableLog
from app.platform import clock as platform_clock

log = structlog.get_logger("touchline.spool")

_OUR_NAME = re.compile(r"[0-9a-f]{32}")


class Abandoned(WritableLog):
    """The directory of a process that is no more, held by this one until `close`.

    Its segments are read and never added to; what is settled goes into a new one. The thread rules
    are those of a Spool.
    """

    @classmethod
    def open(
        cls,
        directory: Path,
        key: bytes,
        *,
        tail_seconds: float = TAIL_SECONDS,
        clock: Clock = platform_clock.now,
    ) -> Self:
        """Take the directory over; SpoolInUse while its process lives or another one has it.

        Reads all of it, which takes a second for some hundred megabytes.
        """
        descriptor = directories.lock(directory)
        opened = cls(
            directory,
            key,
            descriptor=descriptor,
            max_bytes=0,
            tail_seconds=tail_seconds,
            segment_bytes=SEGMENT_BYTES,
            clock=clock,
        )
        try:
            opened._take_over(recover(directory, key))
        except BaseException:
            opened.close()
            raise
        return opened

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def settle(self, entries: Iterable[Entry]) -> None:
        """Note that Postgres has these, and write that down where the disk allows it."""
        super().settle(entries)
        self._write_marks()

    def retire(self) -> bool:
        """Remove what is settled and older than the tail; True when the directory is gone.

        It stays while something is owed or younger than the tail, and for good while there is
        something damaged or unreadable in it, which only a person may remove.
        """
        self._check_open()
        self._retire_active()
        self._remove(self._past_the_tail())
        if self._segments:
            return False
        try:
            self.directory.rmdir()
        except OSError:
            return False  # it still holds what could not be read
        self.close()
        return True

    def _take_over(self, found: Recovered) -> None:
        self._segments = found.segments
        self._last_number = found.last_number
        self.problems = found.problems


class Survey(SegmentLog):
    """A directory as it looks from outside, without holding it.

    While its process lives, the end of the last segment may be on its way to the disk, and segments
    may go while one looks.
    """

    def __init__(self, directory: Path, key: bytes, *, clock: Clock = platform_clock.now) -> None:
        super().__init__(directory, key, tail_seconds=TAIL_SECONDS, max_bytes=0, clock=clock)
        self.live = directories.is_live(directory)
        found = recover(directory, key)
        self._segments = found.segments
        self.problems = found.problems
        if self.live and found.segments:
            newest = found.segments[max(found.segments)]
            newest.damages = [d for d in newest.damages if d.offset + d.length < newest.size]


def abandoned(
    root: Path,
    key: bytes,
    *,
    tail_seconds: float = TAIL_SECONDS,
    clock: Clock = platform_clock.now,
) -> Iterator[Abandoned]:
    """Every directory below the root that no living process holds, one after the other.

    Whoever takes one closes it.
    """
    for directory in instances(root):
        try:
            found = Abandoned.open(directory, key, tail_seconds=tail_seconds, clock=clock)
        except (SpoolInUse, FileNotFoundError):
            continue
        except OSError as error:
            log.warning("a spool cannot be read", directory=str(directory), reason=str(error))
            continue
        yield found


def instances(root: Path) -> list[Path]:
    """The directories below the root that are spools, oldest first where we gave the names."""
    if not root.is_dir():
        return []
    return [path for path in sorted(root.iterdir()) if _is_spool(path)]


def _is_spool(path: Path) -> bool:
    # Other things may lie there, such as the `lost+found` of a disk.
    if path.is_symlink() or not path.is_dir():
        return False
    if _OUR_NAME.fullmatch(path.name):
        return True
    try:
        return any(True for _ in directories.segment_files(path)) or bool(
            directories.damaged_files(path)
        )
    except OSError:
        return False
