"""Points at which the crash suite ends the process, as if the power had been cut there.

Off unless `TOUCHLINE_FAULT` is in the environment when the process starts: `before_commit` dies
the first time it gets there, `before_commit:7` the seventh. Anything else refuses to start, for a
typing error must not look like a crash that was survived. No operator sets it.
"""

import os
import sys
from itertools import count
from typing import Final

# In the order in which a submission passes them: the queue, the spool, Postgres, the answer, and
# later the replay of what the spool holds.
POINTS: Final = (
    "before_enqueue",
    "after_enqueue",
    "before_append",
    "after_append",
    "before_sync",
    "after_sync",
    "before_insert",
    "after_insert",
    "before_commit",
    "after_commit",
    "before_ack",
    "after_ack",
    "before_replay_mark",
    "after_replay_mark",
)
EXIT_CODE: Final = 137  # what a shell reports of a process that was killed


def parse(text: str) -> tuple[str, int]:
    """The point and the passage at which to die; ValueError for anything that names neither."""
    name, _, when = text.partition(":")
    if name not in POINTS:
        raise ValueError(f"TOUCHLINE_FAULT names no fault point: {name!r}")
    if not when:
        return name, 1
    passage = int(when)
    if passage < 1:
        raise ValueError("TOUCHLINE_FAULT counts passages from 1")
    return name, passage


_text = os.environ.get("TOUCHLINE_FAULT")
_ASKED: Final = parse(_text) if _text else None
_passages = count(1)


def fault(name: str) -> None:
    """Die here if that was asked for."""
    if _ASKED is None:
        return
    if name == _ASKED[0] and next(_passages) == _ASKED[1]:
        sys.stderr.write(f"fault point {name} reached\n")
        sys.stderr.flush()
        os._exit(EXIT_CODE)
