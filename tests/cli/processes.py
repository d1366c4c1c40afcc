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
            timeout=PATIENCE / 2,
            check=False,
        )

    @contextmanager
    def start(self, *args: str, **variables: str) -> "Iterator[Started]":
        """A command that runs until it is told to stop, which happens at the end at the latest."""
        out, err = self.folder / f"{args[0]}.out", self.folder / f"{args[0]}.err"
        with out.open("w") as stdout, err.open("w") as stderr:
            process = subprocess.Popen(
                [*COMMAND, *args],
                cwd=self.folder,
                env={**self.env, **variables},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
        try:
            yield Started(process, out, err)
        finally:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @contextmanager
    def serve(self, *args: str, **variables: str) -> "Iterator[Served]":
        """`touchline serve` on a free port, listening."""
        with self.start("serve", "--port", "0", *args, **variables) as started:
            # It says where the documentation is as the last thing before it serves.
            started.wait_for(r"/docs\n")
            yield Served(started.process, started.out, started.err)


@dataclass(frozen=True)
class Started:
    """A running command; `out` and `err` hold what it writes."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    @property
    def said(self) -> str:
        """What it has written so far, logs and words for people."""
        return self.out.read_text("utf-8") + self.err.read_text("utf-8")

    def wait_for(self, pattern: str) -> None:
        """Until it has written this."""
        deadline = time.monotonic() + PATIENCE
        while not re.search(pattern, self.said):
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


class Served(Started):
    """A running `touchline serve`."""

    @property
    def base_url(self) -> str:
        """Where it serves."""
        found = re.search(r"(http://\S+:\d+)/docs", self.said)
        assert found, self.said
        return found[1]


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
