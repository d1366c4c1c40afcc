"""Whether the database behind the service is fit to serve right now."""

import asyncio

from app.platform.db import Database, DatabaseProblem
from app.repositories.schema import check_fit

PATIENCE_SECONDS = 2.0


async def check_ready(database: Database) -> None:
    """Raise DatabaseProblem when it is not, or does not answer in two seconds."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await check_fit(database)
    except TimeoutError as error:
        raise DatabaseProblem("the database does not answer") from error
