"""The OpenAPI document is the manual of the generated clients: whole, valid and in one style."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.api.errors import MEDIA_TYPE
from app.api.operations import Operation
from app.main import create_app
from app.platform.config import Settings
from tests.conftest import Client
from tests.surface import Endpoint, endpoints

SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# Grades are called what they are called.
GRADES = {*(f"LettersBody.{letter}" for letter in "ABC"), *(f"DigitsBody.{n}" for n in (1, 2, 3))}
HEADER = re.compile(r"[A-Z][A-Za-z]*(-[A-Z][A-Za-z]*)*")
ON_EVERY_OPERATION = {"401", "403", "422", "503"}
PROBLEM = {"$ref": "#/components/schemas/Problem"}


@pytest.fixture(scope="module")
def described(settings: Settings) -> FastAPI:
    """The app as it is described; nobody asks it anything."""
    return create_app(settings)


@pytest.fixture(scope="module")
def document(described: FastAPI) -> dict[str, Any]:
    return described.openapi()


@pytest.fixture(scope="module")
def operations(described: FastAPI) -> list[Endpoint]:
    found = endpoints(described)
    assert len(found) > 10
    return found


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


def test_every_route_has_the_habits_of_an_operation(operations: list[Endpoint]) -> None:
    assert [str(e) for e in operations if not isinstance(e.route, Operation)] == []


def test_every_operation_stands_in_the_document(operations: list[Endpoint]) -> None:
    assert [str(e) for e in operations if not e.described] == []


def test_every_operation_declares_its_answer(operations: list[Endpoint]) -> None:
    untyped = [
        str(e)
        for e in operations
        if e.route.response_model is None and e.route.status_code != 204 and _answers_json(e)
    ]
    assert untyped == []


def test_every_operation_says_what_it_does(operations: list[Endpoint]) -> None:
    silent = [
        str(e)
        for e in operations
        if not (e.described.get("summary") and e.described.get("description"))
        or not e.described.get("tags")
    ]
    assert silent == []


def test_the_operation_id_is_the_name_of_the_function(operations: list[Endpoint]) -> None:
    ids = [e.described["operationId"] for e in operations]
    assert ids == [e.route.endpoint.__name__ for e in operations]
    assert [name for name in set(ids) if ids.count(name) > 1] == []


def test_every_operation_declares_its_problems(operations: list[Endpoint]) -> None:
    lacking = {
        str(e): sorted(needed - e.described["responses"].keys())
        for e in operations
        if (needed := _needed_problems(e)) - e.described["responses"].keys()
    }
    assert lacking == {}


def test_every_error_is_a_problem(operations: list[Endpoint]) -> None:
    otherwise = [
        f"{e} {status}"
        for e in operations
        for status, answer in e.described["responses"].items()
        if status >= "400" and answer.get("content") != {MEDIA_TYPE: {"schema": PROBLEM}}
    ]
    assert otherwise == []


def test_every_field_has_a_description(document: dict[str, Any]) -> None:
    assert [where for where, field in _fields(document) if not field.get("description")] == []


def test_every_field_has_an_example(document: dict[str, Any]) -> None:
    without = [
        where
        for where, field in _fields(document)
        if not field.keys() & {"example", "examples"} and not _explains_itself(field, document)
    ]
    assert without == []


def test_every_name_is_in_snake_case(document: dict[str, Any]) -> None:
    names = [where for where, _ in _fields(document) if where not in GRADES]
    assert [n for n in names if not SNAKE_CASE.fullmatch(n.rpartition(".")[2])] == []


def test_every_parameter_has_a_description_and_its_style(operations: list[Endpoint]) -> None:
    for endpoint in operations:
        for parameter in endpoint.described.get("parameters", []):
            name = parameter["name"]
            assert parameter.get("description"), f"{endpoint} {name}"
            style = HEADER if parameter["in"] == "header" else SNAKE_CASE
            assert style.fullmatch(name), f"{endpoint} {name}"


def test_paths_are_plural_nouns_in_kebab_case(operations: list[Endpoint]) -> None:
    for endpoint in operations:
        for step in endpoint.path.split("/")[1:]:
            assert re.fullmatch(r"\{[a-z_]+\}|[a-z0-9]+(-[a-z0-9]+)*", step), str(endpoint)


def test_only_the_probes_need_no_key(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            if path.startswith("/v1/"):
                assert operation["security"], path
            else:
                assert path.startswith("/health/"), path
                assert not operation["responses"].keys() & {"401", "403", "422"}, path


@pytest.mark.anyio
async def test_every_route_knows_its_whole_path(client: Client, operations: list[Endpoint]) -> None:
    for endpoint in operations:
        path = re.sub(r"\{[^}]+\}", "x", endpoint.path)
        await client.request(endpoint.method, path, json={})
    metrics = (await client.get("/metrics")).text
    unseen = [str(e) for e in operations if f'method="{e.method}",route="{e.path}",' not in metrics]
    assert unseen == []


def _needed_problems(endpoint: Endpoint) -> set[str]:
    needed = set(ON_EVERY_OPERATION)
    if endpoint.body_schema is not None:
        needed |= {"413", "415"}
    if any(name.endswith("_id") for name in endpoint.parameters("path")) and (
        endpoint.method != "PUT"
    ):
        needed.add("404")
    if "If-Match" in {name.title() for name in endpoint.parameters("header")}:
        needed.add("412")
    return needed


def _answers_json(endpoint: Endpoint) -> bool:
    """Whether a success is JSON; a file, and what a vendor wants to hear, are not ours to shape."""
    successes = [a for s, a in endpoint.described["responses"].items() if s.startswith("2")]
    return any("application/json" in a.get("content", {"application/json": {}}) for a in successes)


def _fields(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, schema in document["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            yield f"{name}.{field}", described


def _explains_itself(field: dict[str, Any], document: dict[str, Any]) -> bool:
    """A reference, an enum, or a list of references has its examples elsewhere."""
    kinds = [k for k in field.get("anyOf", [field]) if k.get("type") != "null"]
    return all(
        "$ref" in kind
        or "enum" in kind
        or "const" in kind
        or (kind.get("type") == "array" and _explains_itself(kind["items"], document))
        for kind in kinds
    )
