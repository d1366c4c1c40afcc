"""`touchline workspaces create`."""

import asyncio
import re
from uuid import UUID

import typer

from app.cli.databases import database_settings, opened_as_owner
from app.cli.problems import CannotRun
from app.platform.config import Settings
from app.services.access import provisioning
from app.services.access.codes import check_country, check_currency, check_time_zone

# At most 31 letters and digits, so that no slug can be taken for an id.
_SLUG = re.compile(r"[a-z0-9](-?[a-z0-9]){0,30}")


def create_workspace(
    settings: Settings,
    slug: str,
    name: str,
    *,
    country: str | None,
    currency: str,
    time_zone: str,
) -> None:
    """Make a workspace and print its id."""
    check_slug(slug)
    if country is not None:
        check_country(country, "--country")
    check_currency(currency, "--currency")
    check_time_zone(time_zone, "--time-zone")

    async def create(found: Settings) -> UUID:
        async with opened_as_owner(found) as database:
            if await provisioning.find_workspace(database, slug) is not None:
                raise CannotRun(f"there is a workspace {slug} already: choose another slug")
            return await provisioning.create_workspace(
                database,
                slug,
                name,
                default_country=country,
                default_currency=currency,
                time_zone=time_zone,
            )

    with database_settings(settings) as found:
        typer.echo(str(asyncio.run(create(found))))


def check_slug(slug: str) -> None:
    """A usage error unless this can be a workspace's slug."""
    if not _SLUG.fullmatch(slug):
        raise typer.BadParameter("1 to 31 of a-z and 0-9, single hyphens between them")
