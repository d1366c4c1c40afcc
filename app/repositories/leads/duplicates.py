"""Pairs that a scan found, and the groups they form."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, Text, Uuid, and_, cast, column, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from app.domain.leads.duplicates import DuplicatePair, Pair
from app.domain.leads.matching import Record
from app.domain.paging import Page, PageRequest
from app.repositories.leads.match_candidates import TABLES
from app.repositories.paging import Cursor, arguments_for, in_order, page_of
from app.repositories.statements import (
    Statement,
    array_param,
    as_arrays,
    own,
    param,
    rows_of,
    stored_columns,
)
from app.repositories.tables.matching import duplicate_pairs
from app.repositories.transaction import Transaction

p = duplicate_pairs.c

_SHOWN = {
    Record.LEAD: ("full_name", "first_name", "last_name", "company", "email", "phone"),
    Record.CONTACT: ("full_name", "first_name", "last_name", "email", "phone"),
    Record.ACCOUNT: ("name", "website", "phone"),
}


class DuplicateRepository:
    """The queue of pairs to look at."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def store(self, pairs: Sequence[DuplicatePair]) -> None:
        """Keep pairs; one that is kept already takes its new score."""
        if pairs:
            rows = [vars(pair) for pair in sorted(pairs, key=lambda p: (p.first_id, p.second_id))]
            await self._transaction.rows(_STORE, **as_arrays(duplicate_pairs, rows))

    async def page(
        self, record: Record, filters: Mapping[str, Any], request: PageRequest
    ) -> Page[dict[str, Any]]:
        """Pairs whose records are both there, the likeliest first."""
        cursor = self._cursor("duplicates", record, filters)
        values = arguments_for(request, cursor, float)
        statement = _page(record, frozenset(filters), request.cursor is not None)
        rows = await self._transaction.rows(statement, record=record.value, **filters, **values)
        return page_of(rows, request, cursor, lambda row: _shown(record, row), "probability")

    async def cluster_page(self, record: Record, request: PageRequest) -> Page[dict[str, Any]]:
        """Groups of records that pairs join, in the order of their ids."""
        cursor = self._cursor("duplicate clusters", record, {})
        values = arguments_for(request, cursor, UUID)
        statement = _cluster_page(record, request.cursor is not None)
        rows = await self._transaction.rows(statement, record=record.value, **values)
        return page_of(rows, request, cursor, _cluster, "key")

    def _cursor(self, name: str, record: Record, filters: Mapping[str, Any]) -> Cursor:
        now = self._transaction.now
        told = (name, record.value, sorted(filters.items()))
        return Cursor(self._transaction.workspace_id, now, *told)

    async def links(self, record: Record, scan_id: UUID) -> list[asyncpg.Record]:
        """The ids, band and probability of every pair of a scan."""
        return await self._transaction.rows(_LINKS, record=record.value, scan_id=scan_id)

    async def group(self, record: Record, clusters: Mapping[UUID, UUID]) -> None:
        """Note the cluster of the pairs that begin with these records."""
        members = sorted(clusters)
        await self._transaction.rows(
            _GROUP,
            record=record.value,
            members=members,
            clusters=[clusters[member] for member in members],
        )

    async def drop_older(self, record: Record, scan_id: UUID) -> None:
        """Forget the pairs that a scan did not find again."""
        await self._transaction.rows(_DROP_OLDER, record=record.value, scan_id=scan_id)

    async def drop(self, record: Record, pair: Pair) -> None:
        """Forget one pair."""
        await self._transaction.rows(
            _DROP, record=record.value, first_id=pair[0], second_id=pair[1]
        )


def _shown(record: Record, row: asyncpg.Record) -> dict[str, Any]:
    made = {name: row[name] for name in stored_columns(duplicate_pairs)}
    for side in ("first", "second"):
        about = {name: row[f"{side}_{name}"] for name in _SHOWN[record]}
        made[side] = summary_of(record, row[f"{side}_id"], about)
    return made


def summary_of(record: Record, record_id: UUID, columns: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody needs to see of a record to tell it from others."""
    parts = (columns.get("first_name"), columns.get("last_name"))
    name = columns.get("full_name") or " ".join(part for part in parts if part)
    if record is Record.ACCOUNT:
        name, company = columns.get("name"), columns.get("name")
    else:
        company = columns.get("company")
    return {
        "id": record_id,
        "name": name or None,
        "company": company,
        "email": columns.get("email"),
        "phone": columns.get("phone"),
    }


def _cluster(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "id": row["id"],
        "members": sorted({*row["firsts"], *row["seconds"]}),
        "pairs": row["pairs"],
        "lowest_probability": row["lowest"],
        "highest_probability": row["highest"],
    }


def _both_there(record: Record) -> tuple[Any, Any, list[ColumnElement[bool]]]:
    table = TABLES[record]
    first, second = table.alias("first"), table.alias("second")
    conditions = [
        own(duplicate_pairs, first, second),
        p.record == param("record", p.record),
        first.c.id == p.first_id,
        second.c.id == p.second_id,
    ]
    if record is Record.LEAD:
        conditions += [first.c.deleted_at.is_(None), second.c.deleted_at.is_(None)]
    return first, second, conditions


@cache
def _page(record: Record, filters: frozenset[str], after: bool) -> Statement:
    first, second, conditions = _both_there(record)
    shown = [
        side.c[name].label(f"{side.name}_{name}")
        for side in (first, second)
        for name in _SHOWN[record]
    ]
    if "band" in filters:
        conditions.append(p.band == func.any(array_param("band", p.band)))
    if "cluster_id" in filters:
        conditions.append(p.cluster_id == param("cluster_id", p.cluster_id))
    if "record_id" in filters:
        asked = param("record_id", p.first_id)
        conditions.append(or_(p.first_id == asked, p.second_id == asked))
    query = select(*duplicate_pairs.c, *shown).where(*conditions)
    return Statement(in_order(query, p.probability, p.id, descending=True, after=after))


@cache
def _cluster_page(record: Record, after: bool) -> Statement:
    _, _, conditions = _both_there(record)
    query = (
        select(
            p.cluster_id.label("id"),
            # As a cursor is written.
            cast(p.cluster_id, Text).label("key"),
            func.array_agg(p.first_id).label("firsts"),
            func.array_agg(p.second_id).label("seconds"),
            func.count().label("pairs"),
            func.min(p.probability).label("lowest"),
            func.max(p.probability).label("highest"),
        )
        .where(*conditions, p.cluster_id.is_not(None))
        .group_by(p.cluster_id)
    )
    return Statement(in_order(query, p.cluster_id, p.cluster_id, descending=False, after=after))


def _store() -> Statement:
    names = stored_columns(duplicate_pairs)
    stored = insert(duplicate_pairs).from_select(
        list(names), select(*rows_of(duplicate_pairs, names).c)
    )
    renewed = ("band", "probability", "prior", "signals", "scan_id", "found_at")
    return Statement(
        stored.on_conflict_do_update(
            index_elements=["workspace_id", "record", "first_id", "second_id"],
            set_={name: stored.excluded[name] for name in renewed},
        )
    )


def _group() -> Statement:
    told = (
        func.unnest(array_param("members", p.first_id), array_param("clusters", p.first_id))
        .table_valued(column("member", Uuid), column("cluster", Uuid), name="told")
        .render_derived()
    )
    return Statement(
        update(duplicate_pairs)
        .where(
            own(duplicate_pairs),
            p.record == param("record", p.record),
            p.first_id == told.c.member,
        )
        .values(cluster_id=told.c.cluster)
    )


_STORE = _store()
_GROUP = _group()
_OF_SCAN = and_(
    own(duplicate_pairs),
    p.record == param("record", p.record),
    p.scan_id == param("scan_id", p.scan_id),
)
_LINKS = Statement(select(p.first_id, p.second_id, p.band, p.probability).where(_OF_SCAN))
_DROP_OLDER = Statement(
    duplicate_pairs.delete().where(
        own(duplicate_pairs),
        p.record == param("record", p.record),
        p.scan_id != param("scan_id", p.scan_id),
    )
)
_DROP = Statement(
    duplicate_pairs.delete().where(
        own(duplicate_pairs),
        p.record == param("record", p.record),
        p.first_id == param("first_id", p.first_id),
        p.second_id == param("second_id", p.second_id),
    )
)
