"""Connectors, and the addresses that vendors send to."""

from time import monotonic_ns
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response, status

from app.adapters.vendors import Answer, Call, Proof
from app.adapters.vendors.registry import VENDORS
from app.api.attempts import after_commit
from app.api.body import read_body
from app.api.client_address import client_address
from app.api.deps import IfMatch, service
from app.api.door import Door
from app.api.errors import request_id_of, status_of
from app.api.operations import Operation
from app.api.paging import PageOf, page_request
from app.api.rate_limits import verdict_headers
from app.api.responses import problems
from app.api.runtime import runtime_of
from app.api.schemas.intake.connectors import (
    ConnectorCreate,
    ConnectorQuery,
    ConnectorRead,
    ConnectorTest,
    ConnectorUpdate,
)
from app.domain.access.api_keys import Scope
from app.domain.errors import DomainError, NotFound, TooMany, Unavailable
from app.domain.intake.connectors import TOKEN_PURPOSE, Connector
from app.domain.intake.tokens import parse_token
from app.services.intake.connector_calls import Origin, greet, take_call
from app.services.intake.connectors import ConnectorService

doors = APIRouter(prefix="/v1/connectors", tags=["connectors"], route_class=Door)
router = APIRouter(prefix="/v1/connectors", tags=["connectors"], route_class=Operation)

Administering = Annotated[ConnectorService, service(ConnectorService, Scope.ADMIN)]
ConnectorId = Annotated[UUID, Path(description="The connector's id.")]

# None that could hold a secret. `webhook-id` names the call.
_KEPT_HEADERS = ("user-agent", "referer", "origin", "webhook-id")
_ANY_BODY: dict[str, Any] = {
    "requestBody": {
        "description": "Whatever the vendor sends.",
        "content": {"*/*": {"schema": {"type": "string"}}},
    }
}


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=ConnectorRead,
    responses=problems(413, 415),
    summary="Create a connector",
)
async def create_connector(
    body: ConnectorCreate, connectors: Administering, request: Request, response: Response
) -> ConnectorRead:
    """The answer has the address that the vendor sends to."""
    secrets = runtime_of(request).secrets
    connector = await connectors.create(body.told(), secrets)
    response.headers["Location"] = f"/v1/connectors/{connector.id}"
    response.headers["ETag"] = f'"{connector.version}"'
    return ConnectorRead.of_connector(connector, secrets)


@router.get("", response_model=PageOf[ConnectorRead], summary="List connectors")
async def list_connectors(
    connectors: Administering, query: Annotated[ConnectorQuery, Query()], request: Request
) -> PageOf[ConnectorRead]:
    """Newest first, archived ones too."""
    filters: dict[str, list[Any]] = {}
    if query.active is not None:
        filters["active"] = [query.active]
    if query.vendor is not None:
        filters["vendor"] = [vendor.value for vendor in query.vendor]
    page = await connectors.page(filters, page_request(query.limit, query.cursor))
    secrets = runtime_of(request).secrets
    data = [ConnectorRead.of_connector(connector, secrets) for connector in page.data]
    return PageOf[ConnectorRead](data=data, next_cursor=page.next_cursor)


@router.get(
    "/{connector_id}",
    response_model=ConnectorRead,
    responses=problems(404),
    summary="Read a connector",
)
async def read_connector(
    connector_id: ConnectorId, connectors: Administering, request: Request, response: Response
) -> ConnectorRead:
    """The connector, archived or not, with its version as ETag."""
    connector = await connectors.get(connector_id)
    response.headers["ETag"] = f'"{connector.version}"'
    return ConnectorRead.of_connector(connector, runtime_of(request).secrets)


@router.patch(
    "/{connector_id}",
    response_model=ConnectorRead,
    responses=problems(404, 412, 413, 415),
    summary="Change a connector",
)
async def update_connector(
    connector_id: ConnectorId,
    body: ConnectorUpdate,
    connectors: Administering,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> ConnectorRead:
    """A JSON merge patch. The vendor stays: another one is another connector."""
    runtime = runtime_of(request)
    connector = await connectors.update(connector_id, body.told(), if_match, runtime.secrets)
    after_commit(request, lambda: runtime.connectors.forget(connector_id))
    response.headers["ETag"] = f'"{connector.version}"'
    return ConnectorRead.of_connector(connector, runtime.secrets)


@router.delete(
    "/{connector_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(404, 412),
    summary="Archive a connector",
)
async def archive_connector(
    connector_id: ConnectorId, connectors: Administering, if_match: IfMatch, request: Request
) -> None:
    """What is still sent to it is kept and waits; the connector stays as well."""
    runtime = runtime_of(request)
    await connectors.archive(connector_id, if_match, runtime.secrets)
    after_commit(request, lambda: runtime.connectors.forget(connector_id))


@router.post(
    "/{connector_id}/test",
    response_model=ConnectorTest,
    responses=problems(404, 413),
    openapi_extra=_ANY_BODY,
    summary="Try out a connector",
)
async def test_connector(
    connector_id: ConnectorId, connectors: Administering, request: Request
) -> ConnectorTest:
    """What a call with this body would become, lead by lead. No signature is needed here."""
    call = _call(request, await read_body(request))
    return ConnectorTest.of_rehearsals(await connectors.rehearse(connector_id, call))


@doors.post("/{connector_token}/hook", include_in_schema=False)
async def send_call(request: Request) -> Response:
    """Every lead in it is stored as it came before anything is made of it."""
    connector: Connector | None = None
    try:
        connector = await _addressed(request)
        origin, headers = _origin(request, connector)
        call = _call(request, await read_body(request, _limit(request, connector)))
        runtime = runtime_of(request)
        answer = await take_call(runtime.reception, runtime.secrets, connector, call, origin)
    except DomainError as error:
        refusal = connector and VENDORS[connector.vendor].refusal(
            status_of(error), error.detail, request_id_of(request)
        )
        if not refusal:
            raise
        return _as_response(refusal, _come_back(error))
    return _as_response(answer, headers)


@doors.get("/{connector_token}/hook", include_in_schema=False)
async def greet_vendor(request: Request) -> Response:
    """The challenge of Meta or LinkedIn, and 200 for all others."""
    connector = await _addressed(request)
    answer = greet(runtime_of(request).secrets, connector, request.url.query)
    return _as_response(answer, {})


async def _addressed(request: Request) -> Connector:
    """The connector that the path names; NotFound unless its token was made here.

    Unavailable when the database is silent and the connector was not known before: vendors come
    again.
    """
    runtime = runtime_of(request)
    said = parse_token(runtime.secrets, request.path_params["connector_token"], TOKEN_PURPOSE)
    found = said and await runtime.connectors.find(said.workspace_id, said.subject_id)
    if not found:
        raise NotFound("there is no such connector")
    return found


def _origin(request: Request, connector: Connector) -> tuple[Origin, dict[str, str]]:
    """Who sends, if it is not too much, and what to tell of the limit.

    A vendor's servers send what many people fill in, from few addresses: only browsers are
    counted by theirs.
    """
    runtime = runtime_of(request)
    address = client_address(request.scope, runtime.trusted_proxies)
    by_browser = VENDORS[connector.vendor].proof is Proof.NONE
    counted = address if by_browser else None
    verdict = runtime.rate_limits.check(connector.id, counted, monotonic_ns())
    if not verdict.allowed:
        raise verdict.refusal()
    origin = Origin(
        address=address,
        suspicions=("rate",) if verdict.soft else (),
        headers={n: v for n in _KEPT_HEADERS if (v := request.headers.get(n)) is not None},
        idempotency_key=request.headers.get("idempotency-key"),
    )
    return origin, verdict_headers(verdict)


def _limit(request: Request, connector: Connector) -> int:
    settings = runtime_of(request).settings
    if VENDORS[connector.vendor].proof is Proof.NONE:
        return settings.max_submission_bytes
    return settings.max_body_bytes


def _call(request: Request, raw: bytes) -> Call:
    return Call(
        raw=raw,
        content_type=request.headers.get("content-type", ""),
        query=request.url.query,
        headers=dict(request.headers),
    )


def _come_back(error: DomainError) -> dict[str, str]:
    if isinstance(error, TooMany):
        return {"Retry-After": str(error.retry_after)}
    return {"Retry-After": "5"} if isinstance(error, Unavailable) else {}


def _as_response(answer: Answer, headers: dict[str, str]) -> Response:
    return Response(answer.body, answer.status, {**headers, **answer.headers}, answer.content_type)
