"""Candidates by their keys, the records behind them, how often values come, and the settings."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import BigInteger, and_, column, func, select
from sqlalchemy.dialects.postgresql import insert

from app.domain.leads.duplicates import MatchingSettings
from app.domain.leads.matching import Record
from app.repositories.leads import match_candidates
from app.repositories.statements import (
    Statement,
    array_param,
    as_arrays,
    built,
    insert_rows,
    own,
    param,
    rows_of,
    stored_columns,
)
from app.repositories.tables.matching import matching_settings, matching_terms
from app.repositories.transaction import Transaction

Wanted = tuple[UUID, int]
Reached = tuple[UUID, str, str]


class MatchingRepository:
    """What matching asks the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def sharing(
        self, record: Record, keys: Sequence[Wanted], reached: Sequence[Reached] = ()
    ) -> list[tuple[UUID, list[UUID]]]:
        """For each who asks, the records that share one of its keys; for a lead also those with
        one of its addresses and numbers. Of a key that more than `MOST_OF_A_KEY` have, one more."""
        of_leads = record is Record.LEAD
        statement = match_candidates.sharing_leads() if of_leads else match_candidates.sharing()
        values: dict[str, Any] = {
            "record": record.value,
            "askers": [asker for asker, _ in keys],
            "keys": [key for _, key in keys],
        }
        if of_leads:
            values["reachers"] = [asker for asker, _, _ in reached]
            values["kinds"] = [kind for _, kind, _ in reached]
            values["values"] = [value for _, _, value in reached]
        rows = await self._transaction.rows(statement, **values)
        return [(row["asker"], row["ids"]) for row in rows]

    async def records(self, record: Record, ids: Collection[UUID]) -> list[asyncpg.Record]:
        """The columns that are compared and shown, without records that are deleted, merged away
        or trials."""
        return await self._transaction.rows(match_candidates.records(record), ids=sorted(ids))

    async def reached(self, lead_ids: Collection[UUID]) -> list[asyncpg.Record]:
        """The addresses and numbers of leads, and whether several people have them."""
        return await self._transaction.rows(match_candidates.REACHED, ids=sorted(lead_ids))

    async def after(self, record: Record, last: UUID, limit: int) -> list[asyncpg.Record]:
        """The next records in the order of their ids."""
        return await self._transaction.rows(match_candidates.after(record), last=last, limit=limit)

    async def counts(
        self, record: Record, scan_id: UUID, terms: Collection[tuple[str, int]]
    ) -> dict[tuple[str, int], int]:
        """How many records have each of these values, by a scan's count."""
        asked = sorted(terms)
        rows = await self._transaction.rows(
            _COUNTS,
            record=record.value,
            scan_id=scan_id,
            fields=[name for name, _ in asked],
            values=[value for _, value in asked],
        )
        return {(row["field"], row["value"]): row["count"] for row in rows}

    async def add_counts(
        self, record: Record, scan_id: UUID, counts: Mapping[tuple[str, int], int]
    ) -> None:
        """Add to a scan's count."""
        rows = [
            {
                "workspace_id": self._transaction.workspace_id,
                "record": record.value,
                "field": name,
                "value": value,
                "scan_id": scan_id,
                "count": counts[name, value],
            }
            for name, value in sorted(counts)
        ]
        await self._transaction.rows(_ADD_COUNTS, **as_arrays(matching_terms, rows))

    async def drop_counts_of(self, record: Record, scan_id: UUID) -> None:
        """Forget what one scan counted."""
        await self._transaction.rows(_DROP_COUNTS_OF, record=record.value, scan_id=scan_id)

    async def drop_counts(self, record: Record, kept: UUID) -> None:
        """Forget what other scans counted."""
        await self._transaction.rows(_DROP_COUNTS, record=record.value, scan_id=kept)

    async def settings(self, *, lock: bool = False) -> MatchingSettings:
        """The workspace's settings, or the defaults while nobody has changed them."""
        row = await self._transaction.row(_LOCKED_SETTINGS if lock else _SETTINGS)
        if row is not None:
            return built(MatchingSettings, row)
        now = self._transaction.now
        return MatchingSettings(
            workspace_id=self._transaction.workspace_id, created_at=now, updated_at=now
        )

    async def store_settings(self, settings: MatchingSettings) -> None:
        """Store them, whether they were stored before or not."""
        await self._transaction.rows(
            _STORE_SETTINGS, **as_arrays(matching_settings, [vars(settings)])
        )


def _counts() -> Statement:
    c = matching_terms.c
    asked = (
        func.unnest(array_param("fields", c.field), array_param("values", c.value))
        .table_valued("field", column("value", BigInteger), name="asked")
        .render_derived()
    )
    return Statement(
        select(c.field, c.value, c.count)
        .select_from(asked)
        .join(
            matching_terms,
            and_(
                own(matching_terms),
                c.record == param("record", c.record),
                c.field == asked.c.field,
                c.value == asked.c.value,
                c.scan_id == param("scan_id", c.scan_id),
            ),
        )
    )


def _add_counts() -> Statement:
    added = insert(matching_terms).from_select(
        list(stored_columns(matching_terms)),
        select(*rows_of(matching_terms, stored_columns(matching_terms)).c),
    )
    return Statement(
        added.on_conflict_do_update(
            index_elements=["workspace_id", "record", "field", "value", "scan_id"],
            set_={"count": matching_terms.c.count + added.excluded.count},
        )
    )


def _store_settings() -> Statement:
    stored = insert_rows(matching_settings, stored_columns(matching_settings))
    changed = [
        n for n in stored_columns(matching_settings) if n not in ("workspace_id", "created_at")
    ]
    return Statement(
        stored.on_conflict_do_update(
            index_elements=["workspace_id"],
            set_={name: stored.excluded[name] for name in sorted(changed)},
        )
    )


_COUNTS = _counts()
_ADD_COUNTS = _add_counts()
_STORE_SETTINGS = _store_settings()
_OWN_SETTINGS = select(matching_settings).where(own(matching_settings))
_SETTINGS = Statement(_OWN_SETTINGS)
_LOCKED_SETTINGS = Statement(_OWN_SETTINGS.with_for_update())


def _drop_counts(scan: Any) -> Statement:
    c = matching_terms.c
    return Statement(
        matching_terms.delete().where(
            own(matching_terms), c.record == param("record", c.record), scan
        )
    )


_A_SCAN = param("scan_id", matching_terms.c.scan_id)
_DROP_COUNTS = _drop_counts(matching_terms.c.scan_id != _A_SCAN)
_DROP_COUNTS_OF = _drop_counts(matching_terms.c.scan_id == _A_SCAN)
