"""The one table from error class to HTTP status, and the one shape every error leaves in."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from uuid import UUID

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.api.rate_limits import refusal_headers
from app.domain import errors as domain

log = structlog.get_logger("touchline.errors")

STATUS: dict[type[domain.DomainError], int] = {
    domain.Invalid: 422,
    domain.Unauthenticated: 401,
    domain.Forbidden: 403,
    domain.NotFound: 404,
    domain.Conflict: 409,
    domain.Stale: 412,
    domain.TooLarge: 413,
    domain.UnsupportedMedia: 415,
    domain.TooMany: 429,
    domain.NotInstalled: 501,
    domain.Unavailable: 503,
}

MEDIA_TYPE = "application/problem+json"


def status_of(error: domain.DomainError) -> int:
    """The HTTP status of a domain error, looked up along its ancestors."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def problem(
    request_id: str,
    status: int,
    *,
    code: str,
    title: str,
    detail: str,
    errors: Sequence[Mapping[str, Any]] = (),
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An RFC 9457 answer."""
    body = {
        **(extra or {}),
        "type": f"urn:touchline:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": list(errors),
        "request_id": request_id,
    }
    return Response(orjson.dumps(body), status, dict(headers or {}), MEDIA_TYPE)


def describe(error: domain.DomainError) -> dict[str, Any]:
    """The members of a problem that come from the error itself."""
    return {
        "code": error.specific_code,
        "title": error.title,
        "detail": error.detail,
        "errors": [
            {k: v for k, v in vars(field_error).items() if v is not None}
            for field_error in error.errors
        ],
        "extra": error.extra,
    }


def request_id_of(request: Request) -> str:
    """The id the middleware gave this request."""
    return str(request.scope.get("touchline.request_id", ""))


def install(app: FastAPI) -> None:
    """Answer every error of the app in this shape."""

    @app.exception_handler(domain.DomainError)
    async def _domain(request: Request, error: domain.DomainError) -> Response:
        status = status_of(error)
        headers = {}
        if isinstance(error, domain.TooMany):
            headers = refusal_headers(error)
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if status == 503:
            headers["Retry-After"] = "1"
        return problem(request_id_of(request), status, headers=headers, **describe(error))

    @app.exception_handler(domain.Merged)
    async def _merged(request: Request, error: domain.Merged) -> Response:
        location = _moved_to(request, error)
        if location is None:
            return await _domain(request, error)
        # A method that changes something must not become a GET on the way.
        status = 301 if request.method in ("GET", "HEAD") else 308
        # Kept by a cache, as both may be for ever, it would outlive the undoing of the merge.
        headers = {"Location": location, "Cache-Control": "no-store"}
        return problem(request_id_of(request), status, headers=headers, **describe(error))

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: RequestValidationError) -> Response:
        found = [field_error(item) for item in error.errors()]
        return await _domain(
            request, domain.Invalid("the request does not fit its schema", errors=found)
        )

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        phrase = HTTPStatus(error.status_code).phrase
        code = {413: "too_large"}.get(error.status_code, phrase.lower().replace(" ", "_"))
        return problem(
            request_id_of(request),
            error.status_code,
            code=code,
            title=phrase,
            detail=str(error.detail or phrase),
            headers=error.headers,
        )


def _moved_to(request: Request, error: domain.Merged) -> str | None:
    """The same path with the id of the lead that is left; None when the path names no lead."""
    named = str(request.path_params.get("lead_id", ""))
    try:
        if error.lead_id is None or UUID(named) != error.merged_id:
            return None
    except ValueError:
        return None
    path = request.scope["path"].replace(f"/{named}", f"/{error.lead_id}", 1)
    query = request.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def internal(request_id: str) -> Response:
    """The answer to an error nobody foresaw: it shows nothing but where to look."""
    return problem(
        request_id,
        500,
        code="internal_error",
        title="Internal error",
        detail=f"an unforeseen error; the log has the details under request id {request_id}",
    )


def field_error(item: Mapping[str, Any]) -> domain.FieldError:
    """One of Pydantic's errors, without the input it was found in."""
    where, *path = item["loc"] or ("body",)
    code = "missing" if item["type"] == "missing" else "invalid"
    code = "unknown_field" if item["type"] == "extra_forbidden" else code
    detail = str(item["msg"]).removeprefix("Value error, ")
    if where == "body":
        steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
        pointer = "".join(f"/{step}" for step in steps)
        return domain.FieldError(pointer=pointer or "/", code=code, detail=detail)
    # Of a repeated parameter the place would follow, which is no part of its name.
    name = str(path[0]) if path else str(where)
    return domain.FieldError(parameter=name, code=code, detail=detail)
