"""Conversions of the past: a lead that became a customer elsewhere, with the deal it became."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from app.domain.errors import Conflict, DomainError, Invalid
from app.domain.intake.import_cells import Known
from app.domain.intake.import_rows import ReadRow
from app.domain.intake.imports import Import, ImportRow, RowOutcome
from app.domain.leads.status import Status
from app.domain.reach.events import Cause, CauseKind
from app.domain.sales.conversion import Choice, OnMatch, Wanted
from app.repositories.unit_of_work import UnitOfWork
from app.services.intake.import_outcomes import Outcomes
from app.services.intake.import_persons import Persons
from app.services.intake.import_takers import RowTaker
from app.services.sales.conversion import ConversionService

IMPORTED = "converted before it was imported"


def is_conversion(values: Mapping[str, Any]) -> bool:
    """Whether the row tells that the lead was converted."""
    return "converted_at" in values


class Conversions:
    """Converts leads by the service that everybody uses, at the instants that rows tell."""

    def __init__(self, uow: UnitOfWork, known: Known, cause: Cause | None = None) -> None:
        self._uow = uow
        self._known = known
        self._cause = cause
        self._stages: dict[str, UUID] | None = None

    async def convert(self, lead_id: UUID, values: Mapping[str, Any]) -> UUID | None:
        """Convert a lead, with its deal if the row names one; returns the deal's id."""
        lead = await self._uow.leads.get(lead_id, lock=True)
        if lead.status == Status.CONVERTED:
            raise Conflict("the lead is converted already")
        closes = values.get("opportunity.close_on")
        wanted = Wanted(
            account=Choice(create=self._account(values)),
            opportunity=Choice(create=await self._deal(values)) if _has_deal(values) else None,
            override_reason=IMPORTED,
            on_match=OnMatch.LINK,
            at=values["converted_at"],
            closed_at=self._midnight(closes) if closes else None,
            cause=self._cause,
        )
        made = await ConversionService(self._uow).convert(lead_id, wanted, rehearse=False)
        return made.opportunity_id

    def _account(self, values: Mapping[str, Any]) -> dict[str, Any] | None:
        name = values.get("account.name")
        return {"name": name} if name else None

    async def _deal(self, values: Mapping[str, Any]) -> dict[str, Any]:
        told = {
            "name": values.get("opportunity.name"),
            "amount_minor": values.get("opportunity.amount_minor"),
            "currency": values.get("opportunity.currency"),
        }
        deal = {name: value for name, value in told.items() if value is not None}
        if closes := values.get("opportunity.close_on"):
            deal["closes_on"] = date.fromisoformat(closes)
        if stage := values.get("opportunity.stage"):
            deal["stage_id"] = await self._stage(stage)
        return deal

    async def _stage(self, name: str) -> UUID:
        if self._stages is None:
            self._stages = {}
            for pipeline in await self._uow.pipelines.all():
                for stage in pipeline.stages:
                    # The default pipeline comes first.
                    self._stages.setdefault(stage.name.casefold(), stage.id)
        found = self._stages.get(name.casefold())
        if found is None:
            raise Invalid(f"there is no stage {name!r} in any pipeline")
        return found

    def _midnight(self, day: str) -> datetime:
        at = datetime.combine(date.fromisoformat(day), time(), self._known.zone).astimezone(UTC)
        return min(at, self._uow.now)


def _has_deal(values: Mapping[str, Any]) -> bool:
    return any(name.startswith("opportunity.") for name in values)


class OpportunityRows(RowTaker):
    """Takes rows of deals: each converts the lead it names."""

    def __init__(self, import_: Import, known: Known) -> None:
        self._import = import_
        self._known = known
        self._persons = Persons(import_.options["external_system"], known)
        self._cause = Cause(CauseKind.IMPORT, import_.id, import_.name)

    async def take(self, uow: UnitOfWork, rows: Sequence[ReadRow]) -> list[ImportRow]:
        """What becomes of each row."""
        outcomes = Outcomes(self._import, uow.now)
        leads = await self._persons.found(uow, rows)
        conversions = Conversions(uow, self._known, self._cause)
        for row in rows:
            lead_id = leads.get(row.line)
            if row.problems:
                outcomes.invalid(row)
            elif lead_id is None:
                outcomes.invalid(row, self._persons.nobody(row))
            elif not is_conversion(row.values):
                outcomes.invalid(row, "says not when the lead was converted")
            else:
                try:
                    await conversions.convert(lead_id, row.values)
                except Conflict as error:
                    outcomes.add(row, RowOutcome.SKIPPED, lead_id, because=error.detail)
                except DomainError as error:
                    outcomes.invalid(row, error.detail)
                else:
                    outcomes.add(row, RowOutcome.CREATED, lead_id)
        return outcomes.rows
