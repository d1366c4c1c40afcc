"""Processes that we started, and only those: stopped, killed and buried."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path

LINUX = Path("/proc/self/task").is_dir()
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans() -> None:
    """Children of a killed child come to us, so that we can bury them where no init does."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent() -> None:
    """To be called in a new child: when we are killed ourselves, nothing of ours stays behind."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def children_of(pid: int) -> list[int]:
    """The direct children of a process, dead ones included."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            found += [int(child) for child in (task / "children").read_text("ascii").split()]
    return found


def kill_wholly(process: subprocess.Popen[bytes]) -> int:
    """SIGKILL a child of ours and all its children; returns how many there were.

    It is stopped first: a stopped parent makes no more children and buries none, so the ids that
    are read then are the children's for as long as we need them.
    """
    if process.poll() is not None:
        return 0
    process.send_signal(signal.SIGSTOP)
    _wait_until_stopped(process.pid)
    children = children_of(process.pid)
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    process.kill()
    process.wait()
    for child in children:
        bury(child)
    return len(children) + 1


def bury(pid: int) -> None:
    """Wait for an adopted process that was killed; it may be somebody else's to bury."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def pause_wholly(process: subprocess.Popen[bytes]) -> list[int]:
    """SIGSTOP a child of ours and all its children; returns their ids, for `resume`."""
    process.send_signal(signal.SIGSTOP)
    _wait_until_stopped(process.pid)
    children = children_of(process.pid)
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGSTOP)
    return children


def resume(process: subprocess.Popen[bytes], children: list[int]) -> None:
    """SIGCONT, the children first; their parent buried none of them meanwhile."""
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGCONT)
    process.send_signal(signal.SIGCONT)


def descriptors(pid: int) -> int:
    """How many files and sockets a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def resident_bytes(pid: int) -> int:
    """Its memory, as the kernel counts it."""
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _wait_until_stopped(pid: int) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
        if state in "TZX":
            return
        time.sleep(0.001)  # the kernel tells nobody
    raise TimeoutError(f"process {pid} does not stop")
