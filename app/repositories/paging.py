"""Keyset paging: the order, the condition after a cursor, and the cursor's own spelling."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import Integer, Select, tuple_

from app.domain.errors import Invalid
from app.domain.paging import Page, PageRequest
from app.repositories.statements import param

T = TypeVar("T")

CURSOR_LIFETIME = timedelta(days=7)
_TAG_BYTES = 8


def in_order(
    query: Select[Any], key: Any, id_column: Any, *, descending: bool, after: bool
) -> Select[Any]:
    """Order by key and id, start after the cursor, and ask for one row more than the page."""
    if after:
        mark = tuple_(param("after_key", key), param("after_id", id_column))
        row = tuple_(key, id_column)
        query = query.where(row < mark if descending else row > mark)
    order = (key.desc(), id_column.desc()) if descending else (key.asc(), id_column.asc())
    return query.order_by(*order).limit(param("limit", Integer))


class Cursor:
    """Writes and reads the cursors of one list of one workspace.

    A cursor from another workspace, another list, other filters or another order is refused, and
    so is one older than seven days.
    """

    def __init__(self, workspace_id: UUID, now: datetime, *query: object) -> None:
        self._now = int(now.timestamp())
        self._secret = hashlib.blake2b(
            repr(query).encode("utf-8", "surrogatepass"), key=workspace_id.bytes, digest_size=32
        ).digest()

    def write(self, key: Any, row_id: UUID) -> str:
        """The cursor that continues after this row."""
        body = orjson.dumps([self._now, key, str(row_id)])
        return urlsafe_b64encode(self._tag(body) + body).rstrip(b"=").decode()

    def read(self, cursor: str, parse_key: Callable[[Any], Any]) -> tuple[Any, UUID]:
        """The key and id to continue after; Invalid for a cursor that is not ours or is too old."""
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            tag, body = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
            if tag != self._tag(body):
                raise ValueError("not written for this query")
            issued, key, row_id = orjson.loads(body)
            mark = (parse_key(key), UUID(row_id))
        except (ValueError, TypeError) as error:
            raise Invalid.parameter(
                "cursor",
                "this cursor was not given out for this list, these filters and this order",
                code="cursor_mismatch",
            ) from error
        if self._now - issued > CURSOR_LIFETIME.total_seconds():
            raise Invalid.parameter(
                "cursor", "this cursor has expired; start again", code="cursor_expired"
            )
        return mark

    def _tag(self, body: bytes) -> bytes:
        return hashlib.blake2b(body, key=self._secret, digest_size=_TAG_BYTES).digest()


def arguments_for(
    request: PageRequest, cursor: Cursor, parse_key: Callable[[Any], Any] = datetime.fromisoformat
) -> dict[str, Any]:
    """The parameters that `in_order` needs."""
    values: dict[str, Any] = {"limit": request.limit + 1}
    if request.cursor is not None:
        values["after_key"], values["after_id"] = cursor.read(request.cursor, parse_key)
    return values


def merged(
    page: Page[T], others: Sequence[T], request: PageRequest, cursor: Cursor, key: str
) -> Page[T]:
    """A page with what another table has for the same stretch of the list."""
    both = sorted(
        [*page.data, *others],
        key=lambda item: (getattr(item, key), getattr(item, "id")),  # noqa: B009
        reverse=request.descending,
    )
    shown = both[: request.limit]
    more = len(both) > len(shown) or page.next_cursor is not None
    last: Any = shown[-1] if shown else None
    return Page(shown, cursor.write(getattr(last, key), last.id) if more and shown else None)


def page_of(
    rows: Sequence[asyncpg.Record],
    request: PageRequest,
    cursor: Cursor,
    make: Callable[[asyncpg.Record], T],
    key: str,
) -> Page[T]:
    """The page, and the cursor of its last row when there is more behind it."""
    shown = rows[: request.limit]
    more = len(rows) > request.limit
    next_cursor = cursor.write(shown[-1][key], shown[-1]["id"]) if more else None
    return Page([make(row) for row in shown], next_cursor)
