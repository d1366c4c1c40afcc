"""`touchline seed`."""

import asyncio
from uuid import UUID

import typer

from app.cli.databases import database_settings, opened_as_app, opened_as_owner
from app.cli.workspaces import check_slug
from app.platform.config import Settings
from app.services.access.provisioning import create_workspace, find_workspace
from app.services.demo.seeding import seed_demo


def seed(settings: Settings, slug: str) -> None:
    """Fill the workspace with the demo's history, making it when it is not there."""
    check_slug(slug)
    with database_settings(settings) as found:
        counts = asyncio.run(_seed(found, slug))
    if counts is None:
        typer.echo(f"the demo history is in the workspace {slug} already; nothing was changed")
    else:
        told = ", ".join(f"{count} {noun}" for noun, count in counts.items())
        typer.echo(f"the workspace {slug} has a history now: {told}")


async def _seed(settings: Settings, slug: str) -> dict[str, int] | None:
    async with opened_as_app(settings) as database:
        workspace_id = await find_workspace(database, slug) or await _made(settings, slug)
        return await seed_demo(database, workspace_id)


async def _made(settings: Settings, slug: str) -> UUID:
    async with opened_as_owner(settings) as owner_database:
        return await create_workspace(
            owner_database,
            slug,
            slug.capitalize(),
            default_country="DE",
            time_zone="Europe/Berlin",
        )
