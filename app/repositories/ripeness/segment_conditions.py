"""Who meets the condition of a segment: leads that are there, and no trials unless it says so."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, false, select

from app.domain.conditions import Condition, terms_of
from app.domain.ripeness.scoring import ScoringModel
from app.domain.ripeness.segments import TEST_FIELD
from app.repositories.conditions import clause_for, shape_of, values_for
from app.repositories.statements import own
from app.repositories.tables.leads import leads


@dataclass(frozen=True)
class Asked:
    """A condition, and the published model where it tests scores."""

    condition: Condition
    model: ScoringModel | None = None

    @property
    def meant(self) -> "Meant":
        """What is kept of it to find its statement again."""
        trials = any(test.field.name == TEST_FIELD for test in terms_of(self.condition))
        return shape_of(self.condition), trials

    def values(self, now: datetime) -> dict[str, Any]:
        """The parameters of its statement."""
        return values_for(self.condition, now, model=self.model)


# What decides the text of a statement: the shape of the condition, and whether it is about trials.
Meant = tuple[Condition, bool]


def meeting(which: Meant, *columns: Any) -> Select[Any]:
    """These columns of the leads that meet it."""
    shape, trials = which
    query = select(*columns).select_from(leads).where(own(leads), leads.c.deleted_at.is_(None))
    if not trials:
        query = query.where(leads.c.is_test == false())
    return query.where(clause_for(shape, leads))
