"""The list of leads: one line a filter, one statement a combination of them."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.errors import Invalid
from app.domain.leads.leads import Lead, LeadFilter
from app.domain.paging import Page, PageRequest
from app.repositories.leads.lead_order import LeadOrder, leads_in_order
from app.repositories.paging import Cursor
from app.repositories.statements import Statement, array_param, param
from app.repositories.tables.leads import leads
from app.repositories.transaction import Transaction

SEARCH_LIMIT = 20_000

c = leads.c


def _any(name: str, column: Any) -> Callable[[], ColumnElement[bool]]:
    return lambda: column == func.any(array_param(name, column))


FILTERS: dict[str, Callable[[], ColumnElement[bool]]] = {
    "status": _any("status", c.status),
    "lifecycle_stage": _any("lifecycle_stage", c.lifecycle_stage),
    "owner_id": _any("owner_id", c.owner_id),
    "team_id": _any("team_id", c.team_id),
    "campaign_id": _any("campaign_id", c.campaign_id),
    "source": _any("source", c.source),
    "country": _any("country", c.country_code),
    "email": lambda: c.email_norm == param("email", c.email_norm),
    "created_from": lambda: c.created_at >= param("created_from", c.created_at),
    "created_before": lambda: c.created_at < param("created_before", c.created_at),
    "last_touch_from": lambda: c.last_touch_at >= param("last_touch_from", c.last_touch_at),
    "last_touch_before": lambda: c.last_touch_at < param("last_touch_before", c.last_touch_at),
    "custom": lambda: c.custom.contains(bindparam("custom", type_=JSONB)),
    "q": _any("q", c.id),
}


class LeadSearchRepository:
    """Pages of leads."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def page(self, wanted: LeadFilter, request: PageRequest) -> Page[Lead]:
        """Leads that meet every given filter, in the order asked for."""
        cursor = Cursor(
            self._transaction.workspace_id, self._transaction.now, "leads", wanted, request.sort
        )
        values: dict[str, Any] = {
            name: value for name in FILTERS if (value := getattr(wanted, name)) is not None
        }
        order = LeadOrder(request, cursor)
        values |= order.values
        if wanted.q is not None:
            values["q"] = await self._ids_with_text(wanted.q)
        statement = _statement(
            frozenset(values) & frozenset(FILTERS),
            request.sort_key,
            request.descending,
            request.cursor is not None,
        )
        return order.page(await self._transaction.rows(statement, **values))

    async def _ids_with_text(self, needle: str) -> list[UUID]:
        # Under row-level security Postgres uses no trigram index for a query of ours; the
        # function runs as its own role, filters the workspace first, and may use it.
        words = sorted(needle.split(), key=len, reverse=True)[:4]
        if not words:
            raise Invalid.parameter("q", "must contain a letter or a digit")
        rows = await self._transaction.rows(
            _SEARCH, pattern=f"%{_like_escaped(words[0])}%", words=words[1:]
        )
        if len(rows) > SEARCH_LIMIT:
            raise Invalid.parameter(
                "q", f"more than {SEARCH_LIMIT} leads contain this; add a word", code="too_broad"
            )
        return [row["id"] for row in rows]


@lru_cache(maxsize=1000)
def _statement(filters: frozenset[str], sort: str, descending: bool, after: bool) -> Statement:
    conditions = (FILTERS[name]() for name in sorted(filters))
    return leads_in_order(sort, descending, after, conditions)


def _like_escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _search() -> Statement:
    found = (
        func.search_leads(
            param("workspace_id", Uuid()),
            param("pattern", Text()),
            array_param("words", c.search_key),
            SEARCH_LIMIT + 1,
        )
        .table_valued("id", name="found")
        .render_derived()
    )
    return Statement(select(found.c.id))


_SEARCH = _search()
