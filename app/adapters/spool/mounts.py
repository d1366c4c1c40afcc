"""Whether a path lies on a disk that goes with its container."""

import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_EPHEMERAL = frozenset({"overlay", "tmpfs", "ramfs"})
_OCTAL = re.compile(r"\\([0-7]{3})")


def is_ephemeral(path: Path) -> bool | None:
    """True on overlay, tmpfs and ramfs; None where the system does not tell.

    The path need not exist yet. False is no promise: a container may keep its own layer on
    another kind of file system, and a volume may go with its machine.
    """
    try:
        table = _MOUNTS.read_text("utf-8", "surrogateescape")
        target = path.resolve()
    except OSError:
        return None
    kind = _kind_of(target, table)
    return None if kind is None else kind in _EPHEMERAL


def _kind_of(target: Path, table: str) -> str | None:
    """The file system of the longest mount point above the target; of two, the later covers."""
    longest, kind = -1, None
    for line in table.splitlines():
        before, found, after = line.partition(" - ")
        fields, types = before.split(), after.split()
        if not found or len(fields) < 5 or not types:
            continue
        point = Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), fields[4]))
        if target.is_relative_to(point) and len(point.parts) >= longest:
            longest, kind = len(point.parts), types[0]
    return kind
