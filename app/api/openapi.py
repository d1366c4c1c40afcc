"""The OpenAPI document: security, shared headers and problems added to what FastAPI derives."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from app.api.responses import Problem, ProblemField

DESCRIPTION = """\
Capture leads, qualify them, convert them, and read the whole history behind them.

Send an API key as `Authorization: Bearer <key>`. Ids are UUIDv7, times are RFC 3339 in UTC, money
is in minor units with an ISO 4217 code. Lists are read by `next_cursor`. Every error is an
`application/problem+json` with a stable `code` and the fields that are wrong.
"""

_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes a repeat harmless: for 30 days the same key with the same request gets "
    "the first answer again (`Idempotency-Replayed: true`); with another request 422.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "example": "5f0c7c1e-order-42",
}
_ACTOR = {
    "name": "Touchline-Actor",
    "in": "header",
    "required": False,
    "description": "The user in whose name the request acts; the key needs the scope `act_as`.",
    "schema": {"type": "string", "format": "uuid"},
}


def install(app: FastAPI) -> None:
    """Give the app its document, made once."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title="Touchline",
        version=app.version,
        summary="Headless lead management",
        description=DESCRIPTION,
        routes=app.routes,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": "/"}],
    )
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    _, defined = models_json_schema(
        [(Problem, "serialization"), (ProblemField, "serialization")],
        ref_template="#/components/schemas/{model}",
    )
    schemas |= defined["$defs"]
    components["securitySchemes"] = {
        "api_key": {"type": "http", "scheme": "bearer", "description": "A secret API key."}
    }
    for path, operations in made["paths"].items():
        if path.startswith("/v1/"):
            for method, operation in operations.items():
                _complete(method, operation)
    return made


def _complete(method: str, operation: dict[str, Any]) -> None:
    operation["security"] = [{"api_key": []}]
    parameters = operation.setdefault("parameters", [])
    parameters.append(_ACTOR)
    if method == "post":
        parameters.append(_IDEMPOTENCY_KEY)
