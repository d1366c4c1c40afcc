"""A Postgres of its own for each worker that gets a part of the crash suite."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.processes import LINUX
from tests.crash.stage import Stage

SKIPPED = "processes are stopped and looked up by what /proc tells, which only Linux has"


@pytest.fixture(scope="session")
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Postgres with fsync, made once; each run has a workspace and a service of its own."""
    if not LINUX:
        pytest.skip(SKIPPED)
    bin_dir = request.config.getoption("--postgres-bin")
    stage = Stage(Path(bin_dir) if bin_dir else None)
    try:
        asyncio.run(stage.open())
        yield stage
    finally:
        stage.close()
