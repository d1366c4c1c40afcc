"""Merges of leads: done, rehearsed, looked up, undone."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from app.api.deps import service
from app.api.operations import Operation
from app.api.paging import CursorParameter, Limit, PageOf, page_request
from app.api.responses import problems
from app.api.schemas.leads.merges import MergeCreate, MergeRead
from app.domain.access.api_keys import Scope
from app.domain.leads.merges import Merge
from app.services.leads.merges import MergeService

router = APIRouter(prefix="/v1", tags=["merges"], route_class=Operation)

Reading = Annotated[MergeService, service(MergeService, Scope.LEADS_READ)]
Writing = Annotated[MergeService, service(MergeService, Scope.LEADS_WRITE)]
LeadId = Annotated[UUID, Path(description="The lead's id.")]
MergeId = Annotated[UUID, Path(description="The merge's id.")]
DryRun = Annotated[
    bool, Query(description="Answer with the plan and write nothing.", examples=[True])
]


@router.post(
    "/leads/{lead_id}/merge",
    response_model=MergeRead,
    responses=problems(404, 409, 413, 415),
    summary="Merge another lead into this one",
)
async def merge_leads(
    lead_id: LeadId, body: MergeCreate, merges: Writing, *, dry_run: DryRun = False
) -> Merge:
    """The lead in the path wins: it gets everything of the loser, whose id leads to it from then
    on. A loser that is a part of it already answers as it did the first time.
    """
    return await merges.merge(lead_id, body.loser_id, rules=body.to_rules(), dry_run=dry_run)


@router.get(
    "/leads/{lead_id}/merges",
    response_model=PageOf[MergeRead],
    responses=problems(404),
    summary="List the merges of a lead",
)
async def list_lead_merges(
    lead_id: LeadId, merges: Reading, limit: Limit = 50, cursor: CursorParameter = None
) -> PageOf[MergeRead]:
    """Those that it won or lost, and those of the leads that are a part of it, newest first."""
    page = await merges.of_lead(lead_id, page_request(limit, cursor, "-created_at"))
    return PageOf[MergeRead].model_validate(page)


@router.get("/merges", response_model=PageOf[MergeRead], summary="List merges")
async def list_merges(
    merges: Reading, limit: Limit = 50, cursor: CursorParameter = None
) -> PageOf[MergeRead]:
    """Newest first."""
    page = await merges.page(page_request(limit, cursor, "-created_at"))
    return PageOf[MergeRead].model_validate(page)


@router.get(
    "/merges/{merge_id}",
    response_model=MergeRead,
    responses=problems(404),
    summary="Read a merge",
)
async def read_merge(merge_id: MergeId, merges: Reading) -> Merge:
    """What was decided for each field, and what was moved."""
    return await merges.get(merge_id)


@router.post(
    "/merges/{merge_id}/undo",
    response_model=MergeRead,
    responses=problems(404, 409),
    summary="Undo a merge",
)
async def undo_merge(merge_id: MergeId, merges: Writing) -> Merge:
    """Both leads are as they were. Fields edited since keep the newer value, and what came to the
    winner since stays with it: `undone` lists both.
    """
    return await merges.undo(merge_id)
