"""The OpenAPI document: security, shared headers and problems added to what FastAPI derives."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from app.api.errors import MEDIA_TYPE
from app.api.responses import Problem, ProblemField
from app.api.schemas.intake.submissions import SubmissionCreate, VisitCreate

DESCRIPTION = """\
Capture leads, qualify them, convert them, and read the whole history behind them.

Send an API key as `Authorization: Bearer <key>`. Ids are UUIDv7, times are RFC 3339 in UTC, money
is in minor units with an ISO 4217 code. Lists are read by `next_cursor`. Every error is an
`application/problem+json` with a stable `code` and the fields that are wrong.
"""

REPEATS = "x-repeats"

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
    "example": "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d",
}
# Fields of these formats look alike everywhere, so their example need not stand beside each.
_EXAMPLES = {
    "uuid": "01927d5e-0b1c-7c3a-9b1e-5d4f6a7b8c9d",
    "date-time": "2026-03-02T09:30:00Z",
    "date": "2026-03-31",
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
        [
            (Problem, "serialization"),
            (ProblemField, "serialization"),
            # Read by the intake itself, so that FastAPI does not know of them.
            (SubmissionCreate, "validation"),
            (VisitCreate, "validation"),
        ],
        ref_template="#/components/schemas/{model}",
    )
    schemas |= defined["$defs"]
    components["securitySchemes"] = {
        "api_key": {"type": "http", "scheme": "bearer", "description": "A secret API key."}
    }
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            _exemplify(field)
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            if path.startswith("/v1/"):
                _complete(method, operation)
            else:
                _leave_out_problems(operation)
    return made


def _complete(method: str, operation: dict[str, Any]) -> None:
    operation["security"] = [{"api_key": []}]
    parameters = operation.setdefault("parameters", [])
    for parameter in parameters:
        if parameter["in"] == "header":
            parameter["name"] = parameter["name"].title()
    parameters.append(_ACTOR)
    # What is marked so has no answer that could be kept: a repeat is made anew.
    if not operation.pop(REPEATS, False) and method == "post":
        parameters.append(_IDEMPOTENCY_KEY)


def _leave_out_problems(operation: dict[str, Any]) -> None:
    # A probe needs no key and takes no input, so none of the common problems can meet it.
    operation["responses"] = {
        status: answer
        for status, answer in operation["responses"].items()
        if MEDIA_TYPE not in answer.get("content", {})
    }


def _exemplify(field: dict[str, Any]) -> None:
    if "examples" in field or "example" in field:
        return
    for kind in field.get("anyOf", [field]):
        if kind.get("format") in _EXAMPLES:
            field["examples"] = [_EXAMPLES[kind["format"]]]
        elif kind.get("items", {}).get("format") in _EXAMPLES:
            field["examples"] = [[_EXAMPLES[kind["items"]["format"]]]]
