"""The directory of one process: made, locked, synced, and removed at the end."""

import fcntl
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from app.adapters.spool.errors import SpoolInUse
from app.adapters.spool.scanning import CHUNK_BYTES, Damage

_SEGMENT = re.compile(r"(\d{10})-([0-9a-f]{32})\.segment")


class SegmentFile(NamedTuple):
    """A segment, as its name tells."""

    path: Path
    number: int
    segment_id: bytes


def make(root: Path, instance: str) -> Path:
    """A new directory below the root, which is made when it is not there."""
    new_root = not root.is_dir()
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory = root / instance
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        raise SpoolInUse(f"{directory} is there already") from None
    sync(root)
    if new_root:
        sync(root.parent)
    return directory


def lock(directory: Path) -> int:
    """A descriptor that holds the directory for this process until it is closed.

    The kernel lets go of it when the process ends, however it ends. A child made by fork holds it
    too, as long as it does not execute another program.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Between the two calls another process may have had it, and removed it.
        if not os.path.samestat(os.fstat(descriptor), directory.stat()):
            raise SpoolInUse(f"{directory} has been replaced")
    except BlockingIOError:
        os.close(descriptor)
        raise SpoolInUse(f"{directory} is held by another process") from None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_live(directory: Path) -> bool:
    """Whether a process holds it now."""
    try:
        os.close(lock(directory))
    except SpoolInUse:
        return True
    return False


def sync(directory: Path) -> None:
    """Return when the names in the directory are on disk.

    Each time through a descriptor of its own: one that has reported an error has forgotten it.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def segment_files(directory: Path) -> Iterator[SegmentFile]:
    """The segments there, oldest first."""
    for path in sorted(directory.iterdir()):
        if found := _SEGMENT.fullmatch(path.name):
            yield SegmentFile(path, int(found[1]), bytes.fromhex(found[2]))


def damaged_files(directory: Path) -> list[Path]:
    """What was set aside there."""
    return sorted(directory.glob("*.damaged"))


def set_aside(path: Path, damage: Damage) -> Path:
    """Copy a damaged stretch of a segment into a file of its own, and have it on disk."""
    target = path.with_suffix(f".{damage.offset}.damaged")
    source = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        copy = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _copy(source, copy, damage)
            os.fsync(copy)
        finally:
            os.close(copy)
    finally:
        os.close(source)
    sync(path.parent)
    return target


def _copy(source: int, target: int, damage: Damage) -> None:
    offset, end = damage.offset, damage.offset + damage.length
    while offset < end:
        data = os.pread(source, min(CHUNK_BYTES, end - offset), offset)
        if not data:
            return
        offset += len(data)
        while data:
            data = data[os.write(target, data) :]
