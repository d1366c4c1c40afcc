"""Matching: who a record may be, and how that is decided."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from app.api.deps import IfMatch, service
from app.api.operations import Operation
from app.api.responses import problems
from app.api.schemas.leads.matching import (
    MatchCandidate,
    MatchingRead,
    MatchingUpdate,
    MatchList,
    match_list,
    matching_read,
)
from app.api.schemas.reach.jobs import JobRead
from app.domain.access.api_keys import Scope
from app.domain.reach.jobs import Job
from app.services.leads.matching import MatchingService

router = APIRouter(prefix="/v1", tags=["matching"], route_class=Operation)

Reading = Annotated[MatchingService, service(MatchingService, Scope.LEADS_READ)]
Administering = Annotated[MatchingService, service(MatchingService, Scope.ADMIN)]


@router.post(
    "/leads/match",
    response_model=MatchList,
    responses=problems(413, 415),
    summary="Find who somebody may be",
)
async def match_lead(body: MatchCandidate, matching: Reading) -> MatchList:
    """Stored leads, and contacts and accounts when asked for, that may be the one told of; each
    with its probability and every signal that speaks for or against it."""
    found = await matching.match(body.fields(), body.records, body.limit, body.at_least)
    return match_list(found)


@router.get("/matching", response_model=MatchingRead, summary="Read how the workspace matches")
async def read_matching(matching: Reading, response: Response) -> MatchingRead:
    """Bands, compared fields and every weight in force."""
    settings = await matching.settings()
    response.headers["ETag"] = f'"{settings.version}"'
    return matching_read(settings)


@router.patch(
    "/matching",
    response_model=MatchingRead,
    responses=problems(412, 413, 415),
    summary="Change how the workspace matches",
)
async def update_matching(
    body: MatchingUpdate, matching: Administering, if_match: IfMatch, response: Response
) -> MatchingRead:
    """Counts at once for what is matched from then on; pairs that a scan found are judged anew by
    the next scan."""
    settings = await matching.update(body.changes(), if_match)
    response.headers["ETag"] = f'"{settings.version}"'
    return matching_read(settings)


@router.post(
    "/matching/estimate",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=JobRead,
    responses=problems(413, 415),
    summary="Work the weights out from the workspace's own data",
)
async def estimate_matching(
    matching: Administering,
    *,
    dry_run: Annotated[
        bool, Query(description="Only report the weights, and change none.", examples=[True])
    ] = False,
) -> Job:
    """A job; its `progress` ends as a report of old and new weights. They are put in place only
    when the estimate converged on enough pairs, and this is no rehearsal."""
    return await matching.start_estimate(dry_run=dry_run)
