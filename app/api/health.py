"""Liveness, readiness and metrics, for the platform that runs the service."""

from typing import Literal

from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field

from app.api.middleware import Metrics
from app.api.runtime import runtime_of
from app.platform.db import DatabaseProblem
from app.services.access.readiness import check_ready

router = APIRouter(tags=["operation"])


class Health(BaseModel):
    """How the process is."""

    status: Literal["ok", "unavailable"] = Field(description="How it is.", examples=["ok"])
    reason: str | None = Field(default=None, description="Why it is not.", examples=[None])


@router.get("/health/live", response_model=Health, summary="Is the process alive?")
async def live() -> Health:
    """Never asks the database."""
    return Health(status="ok")


@router.get(
    "/health/ready",
    response_model=Health,
    responses={503: {"description": "The database cannot serve", "model": Health}},
    summary="Can requests be served?",
)
async def ready(request: Request, response: Response) -> Health:
    """Asks the database for its version, role and schema."""
    try:
        await check_ready(runtime_of(request).probe_database)
    except DatabaseProblem as problem:
        response.status_code = 503
        return Health(status="unavailable", reason=str(problem))
    return Health(status="ok")


def install(app: FastAPI, metrics: Metrics) -> None:
    """Add the routes; metrics come from this app's registry."""
    app.include_router(router)

    @app.get("/metrics", include_in_schema=False, response_class=Response)
    async def expose() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)
