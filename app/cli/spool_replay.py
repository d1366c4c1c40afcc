"""`touchline spool replay`: bring what an ended process left to the database, by hand."""

import asyncio
from pathlib import Path

import typer

from app.adapters.spool import Abandoned, SpoolInUse, instances
from app.cli.databases import database_settings
from app.cli.problems import CannotRun
from app.cli.settings import secrets_of
from app.platform.config import Settings
from app.platform.ids import new_id
from app.platform.secrets import Secrets
from app.repositories.intake.inbox import Inbox
from app.services.intake.opening import SPOOL_PURPOSE, intake_database
from app.services.intake.reception import Reception
from app.services.intake.replay import Replay
from app.services.intake.spooling import Adopted


def replay_spool(settings: Settings, path: Path | None) -> None:
    """Replay every directory that no living process holds; CannotRun when there is none."""
    with database_settings(settings) as found:
        secrets = secrets_of(found)
        directories = _directories(path or found.spool_root)
        count = asyncio.run(_replay(found, secrets, directories))
    typer.echo(f"{count} records are in the database")


def _directories(path: Path) -> list[Path]:
    found = instances(path) or instances(path.parent)
    wanted = [each for each in found if path in (each, each.parent)]
    if not wanted:
        raise CannotRun(f"there is no spool in {path}")
    return wanted


async def _replay(settings: Settings, secrets: Secrets, directories: list[Path]) -> int:
    database = intake_database(settings)
    replay = Replay(Reception(Inbox(database, new_id()), None, secrets))
    count = 0
    try:
        for directory in directories:
            try:
                spool = Abandoned.open(directory, secrets.key(SPOOL_PURPOSE))
            except SpoolInUse:
                typer.echo(f"{directory} belongs to a running process, which replays it", err=True)
                continue
            adopted = Adopted(spool)
            try:
                count += await replay.replay(adopted)
            finally:
                await adopted.retire()
                await adopted.close()
    finally:
        await database.close()
    return count
