"""What the fields of a lead were, and where their values come from."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from app.api.deps import service
from app.api.operations import Operation
from app.api.paging import CursorParameter, Limit, PageOf, page_request
from app.api.responses import problems
from app.api.schemas.leads.provenance import FieldValueRead
from app.domain.access.api_keys import Scope
from app.services.leads.provenance import ProvenanceService

router = APIRouter(prefix="/v1/leads", tags=["leads"], route_class=Operation)

Reading = Annotated[ProvenanceService, service(ProvenanceService, Scope.LEADS_READ)]
FieldName = Annotated[
    str,
    Path(
        description="A field of the lead, or `custom.<key>`.",
        pattern=r"^[a-z][a-z0-9_]{0,49}(\.[a-z][a-z0-9_]{0,49})?$",
        examples=["company"],
    ),
]


@router.get(
    "/{lead_id}/fields/{field_name}/history",
    response_model=PageOf[FieldValueRead],
    responses=problems(404),
    summary="Read the history of a lead's field",
)
async def read_field_history(
    lead_id: Annotated[UUID, Path(description="The lead's id.")],
    field_name: FieldName,
    provenance: Reading,
    limit: Limit = 50,
    cursor: CursorParameter = None,
) -> PageOf[FieldValueRead]:
    """Its values, newest first, each with when it came and went, by what and by whom."""
    page = await provenance.history(lead_id, field_name, page_request(limit, cursor))
    data = [FieldValueRead.of_value(known) for known in page.data]
    return PageOf[FieldValueRead](data=data, next_cursor=page.next_cursor)
