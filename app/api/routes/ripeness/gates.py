"""Gates before moves of leads and deals."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response, status

from app.api.deps import IfMatch, service
from app.api.operations import Operation
from app.api.paging import PageOf, page_request
from app.api.responses import problems
from app.api.schemas.ripeness.gates import GateCreate, GateQuery, GateRead, GateUpdate
from app.domain.access.api_keys import Scope
from app.domain.paging import Page
from app.domain.ripeness.gates import Gate
from app.services.ripeness.gates import GateService

router = APIRouter(prefix="/v1/gates", tags=["qualification"], route_class=Operation)

Reading = Annotated[GateService, service(GateService, Scope.LEADS_READ)]
Administering = Annotated[GateService, service(GateService, Scope.ADMIN)]
GateId = Annotated[UUID, Path(description="The gate's id.")]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=GateRead,
    responses=problems(413, 415),
    summary="Create a gate",
)
async def create_gate(body: GateCreate, gates: Administering, response: Response) -> Gate:
    """From then on the moves it stands before are refused with 409 `gate_closed`, which names what
    is missing, until all it asks for holds."""
    gate = await gates.create(body.told())
    response.headers["Location"] = f"/v1/gates/{gate.id}"
    response.headers["ETag"] = f'"{gate.version}"'
    return gate


@router.get("", response_model=PageOf[GateRead], summary="List gates")
async def list_gates(gates: Reading, query: Annotated[GateQuery, Query()]) -> Page[Gate]:
    """Newest first."""
    filters: dict[str, list[Any]] = {} if query.active is None else {"active": [query.active]}
    return await gates.page(filters, page_request(query.limit, query.cursor))


@router.get("/{gate_id}", response_model=GateRead, responses=problems(404), summary="Read a gate")
async def read_gate(gate_id: GateId, gates: Reading, response: Response) -> Gate:
    """The gate, with its version as ETag."""
    gate = await gates.get(gate_id)
    response.headers["ETag"] = f'"{gate.version}"'
    return gate


@router.patch(
    "/{gate_id}",
    response_model=GateRead,
    responses=problems(404, 412, 413, 415),
    summary="Change a gate",
)
async def update_gate(
    gate_id: GateId, body: GateUpdate, gates: Administering, if_match: IfMatch, response: Response
) -> Gate:
    """A JSON merge patch. `active: false` lets everybody through."""
    gate = await gates.update(gate_id, body.told(), if_match)
    response.headers["ETag"] = f'"{gate.version}"'
    return gate


@router.delete(
    "/{gate_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(404, 412),
    summary="Delete a gate",
)
async def delete_gate(gate_id: GateId, gates: Administering, if_match: IfMatch) -> None:
    """The journal keeps what it was."""
    await gates.delete(gate_id, if_match)
