"""The bytes of a file: unpacked on the way when it is compressed, and never more than a limit."""

import gzip
import zlib
from pathlib import Path
from typing import IO, Any, cast

from app.domain.intake.import_files import UnreadableFile

GZIP = b"\x1f\x8b"
# What a small file may unpack to: a gigabyte of one letter is a megabyte of gzip.
MOST_UNPACKED = 4 * 1024**3

BROKEN = (OSError, EOFError, zlib.error)


def is_gzip(path: Path) -> bool:
    """Whether the file begins as gzip does."""
    with path.open("rb") as file:
        return file.read(2) == GZIP


def open_bytes(path: Path, *, compressed: bool, limit: int = MOST_UNPACKED) -> IO[bytes]:
    """The file as a stream of bytes."""
    if not compressed:
        return path.open("rb")
    return cast(IO[bytes], _Limited(path, limit))


class _Limited(gzip.GzipFile):
    """A gzip file that ends with an error where it unpacks to more than its limit."""

    def __init__(self, path: Path, limit: int) -> None:
        super().__init__(path, "rb")
        self._limit = limit

    def _within(self) -> None:
        if self.tell() > self._limit:
            raise UnreadableFile(f"the file unpacks to more than {self._limit:,} bytes")

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self._within()
        return data

    def read1(self, size: int = -1) -> bytes:
        data = super().read1(size)
        self._within()
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readline(self, size: Any = -1) -> bytes:
        line = super().readline(size)
        self._within()
        return line
