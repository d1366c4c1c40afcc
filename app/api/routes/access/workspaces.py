"""The workspace the key belongs to."""

from typing import Annotated

from fastapi import APIRouter, Response

from app.api.deps import IfMatch, service
from app.api.operations import Operation
from app.api.responses import problems
from app.api.schemas.access.workspaces import WorkspaceRead, WorkspaceUpdate
from app.domain.access.api_keys import Scope
from app.domain.access.workspaces import WorkspaceSettings
from app.services.access.workspaces import WorkspaceService

router = APIRouter(prefix="/v1/workspace", tags=["workspace"], route_class=Operation)

Reading = Annotated[WorkspaceService, service(WorkspaceService, Scope.LEADS_READ)]
Administering = Annotated[WorkspaceService, service(WorkspaceService, Scope.ADMIN)]


@router.get("", response_model=WorkspaceRead, summary="Read the workspace's settings")
async def read_workspace(workspace: Reading, response: Response) -> WorkspaceSettings:
    """The settings, with their version as ETag."""
    settings = await workspace.get()
    response.headers["ETag"] = f'"{settings.version}"'
    return settings


@router.patch(
    "",
    response_model=WorkspaceRead,
    responses=problems(412, 413, 415),
    summary="Change the workspace's settings",
)
async def update_workspace(
    body: WorkspaceUpdate, workspace: Administering, if_match: IfMatch, response: Response
) -> WorkspaceSettings:
    """A JSON merge patch. A new policy counts when a lead is next assessed or read."""
    settings = await workspace.update(body.model_dump(exclude_unset=True), if_match)
    response.headers["ETag"] = f'"{settings.version}"'
    return settings
