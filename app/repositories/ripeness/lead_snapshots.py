"""What became of leads, and their touches until a moment each."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Text, case, func, or_, select

from app.domain.leads.status import LifecycleStage, Status
from app.domain.reach.events import EventType
from app.domain.record.touchpoints import Touchpoint
from app.domain.ripeness.lead_snapshots import LeadOutcome
from app.repositories.statements import Statement, array_param, built, own, param
from app.repositories.tables.leads import leads
from app.repositories.tables.reach import events
from app.repositories.tables.record import touchpoints
from app.repositories.tables.sales import conversions
from app.repositories.transaction import Transaction


class LeadSnapshotRepository:
    """Reads for many leads at once, each until a moment of its own."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def outcomes(self, limit: int) -> list[LeadOutcome]:
        """The newest leads with a verdict, without trials, newest first."""
        rows = await self._transaction.rows(_OUTCOMES, most=limit)
        return [built(LeadOutcome, row) for row in rows]

    async def touches_until(
        self, moments: Mapping[UUID, datetime], trials: Mapping[UUID, bool]
    ) -> list[Touchpoint]:
        """The touches that count and had happened by then, oldest first. `trials` says of each lead
        whether touches that are trials count for it."""
        ids = sorted(moments)
        rows = await self._transaction.rows(
            _TOUCHES_UNTIL,
            ids=ids,
            moments=[moments[lead_id] for lead_id in ids],
            trials=[trials[lead_id] for lead_id in ids],
        )
        return [built(Touchpoint, row) for row in rows]


def _converted(columns: Any) -> Any:
    """Whoever came as far as an opportunity, also when somebody gave them up later."""
    return or_(
        columns.status == Status.CONVERTED.value,
        columns.lifecycle_stage == LifecycleStage.OPPORTUNITY.value,
        columns.lifecycle_stage == LifecycleStage.CUSTOMER.value,
    )


def _outcomes() -> Statement:
    judged = (
        select(leads)
        .where(
            own(leads),
            or_(_converted(leads.c), leads.c.status == Status.DISQUALIFIED.value),
            ~leads.c.is_test,
            leads.c.deleted_at.is_(None),
        )
        .order_by(leads.c.created_at.desc(), leads.c.id.desc())
        .limit(param("most", Integer()))
        .subquery("judged")
    )
    event, deal, lead = events.c, conversions.c, judged.c
    became = func.jsonb_extract_path_text(event.data, "status", "after", type_=Text)
    given_up_at = select(func.max(event.occurred_at)).where(
        own(events),
        event.subject_id == lead.id,
        event.type == EventType.LEAD_STATUS_CHANGED.value,
        became == Status.DISQUALIFIED.value,
    )
    deal_at = select(deal.converted_at).where(own(conversions), deal.lead_id == lead.id)
    won_at = func.least(deal_at.scalar_subquery(), lead.opportunity_at, lead.customer_at)
    at = case((_converted(lead), won_at), else_=given_up_at.scalar_subquery())
    return Statement(
        select(
            lead.id.label("lead_id"),
            _converted(lead).label("converted"),
            # A merge may have brought a verdict of which no event of this lead tells.
            func.coalesce(at, lead.updated_at).label("at"),
            lead.created_at,
        ).order_by(lead.created_at.desc(), lead.id.desc())
    )


def _touches_until() -> Statement:
    wanted = (
        func.unnest(
            array_param("ids", touchpoints.c.lead_id),
            array_param("moments", touchpoints.c.occurred_at),
            array_param("trials", touchpoints.c.is_test),
        )
        .table_valued("lead_id", "moment", "trials", name="wanted")
        .render_derived()
    )
    correction = touchpoints.alias("correction")
    superseded = select(1).where(own(correction), correction.c.supersedes_id == touchpoints.c.id)
    return Statement(
        select(touchpoints)
        .where(
            own(touchpoints),
            touchpoints.c.lead_id == wanted.c.lead_id,
            touchpoints.c.occurred_at <= wanted.c.moment,
            ~touchpoints.c.is_test | wanted.c.trials,
            ~superseded.exists(),
        )
        .order_by(touchpoints.c.lead_id, touchpoints.c.occurred_at, touchpoints.c.id)
    )


_OUTCOMES = _outcomes()
_TOUCHES_UNTIL = _touches_until()
