"""Duplicates: of one record, those a scan found, and those that are none."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, status

from app.api.deps import service
from app.api.operations import Operation
from app.api.paging import CursorParameter, Limit, PageOf, page_request
from app.api.responses import problems
from app.api.schemas.leads.duplicates import (
    ClusterQuery,
    ClusterRead,
    DismissalRead,
    DismissRequest,
    PairQuery,
    PairRead,
    ScanRequest,
)
from app.api.schemas.leads.matching import MatchList, match_list
from app.api.schemas.reach.jobs import JobRead
from app.domain.access.api_keys import Scope
from app.domain.leads.duplicates import Dismissal
from app.domain.leads.matching import Record
from app.domain.paging import Page
from app.domain.reach.jobs import Job
from app.services.leads.duplicates import DuplicateService
from app.services.leads.matching import MatchingService

router = APIRouter(prefix="/v1", tags=["duplicates"], route_class=Operation)

Matching = Annotated[MatchingService, service(MatchingService, Scope.LEADS_READ)]
Reading = Annotated[DuplicateService, service(DuplicateService, Scope.LEADS_READ)]
Writing = Annotated[DuplicateService, service(DuplicateService, Scope.LEADS_WRITE)]
Administering = Annotated[DuplicateService, service(DuplicateService, Scope.ADMIN)]

Most = Annotated[int, Query(ge=1, le=50, description="The most matches to answer.", examples=[10])]
LeadId = Annotated[UUID, Path(description="The lead's id.")]
ContactId = Annotated[UUID, Path(description="The contact's id.")]
AccountId = Annotated[UUID, Path(description="The account's id.")]
Records = Annotated[
    list[Record] | None,
    Query(description="What to look among; its own kind when absent.", examples=[["lead"]]),
]


@router.get(
    "/leads/{lead_id}/duplicates",
    response_model=MatchList,
    responses=problems(404),
    summary="Find duplicates of a lead",
)
async def lead_duplicates(
    lead_id: LeadId, matching: Matching, records: Records = None, limit: Most = 10
) -> MatchList:
    """The records that may be this lead as it is now, the likeliest first; no scan is needed."""
    among = records or [Record.LEAD]
    return match_list(await matching.duplicates_of(Record.LEAD, lead_id, among, limit))


@router.get(
    "/contacts/{contact_id}/duplicates",
    response_model=MatchList,
    responses=problems(404),
    summary="Find duplicates of a contact",
)
async def contact_duplicates(
    contact_id: ContactId, matching: Matching, records: Records = None, limit: Most = 10
) -> MatchList:
    """The records that may be this contact, the likeliest first."""
    among = records or [Record.CONTACT]
    return match_list(await matching.duplicates_of(Record.CONTACT, contact_id, among, limit))


@router.get(
    "/accounts/{account_id}/duplicates",
    response_model=MatchList,
    responses=problems(404),
    summary="Find duplicates of an account",
)
async def account_duplicates(
    account_id: AccountId, matching: Matching, records: Records = None, limit: Most = 10
) -> MatchList:
    """The records that may be this account, the likeliest first."""
    among = records or [Record.ACCOUNT]
    return match_list(await matching.duplicates_of(Record.ACCOUNT, account_id, among, limit))


@router.post(
    "/duplicates/scan",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=JobRead,
    responses=problems(413, 415),
    summary="Compare all records with each other",
)
async def scan_duplicates(body: ScanRequest, duplicates: Administering) -> Job:
    """A job that goes on where it was interrupted; one that is still to be done is answered again.
    Its result does not depend on the order in which records came."""
    return await duplicates.start_scan(body.record)


@router.get("/duplicates", response_model=PageOf[PairRead], summary="List pairs to look at")
async def list_duplicates(
    duplicates: Reading, query: Annotated[PairQuery, Query()]
) -> Page[dict[str, Any]]:
    """What the last scan found and nobody has decided, the likeliest first."""
    filters = query.model_dump(exclude={"limit", "cursor", "record"}, exclude_none=True)
    return await duplicates.page(query.record, filters, page_request(query.limit, query.cursor))


@router.get(
    "/duplicates/clusters",
    response_model=PageOf[ClusterRead],
    summary="List groups of duplicates",
)
async def list_clusters(
    duplicates: Reading, query: Annotated[ClusterQuery, Query()]
) -> Page[dict[str, Any]]:
    """The groups that the pairs form together."""
    return await duplicates.clusters(query.record, page_request(query.limit, query.cursor))


@router.post(
    "/duplicates/dismiss",
    response_model=DismissalRead,
    responses=problems(413, 415),
    summary="Say that two records are not one",
)
async def dismiss_duplicate(body: DismissRequest, duplicates: Writing) -> Dismissal:
    """Remembered for both, and after merges for what they became: the pair is not shown again."""
    return await duplicates.dismiss(body.record, body.first_id, body.second_id, body.reason)


@router.get(
    "/duplicates/dismissals",
    response_model=PageOf[DismissalRead],
    summary="List dismissed pairs",
)
async def list_dismissals(
    duplicates: Reading, limit: Limit = 50, cursor: CursorParameter = None
) -> Page[Dismissal]:
    """Newest first."""
    return await duplicates.dismissals(page_request(limit, cursor))


@router.delete(
    "/duplicates/dismissals/{dismissal_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(404),
    summary="Take a dismissal back",
)
async def restore_duplicate(
    dismissal_id: Annotated[UUID, Path(description="The dismissal's id.")], duplicates: Writing
) -> None:
    """The two may be found alike again."""
    await duplicates.restore(dismissal_id)
