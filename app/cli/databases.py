"""Where a command finds its database, and how it opens it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from pydantic import SecretStr

from app.cli.data_dir import DataDir
from app.cli.problems import CannotRun
from app.cli.settings import is_embedded
from app.platform.config import Settings
from app.platform.db import Database
from app.repositories.schema import check_fit, head_revision, migrate, schema_revision


def embedded_settings(settings: Settings, data_dir: DataDir) -> Settings:
    """The settings with the URLs of the running embedded Postgres."""
    url = data_dir.postgres.url
    return settings.model_copy(
        update={
            "database_url": SecretStr(url("touchline_app")),
            "database_auth_url": SecretStr(url("touchline_auth")),
            "database_owner_url": SecretStr(url()),
            "secret": settings.secret or SecretStr(data_dir.secret()),
        }
    )


@contextmanager
def database_settings(settings: Settings) -> Iterator[Settings]:
    """The settings with URLs that lead somewhere; an embedded database runs and is migrated."""
    if not is_embedded(settings):
        yield settings
        return
    data_dir = DataDir(settings.data_dir)
    with data_dir.running():
        found = embedded_settings(settings, data_dir)
        asyncio.run(ensure_migrated(found.owner_url))
        yield found


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """A database for one task after the other."""
    database = Database(url, pool_size=1, statement_timeout_seconds=60)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def opened_as_app(settings: Settings) -> AsyncIterator[Database]:
    """The database as the service uses it; DatabaseProblem unless it is fit for that."""
    if settings.database_url is None:
        raise CannotRun("set TOUCHLINE_DATABASE_URL to the database, as the role touchline_app")
    async with opened(settings.app_url) as database:
        await check_fit(database)
        yield database


@asynccontextmanager
async def opened_as_owner(settings: Settings) -> AsyncIterator[Database]:
    """The database as the owner of its schema."""
    async with opened(owner_url(settings)) as database:
        yield database


def owner_url(settings: Settings) -> str:
    """The owner's URL; CannotRun when it is not set."""
    if settings.database_owner_url is None:
        raise CannotRun("set TOUCHLINE_DATABASE_OWNER_URL to the database, as the schema's owner")
    return settings.owner_url


async def ensure_migrated(url: str) -> None:
    """Upgrade the schema unless it is the newest."""
    async with opened(url) as database:
        present = await schema_revision(database)
    if present != head_revision():
        await migrate(url)
