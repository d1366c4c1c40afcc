"""What the kernel saw: no 2xx leaves before the disk has what it promises."""

import asyncio
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.report import Report
from tests.crash.stage import Scene, Stage
from tests.crash.writers import Door

CALLS = "read,recvfrom,recvmsg,write,writev,sendto,sendmsg,openat,fdatasync,fsync"
STRACE = ("strace", "-f", "-s", "3000", "-e", f"trace={CALLS}")
PATIENCE = 60.0
WRITERS = 4

_STARTED = re.compile(r"^(\d+) +(\w+)\((.*)$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
_RESULT = re.compile(r"= (-?\d+)(?: [A-Z]+ .*)?$")
_KEY = re.compile(r"[Ii]dempotency-[Kk]ey: ([\w-]+)")
_RECEIPT = re.compile(r'receipt_id\\?": ?\\?"([0-9a-f-]{36})')


def why_not() -> str | None:
    """Why the order cannot be watched here; None when it can."""
    if shutil.which("strace") is None:
        return "strace is not installed (Debian: apt-get install strace)"
    done = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return None if done.returncode == 0 else f"strace may not trace here: {done.stderr[-200:]!r}"


async def sync_before_answer(stage: Stage, *, leads: int, seed: int) -> Report:
    """Postgres is away, so every 2xx stands on the spool: each must come after a sync that began
    after its request was read and its record was written."""
    report = Report("sync before answer", leads, seed)
    async with stage.scene("strace", seed=seed) as scene:
        trace = scene.folder / "trace"
        scene.service.prefix = [*STRACE, "-o", str(trace)]
        scene.postgres.kill()
        try:
            await scene.service.start()
            async with scene.writers("s", door=Door.PUBLISHABLE) as writers:
                # One after the other first, so that no neighbour's sync can stand for one's own.
                await writers.closed_loop(
                    asyncio.Event(), writers=1, patience=PATIENCE, most=leads - leads // 4
                )
                await writers.closed_loop(
                    asyncio.Event(), writers=WRITERS, patience=PATIENCE, most=leads // 4
                )
                report.add_writers(writers)
            scene.service.kill()
        finally:
            await scene.postgres.start()
        _check(scene, trace, report)
        scene.service.prefix = []
        await scene.service.start()
        report.add(await scene.verdict())
    return report


def _check(scene: Scene, trace: Path, report: Report) -> None:
    order = Order(str(scene.spool_dir))
    for line in trace.read_text("utf-8", "replace").splitlines():
        order.read(line)
    wanted = {r for entry in scene.ledger.entries.values() for r in entry.receipts}
    unseen = wanted - order.answered
    report.measured |= {
        "answers seen": str(len(order.answered)),
        "syncs": str(order.syncs),
        "too early": str(len(order.too_early)),
    }
    report.expect(not unseen, f"{len(unseen)} answers are not in the trace")
    report.expect(not order.too_early, f"before their sync: {order.too_early[:5]}")


@dataclass
class Order:
    """Reads a trace line by line; `too_early` are receipts that were sent before a sync."""

    spool_dir: str
    answered: set[str] = field(default_factory=set)
    too_early: list[str] = field(default_factory=list)
    syncs: int = 0
    _step: int = 0
    _open: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    _segments: set[str] = field(default_factory=set)
    _folders: set[str] = field(default_factory=set)
    _nameless: set[str] = field(default_factory=set)  # new segments; a crash may take the name
    _asked: dict[str, int] = field(default_factory=dict)  # by the descriptor of the connection
    _kept: dict[str, bool] = field(default_factory=dict)  # the same, when the answer began
    _written: int = 0
    _synced: list[tuple[int, int]] = field(default_factory=list)  # begun, and written before that

    def read(self, line: str) -> None:
        """One line; a call that another thread interrupts comes in two."""
        self._step += 1
        if found := _RESUMED.match(line):
            thread, name, rest = found.groups()
            began, text, step = self._open.pop(thread, (name, "", self._step))
            if began == name:
                self._ended(name, text + rest, step)
        elif found := _STARTED.match(line):
            thread, name, rest = found.groups()
            self._begun(name, rest)
            if rest.endswith("<unfinished ...>"):
                self._open[thread] = name, rest.removesuffix("<unfinished ...>"), self._step
            else:
                self._ended(name, rest, self._step)

    def _begun(self, name: str, text: str) -> None:
        """An answer counts as sent when the call begins, for it may arrive before it ends."""
        if name not in {"write", "writev", "sendto", "sendmsg"}:
            return
        connection = _descriptor(text)
        if "HTTP/1.1 20" in text:
            self._kept[connection] = self._is_kept(self._asked.get(connection, self._step))
        if receipt := _RECEIPT.search(text):  # in the same call, or in the next
            self.answered.add(receipt[1])
            if not self._kept.pop(connection, False):
                self.too_early.append(receipt[1])

    def _ended(self, name: str, text: str, began: int) -> None:
        result = _RESULT.search(text)
        if result is None or int(result[1]) < 0:
            return
        descriptor = _descriptor(text)
        if name == "openat" and self.spool_dir in text:
            self._opened(result[1], text)
        elif name in {"read", "recvfrom", "recvmsg"} and _KEY.search(text):
            self._asked[descriptor] = self._step
        elif name in {"write", "writev"} and descriptor in self._segments:
            self._written = self._step
        elif name in {"fdatasync", "fsync"} and descriptor in self._segments:
            self.syncs += 1
            self._synced.append((began, self._written))
        elif name == "fsync" and descriptor in self._folders:
            self._nameless.clear()

    def _opened(self, descriptor: str, text: str) -> None:
        self._segments.discard(descriptor)
        self._folders.discard(descriptor)
        if ".segment" in text:
            self._segments.add(descriptor)
            if "O_CREAT" in text:
                self._nameless.add(descriptor)
        elif "O_DIRECTORY" in text:
            self._folders.add(descriptor)

    def _is_kept(self, asked: int) -> bool:
        """Whether something was written and synced since the request was read.

        What is in it is sealed, so the record itself cannot be looked for.
        """
        synced = any(began > asked and written > asked for began, written in self._synced[-50:])
        return synced and not self._nameless


def _descriptor(text: str) -> str:
    return text.partition(",")[0].partition(")")[0].strip()
