"""The table of contents: one line a feature."""

from fastapi import FastAPI

from app.api.routes.leads import leads
from app.api.routes.reach import events
from app.api.routes.record import timeline, touchpoints

ROUTERS = (
    leads.router,
    touchpoints.router,
    timeline.router,
    events.router,
)


def include_all(app: FastAPI) -> None:
    """Include every feature, flat, so that each route knows its full path."""
    for router in ROUTERS:
        app.include_router(router)
