"""What the public routes of the intake do alike: who is it, is it too much, what did they send."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic_ns
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from starlette.types import Receive, Send
from starlette.types import Scope as HttpScope

from app.api.body import read_body
from app.api.client_address import client_address
from app.api.operations import Handler, Operation
from app.api.rate_limits import verdict_headers
from app.api.runtime import Runtime, runtime_of
from app.domain.access.api_keys import SECRET_PREFIX, Scope
from app.domain.errors import FieldError, Invalid
from app.domain.intake.submissions import Delivery, SubmissionKind
from app.platform import clock
from app.platform.ids import new_id
from app.services.access.idempotency import checked_key, is_key
from app.services.intake.reception import Accepted

_KEPT = {
    name.encode(): name
    for name in ("user-agent", "referer", "origin", "host", "accept-language", "x-request-id")
}
_LONGEST_HEADER = 4_000
_LONGEST_QUERY = 16_000
_SENDING = (Scope.INTAKE_WRITE,)


class Door(Operation):
    """A route whose handler reads the request itself and answers it whole.

    FastAPI's own reading of parameters, and the stacks it keeps for dependencies, would take
    longer than all that is done here.
    """

    def __init__(self, path: str, endpoint: Handler, **settings: Any) -> None:
        super().__init__(path, endpoint, **settings)

        async def answer(scope: HttpScope, receive: Receive, send: Send) -> None:
            response = await endpoint(Request(scope, receive, send))
            await response(scope, receive, send)

        self.app = answer


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who knocks."""

    workspace_id: UUID
    api_key_id: UUID | None
    trusted: bool
    address: str | None
    suspicions: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


def only_query(request: Request, *known: str) -> None:
    """Invalid for a query parameter that is not known."""
    if not request.scope["query_string"]:
        return
    unknown = next((name for name in request.query_params if name not in known), None)
    if unknown is not None:
        detail = "there is no such query parameter"
        raise Invalid.parameter(unknown, detail, code="unknown_parameter")


async def sender_with_key(request: Request) -> Sender:
    """The sender behind an API key; a secret one is a server's, and trusted with more."""
    runtime = runtime_of(request)
    kind, _, token = _header(request, b"authorization").partition(" ")
    token = token.strip() if kind.lower() == "bearer" else ""
    caller = await runtime.authenticator.authenticate(token or None, _SENDING, None)
    trusted = token.startswith(SECRET_PREFIX)
    return _counted(request, runtime, caller.workspace_id, caller.api_key_id, trusted=trusted)


def _header(request: Request, name: bytes) -> str:
    """A header's text; a quarter of what it takes to ask `request.headers`."""
    for known, value in request.scope["headers"]:
        if known == name:
            return str(value, "latin-1")
    return ""


def public_sender(request: Request, workspace_id: UUID, subject_id: UUID) -> Sender:
    """Somebody who was only given a form's or a connector's address."""
    return _counted(request, runtime_of(request), workspace_id, subject_id, trusted=False)


def _counted(
    request: Request, runtime: Runtime, workspace_id: UUID, key_id: UUID | None, *, trusted: bool
) -> Sender:
    address = client_address(request.scope, runtime.trusted_proxies)
    # A server passes on what many people send, from one address.
    counted = None if trusted else address
    verdict = runtime.rate_limits.check(key_id, counted, monotonic_ns())
    if not verdict.allowed:
        raise verdict.refusal()
    return Sender(
        workspace_id=workspace_id,
        api_key_id=key_id,
        trusted=trusted,
        address=address,
        suspicions=["rate"] if verdict.soft else [],
        headers=verdict_headers(verdict),
    )


async def read_submission(request: Request) -> bytes:
    """The raw body; TooLarge beyond the intake's own limit."""
    return await read_body(request, runtime_of(request).settings.max_submission_bytes)


def delivery_of(
    request: Request,
    sender: Sender,
    raw: bytes,
    kind: SubmissionKind,
    *,
    key: str | None = None,
    suspicions: Sequence[str] = (),
    **more: Any,
) -> Delivery:
    """The delivery, under the receipt of its Idempotency-Key or under a new one.

    A key of the body that cannot be used counts for none: a page's mistake costs no lead.
    """
    scope = request.scope
    key = key if key is None or is_key(key) else None
    headers: dict[str, str] = {}
    content_type = ""
    for name, value in scope["headers"]:
        if name in _KEPT:
            headers[_KEPT[name]] = value[:_LONGEST_HEADER].decode("latin-1")
        elif name == b"content-type":
            content_type = value[:_LONGEST_HEADER].decode("latin-1")
        elif name == b"idempotency-key":
            key = value.decode("latin-1")
    workspace_id = sender.workspace_id
    return Delivery(
        workspace_id=workspace_id,
        id=new_id() if key is None else _receipt_for(request, workspace_id, key),
        kind=kind,
        received_at=clock.now(),
        raw=raw,
        body_hash=hashlib.blake2b(raw, digest_size=32, key=scope["path"].encode()[:64]).digest(),
        content_type=content_type,
        query=scope["query_string"][:_LONGEST_QUERY].decode("latin-1"),
        headers=headers,
        address=sender.address,
        suspicions=[*sender.suspicions, *suspicions],
        **more,
    )


def _receipt_for(request: Request, workspace_id: UUID, key: str) -> UUID:
    named = b"key:" + checked_key(key).encode()
    return runtime_of(request).reception.receipt_for(workspace_id, named)


async def accept(request: Request, delivery: Delivery) -> Accepted:
    """Take it in; Invalid when its Idempotency-Key came before with another body."""
    accepted = await runtime_of(request).reception.accept(delivery)
    if not accepted.same_body:
        detail = "this Idempotency-Key was used for another submission"
        raise Invalid(
            detail,
            code="idempotency_key_reused",
            errors=[
                FieldError(
                    parameter="Idempotency-Key", code="idempotency_key_reused", detail=detail
                )
            ],
        )
    return accepted


def receipt(accepted: Accepted, sender: Sender) -> Response:
    """202 with the receipt."""
    headers = {**sender.headers, "Location": f"/v1/submissions/{accepted.receipt_id}"}
    if accepted.replayed:
        headers["Idempotency-Replayed"] = "true"
    body = f'{{"receipt_id":"{accepted.receipt_id}","status":"{accepted.status}"}}'
    return Response(body, 202, headers, "application/json")
