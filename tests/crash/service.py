"""`touchline serve` as a process of its own, started, killed and started again on one port."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.cli.processes import COMMAND
from tests.crash.polling import until
from tests.crash.processes import descriptors, die_with_parent, resident_bytes

START_SECONDS = 60.0
STOP_SECONDS = 40.0
ANNOUNCED = "/docs\n"  # the last thing it says before it serves


class Service:
    """One service; what `prefix` names is put before its command (a tracer, say)."""

    def __init__(self, folder: Path, env: Mapping[str, str], port: int) -> None:
        self.port = port
        self.prefix: list[str] = []
        self.command = [*COMMAND, "serve"]
        self.folder = folder
        self.env = dict(env)
        self.starts = 0
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the service was not started"
        return self._process

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def said(self) -> str:
        """What this start of it has written so far."""
        return "".join(path.read_text("utf-8", "replace") for path in self._files())

    @property
    def log_bytes(self) -> int:
        """How much it has logged so far."""
        return self._files()[0].stat().st_size

    def logged_since(self, before: int) -> str:
        """What it has logged since there were so many bytes."""
        return self._files()[0].read_bytes()[before:].decode("utf-8", "replace")

    def launch(self, **variables: str) -> None:
        """Start it, and do not wait."""
        assert not self.alive, "it runs already"
        self.starts += 1
        out, err = self._files()
        with out.open("wb") as stdout, err.open("wb") as stderr:
            self._process = subprocess.Popen(
                [*self.prefix, *self.command, "--port", str(self.port)],
                cwd=self.folder,
                env={**self.env, **variables},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call
            )

    async def start(self, **variables: str) -> float:
        """Start it and wait until it serves; returns the seconds that took."""
        self.launch(**variables)
        return await until(self._serves, START_SECONDS)

    def _serves(self) -> bool:
        said = self.said
        assert self.alive, said[-3000:]
        return ANNOUNCED in said

    def kill(self) -> None:
        """SIGKILL it with all its children."""
        if self.alive:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    async def terminate(self) -> int:
        """SIGTERM, and wait; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await self.ended(STOP_SECONDS)

    async def ended(self, seconds: float) -> int:
        """Until it has ended by itself; returns its exit code, or kills it and raises."""
        try:
            await until(lambda: not self.alive, seconds)
        except TimeoutError:
            self.kill()
            raise
        return self.process.wait()

    @property
    def descriptors(self) -> int:
        """Files and sockets it has open."""
        return descriptors(self.process.pid)

    @property
    def resident_bytes(self) -> int:
        """Its memory."""
        return resident_bytes(self.process.pid)

    def _files(self) -> tuple[Path, Path]:
        stem = f"serve-{self.port}-{self.starts}"
        return self.folder / f"{stem}.out", self.folder / f"{stem}.err"
