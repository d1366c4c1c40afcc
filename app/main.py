"""The application: lifespan, middleware, routers, error handlers."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.adapters import normalisers
from app.api import docs, errors, health, idempotency, openapi
from app.api.middleware import Metrics, RequestContext
from app.api.responses import EVERYWHERE
from app.api.router import include_all
from app.api.runtime import Runtime
from app.platform.config import Settings
from app.platform.db import Database
from app.repositories.schema import check_fit
from app.services.access.authentication import Authenticator
from app.worker import Worker


def create_app(settings: Settings) -> FastAPI:
    """The service over the database that the settings name."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database, auth_database = open_databases(settings)
        probe_database = _probe_database(settings)
        await database.open()
        try:
            await check_fit(database)
            await auth_database.open()
            authenticator = Authenticator(database, auth_database)
            app.state.runtime = Runtime(
                settings=settings,
                database=database,
                auth_database=auth_database,
                probe_database=probe_database,
                authenticator=authenticator,
            )
            settling = asyncio.create_task(_settle())
            async with Worker(database, authenticator, every=settings.worker_in_serve).running():
                yield
            await settling
        finally:
            await probe_database.close()
            await auth_database.close()
            await database.close()

    app = FastAPI(
        title="Touchline",
        version=_version(),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        responses=EVERYWHERE,
        generate_unique_id_function=_operation_id,
    )
    metrics = Metrics()
    app.add_middleware(RequestContext, metrics=metrics)
    errors.install(app)
    idempotency.install(app)
    health.install(app, metrics)
    include_all(app)
    docs.install(app)
    openapi.install(app)
    return app


async def _settle() -> None:
    """Load the tables that normalisers need, and tell the collector what will stay."""
    await asyncio.to_thread(normalisers.warm_up)
    # The collector's full passes make the slowest requests; what lives as long as the process is
    # taken out of its sight.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)


def open_databases(settings: Settings) -> tuple[Database, Database]:
    """The database as the role that works with leads, and as the one that resolves keys."""
    timeout = settings.statement_timeout_seconds
    pooler = settings.database_pooler
    return (
        Database(
            settings.app_url,
            pool_size=settings.database_pool_size,
            statement_timeout_seconds=timeout,
            pooler=pooler,
        ),
        Database(settings.auth_url, pool_size=2, statement_timeout_seconds=timeout, pooler=pooler),
    )


def _probe_database(settings: Settings) -> Database:
    """One connection that requests cannot take, for telling whether the database serves."""
    return Database(
        settings.app_url,
        pool_size=1,
        statement_timeout_seconds=settings.statement_timeout_seconds,
        pooler=settings.database_pooler,
    )


def _operation_id(route: APIRoute) -> str:
    return route.name


def _version() -> str:
    try:
        return version("touchline")
    except PackageNotFoundError:
        return "0.1.0"
