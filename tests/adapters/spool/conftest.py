"""A spool in an empty folder, with a clock that stands still until it is moved."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.adapters.spool import Spool
from tests.adapters.spool.disk import Disk
from tests.adapters.spool.records import KEY, Clock

OpenSpool = Callable[..., Spool]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_spool(root: Path, clock: Clock) -> Iterator[OpenSpool]:
    """Opens spools, and closes at the end those that were not."""
    opened: list[Spool] = []

    def open_one(**options: Any) -> Spool:
        settings: dict[str, Any] = {"max_bytes": 64 * 1024 * 1024, "clock": clock} | options
        opened.append(Spool.open(root, KEY, **settings))
        return opened[-1]

    yield open_one
    for spool in opened:
        spool.close()


@pytest.fixture
def spool(open_spool: OpenSpool) -> Spool:
    return open_spool()


@pytest.fixture
def disk(root: Path) -> Iterator[Disk]:
    """The disk below the spool, which fails when told to."""
    with Disk(root) as disk:
        yield disk
