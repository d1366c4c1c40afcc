"""Liveness, readiness and metrics, for the platform that runs the service."""

from typing import Literal

from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field

from app.api.intake_metrics import IntakeCollector
from app.api.middleware import Metrics
from app.api.runtime import runtime_of
from app.platform.db import DatabaseProblem
from app.services.access.readiness import check_ready
from app.services.intake.opening import SPOOL_ON, spool_state

router = APIRouter(tags=["operation"])


class Health(BaseModel):
    """How the process is."""

    status: Literal["ok", "degraded", "unavailable"] = Field(
        description="`degraded`: the database does not serve, and submissions are taken all the "
        "same.",
        examples=["ok"],
    )
    reason: str | None = Field(default=None, description="Why it is not well.", examples=[None])
    spool: str | None = Field(
        default=None,
        description="`on`, or why submissions could not be kept while the database is silent.",
        examples=["on"],
    )


@router.get("/health/live", response_model=Health, summary="Is the process alive?")
async def live() -> Health:
    """Never asks the database."""
    return Health(status="ok")


@router.get(
    "/health/ready",
    response_model=Health,
    responses={503: {"description": "Nothing can be stored", "model": Health}},
    summary="Can requests be served?",
)
async def ready(request: Request, response: Response) -> Health:
    """Asks the database for its version, role and schema, and whether the spool takes records."""
    runtime = runtime_of(request)
    spool = spool_state(runtime.intake)
    try:
        await check_ready(runtime.probe_database)
    except DatabaseProblem as problem:
        taken = spool == SPOOL_ON
        response.status_code = 200 if taken else 503
        status: Literal["degraded", "unavailable"] = "degraded" if taken else "unavailable"
        return Health(status=status, reason=str(problem), spool=spool)
    return Health(status="ok", spool=spool)


def install(app: FastAPI, metrics: Metrics) -> None:
    """Add the routes; metrics come from this app's registry."""
    app.include_router(router)

    @app.get("/metrics", include_in_schema=False, response_class=Response)
    async def expose() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    metrics.registry.register(IntakeCollector(app))
