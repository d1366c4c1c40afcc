"""Qualification frameworks."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response, status

from app.api.deps import IfMatch, service
from app.api.operations import Operation
from app.api.paging import PageOf, page_request
from app.api.responses import problems
from app.api.schemas.ripeness.frameworks import (
    FrameworkCreate,
    FrameworkQuery,
    FrameworkRead,
    FrameworkTemplates,
    FrameworkUpdate,
)
from app.domain.access.api_keys import Scope
from app.domain.paging import Page
from app.domain.ripeness.frameworks import Framework
from app.services.ripeness.frameworks import FrameworkService

router = APIRouter(prefix="/v1/frameworks", tags=["qualification"], route_class=Operation)

Reading = Annotated[FrameworkService, service(FrameworkService, Scope.LEADS_READ)]
Administering = Annotated[FrameworkService, service(FrameworkService, Scope.ADMIN)]
FrameworkId = Annotated[UUID, Path(description="The id of one version of a framework.")]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=FrameworkRead,
    responses=problems(413, 415),
    summary="Draft a framework",
)
async def create_framework(
    body: FrameworkCreate, frameworks: Administering, response: Response
) -> Framework:
    """A draft asks nobody anything until it is published."""
    made = await frameworks.create(body.key, body.name, body.template, body.told())
    response.headers["Location"] = f"/v1/frameworks/{made.id}"
    response.headers["ETag"] = f'"{made.version}"'
    return made


@router.get("", response_model=PageOf[FrameworkRead], summary="List frameworks")
async def list_frameworks(
    frameworks: Reading, query: Annotated[FrameworkQuery, Query()]
) -> Page[Framework]:
    """Every version, newest first. BANT is built in and not among them."""
    filters = query.model_dump(exclude={"limit", "cursor"}, exclude_none=True)
    return await frameworks.page(filters, page_request(query.limit, query.cursor))


# Before the route with an id, which its path looks like.
@router.get("/templates", response_model=FrameworkTemplates, summary="List framework templates")
async def list_framework_templates(frameworks: Reading) -> FrameworkTemplates:
    """BANT, MEDDIC and MEDDPICC, to start one's own from."""
    return FrameworkTemplates.model_validate({"data": frameworks.templates()})


@router.get(
    "/{framework_id}",
    response_model=FrameworkRead,
    responses=problems(404),
    summary="Read a framework",
)
async def read_framework(
    framework_id: FrameworkId, frameworks: Reading, response: Response
) -> Framework:
    """One version, with its own version as ETag."""
    found = await frameworks.get(framework_id)
    response.headers["ETag"] = f'"{found.version}"'
    return found


@router.patch(
    "/{framework_id}",
    response_model=FrameworkRead,
    responses=problems(404, 409, 412, 413, 415),
    summary="Change the draft of a framework",
)
async def update_framework(
    framework_id: FrameworkId,
    body: FrameworkUpdate,
    frameworks: Administering,
    if_match: IfMatch,
    response: Response,
) -> Framework:
    """A JSON merge patch. What was published once stays as it is: 409 `not_a_draft`."""
    found = await frameworks.update(framework_id, body.told(), if_match)
    response.headers["ETag"] = f'"{found.version}"'
    return found


@router.delete(
    "/{framework_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(404, 409, 412),
    summary="Throw the draft of a framework away",
)
async def delete_framework(
    framework_id: FrameworkId, frameworks: Administering, if_match: IfMatch
) -> None:
    """Only a draft: what was in force stays on record."""
    await frameworks.delete(framework_id, if_match)


@router.post(
    "/{framework_id}/draft",
    status_code=status.HTTP_201_CREATED,
    response_model=FrameworkRead,
    responses=problems(404, 413, 415),
    summary="Draft the next version of a framework",
)
async def draft_framework(
    framework_id: FrameworkId, frameworks: Administering, response: Response
) -> Framework:
    """It starts as this version is."""
    made = await frameworks.draft(framework_id)
    response.headers["Location"] = f"/v1/frameworks/{made.id}"
    response.headers["ETag"] = f'"{made.version}"'
    return made


@router.post(
    "/{framework_id}/publish",
    response_model=FrameworkRead,
    responses=problems(404, 413, 415),
    summary="Publish a framework",
)
async def publish_framework(
    framework_id: FrameworkId, frameworks: Administering, response: Response
) -> Framework:
    """The version that was in force is retired. A retired one can be published again, which takes
    back what came after it; publishing twice changes nothing."""
    found = await frameworks.publish(framework_id)
    response.headers["ETag"] = f'"{found.version}"'
    return found


@router.post(
    "/{framework_id}/retire",
    response_model=FrameworkRead,
    responses=problems(404, 409, 413, 415),
    summary="Retire a framework",
)
async def retire_framework(
    framework_id: FrameworkId, frameworks: Administering, response: Response
) -> Framework:
    """Nothing is asked in it any more; what was answered stays on record."""
    found = await frameworks.retire(framework_id)
    response.headers["ETag"] = f'"{found.version}"'
    return found
