"""The intake of one process: its connection to Postgres, its spool, its loops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from app.adapters.spool import Spool, SpoolUnavailable, is_ephemeral
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.ids import new_id
from app.platform.secrets import Secrets
from app.repositories.intake.inbox import Inbox
from app.services.intake.reception import Reception
from app.services.intake.replay import Replay
from app.services.intake.spooling import SpoolLog

log = structlog.get_logger("touchline.intake")

SPOOL_PURPOSE = "spool"
SPOOL_ON = "on"
SPOOL_FULL = 0.95
# More than one batch is under way only while a spool is replayed.
CONNECTIONS = 3


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What takes submissions in; `spool_off` says why there is no spool, if there is none."""

    reception: Reception
    replay: Replay
    spool_off: str | None


def intake_database(settings: Settings) -> Database:
    """The database as the role that adds submissions and does nothing else."""
    return Database(
        settings.intake_url,
        pool_size=CONNECTIONS,
        statement_timeout_seconds=settings.statement_timeout_seconds,
        pooler=settings.database_pooler,
    )


def spool_state(intake: Intake) -> str:
    """SPOOL_ON, or why the spool could not take a record just now."""
    spool = intake.reception.spool
    if spool is None:
        return intake.spool_off or "off"
    usage = spool.usage()
    return SPOOL_ON if usage.full < SPOOL_FULL else f"{usage.full:.0%} full"


@asynccontextmanager
async def open_intake(
    settings: Settings, secrets: Secrets, database: Database
) -> AsyncIterator[Intake]:
    """Take submissions in for the length of the block, and finish with all of them after it."""
    spool, off = open_spool(settings, secrets)
    reception = Reception(Inbox(database, new_id()), spool, secrets)
    replay = Replay(reception)
    try:
        async with reception.open():
            loops = [asyncio.create_task(loop) for loop in replay.loops()]
            try:
                yield Intake(reception=reception, replay=replay, spool_off=off)
            finally:
                for loop in loops:
                    loop.cancel()
                await asyncio.gather(*loops, return_exceptions=True)
    finally:
        if spool is not None:
            await spool.close()


def open_spool(settings: Settings, secrets: Secrets) -> tuple[SpoolLog | None, str | None]:
    """This process's spool, or why there is none."""
    root = settings.spool_root.absolute()
    if is_ephemeral(root) and not settings.spool_allow_ephemeral:
        return None, f"{root} goes with its container; mount a volume at TOUCHLINE_SPOOL_DIR"
    key = secrets.key(SPOOL_PURPOSE)
    try:
        return SpoolLog(Spool.open(root, key, max_bytes=settings.spool_max_bytes), key), None
    except SpoolUnavailable as error:
        log.warning("there is no spool", reason=str(error))
        return None, str(error)
