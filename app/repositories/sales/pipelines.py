"""Pipelines with their stages."""

from uuid import UUID

from sqlalchemy import select

from app.domain.errors import NotFound
from app.domain.sales.pipelines import Pipeline, Stage
from app.repositories.statements import Statement, add_rows, as_arrays, get_row, own
from app.repositories.tables.sales import pipelines, stages
from app.repositories.transaction import Transaction


class PipelineRepository:
    """Few and small: they are read all at once."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def all(self) -> list[Pipeline]:
        """Every pipeline, the default first, with its stages in order."""
        found = {row["id"]: Pipeline(**row) for row in await self._transaction.rows(_PIPELINES)}
        for row in await self._transaction.rows(_STAGES):
            found[row["pipeline_id"]].stages.append(Stage(**row))
        return list(found.values())

    async def stage(self, stage_id: UUID) -> Stage:
        """One stage."""
        row = await self._transaction.row(get_row(stages), id=stage_id)
        if row is None:
            raise NotFound("no such stage in this workspace")
        return Stage(**row)

    async def add(self, pipeline: Pipeline) -> None:
        """Store a pipeline and its stages."""
        columns = {k: v for k, v in vars(pipeline).items() if k != "stages"}
        await self._transaction.rows(add_rows(pipelines), **as_arrays(pipelines, [columns]))
        rows = [vars(stage) for stage in pipeline.stages]
        await self._transaction.rows(add_rows(stages), **as_arrays(stages, rows))


_PIPELINES = Statement(
    select(pipelines)
    .where(own(pipelines))
    .order_by(pipelines.c.is_default.desc(), pipelines.c.name)
)
_STAGES = Statement(select(stages).where(own(stages)).order_by(stages.c.pipeline_id, stages.c.rank))
