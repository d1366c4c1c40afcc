"""The conservation audit: receipts issued = submissions stored + records in quarantine.

The count of receipts is kept by the statement that stores, apart from the rows; whoever takes a row
away by hand leaves the count behind. Hours that are over change no more, so they are compared in
turns, and the last hours each time.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from app.platform import clock
from app.platform.db import Database
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import system_caller

log = structlog.get_logger("touchline.audit")

_HOUR = 3600
_AGES = 2_000_000
# Two hours back, for a clock may be set, and a spool replayed, while somebody counts.
RECENT_HOURS = 26
# Of what is older, so many submissions are counted again each time.
OLDER_ROWS = 200_000


@dataclass
class Balance:
    """How a workspace stands; `differences` has, by hour, stored minus issued where they differ."""

    issued: int = 0
    stored: int = 0
    differences: dict[datetime, int] = field(default_factory=dict)
    checked_at: datetime | None = None


class BalanceService:
    """The audit of one workspace, on demand."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def balance(self) -> Balance:
        """Compared now, over all hours."""
        balance = Balance(checked_at=self._uow.now)
        ever = 0, _AGES
        issued, stored = await self._uow.conservation.balance(*map(_instant, ever))
        _compare(balance, issued, stored, *ever)
        balance.issued, balance.stored = sum(issued.values()), sum(stored.values())
        return balance


class Audit:
    """Compares, remembers the last result of each workspace, and raises the alarm."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.balances: dict[UUID, Balance] = {}
        self._next: dict[UUID, int] = {}

    async def check(self, workspace_id: UUID) -> Balance:
        """Compare the last hours, and as many older ones as fit."""
        async with UnitOfWork(self._database, system_caller(workspace_id)) as uow:
            now = int(clock.now().timestamp()) // _HOUR
            balance = self.balances.setdefault(workspace_id, Balance())
            recent = now - RECENT_HOURS, now + RECENT_HOURS
            issued, stored = await uow.conservation.balance(*map(_instant, recent))
            _compare(balance, issued, stored, *recent)
            older = self._older(workspace_id, issued, recent[0])
            if older:
                issued, stored = await uow.conservation.balance(*map(_instant, older))
                _compare(balance, issued, stored, *older)
        balance.issued = sum(issued.values())
        balance.stored = balance.issued + sum(balance.differences.values())
        balance.checked_at = clock.now()
        if balance.differences:
            log.critical(
                "receipts issued and submissions stored differ",
                workspace_id=str(workspace_id),
                difference=sum(balance.differences.values()),
                hours={hour.isoformat(): n for hour, n in balance.differences.items()},
            )
        return balance

    @property
    def difference(self) -> int:
        """By how much all workspaces together are out of balance, either way."""
        return sum(
            abs(difference)
            for balance in self.balances.values()
            for difference in balance.differences.values()
        )

    def _older(
        self, workspace_id: UUID, issued: dict[int, int], before: int
    ) -> tuple[int, int] | None:
        """The next stretch of older hours to be counted."""
        hours = sorted(hour for hour in issued if hour < before)
        if not hours:
            return None
        start = self._next.get(workspace_id, hours[0])
        turn = [hour for hour in hours if hour >= start] or hours
        rows = 0
        end = turn[0] + 1
        for hour in turn:
            rows += issued[hour]
            end = hour + 1
            if rows >= OLDER_ROWS:
                break
        self._next[workspace_id] = end if end <= hours[-1] else hours[0]
        return turn[0], end


def _compare(
    balance: Balance, issued: dict[int, int], stored: dict[int, int], start: int, end: int
) -> None:
    noted = {int(instant.timestamp()) // _HOUR for instant in balance.differences}
    for hour in {*issued, *stored, *noted}:
        if start <= hour < end:
            difference = stored.get(hour, 0) - issued.get(hour, 0)
            if difference:
                balance.differences[_instant(hour)] = difference
            else:
                balance.differences.pop(_instant(hour), None)


def _instant(hour: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=hour)
