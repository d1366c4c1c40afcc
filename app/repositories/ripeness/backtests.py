"""Back-tests by id, by model, and the newest of some models."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from app.domain.ripeness.backtests import Backtest, BacktestStatus
from app.repositories.resources import Resources
from app.repositories.statements import Statement, array_param, built, own
from app.repositories.tables.backtests import scoring_backtests

c = scoring_backtests.c


class BacktestRepository(Resources[Backtest]):
    """What came of back-tests."""

    table = scoring_backtests
    entity = Backtest
    noun = "back-test"

    async def newest_of(self, model_ids: Iterable[UUID]) -> dict[UUID, Backtest]:
        """The newest that is done, of each of these models that has one."""
        rows = await self._transaction.rows(_NEWEST_OF, model_ids=sorted(set(model_ids)))
        return {row["model_id"]: built(Backtest, row) for row in rows}


_NEWEST_OF = Statement(
    select(scoring_backtests)
    .ext(distinct_on(c.model_id))
    .where(
        own(scoring_backtests),
        c.model_id == func.any(array_param("model_ids", c.model_id)),
        c.status == BacktestStatus.DONE.value,
    )
    .order_by(c.model_id, c.created_at.desc(), c.id.desc())
)
