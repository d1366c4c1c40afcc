"""The table of contents: one line a feature."""

from fastapi import FastAPI

from app.api.routes.access import api_keys, teams, users, workspaces
from app.api.routes.leads import custom_fields, leads
from app.api.routes.reach import events
from app.api.routes.record import campaigns, timeline, touchpoints
from app.api.routes.ripeness import assessments, qualification
from app.api.routes.sales import accounts, contacts, conversion, opportunities, pipelines

ROUTERS = (
    workspaces.router,
    users.router,
    teams.router,
    api_keys.router,
    custom_fields.router,
    leads.router,
    campaigns.router,
    touchpoints.router,
    timeline.router,
    assessments.router,
    qualification.router,
    conversion.router,
    accounts.router,
    contacts.router,
    opportunities.router,
    pipelines.router,
    events.router,
)


def include_all(app: FastAPI) -> None:
    """Include every feature, flat, so that each route knows its full path."""
    for router in ROUTERS:
        app.include_router(router)
