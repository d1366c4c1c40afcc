"""The load generator: wrk where it is installed, else a plain asyncio one in its own process."""

import itertools
import json
import os
import resource
import secrets
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.processes import cpu_seconds

CONNECTIONS = 32
SCRIPT = Path(__file__).with_name("requests.lua")
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Request:
    """A kind of request; `@PICK@` is replaced by the picks in turn, `@N@` by a unique text,
    `@DIGITS@` by eight digits that do not come again."""

    name: str
    method: str
    path: str
    body: str = ""
    picks: Sequence[str] = ()
    connections: int = CONNECTIONS
    # Each with an Idempotency-Key of its own.
    keyed: bool = False


@dataclass(frozen=True)
class Target:
    """Where requests go, and the processes whose CPU time they cost."""

    base_url: str
    authorization: str
    app_pid: int
    postgres_pid: int
    folder: Path


@dataclass(frozen=True)
class Sample:
    """What one round measured; times in milliseconds, CPU times of a request."""

    rate: float
    p50: float
    p99: float
    app_cpu: float
    postgres_cpu: float
    generator_share: float


class LoadFailed(Exception):
    """Requests were refused, so the round measured something else."""


_rounds = itertools.count()


def run(target: Target, request: Request, seconds: int) -> Sample:
    """Send a request over and over through its connections, and see what it costs."""
    files = _written(target, request)
    tag = f"{secrets.token_hex(4)}x"
    first = next(_rounds) * 7919  # each round starts at other picks
    command = [*_generator(), f"-d{seconds}s", f"-c{request.connections}", target.base_url]
    before = (cpu_seconds(target.app_pid), cpu_seconds(target.postgres_pid), _children_cpu())
    done = subprocess.run(
        [*command, "--", str(files), tag, str(first)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    after = (cpu_seconds(target.app_pid), cpu_seconds(target.postgres_pid), _children_cpu())
    counted = _counted(done, request)
    app, postgres, generator = (b - a for a, b in zip(before, after, strict=True))
    return Sample(
        rate=counted["requests"] / counted["seconds"],
        p50=counted["p50"],
        p99=counted["p99"],
        app_cpu=app * 1000 / counted["requests"],
        postgres_cpu=postgres * 1000 / counted["requests"],
        generator_share=generator / counted["seconds"],
    )


def generator_name() -> str:
    """What makes the load, for the report."""
    return "wrk" if shutil.which("wrk") else "the asyncio fallback (install wrk for steadier load)"


@cache
def _generator() -> tuple[str, ...]:
    wrk = shutil.which("wrk")
    if wrk:
        return (wrk, "-t1", "--timeout=20s", f"-s{SCRIPT}")
    return (sys.executable, "-m", "benchmarks.asyncio_load")


def _written(target: Target, request: Request) -> Path:
    base = target.folder / f"{request.name.replace(' ', '-')}-{os.getpid()}-{target.app_pid}"
    if not base.with_suffix(".head").exists():
        base.with_suffix(".picks").write_text("".join(f"{p}\n" for p in request.picks), "utf-8")
        base.with_suffix(".body").write_text(request.body, "utf-8")
        head = (
            request.method,
            request.path,
            target.authorization,
            "keyed" if request.keyed else "",
        )
        base.with_suffix(".head").write_text("\n".join(head), "utf-8")
    return base


def _counted(done: subprocess.CompletedProcess[str], request: Request) -> dict[str, Any]:
    last = (done.stdout.strip().splitlines() or [""])[-1]
    if done.returncode != 0 or not last.startswith("{"):
        raise LoadFailed(f"{request.name}: {done.stdout}{done.stderr}")
    counted: dict[str, Any] = json.loads(last)
    if counted["failed"] or not counted["requests"]:
        raise LoadFailed(f"{request.name}: {counted['failed']} of {counted['requests']} failed")
    return counted


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
