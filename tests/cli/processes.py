"""Starts `touchline` as a process of its own, and ends it by its id."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-P", "-c", "from app.cli import main; main()"]
PATIENCE = 90


@dataclass(frozen=True)
class Shell:
    """A folder and an environment to run commands in."""

    folder: Path
    env: Mapping[str, str]

    def run(self, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A command that ends by itself."""
        return subprocess.run(
            [*COMMAND, *args],
            cwd=self.folder,
            env={**self.env, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    @contextmanager
    def serve(self, *args: str, **variables: str) -> "Iterator[Served]":
        """`touchline serve` on a free port, listening; stopped at the end if it still runs."""
        out, err = self.folder / "stdout", self.folder / "stderr"
        with out.open("w") as stdout, err.open("w") as stderr:
            process = subprocess.Popen(
                [*COMMAND, "serve", "--port", "0", *args],
                cwd=self.folder,
                env={**self.env, **variables},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
        served = Served(process, out, err)
        try:
            served.wait_until_ready()
            yield served
        finally:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@dataclass(frozen=True)
class Served:
    """A running `touchline serve`."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    @property
    def said(self) -> str:
        """What it told people so far."""
        return self.err.read_text("utf-8")

    @property
    def base_url(self) -> str:
        found = re.search(r"(http://\S+:\d+)/docs", self.said)
        assert found, self.said
        return found[1]

    def wait_until_ready(self) -> None:
        """It says where it is as the last thing before it serves."""
        deadline = time.monotonic() + PATIENCE
        while not re.search(r"/docs\n", self.said):
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def environment(bytecode: Path) -> dict[str, str]:
    """Ours without Touchline's settings; compiled modules are kept, for speed, out of the tree."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TOUCHLINE_", "PYTHON", "PG"))}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(bytecode)}


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The single line on stderr with which a command failed."""
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("touchline: ")
    return done.stderr.strip()
