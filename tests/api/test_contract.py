"""The service does what its OpenAPI document says, on every operation, for thousands of requests.

schemathesis makes requests from the document; the ids in them are replaced by real ones, so that
they get past "not found". Every answer has to be declared and to fit its schema, and every
operation has to succeed at least once.
"""

import asyncio
import os
import traceback
from collections import Counter
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from schemathesis import Case, Config, GenerationMode
from schemathesis.checks import not_a_server_error
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
from tests.factories.world import (
    ALIASES,
    QUERIES,
    World,
    base_body,
    build_world,
    id_fields,
    name_of,
)
from tests.surface import Endpoint, endpoints

pytestmark = pytest.mark.anyio

T = TypeVar("T")

EXAMPLES = int(os.environ.get("TOUCHLINE_CONTRACT_EXAMPLES", "4"))

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

# The key is always sent; what happens without one is tested elsewhere.
WITH_KEY = Config.from_dict({"generation": {"with-security-parameters": False}})

NOBODY = Settings(database_url=SecretStr("postgresql://nobody@localhost/nothing"))
OPERATIONS = {str(e.described["operationId"]): e for e in endpoints(create_app(NOBODY))}

# A batch is accepted as a whole, and each item that does not fit is refused alone.
EACH_ALONE = {"record_touchpoints", "add_segment_members", "remove_segment_members"}

# What has to happen to a new lead before the operation can succeed.
BEFORE = {"reactivate_lead": ("disqualify", {"reason": "other"})}

# Eighty verdicts have to be there: tests/api/ripeness/test_prediction.py has them.
NEEDS_HISTORY = {"train_prediction"}

BEFORE_IMPORTS = {"cancel_import": ("start",), "undo_import": ("start", "cancel")}


class Service:
    """The app as schemathesis talks to it, and real ids to put into requests.

    schemathesis generates in a thread; what it wants done is done in the loop of the app.
    """

    def __init__(self, app: FastAPI, world: World) -> None:
        self.world = world
        self.document = app.openapi()
        self.schema: BaseSchema = schemathesis.openapi.from_dict(self.document, config=WITH_KEY)
        self._loop = asyncio.get_running_loop()

    def prepare(self, endpoint: Endpoint) -> None:
        """A new lead and touchpoint, in the state that the operation needs."""
        self._wait(self._prepare(endpoint))

    def send(self, case: Case[Any], *further: Any) -> int:
        """Send it, check the answer against the document, and say its status."""
        wanted = case.as_transport_kwargs(base_url="http://touchline.test")
        request: Any = requests.Request(**wanted).prepare()
        headers = [(k.encode("latin-1"), _bytes(v)) for k, v in request.headers.items()]
        client = self.world.client
        answer = self._wait(
            client.request(request.method, request.url, content=request.body, headers=headers)
        )
        case.validate_response(answer, checks=[*CHECKS, *further])
        return int(answer.status_code)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    async def _prepare(self, endpoint: Endpoint) -> None:
        operation, ids = str(endpoint.described["operationId"]), self.world.ids
        fields = (name_of(path) for path in id_fields(endpoint, self.document))
        used = {ALIASES.get(name, name) for name in (*endpoint.parameters("path"), *fields)}
        if used & {
            "lead_id",
            "touchpoint_id",
            "job_id",
            "receipt_id",
            "import_id",
            "framework_id",
            "gate_id",
            "segment_id",
            "model_id",
        }:
            await self.world.refresh()
        if operation in BEFORE:
            action, body = BEFORE[operation]
            await self._made(f"/v1/leads/{ids['lead_id']}/{action}", body)
        for action in BEFORE_IMPORTS.get(operation, ()):
            await self.world.client.post(f"/v1/imports/{ids['import_id']}/{action}")
        if operation == "retire_framework":
            await self._made(f"/v1/frameworks/{ids['framework_id']}/publish", None)
        if operation == "read_conversion":
            ids["lead_id"] = ids["converted_lead_id"]
        if operation == "delete_custom_field":
            field = {"key": f"f{new_id().hex}", "label": "Field", "type": "text"}
            ids["field_id"] = await self._made("/v1/custom-fields", field)

    async def _made(self, path: str, body: dict[str, Any] | None) -> str:
        answer = await self.world.client.post(path, json=body)
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["id"])


@pytest.fixture(scope="module")
def worlds() -> dict[str, World]:
    """The workspaces made so far, one for each sort of thing: settings of one affect others."""
    return {}


@pytest.fixture
async def service(
    request: pytest.FixtureRequest,
    app: FastAPI,
    owner_database: Database,
    worlds: dict[str, World],
) -> Service:
    """The service with the workspace for the operation that is tested."""
    sort = OPERATIONS[request.node.callspec.params["operation"]].path.split("/")[2]
    if sort not in worlds:
        worlds[sort] = await build_world(await client_of(app, owner_database), "CANARY")
    return Service(app, worlds[sort])


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_the_operation_keeps_its_contract(service: Service, operation: str) -> None:
    try:
        statuses = await asyncio.to_thread(_exercise, service, OPERATIONS[operation])
    except BaseExceptionGroup as failures:
        # schemathesis raises what ends the runner of the async tests.
        pytest.fail("".join(traceback.format_exception(failures, limit=0)), pytrace=False)
    succeeded = any(status < 300 for status in statuses)
    assert succeeded or operation in NEEDS_HISTORY, f"never succeeded: {statuses}"


def test_no_operation_is_left_out(settings: Settings) -> None:
    walked = {(e.method, e.path) for e in OPERATIONS.values()}
    described = {
        (method.upper(), path)
        for path, methods in create_app(settings).openapi()["paths"].items()
        for method in methods
        if path.startswith("/v1/")
    }
    assert walked == described
    assert len(walked) > 30


def _exercise(service: Service, endpoint: Endpoint) -> Counter[int]:
    """How often each status was answered, to requests that fit the document and that do not."""
    target = service.schema[endpoint.path][endpoint.method]
    statuses: Counter[int] = Counter()
    service.prepare(endpoint)
    statuses[service.send(_plain_case(target, endpoint, service))] += 1

    def sound(case: Case[Any], lot: int) -> None:
        service.prepare(endpoint)
        _make_real(case, service.world, lot)
        statuses[service.send(case)] += 1

    refused = [] if endpoint.described["operationId"] in EACH_ALONE else [negative_data_rejection]

    def unsound(case: Case[Any]) -> None:
        statuses[service.send(case, *refused)] += 1

    budget = _settings(EXAMPLES)
    positive = target.as_strategy(generation_mode=GenerationMode.POSITIVE)
    budget(given(case=positive, lot=st.integers(0, 3))(sound))()
    if endpoint.body_schema is not None or endpoint.parameters("path"):
        negative = target.as_strategy(generation_mode=GenerationMode.NEGATIVE)
        budget(given(case=negative)(unsound))()
    return statuses


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
    query = QUERIES.get(str(endpoint.described["operationId"]), {})
    given_body = {} if body is None else {"body": body, "media_type": "application/json"}
    case: Case[Any] = target.Case(
        path_parameters={name: ids[name] for name in endpoint.parameters("path")},
        query={name: value.format(**ids) for name, value in query.items()},
        **given_body,
    )
    return case


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")


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
