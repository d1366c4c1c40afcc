"""Timelines."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query

from app.api.deps import service
from app.api.operations import Operation
from app.api.paging import CursorParameter, Limit, PageOf, page_of, page_request
from app.api.responses import problems
from app.api.schemas.fields import Label
from app.api.schemas.record.timeline import TimelineEntryRead
from app.domain.access.api_keys import Scope
from app.services.record.timeline import TimelineService

router = APIRouter(prefix="/v1", tags=["timeline"], route_class=Operation)

Reading = Annotated[TimelineService, service(TimelineService, Scope.LEADS_READ)]
ReadingSales = Annotated[TimelineService, service(TimelineService, Scope.SALES_READ)]
Kinds = Annotated[
    list[Label] | None,
    Query(
        max_length=50,
        description="Only these kinds of touchpoints or types of events.",
        examples=[["form_submitted", "lead.qualified"]],
    ),
]
Order = Annotated[
    Literal["-occurred_at", "occurred_at"],
    Query(description="Newest first, or oldest first.", examples=["-occurred_at"]),
]


@router.get(
    "/leads/{lead_id}/timeline",
    response_model=PageOf[TimelineEntryRead],
    responses=problems(404),
    summary="Read a lead's timeline",
)
async def read_lead_timeline(
    lead_id: Annotated[UUID, Path(description="The lead's id.")],
    timeline: Reading,
    kind: Kinds = None,
    sort: Order = "-occurred_at",
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> PageOf[TimelineEntryRead]:
    """Touchpoints and changes in one order, each with who and when."""
    page = await timeline.of_lead(lead_id, kind, page_request(limit, cursor, sort))
    return page_of(TimelineEntryRead, page)


@router.get(
    "/accounts/{account_id}/timeline",
    response_model=PageOf[TimelineEntryRead],
    responses=problems(404),
    summary="Read an account's timeline",
)
async def read_account_timeline(
    account_id: Annotated[UUID, Path(description="The account's id.")],
    timeline: ReadingSales,
    kind: Kinds = None,
    sort: Order = "-occurred_at",
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> PageOf[TimelineEntryRead]:
    """Every touch of the leads that were converted into the account, what changed of them, and what
    changed of the account, its contacts and its opportunities.
    """
    page = await timeline.of_account(account_id, kind, page_request(limit, cursor, sort))
    return page_of(TimelineEntryRead, page)


@router.get(
    "/contacts/{contact_id}/timeline",
    response_model=PageOf[TimelineEntryRead],
    responses=problems(404),
    summary="Read a contact's timeline",
)
async def read_contact_timeline(
    contact_id: Annotated[UUID, Path(description="The contact's id.")],
    timeline: ReadingSales,
    kind: Kinds = None,
    sort: Order = "-occurred_at",
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> PageOf[TimelineEntryRead]:
    """Every touch of the leads that were converted into the contact, and what changed."""
    page = await timeline.of_contact(contact_id, kind, page_request(limit, cursor, sort))
    return page_of(TimelineEntryRead, page)


@router.get(
    "/opportunities/{opportunity_id}/timeline",
    response_model=PageOf[TimelineEntryRead],
    responses=problems(404),
    summary="Read an opportunity's timeline",
)
async def read_opportunity_timeline(
    opportunity_id: Annotated[UUID, Path(description="The opportunity's id.")],
    timeline: ReadingSales,
    kind: Kinds = None,
    sort: Order = "-occurred_at",
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> PageOf[TimelineEntryRead]:
    """Every touch of the leads that were converted into the opportunity, and what changed."""
    page = await timeline.of_opportunity(opportunity_id, kind, page_request(limit, cursor, sort))
    return page_of(TimelineEntryRead, page)
