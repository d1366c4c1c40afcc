"""`touchline worker`."""

import asyncio
import sys
from contextlib import suppress

from app.adapters.enrichment.offline import OfflineEnrichment
from app.cli.data_dir import DataDir
from app.cli.databases import database_settings
from app.cli.settings import is_embedded, log_style, secrets_of
from app.cli.stopping import Stop
from app.main import open_databases
from app.platform import logging
from app.platform.config import Settings
from app.platform.ids import new_id
from app.repositories.intake.inbox import Inbox
from app.repositories.schema import check_fit
from app.services.intake.opening import intake_database
from app.services.job_handlers import open_jobs
from app.worker import Worker, log


def work(settings: Settings) -> None:
    """Work until told to stop."""
    if (
        is_embedded(settings)
        and settings.worker_in_serve
        and DataDir(settings.data_dir).is_served()
    ):
        sys.stderr.write(
            "`touchline serve` does the background work of this data folder already; "
            "TOUCHLINE_WORKER_IN_SERVE=false would leave it to `touchline worker`\n"
        )
        return
    logging.configure(settings.log_level, log_style(settings))
    stop = Stop()
    with stop.heeded(), database_settings(settings) as found:
        asyncio.run(_work(found, stop))


async def _work(settings: Settings, stop: Stop) -> None:
    secrets = secrets_of(settings)
    database, _ = open_databases(settings)
    intake_role = intake_database(settings)
    await database.open()
    try:
        await check_fit(database)
        async with open_jobs(settings, database, secrets) as jobs:
            worker = Worker(
                database,
                inbox=Inbox(intake_role, new_id()),
                jobs=jobs,
                offline=OfflineEnrichment(settings.geoip_path),
            )
            working = asyncio.create_task(worker.run())
            loop = asyncio.get_running_loop()
            stop.calls(lambda: loop.call_soon_threadsafe(working.cancel))
            log.info("the worker runs")
            with suppress(asyncio.CancelledError):
                await working
    finally:
        await intake_role.close()
        await database.close()
