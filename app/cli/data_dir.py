"""The data folder: an embedded Postgres, shared by every process of ours that needs it."""

import contextlib
import fcntl
import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app.adapters.embedded_postgres import EmbeddedPostgres
from app.adapters.postgres_runner import Postmaster
from app.cli.problems import CannotRun

STOP_SECONDS = 20


class DataDir:
    """Whoever uses the server holds a lock, which the kernel frees even after `kill -9`.

    The last to leave stops the server, also one that a killed process has left behind.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.postgres = EmbeddedPostgres(self.path / "postgres")

    @contextlib.contextmanager
    def running(self, meanwhile: Callable[[], object] = lambda: None) -> Iterator[None]:
        """The server takes connections inside the block; `meanwhile` runs while it starts."""
        with self._lock("in-use") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH)
            try:
                with ThreadPoolExecutor(1) as other_thread:
                    starting = other_thread.submit(self.postgres.start)
                    meanwhile()
                starting.result()
                yield
            finally:
                if _last_holder(handle):
                    self._stop()

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Others can see that the API is served from this folder while the block lasts."""
        with self._lock("serving") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH)
            yield

    def is_served(self) -> bool:
        """Whether a process serves the API from this folder."""
        with self._lock("serving") as handle:
            return not _last_holder(handle)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep others from making the same demo workspace at the same time."""
        with self._lock("set-up") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def secret(self) -> str:
        """The installation's secret: made once, then read from the folder."""
        file = self.path / "secret"
        with self._lock("secret") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not file.exists():
                made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(made, "w") as stream:
                    stream.write(secrets.token_urlsafe(48))
                    stream.flush()
                    os.fsync(stream.fileno())
            return file.read_text("ascii")

    @contextlib.contextmanager
    def _lock(self, name: str) -> Iterator[int]:
        try:
            # Postgres may run as another user (root's is a lesser one), who must get to its folder.
            self.path.mkdir(mode=0o755, parents=True, exist_ok=True)
            handle = os.open(self.path / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise CannotRun(
                f"the data folder {self.path} cannot be used ({error.strerror}): give another one"
                " with --data-dir, or set TOUCHLINE_DATABASE_URL"
            ) from error
        try:
            yield handle
        finally:
            os.close(handle)

    def _stop(self) -> None:
        self.postgres.stop()
        left_behind = Postmaster.of(self.postgres.cluster)
        if left_behind is None or not left_behind.answers:
            return
        os.kill(left_behind.pid, signal.SIGINT)  # Postgres' own sign for a fast, clean stop
        deadline = time.monotonic() + STOP_SECONDS
        while Postmaster.of(self.postgres.cluster) and time.monotonic() < deadline:
            time.sleep(0.05)


def _last_holder(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
