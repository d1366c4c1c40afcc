"""Conversion: a lead becomes account, contact and opportunity."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query

from app.api.deps import service
from app.api.operations import Operation
from app.api.responses import problems
from app.api.schemas.sales.conversion import ConversionCreate, ConversionRead
from app.domain.access.api_keys import Scope
from app.domain.sales.conversion import Conversion, OnMatch
from app.services.sales.conversion import ConversionService

router = APIRouter(prefix="/v1/leads", tags=["conversion"], route_class=Operation)

Reading = Annotated[ConversionService, service(ConversionService, Scope.SALES_READ)]
Writing = Annotated[
    ConversionService, service(ConversionService, Scope.SALES_WRITE, Scope.LEADS_WRITE)
]
LeadId = Annotated[UUID, Path(description="The lead's id.")]
DryRun = Annotated[
    bool, Query(description="Answer with the plan and write nothing.", examples=[True])
]
OnDuplicate = Annotated[
    OnMatch,
    Query(
        description="When an account with this name or web domain, or a contact with this e-mail "
        "address exists: refuse with 409 and the candidates, link the one match, or create "
        "another.",
    ),
]


@router.post(
    "/{lead_id}/convert",
    response_model=ConversionRead,
    responses=problems(404, 409, 413, 415),
    summary="Convert a lead",
)
async def convert_lead(
    lead_id: LeadId,
    conversions: Writing,
    body: Annotated[ConversionCreate, Body(default_factory=ConversionCreate)],
    *,
    dry_run: DryRun = False,
    on_duplicate: OnDuplicate = OnMatch.REFUSE,
) -> Conversion:
    """Once: a lead that is converted already answers as it did the first time.

    The lead must be qualified, or open and `override_reason` say why it is converted all the same.
    """
    return await conversions.convert(lead_id, body.to_domain(on_duplicate), rehearse=dry_run)


@router.get(
    "/{lead_id}/conversion",
    response_model=ConversionRead,
    responses=problems(404),
    summary="Read what a lead was converted to",
)
async def read_conversion(lead_id: LeadId, conversions: Reading) -> Conversion:
    """The answer of the conversion; 404 until there is one."""
    return await conversions.of_lead(lead_id)
