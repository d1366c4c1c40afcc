"""What must add up: receipts issued, submissions stored, records in quarantine."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, func, literal_column, select, union_all, update

from app.domain.intake.submissions import SubmissionFilter
from app.domain.paging import PageRequest
from app.repositories.intake.submissions import submissions_cursor
from app.repositories.paging import Cursor, arguments_for, in_order
from app.repositories.statements import Statement, own, param
from app.repositories.tables.intake import hour_of, intake_counts, quarantine, submissions
from app.repositories.transaction import Transaction


class ConservationRepository:
    """Counts by hour, and the records that the database refused."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def balance(
        self, start: datetime, end: datetime
    ) -> tuple[dict[int, int], dict[int, int]]:
        """By hour since 1970: how many records were ever taken in, and how many submissions and
        refused records there are from `start` to `end`, all at one moment.

        A record that was refused and stored later counts twice on both sides.
        """
        issued: dict[int, int] = {}
        stored: dict[int, int] = {}
        for row in await self._transaction.rows(_BALANCE, start=start, end=end):
            counts = issued if row["what"] == "issued" else stored
            counts[row["hour"]] = counts.get(row["hour"], 0) + row["count"]
        return issued, stored

    async def quarantined(self, receipt_id: UUID) -> Any | None:
        """What the database refused under this receipt, with when and why."""
        return await self._transaction.row(_QUARANTINED, id=receipt_id)

    async def resolve(self, receipt_id: UUID) -> None:
        """Note that what was refused could be stored after all."""
        await self._transaction.rows(_RESOLVE, id=receipt_id, now=self._transaction.now)

    async def waiting(
        self, wanted: SubmissionFilter, request: PageRequest
    ) -> tuple[list[Any], Cursor]:
        """Records in quarantine by time, one more than a page holds, and the cursor of the list of
        submissions, of which they are a part."""
        cursor = submissions_cursor(self._transaction, wanted, request)
        statement = _waiting(
            wanted.received_from is not None,
            wanted.received_before is not None,
            request.descending,
            request.cursor is not None,
        )
        rows = await self._transaction.rows(
            statement,
            received_from=wanted.received_from,
            received_before=wanted.received_before,
            **arguments_for(request, cursor),
        )
        return rows, cursor


def _by_hour(table: Any) -> Any:
    hour = hour_of(table.c.received_at)
    return (
        select(literal_column("'stored'").label("what"), hour.label("hour"), func.count())
        .where(
            own(table),
            table.c.received_at >= param("start", table.c.received_at),
            table.c.received_at < param("end", table.c.received_at),
        )
        .group_by(hour)
    )


def _balance() -> Statement:
    counts = intake_counts.c
    issued = (
        select(
            literal_column("'issued'").label("what"),
            counts.hour,
            func.sum(counts.issued).cast(BigInteger).label("count"),
        )
        .where(own(intake_counts))
        .group_by(counts.hour)
    )
    # One statement, so that all of it is seen at one moment.
    return Statement(union_all(issued, _by_hour(submissions), _by_hour(quarantine)))


_BALANCE = _balance()
_ONE = (own(quarantine), quarantine.c.id == param("id", quarantine.c.id))
_QUARANTINED = Statement(select(quarantine).where(*_ONE))
_RESOLVE = Statement(
    update(quarantine).where(*_ONE).values(resolved_at=param("now", quarantine.c.resolved_at))
)


@lru_cache(maxsize=16)
def _waiting(start: bool, end: bool, descending: bool, after: bool) -> Statement:
    q = quarantine.c
    stored = (
        select(1)
        .select_from(submissions)
        .where(own(submissions), submissions.c.id == q.id)
        .exists()
    )
    query = select(quarantine).where(own(quarantine), q.resolved_at.is_(None), ~stored)
    if start:
        query = query.where(q.received_at >= param("received_from", q.received_at))
    if end:
        query = query.where(q.received_at < param("received_before", q.received_at))
    return Statement(in_order(query, q.received_at, q.id, descending=descending, after=after))
