"""The learnt probability of conversion."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response, status

from app.api.deps import IfMatch, service
from app.api.operations import Operation
from app.api.paging import CursorParameter, Limit, PageOf, page_request
from app.api.responses import problems
from app.api.schemas.reach.jobs import JobRead
from app.api.schemas.ripeness.prediction import (
    LeadPredictionRead,
    OverrideBody,
    PredictionRead,
    PredictionUpdate,
    lead_prediction_read,
    prediction_read,
)
from app.api.schemas.ripeness.prediction_models import (
    PredictionModelRead,
    PredictionModelReport,
    model_read,
    model_report,
)
from app.domain.access.api_keys import Scope
from app.domain.reach.jobs import Job
from app.services.ripeness.prediction import PredictionService

router = APIRouter(prefix="/v1", tags=["prediction"], route_class=Operation)

Reading = Annotated[PredictionService, service(PredictionService, Scope.LEADS_READ)]
Writing = Annotated[PredictionService, service(PredictionService, Scope.LEADS_WRITE)]
Administering = Annotated[PredictionService, service(PredictionService, Scope.ADMIN)]
LeadId = Annotated[UUID, Path(description="The lead's id.")]
ModelId = Annotated[UUID, Path(description="The model's id.")]


@router.get(
    "/prediction", response_model=PredictionRead, summary="Read how conversions are foretold"
)
async def read_prediction(predictions: Reading, response: Response) -> PredictionRead:
    """The settings, what there is to learn from, and the model in force with how reliable it is."""
    state = await predictions.state()
    response.headers["ETag"] = f'"{state.settings.version}"'
    return prediction_read(state)


@router.patch(
    "/prediction",
    response_model=PredictionRead,
    responses=problems(412, 413, 415),
    summary="Change how conversions are foretold",
)
async def update_prediction(
    body: PredictionUpdate, predictions: Administering, if_match: IfMatch, response: Response
) -> PredictionRead:
    """What is learnt from, and how, counts from the next training on."""
    state = await predictions.update(body.changes(), if_match)
    response.headers["ETag"] = f'"{state.settings.version}"'
    return prediction_read(state)


@router.post(
    "/prediction/train",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=JobRead,
    responses=problems(409, 501),
    summary="Learn a model from the workspace's leads",
)
async def train_prediction(
    predictions: Administering,
    *,
    dry_run: Annotated[
        bool, Query(description="Only report how good it would be.", examples=[True])
    ] = False,
) -> Job:
    """A job: it learns a model, puts it in force, and has it foretell every lead. Refused with too
    few converted or disqualified leads (409), and where the extra is not installed (501)."""
    return await predictions.start_training(dry_run=dry_run)


@router.get(
    "/prediction/models",
    response_model=PageOf[PredictionModelRead],
    summary="List the models that were learnt",
)
async def list_prediction_models(
    predictions: Reading, limit: Limit = 50, cursor: CursorParameter = None
) -> PageOf[PredictionModelRead]:
    """Newest first."""
    page = await predictions.models(page_request(limit, cursor, "-created_at"))
    return PageOf[PredictionModelRead](
        data=[model_read(model) for model in page.data], next_cursor=page.next_cursor
    )


@router.get(
    "/prediction/models/{prediction_model_id}",
    response_model=PredictionModelReport,
    responses=problems(404),
    summary="Read a model",
)
async def read_prediction_model(
    prediction_model_id: ModelId, predictions: Reading
) -> PredictionModelReport:
    """Its features with their weights, and how reliable it is."""
    return model_report(await predictions.model(prediction_model_id))


@router.post(
    "/prediction/models/{prediction_model_id}/publish",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=JobRead,
    responses=problems(404),
    summary="Put a model in force again",
)
async def publish_prediction_model(prediction_model_id: ModelId, predictions: Administering) -> Job:
    """It is in force at once; the job has it foretell every lead."""
    return await predictions.publish(prediction_model_id)


@router.get(
    "/leads/{lead_id}/prediction",
    response_model=LeadPredictionRead,
    responses=problems(404),
    summary="Read what is foretold of a lead",
)
async def read_lead_prediction(lead_id: LeadId, predictions: Reading) -> LeadPredictionRead:
    """By what is known of it this moment, part by part; or why nothing is foretold."""
    return lead_prediction_read(await predictions.of_lead(lead_id))


@router.put(
    "/leads/{lead_id}/prediction/override",
    response_model=LeadPredictionRead,
    responses=problems(404, 413, 415),
    summary="Say what is to be foretold of a lead",
)
async def override_lead_prediction(
    lead_id: LeadId, body: OverrideBody, predictions: Writing
) -> LeadPredictionRead:
    """It counts instead of what the model says, through every training, until it is taken back."""
    return lead_prediction_read(await predictions.override(lead_id, body.percent, body.reason))


@router.delete(
    "/leads/{lead_id}/prediction/override",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(404),
    summary="Take back what was said of a lead",
)
async def drop_lead_prediction_override(lead_id: LeadId, predictions: Writing) -> None:
    """The model's word counts again. 404 when it does already."""
    await predictions.drop_override(lead_id)
