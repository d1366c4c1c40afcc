"""Server processes: started, waited for, stopped."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import ROOT, Target
from benchmarks.stage import Filled, Stage

WAIT_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running server."""

    pid: int
    port: int
    seconds_to_start: float

    def get(self, path: str, key: str = "") -> bytes:
        """The body of a GET; an answer that is no success is an error."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"GET {path} answered {answer.status}: {body[:500]!r}")
        return body

    def target(self, stage: Stage, filled: Filled) -> Target:
        """Where the load generator aims."""
        return Target(
            base_url=f"http://127.0.0.1:{self.port}",
            authorization=f"Bearer {filled.key}",
            app_pid=self.pid,
            postgres_pid=stage.postmaster,
            folder=stage.folder,
        )


@contextmanager
def serving(module: str, stage: Stage, filled: Filled) -> Iterator[Server]:
    """Run a server module on a free port; its log goes to a file, as in production."""
    port = _free_port()
    environment = {
        **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
        "TOUCHLINE_DATABASE_URL": filled.app_url,
        "TOUCHLINE_PORT": str(port),
        "TOUCHLINE_SPOOL_DIR": str(stage.folder / "spool"),
        "TOUCHLINE_SPOOL_ALLOW_EPHEMERAL": "true",
        "BENCH_WORKSPACE": str(filled.workspace_id),
    }
    log = stage.folder / f"{module}-{filled.leads}.log"
    started = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    try:
        _wait(process, port, log)
        yield Server(process.pid, port, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(WAIT_SECONDS)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            Server(process.pid, port, 0).get("/health/live")
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise RuntimeError(f"the server did not start: {log.read_text('utf-8', 'replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
