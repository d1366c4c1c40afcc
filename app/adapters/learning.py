"""Learning by scikit-learn, which is an extra, in a process of its own.

`python -m app.adapters.logistic` takes JSON and answers JSON, so that the service neither waits for
it nor keeps its memory.
"""

import asyncio
import importlib.util
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from app.domain.errors import NotInstalled
from app.domain.ripeness.prediction import EXTRA
from app.domain.ripeness.prediction_samples import Sample

_LIBRARIES = ("sklearn", "numpy")
_ROOT = str(Path(__file__).resolve().parents[2])


@dataclass(frozen=True, kw_only=True)
class Task:
    """What to learn from, and which features the workspace wants or does not want."""

    sample: Sample
    exclude: Sequence[str] = ()
    include: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """The model's document, and the report of how well it foretells."""

    document: dict[str, Any]
    report: dict[str, Any]


def is_installed() -> bool:
    """Whether the extra is there; it is not loaded to find out."""
    for name in _LIBRARIES:
        if name in sys.modules:
            # Python's own way to say that a module may not be loaded is None.
            if sys.modules[name] is None:
                return False
        elif importlib.util.find_spec(name) is None:
            return False
    return True


def check_installed() -> None:
    """Raise NotInstalled, which names the extra, unless it is there."""
    if not is_installed():
        raise NotInstalled(
            f"predictions are learnt by scikit-learn, which is not installed: "
            f"pip install '{EXTRA}', then restart the service and its workers",
            extra={"install": EXTRA},
        )


async def learn_apart(task: Task) -> Lesson:
    """Learn in a process of its own; it ends when the caller is cancelled."""
    check_installed()
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    path = os.pathsep.join(filter(None, (_ROOT, os.environ.get("PYTHONPATH"))))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.adapters.logistic",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **threads, "PYTHONPATH": path},
    )
    try:
        told = await asyncio.to_thread(orjson.dumps, asdict(task))
        answer, complaint = await process.communicate(told)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(f"learning failed: {complaint.decode(errors='replace')[-2000:]}")
    return Lesson(**await asyncio.to_thread(orjson.loads, answer))
