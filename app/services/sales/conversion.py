"""Conversion: a lead becomes account, contact and opportunity, in one transaction, once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.errors import NotFound
from app.domain.leads.leads import Lead
from app.domain.leads.status import Status
from app.domain.reach.events import EventType, difference
from app.domain.ripeness.gates import Move
from app.domain.sales.accounts import Account
from app.domain.sales.contacts import Contact
from app.domain.sales.conversion import Conversion, Wanted, check_convertible, converted
from app.domain.sales.opportunities import Opportunity
from app.platform.ids import new_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.leads.journal import caused_by, record_moves
from app.services.ripeness.gates_keeping import GateKeeper
from app.services.sales.accounts import AccountService
from app.services.sales.contacts import ContactService
from app.services.sales.conversion_plan import ConversionPlanner, Part, Plan
from app.services.sales.opportunities import OpportunityService

_BOOKKEEPING = frozenset({"workspace_id", "id", "created_at", "updated_at", "version"})


class ConversionService:
    """Use cases of conversion."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def of_lead(self, lead_id: UUID) -> Conversion:
        """What a lead was converted to; NotFound until then."""
        conversion = await self._uow.conversions.of_lead(lead_id)
        if conversion is None:
            await self._uow.leads.get(lead_id)
            raise NotFound("no conversion of such a lead in this workspace")
        return conversion

    async def convert(self, lead_id: UUID, wanted: Wanted, *, rehearse: bool) -> Conversion:
        """What the lead became: the first call does it, every call tells the same.

        A rehearsal tells what would be done and writes nothing.
        """
        lead = await self._uow.leads.get(lead_id, lock=not rehearse)
        if lead.status == Status.CONVERTED:
            return await self.of_lead(lead_id)
        check_convertible(lead, wanted.override_reason)
        plan = await ConversionPlanner(self._uow, lead, wanted, rehearse=rehearse).plan()
        # What an import tells of the past, no gate of today stands before.
        if wanted.cause is None:
            move = _move(lead, plan, self._uow.now)
            await GateKeeper(self._uow).check(
                lead.id, move, wanted.override_reason, rehearse=rehearse
            )
        if rehearse:
            return self._told(lead, wanted, plan, rehearsed=True)
        await self._carry_out(lead, wanted, plan)
        return await self.of_lead(lead_id)

    async def _carry_out(self, lead: Lead, wanted: Wanted, plan: Plan) -> None:
        await _store(AccountService(self._uow), plan.account)
        await _store(ContactService(self._uow), plan.contact)
        if plan.opportunity:
            _date_back(plan.opportunity, wanted)
            await _store(OpportunityService(self._uow), plan.opportunity)
        await self._change_lead(lead, plan, wanted)
        conversion = self._told(lead, wanted, plan, rehearsed=False)
        await self._uow.conversions.add(conversion)
        self._uow.record(
            EventType.LEAD_CONVERTED,
            "lead",
            lead.id,
            {
                "conversion_id": conversion.id,
                "account_id": conversion.account_id,
                "contact_id": conversion.contact_id,
                "opportunity_id": conversion.opportunity_id,
                "created": sorted(conversion.created),
                "linked": sorted(plan.parts.keys() - conversion.created.keys()),
                "filled": {name: sorted(values) for name, values in conversion.filled.items()},
                "override_reason": conversion.override_reason,
            }
            | caused_by(wanted.cause),
            lead_id=lead.id,
            occurred_at=wanted.at,
        )
        await self._uow.flush()

    async def _change_lead(self, lead: Lead, plan: Plan, wanted: Wanted) -> None:
        status = plan.opportunity.record.status if plan.opportunity else None
        changes = converted(lead, status, wanted.at or self._uow.now)
        stamp = {"updated_at": self._uow.now, "version": lead.version + 1}
        await self._uow.leads.change(lead.id, changes | stamp)
        record_moves(self._uow, lead.id, difference(vars(lead), changes), wanted.cause, wanted.at)

    def _told(self, lead: Lead, wanted: Wanted, plan: Plan, *, rehearsed: bool) -> Conversion:
        """The conversion as it is stored and answered."""
        parts = plan.parts
        unborn = {part.record.id for part in parts.values() if part.new} if rehearsed else set()

        def id_of(name: str) -> Any:
            part = parts.get(name)
            return part.record.id if part and part.record.id not in unborn else None

        def shown(values: Mapping[str, Any]) -> dict[str, Any]:
            return {k: None if v in unborn else v for k, v in values.items() if v is not None}

        return Conversion(
            workspace_id=self._uow.workspace_id,
            id=None if rehearsed else new_id(),
            lead_id=lead.id,
            account_id=id_of("account"),
            contact_id=id_of("contact"),
            opportunity_id=id_of("opportunity"),
            created={n: shown(_facts(p.record)) for n, p in parts.items() if p.new},
            filled={n: shown(p.filled) for n, p in parts.items() if p.filled},
            override_reason=wanted.override_reason,
            converted_at=None if rehearsed else wanted.at or self._uow.now,
            user_id=self._uow.caller.user_id,
            api_key_id=self._uow.caller.api_key_id,
        )


def _move(lead: Lead, plan: Plan, now: datetime) -> Move:
    """What a conversion moves: the lead, past `qualified` if it is not yet, and into its stage a
    deal that is new or had no lead until now."""
    deal = plan.opportunity
    changes = converted(lead, deal.record.status if deal else None, now)
    move = Move.of(lead.lifecycle_stage, changes)
    if lead.status != Status.QUALIFIED:
        move = replace(move, statuses=(Status.QUALIFIED.value, *move.statuses))
    if deal and (deal.new or "originating_lead_id" in deal.filled):
        move = replace(move, stage_id=deal.record.stage_id)
    return move


def _date_back(part: Part[Opportunity], wanted: Wanted) -> None:
    """A deal of the past began, and perhaps closed, when it did."""
    if part.new and wanted.at:
        part.record.created_at = wanted.at
        if part.record.closed_at:
            part.record.closed_at = wanted.closed_at or wanted.at


async def _store(
    service: AccountService | ContactService | OpportunityService, part: Part[Any]
) -> None:
    if part.new:
        await service.add(part.record)
    else:
        await service.apply(part.record, part.filled)


def _facts(record: Account | Contact | Opportunity) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _BOOKKEEPING}
