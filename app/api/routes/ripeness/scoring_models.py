"""Scoring models: versions of the rules that leads are scored by."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response, status

from app.api.deps import IfMatch, service
from app.api.operations import Operation
from app.api.paging import PageOf, page_request
from app.api.responses import problems
from app.api.schemas.reach.jobs import JobRead
from app.api.schemas.ripeness.scoring_models import (
    PublishRequest,
    ScoringModelCreate,
    ScoringModelQuery,
    ScoringModelRead,
    ScoringModelUpdate,
)
from app.domain.access.api_keys import Scope
from app.domain.paging import Page
from app.domain.reach.jobs import Job
from app.domain.ripeness.scoring_models import StoredModel
from app.services.ripeness.scoring_models import ScoringModelService

router = APIRouter(prefix="/v1/scoring-models", tags=["scoring models"], route_class=Operation)

Reading = Annotated[ScoringModelService, service(ScoringModelService, Scope.LEADS_READ)]
Administering = Annotated[ScoringModelService, service(ScoringModelService, Scope.ADMIN)]
ModelId = Annotated[UUID, Path(description="The scoring model's id.")]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=ScoringModelRead,
    responses=problems(413, 415),
    summary="Draft a scoring model",
)
async def create_scoring_model(
    body: ScoringModelCreate, models: Administering, response: Response
) -> StoredModel:
    """A draft, by which nobody is scored until it is published."""
    stored = await models.create(body.name, **body.source())
    response.headers["Location"] = f"/v1/scoring-models/{stored.id}"
    response.headers["ETag"] = f'"{stored.version}"'
    return stored


@router.get("", response_model=PageOf[ScoringModelRead], summary="List scoring models")
async def list_scoring_models(
    models: Reading, query: Annotated[ScoringModelQuery, Query()]
) -> Page[StoredModel]:
    """Newest first."""
    filters: dict[str, list[Any]] = {"status": list(query.status)} if query.status else {}
    return await models.page(filters, page_request(query.limit, query.cursor))


@router.get(
    "/{model_id}",
    response_model=ScoringModelRead,
    responses=problems(404),
    summary="Read a scoring model",
)
async def read_scoring_model(model_id: ModelId, models: Reading, response: Response) -> StoredModel:
    """The model with its rules, and its version as ETag."""
    stored = await models.get(model_id)
    response.headers["ETag"] = f'"{stored.version}"'
    return stored


@router.patch(
    "/{model_id}",
    response_model=ScoringModelRead,
    responses=problems(404, 409, 412, 413, 415),
    summary="Change a draft of a scoring model",
)
async def update_scoring_model(
    model_id: ModelId,
    body: ScoringModelUpdate,
    models: Administering,
    if_match: IfMatch,
    response: Response,
) -> StoredModel:
    """A JSON merge patch. What was published is never changed: base a new draft on it."""
    stored = await models.update(model_id, body.model_dump(exclude_unset=True), if_match)
    response.headers["ETag"] = f'"{stored.version}"'
    return stored


@router.delete(
    "/{model_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(404, 409, 412),
    summary="Delete a draft, or retire the published model",
)
async def delete_scoring_model(model_id: ModelId, models: Administering, if_match: IfMatch) -> None:
    """A draft is gone. The published model is retired: leads have no score until another one, or
    the same again, is published."""
    await models.remove(model_id, if_match)


@router.post(
    "/{model_id}/publish",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=JobRead,
    responses=problems(404, 409, 413, 415),
    summary="Publish a scoring model, or go back to one",
)
async def publish_scoring_model(
    model_id: ModelId,
    models: Administering,
    body: Annotated[PublishRequest, Body(default_factory=PublishRequest)],
    *,
    dry_run: Annotated[
        bool,
        Query(description="Only report what would change; `progress.report`.", examples=[True]),
    ] = False,
) -> Job:
    """A job that scores every lead by the model, and then has it take over from the one before, at
    once. A retired version is published again in the same way; the published one stays as it is."""
    return await models.publish(model_id, advance=body.advance, dry_run=dry_run)
