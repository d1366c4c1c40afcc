"""Whether the database behind the service is fit to serve right now."""

import asyncio

import asyncpg

from app.platform.db import Database, DatabaseProblem
from app.repositories.schema import check_fit

PATIENCE_SECONDS = 2.0


async def check_ready(database: Database) -> None:
    """Raise DatabaseProblem when it is not, or does not answer in two seconds."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await check_fit(database)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseProblem(f"the database does not answer: {type(error).__name__}") from error
