"""Receptions of our own, beside that of the running service."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI

from app.adapters.spool import Spool
from app.platform.ids import new_id
from app.platform.secrets import Secrets
from app.repositories.intake.inbox import Inbox
from app.services.intake import spooling
from app.services.intake.reception import Reception
from app.services.intake.spooling import SpoolLog
from tests.conftest import SECRET

KEY = b"k" * 32
Opened = Callable[..., AbstractAsyncContextManager[Reception]]


@pytest.fixture
def opened(app: FastAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Makes receptions, each with its own spool in one folder, as processes on one machine."""
    monkeypatch.setattr(spooling, "IN_FLIGHT", timedelta(0))

    @asynccontextmanager
    async def open_one(
        inbox: Inbox | None = None, *, spooling: bool = True
    ) -> AsyncIterator[Reception]:
        log = None
        if spooling:
            log = SpoolLog(Spool.open(tmp_path / "spool", KEY, max_bytes=64 * 1024 * 1024), KEY)
        reception = Reception(inbox or inbox_of(app), log, Secrets(SECRET))
        try:
            async with reception.open():
                yield reception
        finally:
            if log is not None:
                await log.close()

    return open_one


def inbox_of(app: FastAPI) -> Inbox:
    """Another process's way to the same database."""
    return Inbox(app.state.runtime.reception.inbox._database, new_id())
