"""Pipelines."""

from typing import Annotated

from fastapi import APIRouter

from app.api.deps import service
from app.api.operations import Operation
from app.api.paging import PageOf
from app.api.schemas.sales.pipelines import PipelineRead
from app.domain.access.api_keys import Scope
from app.domain.paging import Page
from app.domain.sales.pipelines import Pipeline
from app.services.sales.pipelines import PipelineService

router = APIRouter(prefix="/v1/pipelines", tags=["pipelines"], route_class=Operation)

Reading = Annotated[PipelineService, service(PipelineService, Scope.SALES_READ)]


@router.get("", response_model=PageOf[PipelineRead], summary="List pipelines")
async def list_pipelines(pipelines: Reading) -> Page[Pipeline]:
    """All of them on one page, the default first, each with its stages in order."""
    return await pipelines.all()
