"""Field history of another system, from its audit export.

Each row becomes an entry of the journal with its true time. It stands under `history`, for it
tells of values that were never in this service: what a lead was here, at an instant, is worked out
from what happened here alone.
"""

from collections.abc import Sequence
from typing import Any

from app.domain.intake.import_cells import Known
from app.domain.intake.import_fields import TARGETS, plain_name
from app.domain.intake.import_rows import ReadRow
from app.domain.intake.imports import Import, ImportRow, RowOutcome
from app.domain.reach.events import Cause, CauseKind, EventType
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.import_outcomes import Outcomes
from app.services.intake.import_persons import Persons
from app.services.intake.import_takers import RowTaker
from app.services.leads.journal import caused_by


class AuditRows(RowTaker):
    """Takes rows that tell how a field changed."""

    def __init__(self, import_: Import, known: Known) -> None:
        self._import = import_
        self._persons = Persons(import_.options["external_system"], known)
        self._cause = Cause(CauseKind.IMPORT, import_.id, import_.name)
        self._fields = {
            plain: target.name
            for target in TARGETS.values()
            if "." not in target.name
            for plain in (*target.names, plain_name(target.name))
        }

    async def take(self, uow: UnitOfWork, rows: Sequence[ReadRow]) -> list[ImportRow]:
        """What becomes of each row."""
        outcomes = Outcomes(self._import, uow.now)
        leads = await self._persons.found(uow, rows)
        for row in rows:
            lead_id = leads.get(row.line)
            missing = [name for name in ("field", "at") if f"audit.{name}" not in row.values]
            if row.problems:
                outcomes.invalid(row)
            elif lead_id is None:
                outcomes.invalid(row, self._persons.nobody(row))
            elif missing:
                outcomes.invalid(row, f"says nothing of its {' and '.join(missing)}")
            else:
                uow.record(
                    EventType.LEAD_UPDATED,
                    "lead",
                    lead_id,
                    self._told(row.values),
                    lead_id=lead_id,
                    occurred_at=row.values["audit.at"],
                )
                outcomes.add(row, RowOutcome.CREATED, lead_id)
        await uow.flush()
        return outcomes.rows

    def _told(self, values: dict[str, Any]) -> dict[str, Any]:
        label = values["audit.field"]
        change = {
            "field": self._fields.get(plain_name(label)),
            "label": label,
            "before": values.get("audit.old"),
            "after": values.get("audit.new"),
            "by": values.get("audit.by"),
        }
        return {"history": [change]} | caused_by(self._cause)
