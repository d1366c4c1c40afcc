"""Conversions, what they need to know of a lead, and the histories they join."""

from typing import Any
from uuid import UUID

from sqlalchemy import false, select, true, union_all

from app.domain.record.timeline import HistorySources
from app.domain.ripeness.frameworks import BANT
from app.domain.ripeness.qualification import Criterion
from app.domain.sales.conversion import Budget, Conversion
from app.repositories.statements import Statement, add_rows, as_arrays, own, param
from app.repositories.tables.leads import leads
from app.repositories.tables.ripeness import assessment_answers
from app.repositories.tables.sales import contacts, conversions, opportunities
from app.repositories.transaction import Transaction

c = conversions.c


class ConversionRepository:
    """Conversions are added once and never changed."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, conversion: Conversion) -> None:
        """Store a conversion; the lead's only one."""
        await self._transaction.rows(
            add_rows(conversions), **as_arrays(conversions, [vars(conversion)])
        )

    async def of_lead(self, lead_id: UUID) -> Conversion | None:
        """The conversion of a lead."""
        row = await self._transaction.row(_OF_LEAD, lead_id=lead_id)
        return Conversion(**row) if row else None

    async def budget(self, lead_id: UUID) -> Budget | None:
        """The newest answer about the lead's budget."""
        row = await self._transaction.row(_BUDGET, lead_id=lead_id)
        return Budget(**row) if row else None

    async def history_of_account(self, account_id: UUID) -> HistorySources:
        """The leads converted into an account, with those merged into them; the account, its
        contacts and opportunities."""
        return await self._history(_ACCOUNT_HISTORY, account_id)

    async def history_of_contact(self, contact_id: UUID) -> HistorySources:
        """The leads converted into a contact, with those merged into them, and the contact."""
        return await self._history(_CONTACT_HISTORY, contact_id)

    async def history_of_opportunity(self, opportunity_id: UUID) -> HistorySources:
        """The leads converted into an opportunity, with those merged into them, and the
        opportunity."""
        return await self._history(_OPPORTUNITY_HISTORY, opportunity_id)

    async def _history(self, statement: Statement, record_id: UUID) -> HistorySources:
        rows = await self._transaction.rows(statement, record_id=record_id)
        return HistorySources(
            lead_ids=[row["id"] for row in rows if row["is_lead"]],
            subject_ids=[record_id, *(row["id"] for row in rows if not row["is_lead"])],
        )


_OF_LEAD = Statement(
    select(conversions).where(own(conversions), c.lead_id == param("lead_id", c.lead_id))
)


def _budget() -> Statement:
    a = assessment_answers.c
    return Statement(
        select(a.amount_minor, a.currency)
        .where(
            own(assessment_answers),
            a.lead_id == param("lead_id", a.lead_id),
            a.framework == BANT,
            a.criterion == Criterion.BUDGET.value,
        )
        .order_by(a.answered_at.desc(), a.id.desc())
        .limit(1)
    )


_BUDGET = _budget()


def _leads_into(column: Any) -> list[Any]:
    into = (own(conversions), column == param("record_id", c.account_id))
    merged = conversions.join(leads, own(leads) & (leads.c.merged_into == c.lead_id))
    return [
        select(c.lead_id.label("id"), true().label("is_lead")).where(*into),
        select(leads.c.id, true().label("is_lead")).select_from(merged).where(*into),
    ]


def _of_account(table: Any) -> Any:
    return select(table.c.id, false().label("is_lead")).where(
        own(table), table.c.account_id == param("record_id", c.account_id)
    )


_ACCOUNT_HISTORY = Statement(
    union_all(*_leads_into(c.account_id), _of_account(contacts), _of_account(opportunities))
)
_CONTACT_HISTORY = Statement(union_all(*_leads_into(c.contact_id)))
_OPPORTUNITY_HISTORY = Statement(union_all(*_leads_into(c.opportunity_id)))
