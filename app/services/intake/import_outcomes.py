"""What became of the rows of a set."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.intake.import_rows import ReadRow
from app.domain.intake.imports import REMARKABLE, Import, ImportRow, Phase, RowOutcome
from app.domain.intake.storable import storable


class Outcomes:
    """Gathers rows with what became of them."""

    def __init__(self, import_: Import, at: datetime) -> None:
        self._import = import_
        self._at = at
        self.rows: list[ImportRow] = []

    def add(
        self,
        row: ReadRow,
        outcome: RowOutcome,
        lead_id: UUID | None,
        *,
        first_line: int | None = None,
        because: str | None = None,
    ) -> None:
        """One row; `because` comes before what was noted on the way."""
        reasons: list[dict[str, Any]] = [{"column": None, "detail": because}] if because else []
        reasons += row.problems + row.notes
        self.rows.append(
            ImportRow(
                workspace_id=self._import.workspace_id,
                import_id=self._import.id,
                phase=Phase.RUN.value,
                line=row.line,
                outcome=outcome.value,
                lead_id=lead_id,
                first_line=first_line,
                reasons=reasons or None,
                cells=_kept(row.cells) if outcome in REMARKABLE else None,
                recorded_at=self._at,
            )
        )

    def invalid(self, row: ReadRow, detail: str | None = None) -> None:
        """A row that is not taken."""
        self.add(row, RowOutcome.INVALID, None, because=detail)


def counted(before: dict[str, int], rows: Sequence[ImportRow], blank: int) -> dict[str, int]:
    """The counts with these rows; `noted` are those that were taken and have something to tell."""
    counts = dict(before)
    for row in rows:
        counts[row.outcome] = counts.get(row.outcome, 0) + 1
        if row.reasons and row.outcome not in REMARKABLE:
            counts["noted"] = counts.get("noted", 0) + 1
    if blank:
        counts["blank"] = counts.get("blank", 0) + blank
    return counts


def _kept(cells: Sequence[Any]) -> list[Any]:
    plain = (str, int, float, bool, type(None))
    return [storable(cell if isinstance(cell, plain) else str(cell)) for cell in cells]
