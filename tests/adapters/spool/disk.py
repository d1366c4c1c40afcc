"""A disk that fails when told to, and forgets what was not synced when the power goes."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch


class Disk:
    """Stands between the spool and the files below one folder.

    After a failed sync the kernel holds the pages for clean and a second sync succeeds, though
    nothing was written: so does this one, and `lose_power` shows it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.calls: list[str] = []
        self._armed: dict[str, list[int]] = {}
        self._partial = 0
        self._synced_bytes: dict[Path, int] = {}
        self._synced_names: dict[Path, set[str]] = {}
        self._poisoned: set[Path] = set()
        self._real: dict[str, Callable[..., Any]] = {
            name: getattr(os, name) for name in ("open", "write", "fdatasync", "fsync")
        }
        self._patch = patch.multiple(
            os, open=self._open, write=self._write, fdatasync=self._sync, fsync=self._sync
        )

    def __enter__(self) -> Self:
        self._patch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._patch.stop()

    def fail(
        self,
        call: str,
        number: int = errno.EIO,
        *,
        times: int = 1,
        partial: int = 0,
        after: int = 0,
    ) -> None:
        """Let calls fail, `after` some that do not; a write first takes `partial` bytes."""
        self._armed[call] = [0] * after + [number] * times
        self._partial = partial

    def heal(self) -> None:
        self._armed.clear()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Do as told for the length of the block; what was to fail, fails after it."""
        armed, self._armed = self._armed, {}
        try:
            yield
        finally:
            self._armed = armed

    def lose_power(self, directory: Path, random: Random) -> None:
        """Take from a directory what was never synced, or any part of it."""
        named = self._synced_names.get(directory, set())
        for path in sorted(directory.iterdir()):
            if path.name not in named and random.random() < 0.5:
                path.unlink()
                continue
            size = path.stat().st_size
            kept = random.randint(min(self._synced_bytes.get(path, 0), size), size)
            os.truncate(path, kept)
            if random.random() < 0.3:
                with path.open("ab") as file:
                    file.write(random.choice([random.randbytes(size - kept), bytes(size - kept)]))

    def _refuse(self, call: str) -> None:
        if self._armed.get(call):
            number = self._armed[call].pop(0)
            if number:
                raise OSError(number, os.strerror(number))

    def _open(self, path: Any, *args: Any, **options: Any) -> int:
        if Path(path).is_relative_to(self.root):
            self._refuse("open")
        descriptor: int = self._real["open"](path, *args, **options)
        return descriptor

    def _write(self, descriptor: int, data: bytes) -> int:
        path = self._path(descriptor)
        if path is not None:
            self.calls.append("write")
            if self._armed.get("write") and self._partial:
                data, self._partial = data[: self._partial], 0
            else:
                self._refuse("write")
        written: int = self._real["write"](descriptor, data)
        return written

    def _sync(self, descriptor: int) -> None:
        path = self._path(descriptor)
        if path is None:
            self._real["fsync"](descriptor)
            return
        is_directory = path.is_dir()
        self.calls.append("sync directory" if is_directory else "sync")
        try:
            self._refuse("sync directory" if is_directory else "sync")
        except OSError:
            self._poisoned.add(path)
            raise
        if is_directory:
            self._synced_names[path] = {entry.name for entry in path.iterdir()}
        elif path not in self._poisoned:
            self._synced_bytes[path] = path.stat().st_size

    def _path(self, descriptor: int) -> Path | None:
        try:
            path = Path(f"/proc/self/fd/{descriptor}").readlink()
        except OSError:
            return None
        return path if path.is_relative_to(self.root) else None
