"""The application: lifespan, middleware, routers, error handlers."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

import structlog
from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.adapters import normalisers
from app.adapters.enrichment.offline import OfflineEnrichment
from app.adapters.proof_of_work import ProofOfWork
from app.api import docs, errors, health, idempotency, openapi
from app.api.client_address import TrustedProxies
from app.api.cors import Cors
from app.api.middleware import Metrics, RequestContext
from app.api.responses import EVERYWHERE
from app.api.router import include_all
from app.api.runtime import Runtime
from app.platform.config import Settings
from app.platform.db import Database, DatabaseProblem, DatabaseUnreachable
from app.platform.secrets import Secrets
from app.repositories.schema import check_fit
from app.services.access.authentication import Authenticator
from app.services.access.rate_limits import rate_limits
from app.services.access.revocations import Revocations
from app.services.intake.audit import Audit
from app.services.intake.directory import Directory
from app.services.intake.opening import intake_database, open_intake
from app.services.intake.pipeline import Pipeline
from app.services.job_handlers import open_jobs
from app.worker import Worker

log = structlog.get_logger("touchline")

RETRY_SECONDS = 1.0


def create_app(settings: Settings) -> FastAPI:
    """The service over the database that the settings name."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            runtime = await _started(settings, stack)
            app.state.runtime = runtime
            settling = asyncio.create_task(_settle())
            jobs = await stack.enter_async_context(
                open_jobs(settings, runtime.database, runtime.secrets)
            )
            worker = Worker(
                runtime.database,
                runtime.authenticator,
                inbox=runtime.reception.inbox,
                arrived=runtime.reception.arrived,
                audit=runtime.audit,
                jobs=jobs,
                offline=OfflineEnrichment(settings.geoip_path),
                every=settings.worker_in_serve,
            )
            await stack.enter_async_context(worker.running())
            yield
            await settling

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
    app.add_middleware(Cors)
    errors.install(app)
    idempotency.install(app)
    health.install(app, metrics)
    include_all(app)
    docs.install(app)
    openapi.install(app)
    return app


async def _started(settings: Settings, stack: AsyncExitStack) -> Runtime:
    secrets = Secrets(settings.secret.get_secret_value() if settings.secret else "")
    database, auth_database = open_databases(settings)
    probe_database = _probe_database(settings)
    intake_role = intake_database(settings)
    for each in (database, auth_database, probe_database, intake_role):
        stack.push_async_callback(each.close)
    revocations = Revocations(settings.spool_root / "ended_keys.json")
    revocations.load()
    refreshing = asyncio.create_task(revocations.keep_fresh(auth_database))
    stack.callback(refreshing.cancel)
    intake = await stack.enter_async_context(open_intake(settings, secrets, intake_role))
    try:
        await check_fit(probe_database)
    except DatabaseUnreachable as problem:
        if intake.reception.spool is None:
            raise
        database.shut(str(problem))
        intake.reception.connected = False
        log.warning("started without a database: only the intake serves", reason=str(problem))
        waiting = asyncio.create_task(_admit(database, probe_database))
        stack.callback(waiting.cancel)
    return Runtime(
        settings=settings,
        secrets=secrets,
        database=database,
        auth_database=auth_database,
        probe_database=probe_database,
        authenticator=Authenticator(database, auth_database, secrets, revocations),
        intake=intake,
        audit=Audit(database),
        pipeline=Pipeline(database),
        proof_of_work=ProofOfWork(secrets),
        rate_limits=rate_limits(settings),
        trusted_proxies=TrustedProxies(settings.trusted_proxies),
        forms=Directory(database, lambda uow, form_id: uow.forms.get(form_id)),
        connectors=Directory(database, lambda uow, found: uow.connectors.get(found)),
    )


async def _admit(database: Database, probe_database: Database) -> None:
    """Let requests to the database once it is there and found fit."""
    while True:
        await asyncio.sleep(RETRY_SECONDS)
        try:
            await check_fit(probe_database)
        except (DatabaseUnreachable, TimeoutError):
            continue
        except DatabaseProblem as problem:
            database.shut(str(problem))
            log.critical("the database is not fit to serve", reason=str(problem))
        except Exception:
            log.exception("the database could not be examined")
        else:
            database.admit()
            log.info("the database is there")
            return


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
