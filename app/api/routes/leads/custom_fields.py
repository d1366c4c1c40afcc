"""Custom fields."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response, status

from app.api.deps import IfMatch, service
from app.api.operations import Operation
from app.api.paging import CursorParameter, Limit, PageOf, page_request
from app.api.responses import problems
from app.api.schemas.leads.custom_fields import (
    CustomFieldCreate,
    CustomFieldRead,
    CustomFieldUpdate,
)
from app.domain.access.api_keys import Scope
from app.domain.leads.custom_fields import CustomField
from app.domain.paging import Page
from app.services.leads.custom_fields import CustomFieldService

router = APIRouter(prefix="/v1/custom-fields", tags=["custom fields"], route_class=Operation)

Reading = Annotated[CustomFieldService, service(CustomFieldService, Scope.LEADS_READ)]
Administering = Annotated[CustomFieldService, service(CustomFieldService, Scope.ADMIN)]
FieldId = Annotated[UUID, Path(description="The id of the custom field.")]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=CustomFieldRead,
    responses=problems(409, 413, 415),
    summary="Declare a custom field",
)
async def create_custom_field(
    body: CustomFieldCreate, custom_fields: Administering, response: Response
) -> CustomField:
    """From now on leads can have it, under its key in `custom`."""
    field = await custom_fields.declare(dict(body))
    response.headers["Location"] = f"/v1/custom-fields/{field.id}"
    response.headers["ETag"] = f'"{field.version}"'
    return field


@router.get("", response_model=PageOf[CustomFieldRead], summary="List custom fields")
async def list_custom_fields(
    custom_fields: Reading, limit: Limit = 50, cursor: CursorParameter = None
) -> Page[CustomField]:
    """Newest first."""
    return await custom_fields.page(page_request(limit, cursor))


@router.get(
    "/{field_id}",
    response_model=CustomFieldRead,
    responses=problems(404),
    summary="Read a custom field",
)
async def read_custom_field(
    field_id: FieldId, custom_fields: Reading, response: Response
) -> CustomField:
    """The declaration, with its version as ETag."""
    field = await custom_fields.get(field_id)
    response.headers["ETag"] = f'"{field.version}"'
    return field


@router.patch(
    "/{field_id}",
    response_model=CustomFieldRead,
    responses=problems(404, 412, 413, 415),
    summary="Change a custom field",
)
async def update_custom_field(
    field_id: FieldId,
    body: CustomFieldUpdate,
    custom_fields: Administering,
    if_match: IfMatch,
    response: Response,
) -> CustomField:
    """A JSON merge patch. Key and type stay, choices are only ever added."""
    fields = body.model_dump(exclude_unset=True)
    field = await custom_fields.update(field_id, fields, if_match)
    response.headers["ETag"] = f'"{field.version}"'
    return field


@router.delete(
    "/{field_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(404, 412),
    summary="Delete a custom field",
)
async def delete_custom_field(
    field_id: FieldId, custom_fields: Administering, if_match: IfMatch
) -> None:
    """Forgets the declaration; values that leads have already stay where they are."""
    await custom_fields.remove(field_id, if_match)
