"""Every operation of the service, read off the running app: nothing here is listed by hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from app.api.door import Door


@dataclass(frozen=True)
class Endpoint:
    """One method of one path, with its entry in the OpenAPI document."""

    method: str
    path: str
    route: APIRoute
    described: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def takes_in(self) -> bool:
        """Whether it stores what it gets and looks nothing up: a door of the intake."""
        return isinstance(self.route, Door)

    def parameters(self, where: str) -> dict[str, dict[str, Any]]:
        """The declared parameters of `path`, `query` or `header` by name."""
        return {p["name"]: p for p in self.described.get("parameters", []) if p["in"] == where}

    @property
    def body_schema(self) -> dict[str, Any] | None:
        """The schema of the JSON body; None when the operation takes none."""
        content = self.described.get("requestBody", {}).get("content", {})
        found: dict[str, Any] | None = content.get("application/json", {}).get("schema")
        return found


def endpoints(app: FastAPI) -> list[Endpoint]:
    """Every operation under /v1 that the document has."""
    document = app.openapi()["paths"]
    return [
        Endpoint(method, path, route, document.get(path, {}).get(method.lower(), {}))
        for path, route in _routes(app)
        # What vendors send to is no operation of the API, and is tested for itself.
        if path.startswith("/v1") and route.include_in_schema
        for method in sorted(route.methods or ())
    ]


def _routes(app: FastAPI) -> Iterator[tuple[str, APIRoute]]:
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            yield str(context.path), route


def resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """The schema behind a $ref, or the first that is not null of an anyOf."""
    while True:
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        elif "anyOf" in schema:
            schema = next(s for s in schema["anyOf"] if s.get("type") != "null")
        else:
            return schema
