"""What every operation under /v1 does around its handler: read the body strictly, run again after
a lost race, answer an Idempotency-Key once."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import ValidationError

from app.api.attempts import begin_attempt
from app.api.body import parse_json, read_body
from app.api.idempotency import keep_answer
from app.api.responses import EVERYWHERE, problems
from app.domain.errors import FieldError, Invalid, LostRace

ATTEMPTS = 4
_MERGED_ON_READ, _MERGED = problems(301), problems(308)
# Stands for every name with a dot, which a schema that allows further ones judges itself.
_DOTTED = "*.*"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Operation(APIRoute):
    """A route with the API's habits."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **settings: Any) -> None:
        known = settings.get("responses") or {}
        moved = _MERGED_ON_READ if "GET" in (settings.get("methods") or ()) else _MERGED
        of_lead = moved if "{lead_id}" in path else {}
        settings["responses"] = {**EVERYWHERE, **of_lead, **known}
        settings["generate_unique_id_function"] = _operation_id
        super().__init__(path, endpoint, **settings)

    def get_route_handler(self) -> Handler:
        documented, self.dependant = self.dependant, _reads_its_query(self.dependant)
        original = super().get_route_handler()
        self.dependant = documented
        takes_body = self.body_field is not None
        known = _known_parameters(self.dependant)

        async def handle(request: Request) -> Response:
            if request.scope["query_string"]:
                _check_query(request, known)
            if "\x00" in request.scope["path"]:
                raise Invalid.parameter("path", "must not contain the character NUL")
            if takes_body:
                await _read_body(request)
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    return await _once(original, request)
                except LostRace:
                    if attempt == ATTEMPTS:
                        raise
                    await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter
            raise AssertionError("unreachable")

        return handle


async def _once(original: Handler, request: Request) -> Response:
    """The unit of work ends here: the answer is made but not sent, and a race can be run again."""
    attempt = begin_attempt(request)
    try:
        response = await original(request)
        if attempt.answers is not None:
            await keep_answer(request, attempt.answers, response)
    except BaseException as error:
        await attempt.end(error)
        raise
    await attempt.end(None)
    return response


async def _read_body(request: Request) -> None:
    body = await read_body(request)
    if body:
        # Request.json() gives back what is kept here.
        request._json = parse_json(body, request.headers.get("content-type", ""))


def _known_parameters(dependant: Dependant) -> frozenset[str]:
    """The names of the query parameters, alone or in a schema."""
    names: set[str] = set()
    for parameter in dependant.query_params:
        fields = getattr(parameter.field_info.annotation, "model_fields", None)
        if fields is None:
            names.add(parameter.alias)
        else:
            names.update(field.alias or name for name, field in fields.items())
            config = getattr(parameter.field_info.annotation, "model_config", {})
            if config.get("extra") == "allow":
                names.add(_DOTTED)
    return frozenset(names)


def _check_query(request: Request, known: frozenset[str]) -> None:
    for name, value in request.query_params.multi_items():
        if "\x00" in name + value:
            raise Invalid.parameter(name, "must not contain the character NUL")
    unknown = [
        name
        for name in request.query_params
        if name not in known and not ("." in name and _DOTTED in known)
    ]
    if unknown:
        detail = "there is no such query parameter"
        raise Invalid(
            detail,
            errors=[
                FieldError(parameter=name, code="unknown_parameter", detail=detail)
                for name in unknown
            ],
        )


def _reads_its_query(dependant: Dependant) -> Dependant:
    """The same, but a schema of query parameters is filled here: FastAPI looks at the type of every
    field for every request, which takes longer than the query it is for."""
    for parameter in dependant.query_params:
        schema = parameter.field_info.annotation
        if hasattr(schema, "model_fields"):
            others = [other for other in dependant.query_params if other is not parameter]
            reader = get_dependant(
                path=dependant.path or "",
                call=_reader(schema),
                name=parameter.name,
                use_cache=False,
            )
            return replace(
                dependant, query_params=others, dependencies=[*dependant.dependencies, reader]
            )
    return dependant


def _reader(schema: Any) -> Callable[[Request], Coroutine[Any, Any, Any]]:
    several = frozenset(
        name for name, field in schema.model_fields.items() if "list[" in str(field.annotation)
    )

    async def read(request: Request) -> Any:
        texts: dict[str, list[str]] = {}
        for name, value in request.query_params.multi_items():
            texts.setdefault(name, []).append(value)
        # A parameter that comes twice and may not is left a list, which no such field takes.
        given = {
            name: found if name in several or len(found) > 1 else found[0]
            for name, found in texts.items()
        }
        try:
            return schema.model_validate(given)
        except ValidationError as error:
            raise RequestValidationError(
                [{**found, "loc": ("query", *found["loc"])} for found in error.errors()]
            ) from None

    return read


def _operation_id(route: APIRoute) -> str:
    return route.name
