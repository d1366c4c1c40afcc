"""How a handler gets its service: the key is checked, the unit of work is open, and it ends."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request

from app.api.attempts import attempt_of
from app.api.idempotency import refuse_repeat
from app.api.runtime import runtime_of
from app.domain.access.api_keys import Scope
from app.domain.errors import Invalid
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.idempotency import IdempotencyService

S = TypeVar("S")


def service(make: Callable[[UnitOfWork], S], *scopes: Scope, replays: bool = True) -> Any:
    """A dependency: the service over a unit of work of the caller, who needs all the `scopes`.

    It opens the unit of work; `Operation` ends it, after the answer is made and before it is sent.
    Where an answer cannot be kept, nothing `replays` it: an Idempotency-Key means nothing there.
    """

    async def open_service(request: Request) -> S:
        runtime = runtime_of(request)
        headers = request.headers
        kind, _, token = headers.get("authorization", "").partition(" ")
        caller = await runtime.authenticator.authenticate(
            token.strip() if kind.lower() == "bearer" else None,
            scopes,
            headers.get("touchline-actor"),
        )
        attempt = attempt_of(request)
        attempt.work = uow = UnitOfWork(runtime.database, caller)
        if replays and request.method == "POST" and "idempotency-key" in headers:
            attempt.answers = IdempotencyService(uow)
            await refuse_repeat(request, attempt.answers)
        return make(uow)

    return Depends(open_service, use_cache=False)


def _version_of(
    if_match: Annotated[
        str | None,
        Header(
            description="Only change the resource if its ETag is this one; else 412.",
            examples=['"3"'],
        ),
    ] = None,
) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    version = if_match.strip().removeprefix("W/").strip('"')
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise Invalid.parameter("If-Match", 'must be an ETag such as "3"')
    return int(version)


IfMatch = Annotated[int | None, Depends(_version_of)]
