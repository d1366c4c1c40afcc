"""Leads that meet a condition: a page of them, and how many there are."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import asyncpg
from sqlalchemy import func, select

from app.domain.conditions import Condition
from app.domain.errors import Invalid
from app.domain.leads.leads import Lead
from app.domain.paging import Page, PageRequest
from app.domain.ripeness.scoring import ScoringModel
from app.repositories.conditions import PLAN_FOR_THE_VALUES, clause_for, shape_of, values_for
from app.repositories.leads.lead_order import LeadOrder, leads_in_order
from app.repositories.paging import Cursor
from app.repositories.statements import Statement, own
from app.repositories.tables.leads import leads
from app.repositories.transaction import Transaction


class ConditionSearchRepository:
    """Answers conditions on leads; `model` is the published one, which says what scores mean."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def page(
        self, condition: Condition, request: PageRequest, model: ScoringModel | None
    ) -> Page[Lead]:
        """A page of the leads that meet it, in the order asked for."""
        transaction = self._transaction
        cursor = Cursor(
            transaction.workspace_id, transaction.now, "search", condition, request.sort
        )
        with _cursor_in_the_body():
            order = LeadOrder(request, cursor)
        values = order.values | values_for(condition, transaction.now, model=model)
        shape = shape_of(condition)
        after = request.cursor is not None
        statement = _page(shape, request.sort_key, request.descending, after)
        rows = await self._rows(statement, values)
        with _cursor_in_the_body():
            return order.page(rows)

    async def count(self, condition: Condition, model: ScoringModel | None) -> int:
        """How many leads meet it now."""
        values = values_for(condition, self._transaction.now, model=model)
        [row] = await self._rows(_count(shape_of(condition)), values)
        return int(row["found"])

    async def _rows(self, statement: Statement, values: Mapping[str, Any]) -> list[asyncpg.Record]:
        await self._transaction.rows(PLAN_FOR_THE_VALUES)
        try:
            return await self._transaction.rows(statement, **values)
        except asyncpg.QueryCanceledError as error:
            raise Invalid.field(
                "/condition",
                "too many leads have to be looked at to answer this in time; narrow it by a field "
                "that has an index, such as status, owner_id, created_at or last_touch_at",
                code="too_broad",
            ) from error


@contextmanager
def _cursor_in_the_body() -> Iterator[None]:
    """Names the cursor as a member of the body, which here it is."""
    try:
        yield
    except Invalid as error:
        [told] = error.errors
        raise Invalid.field("/cursor", told.detail, code=told.code) from error


# Conditions have shapes without number; what is kept is bounded.
@lru_cache(maxsize=64)
def _page(shape: Condition, sort: str, descending: bool, after: bool) -> Statement:
    return leads_in_order(sort, descending, after, [clause_for(shape, leads)])


@lru_cache(maxsize=64)
def _count(shape: Condition) -> Statement:
    query = select(func.count().label("found")).where(own(leads), leads.c.deleted_at.is_(None))
    return Statement(query.where(clause_for(shape, leads)))
