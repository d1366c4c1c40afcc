"""The service does what its OpenAPI document says, on every operation, for thousands of requests.

schemathesis makes requests from the document; the ids in them are replaced by real ones, so that
they get past "not found". Every answer has to be declared and to fit its schema, and every
operation has to succeed at least once.
"""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.python import asgi
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.main import create_app
from app.platform.config import Settings
from app.platform.db import Database
from app.platform.ids import new_id
from tests.conftest import client_of
from tests.factories.world import ALIASES, World, base_body, build_world, id_fields, name_of
from tests.surface import Endpoint, endpoints

# A sync test that uses async fixtures has to name the backend itself.
pytestmark = pytest.mark.usefixtures("anyio_backend")

EXAMPLES = int(os.environ.get("TOUCHLINE_CONTRACT_EXAMPLES", "4"))

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

NOBODY = Settings(database_url=SecretStr("postgresql://nobody@localhost/nothing"))
OPERATIONS = {str(e.described["operationId"]): e for e in endpoints(create_app(NOBODY))}

# What has to happen to a new lead before the operation can succeed.
BEFORE = {"reactivate_lead": ("disqualify", {"reason": "other"})}


class Service:
    """The app as schemathesis talks to it, the document, and real ids to put into requests."""

    def __init__(self, app: FastAPI, world: World) -> None:
        self.app = app
        self.world = world
        self.document = app.openapi()
        self.schema: BaseSchema = schemathesis.openapi.from_asgi("/openapi.json", app)
        self.headers = {"Authorization": f"Bearer {world.client.key}"}
        self.http = asgi.get_client(cast(asgi.ASGIApp, app))

    def prepare(self, endpoint: Endpoint) -> None:
        """A new lead and touchpoint, in the state that the operation needs."""
        operation, ids = str(endpoint.described["operationId"]), self.world.ids
        fields = (name_of(path) for path in id_fields(endpoint, self.document))
        used = {ALIASES.get(name, name) for name in (*endpoint.parameters("path"), *fields)}
        if used & {"lead_id", "touchpoint_id"}:
            ids["lead_id"] = self._made("/v1/leads", {"full_name": "Ada Lovelace"})
            path = f"/v1/leads/{ids['lead_id']}/touchpoints"
            ids["touchpoint_id"] = self._made(path, {"kind": "x"})
        if operation in BEFORE:
            action, body = BEFORE[operation]
            self._made(f"/v1/leads/{ids['lead_id']}/{action}", body)
        if operation == "read_conversion":
            ids["lead_id"] = ids["converted_lead_id"]
        if operation == "delete_custom_field":
            field = {"key": f"f{new_id().hex}", "label": "Field", "type": "text"}
            ids["field_id"] = self._made("/v1/custom-fields", field)

    def send(self, case: Case[Any], *further: Any) -> int:
        """Send it, check the answer against the document, and say its status."""
        answer = case.call(headers=self.headers)
        case.validate_response(answer, checks=[*CHECKS, *further], headers=self.headers)
        return answer.status_code

    def _made(self, path: str, body: dict[str, Any]) -> str:
        answer = self.http.post(path, json=body, headers=self.headers)
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["id"])


@pytest.fixture(scope="module")
def contract_app(settings: Settings) -> Iterator[FastAPI]:
    """An app of its own: schemathesis runs it in its own event loop."""
    yield create_app(settings)
    asgi.shutdown_lifespans()


@pytest.fixture(scope="module")
def worlds() -> dict[str, World]:
    """The workspaces made so far, one for each sort of thing: settings of one affect others."""
    return {}


@pytest.fixture
async def service(
    request: pytest.FixtureRequest,
    app: FastAPI,
    contract_app: FastAPI,
    owner_database: Database,
    worlds: dict[str, World],
) -> Service:
    """The service with the workspace for the operation that is tested."""
    sort = OPERATIONS[request.node.callspec.params["operation"]].path.split("/")[2]
    if sort not in worlds:
        worlds[sort] = await build_world(await client_of(app, owner_database), "CANARY")
    return Service(contract_app, worlds[sort])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_operation_keeps_its_contract(service: Service, operation: str) -> None:
    endpoint = OPERATIONS[operation]
    target = service.schema[endpoint.path][endpoint.method]
    statuses: Counter[int] = Counter()
    service.prepare(endpoint)
    statuses[service.send(_plain_case(target, endpoint, service))] += 1

    def sound(case: Case[Any], lot: int) -> None:
        service.prepare(endpoint)
        _make_real(case, service.world, lot)
        statuses[service.send(case)] += 1

    def unsound(case: Case[Any]) -> None:
        statuses[service.send(case, negative_data_rejection)] += 1

    budget = _settings(EXAMPLES)
    positive = target.as_strategy(generation_mode=GenerationMode.POSITIVE)
    budget(given(case=positive, lot=st.integers(0, 3))(sound))()
    if endpoint.body_schema is not None or endpoint.parameters("path"):
        negative = target.as_strategy(generation_mode=GenerationMode.NEGATIVE)
        budget(given(case=negative)(unsound))()

    assert any(status < 300 for status in statuses), f"never succeeded: {statuses}"


def test_no_operation_is_left_out(contract_app: FastAPI) -> None:
    walked = {(e.method, e.path) for e in OPERATIONS.values()}
    described = {
        (method.upper(), path)
        for path, methods in contract_app.openapi()["paths"].items()
        for method in methods
        if path.startswith("/v1/")
    }
    assert walked == described
    assert len(walked) > 30


def _settings(examples: int) -> Any:
    """The same requests in every run, unless more of them were asked for."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize="TOUCHLINE_CONTRACT_EXAMPLES" not in os.environ,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def _plain_case(target: Any, endpoint: Endpoint, service: Service) -> Case[Any]:
    """The plainest request there is: it has to succeed."""
    ids = service.world.ids
    body = base_body(endpoint, service.document, service.world)
    given_body = {} if body is None else {"body": body, "media_type": "application/json"}
    case: Case[Any] = target.Case(
        path_parameters={name: ids[name] for name in endpoint.parameters("path")},
        query={"on_duplicate": "create"} if endpoint.path.endswith("/convert") else {},
        **given_body,
    )
    return case


def _make_real(case: Case[Any], world: World, lot: int) -> None:
    """Put real ids in place of made-up ones, but leave one request in four as it is."""
    for name, value in dict(case.path_parameters or {}).items():
        if "/" in str(value) or str(value) in (".", "..") or lot:
            case.path_parameters[name] = world.id_for(name)
    if not lot:
        return
    for name in ("Touchline-Actor", "If-Match", "Idempotency-Key"):
        case.headers.pop(name, None)
    case.query.pop("cursor", None)
    for name in [n for n in case.query if n.endswith("_id")]:
        case.query[name] = world.id_for(name)
    _make_ids_real(case.body, world, "")


def _make_ids_real(value: Any, world: World, parent: str) -> None:
    if isinstance(value, list):
        for item in value:
            _make_ids_real(item, world, parent)
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        known = f"{parent}_id" if name == "id" else name
        if isinstance(inner, str) and ALIASES.get(known, known) in world.ids:
            if known != "external_id":
                value[name] = world.id_for(known)
        else:
            _make_ids_real(inner, world, name)
