"""Pipelines: read with their stages."""

from app.domain.paging import Page
from app.domain.sales.pipelines import Pipeline
from app.repositories.unit_of_work import UnitOfWork


class PipelineService:
    """Use cases of pipelines."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def all(self) -> Page[Pipeline]:
        """Every pipeline, the default first: they are few, so one page holds them."""
        return Page(await self._uow.pipelines.all(), None)
