"""The change feed."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.api.deps import service
from app.api.operations import Operation
from app.api.schemas.reach.events import FeedRead
from app.domain.access.api_keys import Scope
from app.domain.reach.events import EventType
from app.services.reach.events import EventService, Feed

router = APIRouter(prefix="/v1/events", tags=["events"], route_class=Operation)

Reading = Annotated[EventService, service(EventService, Scope.EVENTS_READ)]


@router.get("", response_model=FeedRead, summary="Read the change feed")
async def read_events(
    events: Reading,
    after: Annotated[
        int,
        Query(
            ge=0, le=2**62, description="Only events behind this position; 0 from the beginning."
        ),
    ] = 0,
    types: Annotated[
        list[EventType] | None,
        Query(description="Only these types.", examples=[["lead.created"]]),
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=1000, description="How many events at most.", examples=[100])
    ] = 100,
) -> Feed:
    """Every change of the workspace in the order of commits; no event is ever skipped."""
    return await events.feed(after, [t.value for t in types] if types else None, limit)
