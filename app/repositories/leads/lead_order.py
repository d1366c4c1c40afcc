"""The orders that leads are listed in: by their own instants, or by their scores now."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement

from app.domain.errors import Invalid
from app.domain.leads.leads import Lead
from app.domain.paging import Page, PageRequest
from app.repositories.leads.scored import leads_by_score, score, scored, scored_leads
from app.repositories.paging import Cursor, arguments_for, in_order
from app.repositories.statements import Statement, own
from app.repositories.tables.leads import leads

# What is ahead in engagement stays ahead as time passes, so that its key is the order at any time.
_SCORES = {"engagement": "engagement_key", "fit": "fit"}
c = leads.c


def leads_in_order(
    sort: str, descending: bool, after: bool, conditions: Iterable[ColumnElement[bool]]
) -> Statement:
    """The leads of a page that meet all conditions, and one more."""
    order: tuple[Any, Any]
    if sort in _SCORES:
        query, order = leads_by_score(), (score.c[_SCORES[sort]], score.c.lead_id)
    else:
        query, order = scored_leads(), (c[sort], c.id)
        if sort == "last_touch_at":
            query = query.where(c.last_touch_at.is_not(None))
    query = query.where(own(leads), c.deleted_at.is_(None), *conditions)
    return Statement(in_order(query, *order, descending=descending, after=after))


class LeadOrder:
    """One page in such an order: what its statement has to be given, and what is made of the rows.

    A cursor in the order of a score says by which model, for another counts otherwise.
    """

    def __init__(self, request: PageRequest, cursor: Cursor) -> None:
        self._request, self._cursor = request, cursor
        self._model_id: UUID | None = None
        parse = self._read if request.sort_key in _SCORES else datetime.fromisoformat
        self.values = arguments_for(request, cursor, parse)

    def page(self, rows: Sequence[asyncpg.Record]) -> Page[Lead]:
        """The page, each lead with its score as it is stored."""
        shown = rows[: self._request.limit]
        if shown and self._model_id not in (None, shown[0]["score_model_id"]):
            raise Invalid.parameter(
                "cursor",
                "another scoring model was published meanwhile; start again",
                code="cursor_expired",
            )
        more = len(rows) > self._request.limit
        last = self._cursor.write(self._mark(shown[-1]), shown[-1]["id"]) if more else None
        return Page([scored(row) for row in shown], last)

    def _read(self, mark: Any) -> int:
        model_id, key = mark
        self._model_id = UUID(model_id)
        return int(key)

    def _mark(self, row: asyncpg.Record) -> Any:
        column = _SCORES.get(self._request.sort_key)
        if column is None:
            return row[self._request.sort_key]
        return [str(row["score_model_id"]), row[f"score_{column}"]]
