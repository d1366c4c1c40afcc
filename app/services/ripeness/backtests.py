"""Back-tests of scoring models: asked for, read, and two models compared."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.domain.errors import NotFound
from app.domain.paging import Page, PageRequest
from app.domain.ripeness.backtests import Backtest
from app.domain.ripeness.model_comparison import Differences, differences
from app.domain.ripeness.scoring_documents import document_of
from app.domain.ripeness.scoring_models import StoredModel
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork

BACKTEST_MODEL = "backtest_scoring_model"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A model, and its newest back-test that is done."""

    model: StoredModel
    backtest: Backtest | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What changes from one model to the other."""

    one: Compared
    other: Compared
    rules: Differences


class BacktestService:
    """Use cases of back-tests."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def start(self, model_id: UUID, horizon_days: int, leads: int) -> Backtest:
        """A back-test of the model as it is now, which a job carries out; in whatever status the
        model is, nothing changes by it."""
        stored = await self._uow.scoring_models.get(model_id)
        # What cannot be understood is refused now, and not by the job.
        stored.model()
        backtest_id = new_id()
        job_id = await self._uow.jobs.add(BACKTEST_MODEL, {"backtest_id": str(backtest_id)})
        test = Backtest(
            workspace_id=self._uow.workspace_id,
            id=backtest_id,
            model_id=stored.id,
            model_number=stored.number,
            model_name=stored.name,
            model_version=stored.version,
            document=stored.document,
            declared_fields=stored.declared_fields,
            horizon_days=horizon_days,
            leads_limit=leads,
            job_id=job_id,
            created_at=self._uow.now,
        )
        await self._uow.backtests.add(test)
        await self._uow.flush()
        return test

    async def get(self, model_id: UUID, backtest_id: UUID) -> Backtest:
        """One back-test of a model."""
        test = await self._uow.backtests.get(backtest_id)
        if test.model_id != model_id:
            raise NotFound("no such back-test in this workspace")
        return test

    async def page(self, model_id: UUID, request: PageRequest) -> Page[Backtest]:
        """A page of a model's back-tests."""
        page = await self._uow.backtests.page(request, {"model_id": [model_id]})
        if not page.data:
            await self._uow.scoring_models.get(model_id)
        return page

    async def compare(self, model_id: UUID, other_id: UUID) -> Comparison:
        """What changes from the first model to the other, and how well each has done."""
        one = await self._uow.scoring_models.get(model_id)
        other = await self._uow.scoring_models.get(other_id)
        newest = await self._uow.backtests.newest_of([one.id, other.id])
        return Comparison(
            one=Compared(model=one, backtest=newest.get(one.id)),
            other=Compared(model=other, backtest=newest.get(other.id)),
            rules=differences(_whole(one), _whole(other)),
        )


def _whole(stored: StoredModel) -> dict[str, Any]:
    """The document with its defaults, so that a default that is spelled out is no difference."""
    return document_of(stored.model())
