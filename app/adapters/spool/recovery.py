"""Reads back the segments of a directory, whatever state they are in."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from app.adapters.spool.directories import SegmentFile, damaged_files, segment_files
from app.adapters.spool.frames import (
    HEADER_BYTES,
    Cipher,
    Kind,
    NewerFormat,
    Settled,
    UnknownKey,
    check_header,
    read_settled,
)
from app.adapters.spool.log import Problem
from app.adapters.spool.scanning import Damage, scan
from app.adapters.spool.segments import Segment


@dataclass
class Recovered:
    """What a directory holds. Files with a problem are left as they are."""

    segments: dict[int, Segment] = field(default_factory=dict)
    marks: list[tuple[Settled, int]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    last_number: int = 0


def recover(directory: Path, key: bytes) -> Recovered:
    """Read every segment, then note what the marks in all of them say is settled."""
    found = Recovered(
        problems=[Problem(path, "set aside", 0, _size(path)) for path in damaged_files(directory)]
    )
    for file in segment_files(directory):
        found.last_number = max(found.last_number, file.number)
        problem = _recover_file(found, file, key)
        if problem is not None:
            found.problems.append(Problem(file.path, problem, 0, _size(file.path)))
    for (number, start, stop), settled_ms in found.marks:
        if segment := found.segments.get(number):
            for sequence in range(start, min(stop, len(segment))):
                segment.settle(sequence, settled_ms)
    return found


def _recover_file(found: Recovered, file: SegmentFile, key: bytes) -> str | None:
    """Add a segment to what was found; otherwise the reason why that is not possible."""
    if file.number in found.segments:
        return "a second segment with this number"
    try:
        _load(found, file, key)
    except NewerFormat:
        return "written by a newer version"
    except UnknownKey:
        return "sealed with another key"
    except _Nothing:
        return "nothing in it can be read"
    except FileNotFoundError:
        return None  # it went while this looked
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None


def _load(found: Recovered, file: SegmentFile, key: bytes) -> None:
    segment = Segment(file.path, file.number, Cipher(key, file.segment_id))
    marks: list[tuple[Settled, int]] = []
    with segment.opened() as descriptor:
        segment.size = os.fstat(descriptor).st_size
        sound = check_header(os.pread(descriptor, HEADER_BYTES, 0), key, file.segment_id)
        if segment.size and not sound:
            length = min(segment.size, HEADER_BYTES)
            segment.damages.append(Damage(0, length, "the header is damaged"))
        for part in scan(descriptor, segment.size, segment.cipher):
            if isinstance(part, Damage):
                segment.damages.append(part)
                continue
            if part.kind == Kind.SETTLED:
                marks += ((settled, part.written_ms) for settled in read_settled(part.payload))
            elif part.kind != Kind.RECORD:
                raise NewerFormat
            segment.add(part.kind, part.sequence, part.offset, part.written_ms)
    if not sound and not len(segment) and segment.size > HEADER_BYTES:
        raise _Nothing
    segment.durable = len(segment)
    found.segments[file.number] = segment
    found.marks += marks


class _Nothing(Exception):
    """Header and frames make no sense: it may be damaged, or sealed with another key."""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
