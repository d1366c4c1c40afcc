"""Providers of enrichment."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response, status

from app.api.deps import IfMatch, service
from app.api.operations import Operation
from app.api.paging import PageOf, page_request
from app.api.responses import problems
from app.api.runtime import runtime_of
from app.api.schemas.leads.enrichment_providers import (
    EnrichmentProviderCreate,
    EnrichmentProviderQuery,
    EnrichmentProviderRead,
    EnrichmentProviderUpdate,
)
from app.domain.access.api_keys import Scope
from app.domain.leads.enrichment import EnrichmentProvider
from app.domain.paging import Page
from app.services.leads.enrichment_providers import EnrichmentProviderService

router = APIRouter(prefix="/v1/enrichment-providers", tags=["enrichment"], route_class=Operation)

Administering = Annotated[
    EnrichmentProviderService, service(EnrichmentProviderService, Scope.ADMIN)
]
ProviderId = Annotated[UUID, Path(description="The provider's id.")]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=EnrichmentProviderRead,
    responses=problems(413, 415),
    summary="Create an enrichment provider",
)
async def create_enrichment_provider(
    body: EnrichmentProviderCreate, providers: Administering, request: Request, response: Response
) -> EnrichmentProvider:
    """Its request and its answer are told as data; its secret is sealed and shown to nobody."""
    provider = await providers.create(body.told(), runtime_of(request).secrets)
    response.headers["Location"] = f"/v1/enrichment-providers/{provider.id}"
    response.headers["ETag"] = f'"{provider.version}"'
    return provider


@router.get("", response_model=PageOf[EnrichmentProviderRead], summary="List enrichment providers")
async def list_enrichment_providers(
    providers: Administering, query: Annotated[EnrichmentProviderQuery, Query()]
) -> Page[EnrichmentProvider]:
    """Newest first, archived ones too."""
    filters: dict[str, list[Any]] = {} if query.active is None else {"active": [query.active]}
    return await providers.page(filters, page_request(query.limit, query.cursor))


@router.get(
    "/{provider_id}",
    response_model=EnrichmentProviderRead,
    responses=problems(404),
    summary="Read an enrichment provider",
)
async def read_enrichment_provider(
    provider_id: ProviderId, providers: Administering, response: Response
) -> EnrichmentProvider:
    """The provider, archived or not, with its version as ETag."""
    provider = await providers.get(provider_id)
    response.headers["ETag"] = f'"{provider.version}"'
    return provider


@router.patch(
    "/{provider_id}",
    response_model=EnrichmentProviderRead,
    responses=problems(404, 412, 413, 415),
    summary="Change an enrichment provider",
)
async def update_enrichment_provider(
    provider_id: ProviderId,
    body: EnrichmentProviderUpdate,
    providers: Administering,
    if_match: IfMatch,
    request: Request,
    response: Response,
) -> EnrichmentProvider:
    """A JSON merge patch. When the request or the mapping changes, remembered answers are
    forgotten."""
    secrets = runtime_of(request).secrets
    provider = await providers.update(provider_id, body.told(), if_match, secrets)
    response.headers["ETag"] = f'"{provider.version}"'
    return provider


@router.delete(
    "/{provider_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(404, 412),
    summary="Archive an enrichment provider",
)
async def archive_enrichment_provider(
    provider_id: ProviderId, providers: Administering, if_match: IfMatch, request: Request
) -> None:
    """It is asked no more; it stays, for the values that it gave are on record."""
    await providers.archive(provider_id, if_match, runtime_of(request).secrets)
