"""What processes cost: CPU time of a tree and resident memory, read from /proc (Linux only)."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(root: int) -> float:
    """CPU time of a process, its descendants, and those of them that have ended."""
    tree = _tree()
    ticks, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        fields = _fields(pid)
        if fields:
            ticks += sum(int(field) for field in fields[11:15])
            waiting += tree.get(pid, [])
    return ticks / _TICKS


def resident_mb(pid: int) -> float:
    """The memory a process holds now."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has ended")


def _tree() -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _fields(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    return children


def _fields(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the state on; the name before it may hold anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return []
