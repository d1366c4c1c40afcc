"""Visitors: what somebody did before we knew who it was."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, status

from app.adapters.json_bodies import Misfit, VisitBody, shaped
from app.api.body import parse_json
from app.api.deps import service
from app.api.door import (
    Door,
    accept,
    delivery_of,
    only_query,
    read_submission,
    receipt,
    sender_with_key,
)
from app.api.operations import Operation
from app.api.paging import CursorParameter, Limit, PageOf, page_request
from app.api.responses import problems
from app.api.schemas.intake.submissions import Receipt
from app.api.schemas.intake.visitors import VisitorRead, VisitorTouchRead
from app.domain.access.api_keys import Scope
from app.domain.errors import FieldError, Invalid, NotFound
from app.domain.intake.submissions import SubmissionKind
from app.domain.intake.visitors import Visitor, VisitorTouch, is_visitor_id
from app.domain.paging import Page
from app.services.intake.visitors import VisitorService

doors = APIRouter(prefix="/v1/visitors", tags=["visitors"], route_class=Door)
router = APIRouter(prefix="/v1/visitors", tags=["visitors"], route_class=Operation)

Reading = Annotated[VisitorService, service(VisitorService, Scope.LEADS_READ)]
VisitorId = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z0-9_-]{8,64}$",
        description="The id that the site keeps for a device.",
        examples=["0f8fad5b-d9cb-469f-a165-70867728950e"],
    ),
]


@doors.post(
    "/{visitor_id}/touchpoints",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=Receipt,
    responses=problems(404, 413, 415, 429),
    summary="Record what a visitor did",
    openapi_extra={
        "parameters": [
            {
                "name": "visitor_id",
                "in": "path",
                "required": True,
                "description": "The id that the site keeps for a device.",
                "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"},
                "example": "0f8fad5b-d9cb-469f-a165-70867728950e",
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/VisitCreate"}}
            },
        },
    },
)
async def record_visit(request: Request) -> Response:
    """Page views, clicks and downloads, with their own times. When the visitor becomes known they
    join the lead's timeline."""
    # First of all: of a client that hangs up, a body that was not read is gone.
    raw = await read_submission(request)
    sender = await sender_with_key(request)
    only_query(request)
    visitor_id = request.path_params["visitor_id"]
    if not is_visitor_id(visitor_id):
        raise NotFound("a visitor's id has 8 to 64 letters, digits, hyphens and underscores")
    try:
        body = shaped(parse_json(raw, request.headers.get("content-type", "")), VisitBody)
    except Misfit as misfit:
        raise Invalid.field(misfit.pointer, misfit.detail, code=misfit.code) from None
    half = [
        FieldError(
            pointer=f"/touchpoints/{index}/external_id",
            detail="a visitor's touch has no reference: it is known by its submission",
        )
        for index, touch in enumerate(body.touchpoints)
        if touch.external_id or touch.source_system
    ]
    if half:
        raise Invalid("the visit does not fit", errors=half)
    delivery = delivery_of(
        request,
        sender,
        raw,
        SubmissionKind.VISITOR,
        api_key_id=sender.api_key_id,
        visitor_id=visitor_id,
        is_test=body.is_test,
    )
    return receipt(await accept(request, delivery), sender)


@router.get(
    "/{visitor_id}", response_model=VisitorRead, responses=problems(404), summary="Read a visitor"
)
async def read_visitor(visitor_id: VisitorId, visitors: Reading) -> Visitor:
    """When it was seen, and which lead is behind it."""
    return await visitors.get(visitor_id)


@router.get(
    "/{visitor_id}/touchpoints",
    response_model=PageOf[VisitorTouchRead],
    responses=problems(404),
    summary="List what a visitor did",
)
async def list_visitor_touches(
    visitor_id: VisitorId,
    visitors: Reading,
    limit: Limit = 50,
    cursor: CursorParameter = None,
    sort: Annotated[
        str, Query(pattern="^-?occurred_at$", description="By time.", examples=["-occurred_at"])
    ] = "-occurred_at",
) -> Page[VisitorTouch]:
    """Newest first; `lead_id` is set on what is on a lead's timeline."""
    await visitors.get(visitor_id)
    return await visitors.touches(visitor_id, page_request(limit, cursor, sort))
