"""Back-tests of scoring models, and two models compared."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response, status

from app.api.deps import service
from app.api.operations import Operation
from app.api.paging import CursorParameter, Limit, PageOf, page_request
from app.api.responses import problems
from app.api.schemas.ripeness.backtests import BacktestCreate, BacktestRead, ComparisonRead
from app.domain.access.api_keys import Scope
from app.domain.paging import Page
from app.domain.ripeness.backtests import Backtest
from app.services.ripeness.backtests import BacktestService

router = APIRouter(prefix="/v1/scoring-models", tags=["scoring models"], route_class=Operation)

Reading = Annotated[BacktestService, service(BacktestService, Scope.LEADS_READ)]
Administering = Annotated[BacktestService, service(BacktestService, Scope.ADMIN)]
ModelId = Annotated[UUID, Path(description="The scoring model's id.")]
BacktestId = Annotated[UUID, Path(description="The back-test's id.")]


@router.post(
    "/{model_id}/backtest",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=BacktestRead,
    responses=problems(404, 413, 415),
    summary="Back-test a scoring model",
)
async def backtest_scoring_model(
    model_id: ModelId,
    backtests: Administering,
    body: Annotated[BacktestCreate, Body(default_factory=BacktestCreate)],
    response: Response,
) -> Backtest:
    """A job scores the leads of which the verdict is known, each as it was before, by the model as
    it is now. No lead changes by it."""
    test = await backtests.start(model_id, body.horizon_days, body.leads)
    response.headers["Location"] = f"/v1/scoring-models/{model_id}/backtests/{test.id}"
    return test


@router.get(
    "/{model_id}/backtests",
    response_model=PageOf[BacktestRead],
    responses=problems(404),
    summary="List the back-tests of a scoring model",
)
async def list_backtests(
    model_id: ModelId, backtests: Reading, limit: Limit = 50, cursor: CursorParameter = None
) -> Page[Backtest]:
    """Newest first."""
    return await backtests.page(model_id, page_request(limit, cursor))


@router.get(
    "/{model_id}/backtests/{backtest_id}",
    response_model=BacktestRead,
    responses=problems(404),
    summary="Read a back-test",
)
async def read_backtest(model_id: ModelId, backtest_id: BacktestId, backtests: Reading) -> Backtest:
    """Its figures, once it is done."""
    return await backtests.get(model_id, backtest_id)


@router.get(
    "/{model_id}/compare",
    response_model=ComparisonRead,
    responses=problems(404),
    summary="Compare two scoring models",
)
async def compare_scoring_models(
    model_id: ModelId,
    backtests: Reading,
    other_id: Annotated[
        UUID, Query(alias="with", description="The id of the model to compare it with.")
    ],
) -> ComparisonRead:
    """The rules and settings that differ, and what came of the newest back-test of each; a draft's
    back-test scores the published model on the same leads as well."""
    return ComparisonRead.of_comparison(await backtests.compare(model_id, other_id))
