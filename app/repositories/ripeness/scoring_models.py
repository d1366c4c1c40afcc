"""Scoring models by id and page, their numbers, and which of them are live."""

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.dialects.postgresql import insert

from app.domain.ripeness.scoring_models import LIVE, ModelStatus, StoredModel
from app.repositories.resources import Resources
from app.repositories.statements import Statement, built, own, param
from app.repositories.tables.scoring import scoring_models, scoring_numbers


class ScoringModelRepository(Resources[StoredModel]):
    """Versions of the workspace's scoring."""

    table = scoring_models
    entity = StoredModel
    noun = "scoring model"

    async def live(self) -> list[StoredModel]:
        """Those that scores are kept for: the published one, and the one being published."""
        return [built(StoredModel, row) for row in await self._transaction.rows(_LIVE)]

    async def next_number(self) -> int:
        """A number that no version has had."""
        [row] = await self._transaction.rows(_NEXT_NUMBER)
        return int(row["last"])

    async def remove(self, model: StoredModel) -> None:
        """Forget a draft."""
        await self._transaction.rows(_REMOVE, id=model.id)


def _next_number() -> Statement:
    c = scoring_numbers.c
    first = insert(scoring_numbers).values(
        workspace_id=param("workspace_id", c.workspace_id), last=1
    )
    return Statement(
        first.on_conflict_do_update(
            index_elements=["workspace_id"], set_={"last": c.last + 1}
        ).returning(c.last)
    )


def _is(status: ModelStatus) -> ColumnElement[bool]:
    return scoring_models.c.status == status.value


_LIVE = Statement(
    select(scoring_models)
    .where(own(scoring_models), or_(*[_is(status) for status in LIVE]))
    .order_by(scoring_models.c.number)
)
_NEXT_NUMBER = _next_number()
_REMOVE = Statement(
    scoring_models.delete().where(
        own(scoring_models), scoring_models.c.id == param("id", scoring_models.c.id)
    )
)
