"""Submissions: taken in, followed up, released or rejected."""

from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Path, Query, Request, Response, status

from app.adapters.form_bodies import parse_form_body
from app.api.body import parse_json
from app.api.deps import service
from app.api.door import (
    Door,
    Sender,
    accept,
    delivery_of,
    only_query,
    read_submission,
    receipt,
    sender_with_key,
)
from app.api.operations import Operation
from app.api.paging import PageOf, page_request
from app.api.responses import problems
from app.api.runtime import runtime_of
from app.api.schemas.intake.submission_bodies import checked_body
from app.api.schemas.intake.submissions import (
    BalanceRead,
    Decision,
    Receipt,
    SubmissionQuery,
    SubmissionRead,
    SubmissionStanding,
    submission_read,
)
from app.domain.access.api_keys import Scope
from app.domain.errors import Forbidden, Invalid
from app.domain.intake.submissions import SubmissionKind, SubmissionStatus
from app.services.intake.audit import BalanceService
from app.services.intake.form_posts import Seen, at_the_form, fingerprint_of
from app.services.intake.reception import Accepted
from app.services.intake.submissions import SubmissionService

log = structlog.get_logger("touchline.intake")

doors = APIRouter(prefix="/v1", tags=["submissions"], route_class=Door)
router = APIRouter(prefix="/v1", tags=["submissions"], route_class=Operation)

Reading = Annotated[SubmissionService, service(SubmissionService, Scope.LEADS_READ)]
Writing = Annotated[SubmissionService, service(SubmissionService, Scope.LEADS_WRITE)]
Following = Annotated[SubmissionService, service(SubmissionService, Scope.INTAKE_WRITE)]
Auditing = Annotated[BalanceService, service(BalanceService, Scope.LEADS_READ)]
_KEPT = ("Location", "Idempotency-Replayed")
ReceiptId = Annotated[UUID, Path(description="The receipt.")]


@doors.post(
    "/submissions",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=Receipt,
    responses={
        200: {"description": "With wait=true: added to a known lead", "model": SubmissionRead},
        201: {"description": "With wait=true: a new lead", "model": SubmissionRead},
        **problems(413, 415, 429),
    },
    summary="Send a submission",
    openapi_extra={
        "parameters": [
            {
                "name": "wait",
                "in": "query",
                "required": False,
                "description": "Answer with the outcome itself; with a secret key only.",
                "schema": {"type": "boolean", "default": False},
                "example": False,
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/SubmissionCreate"}}
            },
        },
    },
)
async def send_submission(request: Request) -> Response:
    """Stored as it came before anything is made of it. 202 means that it is safe: committed, or
    synced to disk while the database is silent.

    With a publishable key the answer never tells whether the person was known.
    """
    # First of all: of a client that hangs up, a body that was not read is gone.
    raw = await read_submission(request)
    sender = await sender_with_key(request)
    wait = _wait(request, sender)
    body = checked_body(
        parse_json(raw, request.headers.get("content-type", "")), trusted=sender.trusted
    )
    seen = None
    addressed: dict[str, Any] = {}
    if body.form_id is not None:
        seen, fingerprint = await _seen(request, sender, body.form_id, raw)
        addressed = {"form_id": body.form_id, "fingerprint": fingerprint}
    delivery = delivery_of(
        request,
        sender,
        raw,
        SubmissionKind.API if seen is None else SubmissionKind.FORM,
        api_key_id=sender.api_key_id,
        is_test=body.is_test,
        visitor_id=body.context.visitor_id,
        **addressed,
    )
    accepted = await accept(request, delivery)
    if seen is not None and seen.problems:
        raise Invalid(
            "some answers are missing or wrong; what was sent is kept, and waits",
            errors=seen.problems,
            extra={"receipt_id": str(accepted.receipt_id)},
        )
    if not wait:
        return receipt(accepted, sender)
    return await _outcome(request, delivery.workspace_id, accepted, sender)


@router.get("/submissions", response_model=PageOf[SubmissionRead], summary="List submissions")
async def list_submissions(
    submissions: Reading, query: Annotated[SubmissionQuery, Query()]
) -> PageOf[SubmissionRead]:
    """Newest first, whatever became of them; `status=held` is the list of those that wait.

    `status=quarantined` lists also what the database refused, unless it is asked for by more than
    its time.
    """
    request = page_request(query.limit, query.cursor, query.sort)
    page = await submissions.page(query.to_filter(), request)
    return PageOf[SubmissionRead](
        data=[submission_read(each) for each in page.data], next_cursor=page.next_cursor
    )


@router.get(
    "/submissions/{receipt_id}",
    response_model=SubmissionRead,
    responses=problems(404),
    summary="Read a submission",
)
async def read_submission_by_receipt(receipt_id: ReceiptId, submissions: Reading) -> SubmissionRead:
    """What became of it: captured as which lead, or why it waits."""
    return submission_read(await submissions.get(receipt_id))


@router.get(
    "/submissions/{receipt_id}/status",
    response_model=SubmissionStanding,
    responses=problems(404),
    summary="Ask where a submission stands",
)
async def ask_where_it_stands(receipt_id: ReceiptId, submissions: Following) -> SubmissionStanding:
    """What a publishable key may know of what was sent with it."""
    found = await submissions.get(receipt_id)
    return SubmissionStanding(
        receipt_id=found.id, status=SubmissionStatus(found.status), received_at=found.received_at
    )


@router.get(
    "/submissions/{receipt_id}/raw",
    response_class=Response,
    responses={
        200: {
            "description": "The body",
            "content": {"application/octet-stream": {"schema": {"type": "string"}}},
        },
        **problems(404),
    },
    summary="Read a submission's body as it came",
)
async def read_raw(receipt_id: ReceiptId, submissions: Reading) -> Response:
    """Byte for byte; shown as a download, whatever its type says."""
    delivery = await submissions.delivery(receipt_id)
    return Response(
        delivery.raw,
        headers={
            "Content-Disposition": f'attachment; filename="{receipt_id}"',
            "X-Content-Type-Options": "nosniff",
        },
        media_type="application/octet-stream",
    )


@router.post(
    "/submissions/{receipt_id}/release",
    response_model=SubmissionRead,
    responses=problems(404, 409, 413, 415),
    summary="Release a submission that waits",
)
async def release_submission(
    receipt_id: ReceiptId, body: Decision, submissions: Writing, request: Request
) -> SubmissionRead:
    """It is captured within a second, whatever spoke against it. Also retries a quarantined one;
    409 when the database refuses that still."""
    inbox = runtime_of(request).reception.inbox
    return submission_read(await submissions.release(receipt_id, body.note, inbox))


@router.post(
    "/submissions/{receipt_id}/reject",
    response_model=SubmissionRead,
    responses=problems(404, 409, 413, 415),
    summary="Reject a submission that waits",
)
async def reject_submission(
    receipt_id: ReceiptId, body: Decision, submissions: Writing
) -> SubmissionRead:
    """It makes no lead. It stays on record, and can be released later."""
    return submission_read(await submissions.reject(receipt_id, body.note))


@router.get("/intake/audit", response_model=BalanceRead, summary="Is everything there?")
async def read_audit(audit: Auditing, request: Request) -> BalanceRead:
    """Receipts issued against submissions stored, as compared last: every half minute."""
    intake = runtime_of(request).intake
    balance = await audit.balance()
    usage = intake.reception.spool.usage() if intake.reception.spool else None
    return BalanceRead(
        issued=balance.issued,
        stored=balance.stored,
        difference=balance.stored - balance.issued,
        lost=len(intake.replay.lost),
        in_spool=usage.unsettled if usage else 0,
        checked_at=balance.checked_at,
    )


async def _seen(
    request: Request, sender: Sender, form_id: UUID, raw: bytes
) -> tuple[Seen, bytes | None]:
    runtime = runtime_of(request)
    post = parse_form_body(raw, "application/json")
    seen = await at_the_form(runtime.forms, sender.workspace_id, form_id, post)
    if seen.form is None and seen.certain:
        raise Invalid.field("/form_id", "no such form in this workspace", code="not_found")
    return seen, fingerprint_of(runtime.secrets, sender.workspace_id, form_id, seen, post)


def _wait(request: Request, sender: Sender) -> bool:
    if not request.scope["query_string"]:
        return False
    only_query(request, "wait")
    wanted = request.query_params.get("wait")
    if wanted not in (None, "true", "false"):
        raise Invalid.parameter("wait", "must be true or false")
    if wanted == "true" and not sender.trusted:
        raise Forbidden("only a secret key may wait for the outcome")
    return wanted == "true"


async def _outcome(
    request: Request, workspace_id: UUID, accepted: Accepted, sender: Sender
) -> Response:
    """What became of it; the receipt when that cannot be said, for it is safe all the same."""
    runtime = runtime_of(request)
    told = receipt(accepted, sender)
    if accepted.status == SubmissionStatus.QUARANTINED or not runtime.reception.connected:
        return told
    try:
        found = await runtime.pipeline.run_one(workspace_id, accepted.receipt_id)
    except Exception:
        log.exception("a submission was not captured at once", receipt_id=str(accepted.receipt_id))
        return told
    code = {"created": 201, "matched": 200}.get(found.outcome or "", 202)
    return Response(
        submission_read(found).model_dump_json(),
        code,
        {name: told.headers[name] for name in _KEPT if name in told.headers} | sender.headers,
        "application/json",
    )
