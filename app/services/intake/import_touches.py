"""Touches from rows: of persons in the same file, or of leads that are known already."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.errors import DomainError
from app.domain.intake.import_cells import Known
from app.domain.intake.import_rows import ReadRow
from app.domain.intake.imports import Import, ImportRow, RowOutcome
from app.domain.record.channels import Channel
from app.domain.record.touchpoints import NewTouchpoint
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.import_outcomes import Outcomes
from app.services.intake.import_persons import Persons
from app.services.intake.import_takers import RowTaker
from app.services.record.touchpoints import BatchItem, TouchpointService

IMPORTED = "imported"
_CHANNELS = frozenset(Channel)


def touch_of(values: Mapping[str, Any], system: str) -> list[NewTouchpoint]:
    """The touch that a row tells of, if it tells of one."""
    told = {name[6:]: value for name, value in values.items() if name.startswith("touch.")}
    if not told:
        return []
    utm = {name[4:]: value for name, value in told.items() if name.startswith("utm_")}
    payload = {name[8:]: value for name, value in told.items() if name.startswith("payload.")}
    channel = "_".join(str(told.get("channel", "")).casefold().split())
    external_id = told.get("external_id")
    if told.get("channel") and channel not in _CHANNELS:
        # A word of another system, which is kept beside what is known here.
        payload["channel"] = told["channel"]
    return [
        NewTouchpoint(
            kind=told.get("kind", IMPORTED),
            occurred_at=told.get("occurred_at"),
            campaign_id=told.get("campaign"),
            channel=channel if channel in _CHANNELS else None,
            utm=utm or None,
            payload=payload or None,
            source_system=system if external_id else None,
            external_id=external_id,
            summary=told.get("summary"),
            page_url=told.get("page_url"),
            referrer=told.get("referrer"),
        )
    ]


class TouchRows(RowTaker):
    """Takes rows of what happened to leads that are known."""

    def __init__(self, import_: Import, known: Known) -> None:
        self._import = import_
        self._system = import_.options["external_system"]
        self._persons = Persons(self._system, known)

    async def take(self, uow: UnitOfWork, rows: Sequence[ReadRow]) -> list[ImportRow]:
        """What becomes of each row."""
        outcomes = Outcomes(self._import, uow.now)
        leads = await self._persons.found(uow, rows)
        items: list[tuple[ReadRow, BatchItem]] = []
        for row in rows:
            lead_id = leads.get(row.line)
            if row.problems:
                outcomes.invalid(row)
            elif lead_id is None:
                outcomes.invalid(row, self._persons.nobody(row))
            elif missing := [n for n in ("kind", "occurred_at") if f"touch.{n}" not in row.values]:
                outcomes.invalid(row, f"says nothing of its {' and '.join(missing)}")
            else:
                [touch] = touch_of(row.values, self._system)
                items.append((row, BatchItem(index=len(items), lead_id=lead_id, touch=touch)))
        results = await TouchpointService(uow).record_batch([item for _, item in items])
        for (row, item), result in zip(items, results, strict=True):
            if result.status == "created":
                outcomes.add(row, RowOutcome.CREATED, item.lead_id)
            elif result.status == "exists":
                detail = "this touch is on the record already"
                outcomes.add(row, RowOutcome.UNCHANGED, item.lead_id, because=detail)
            else:
                error: DomainError | None = result.error
                outcomes.invalid(row, error.detail if error else "it was refused")
        return outcomes.rows
