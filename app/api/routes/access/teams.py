"""Teams."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response, status

from app.api.deps import IfMatch, service
from app.api.operations import Operation
from app.api.paging import CursorParameter, Limit, PageOf, page_request
from app.api.responses import problems
from app.api.schemas.access.teams import TeamCreate, TeamRead, TeamUpdate
from app.domain.access.api_keys import Scope
from app.domain.access.teams import Team
from app.domain.paging import Page
from app.services.access.teams import TeamService

router = APIRouter(prefix="/v1/teams", tags=["teams"], route_class=Operation)

Reading = Annotated[TeamService, service(TeamService, Scope.LEADS_READ)]
Administering = Annotated[TeamService, service(TeamService, Scope.ADMIN)]
TeamId = Annotated[UUID, Path(description="The team's id.")]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=TeamRead,
    responses=problems(409, 413, 415),
    summary="Create a team",
)
async def create_team(body: TeamCreate, teams: Administering, response: Response) -> Team:
    """Its users share a queue of leads."""
    team = await teams.create(body.name)
    response.headers["Location"] = f"/v1/teams/{team.id}"
    response.headers["ETag"] = f'"{team.version}"'
    return team


@router.get("", response_model=PageOf[TeamRead], summary="List teams")
async def list_teams(
    teams: Reading, limit: Limit = 50, cursor: CursorParameter = None
) -> Page[Team]:
    """Newest first."""
    return await teams.page(page_request(limit, cursor))


@router.get("/{team_id}", response_model=TeamRead, responses=problems(404), summary="Read a team")
async def read_team(team_id: TeamId, teams: Reading, response: Response) -> Team:
    """The team, with its version as ETag."""
    team = await teams.get(team_id)
    response.headers["ETag"] = f'"{team.version}"'
    return team


@router.patch(
    "/{team_id}",
    response_model=TeamRead,
    responses=problems(404, 409, 412, 413, 415),
    summary="Change a team",
)
async def update_team(
    team_id: TeamId, body: TeamUpdate, teams: Administering, if_match: IfMatch, response: Response
) -> Team:
    """A JSON merge patch: absent fields stay."""
    team = await teams.update(team_id, body.model_dump(exclude_unset=True), if_match)
    response.headers["ETag"] = f'"{team.version}"'
    return team
