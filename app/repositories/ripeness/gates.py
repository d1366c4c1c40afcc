"""Gates: by id, by page, and whether a condition holds for a lead."""

from functools import lru_cache
from uuid import UUID

from sqlalchemy import delete, select

from app.domain.conditions import Condition
from app.domain.ripeness.gates import Gate
from app.domain.ripeness.scoring import ScoringModel
from app.repositories.conditions import clause_for, shape_of, values_for
from app.repositories.resources import Resources
from app.repositories.statements import Statement, built, own, param
from app.repositories.tables.leads import leads
from app.repositories.tables.ripeness import gates

g = gates.c


class GateRepository(Resources[Gate]):
    """Gates."""

    table = gates
    entity = Gate
    noun = "gate"

    async def active(self) -> list[Gate]:
        """Those that stand, in the order of their creation."""
        return [built(Gate, row) for row in await self._transaction.rows(_ACTIVE)]

    async def remove(self, gate_id: UUID) -> None:
        """Take a gate away."""
        await self._transaction.rows(_REMOVE, id=gate_id)

    async def holds(self, condition: Condition, lead_id: UUID, model: ScoringModel | None) -> bool:
        """Whether the condition holds for the lead as this transaction leaves it; `model` is the
        published one where it tests scores."""
        values = values_for(condition, self._transaction.now, model=model)
        row = await self._transaction.row(_meets(shape_of(condition)), id=lead_id, **values)
        return row is not None


# Shapes are without number; the conditions of a workspace's gates are few.
@lru_cache(maxsize=200)
def _meets(shape: Condition) -> Statement:
    return Statement(
        select(leads.c.id).where(
            own(leads), leads.c.id == param("id", leads.c.id), clause_for(shape, leads)
        )
    )


_ACTIVE = Statement(select(gates).where(own(gates), g.active).order_by(g.created_at, g.id))
_REMOVE = Statement(delete(gates).where(own(gates), g.id == param("id", g.id)))
