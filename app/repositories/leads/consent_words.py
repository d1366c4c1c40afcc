"""What was said about consent, read from the journal."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import func, select

from app.domain.leads.merges import Word
from app.domain.reach.events import EventType
from app.repositories.statements import Statement, array_param, own
from app.repositories.tables.reach import events
from app.repositories.transaction import Transaction


async def words_of(transaction: Transaction, lead_ids: Iterable[UUID]) -> list[Word]:
    """What was said in the name of these leads, in the order of time."""
    rows = await transaction.rows(_WORDS, ids=sorted(lead_ids))
    return [
        Word(
            lead_id=row["lead_id"],
            purpose=row["data"]["purpose"],
            granted=bool(row["data"]["granted"]),
            told=row["data"],
            at=row["occurred_at"],
        )
        for row in rows
        if "purpose" in row["data"]
    ]


_WORDS = Statement(
    select(events.c.lead_id, events.c.data, events.c.occurred_at)
    .where(
        own(events),
        events.c.lead_id == func.any(array_param("ids", events.c.lead_id)),
        events.c.type == EventType.CONSENT_RECORDED.value,
    )
    .order_by(events.c.occurred_at, events.c.id)
)
