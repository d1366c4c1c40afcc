"""`touchline migrate`."""

import asyncio
from contextlib import nullcontext

import typer

from app.cli.data_dir import DataDir
from app.cli.databases import embedded_settings, opened, owner_url
from app.cli.settings import is_embedded
from app.platform.config import Settings
from app.repositories import schema


def migrate(settings: Settings) -> None:
    """Upgrade the schema and say from where to where."""
    data_dir = DataDir(settings.data_dir)
    embedded = is_embedded(settings)
    with data_dir.running() if embedded else nullcontext():
        found = embedded_settings(settings, data_dir) if embedded else settings
        app_url = found.app_url if found.database_url else None
        typer.echo(asyncio.run(_migrate(owner_url(found), app_url)))


async def _migrate(url: str, app_url: str | None) -> str:
    before = await _revision(url)
    # Also when the schema is the newest: roles may be missing, or have an old password.
    await schema.migrate(url, app_url)
    after = await _revision(url)
    if before == after:
        return f"the schema is the newest already: {after}"
    return f"the schema was migrated: {before or 'empty'} → {after}"


async def _revision(url: str) -> str | None:
    async with opened(url) as database:
        return await schema.schema_revision(database)
