"""Submissions of one workspace: taken to be read, settled, found again."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, func, literal_column, select, update

from app.domain.errors import NotFound
from app.domain.intake.storable import storable
from app.domain.intake.submissions import (
    Claimed,
    Delivery,
    Fate,
    Submission,
    SubmissionFilter,
    SubmissionKind,
)
from app.domain.paging import Page, PageRequest
from app.platform.db import Json
from app.repositories.paging import Cursor, arguments_for, in_order, page_of
from app.repositories.statements import (
    Statement,
    array_param,
    built,
    own,
    param,
)
from app.repositories.tables.intake import submissions
from app.repositories.transaction import Transaction

c = submissions.c

_BYTES = frozenset({"raw", "fetched", "body_hash", "fingerprint", "query"})
_SHOWN = tuple(column for column in c if column.name not in _BYTES)
_RAW = tuple(
    c[name]
    for name in (
        *(name for name in Delivery.__dataclass_fields__),
        "released",
        "attempts",
    )
)


class SubmissionRepository:
    """Submissions by id, by fingerprint and by page."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def claim(self, most: int) -> list[Claimed]:
        """The oldest that wait to be read, locked until the transaction ends; those that somebody
        else has locked are left to them."""
        return [_claimed(row) for row in await self._transaction.rows(_CLAIM, most=most)]

    async def claim_one(self, submission_id: UUID) -> Claimed | None:
        """This one, as soon as nobody else has it locked; None when it is read already."""
        row = await self._transaction.row(_CLAIM_ONE, id=submission_id)
        return _claimed(row) if row else None

    async def settle(self, fates: Sequence[Fate]) -> None:
        """Note what becomes of claimed submissions."""
        await self._transaction.rows(
            _SETTLE,
            ids=[fate.id for fate in fates],
            statuses=[fate.status.value for fate in fates],
            # They name what strangers sent, which Postgres may not be able to hold.
            findings=[Json(storable([asdict(found) for found in f.findings])) for f in fates],
            emails=[fate.email_norm for fate in fates],
            leads=[fate.lead_id for fate in fates],
            outcomes=[fate.outcome for fate in fates],
            touchpoints=[fate.touchpoint_id for fate in fates],
            duplicates=[fate.duplicate_of for fate in fates],
            now=self._transaction.now,
        )

    async def count_attempt(self, submission_id: UUID) -> int:
        """Note that reading it failed; returns how often that was."""
        row = await self._transaction.row(_COUNT_ATTEMPT, id=submission_id)
        return int(row["attempts"]) if row else 0

    async def get(self, submission_id: UUID, *, lock: bool = False) -> Submission:
        """One submission; NotFound if it is not here."""
        row = await self._transaction.row(_LOCK if lock else _GET, id=submission_id)
        if row is None:
            raise NotFound("no such submission in this workspace")
        return built(Submission, row)

    async def delivery(self, submission_id: UUID) -> Delivery:
        """One submission with its bytes; NotFound if it is not here."""
        row = await self._transaction.row(_DELIVERY, id=submission_id)
        if row is None:
            raise NotFound("no such submission in this workspace")
        return _claimed(row).delivery

    async def change(self, submission_id: UUID, **changes: Any) -> None:
        """Set these columns, of those that may change."""
        values = {f"new_{name}": value for name, value in changes.items()}
        statement = _change(frozenset(changes))
        await self._transaction.rows(statement, id=submission_id, **values)

    async def let_repeats_follow(self, submission_id: UUID) -> None:
        """Have the repeats of a submission that wait like it looked at again."""
        await self._transaction.rows(_FOLLOW, id=submission_id)

    async def with_fingerprints(self, fingerprints: Sequence[bytes], since: datetime) -> list[Any]:
        """What was sent with these fingerprints since then, oldest first, and what became of it."""
        return await self._transaction.rows(
            _WITH_FINGERPRINTS, fingerprints=list(fingerprints), since=since
        )

    async def page(self, wanted: SubmissionFilter, request: PageRequest) -> Page[Submission]:
        """Submissions that meet every given filter, by the time they were received."""
        cursor = submissions_cursor(self._transaction, wanted, request)
        given = {name: v for name in FILTERS if (v := getattr(wanted, name)) is not None}
        statement = _page(frozenset(given), request.descending, request.cursor is not None)
        rows = await self._transaction.rows(statement, **given, **arguments_for(request, cursor))
        return page_of(rows, request, cursor, lambda row: built(Submission, row), "received_at")


def submissions_cursor(
    transaction: Transaction, wanted: SubmissionFilter, request: PageRequest
) -> Cursor:
    """The cursor of the list of submissions that meet a filter."""
    return Cursor(transaction.workspace_id, transaction.now, "submissions", wanted, request.sort)


def _claimed(row: Any) -> Claimed:
    columns = dict(row)
    released, attempts = columns.pop("released"), columns.pop("attempts")
    columns["kind"] = SubmissionKind(columns["kind"])
    return Claimed(delivery=Delivery(**columns), released=released, attempts=attempts)


def _any(name: str) -> Callable[[], ColumnElement[bool]]:
    return lambda: c[name] == func.any(array_param(name, c[name]))


FILTERS: dict[str, Callable[[], ColumnElement[bool]]] = {
    "status": _any("status"),
    "kind": _any("kind"),
    "form_id": _any("form_id"),
    "connector_id": _any("connector_id"),
    "lead_id": _any("lead_id"),
    "email": lambda: c.email_norm == param("email", c.email_norm),
    "is_test": lambda: c.is_test == param("is_test", c.is_test),
    "received_from": lambda: c.received_at >= param("received_from", c.received_at),
    "received_before": lambda: c.received_at < param("received_before", c.received_at),
}


@lru_cache(maxsize=500)
def _page(filters: frozenset[str], descending: bool, after: bool) -> Statement:
    query = select(*_SHOWN).where(own(submissions), *(FILTERS[name]() for name in sorted(filters)))
    return Statement(in_order(query, c.received_at, c.id, descending=descending, after=after))


@lru_cache(maxsize=100)
def _change(names: frozenset[str]) -> Statement:
    values = {name: param(f"new_{name}", c[name]) for name in sorted(names)}
    return Statement(
        update(submissions).where(own(submissions), c.id == param("id", c.id)).values(values)
    )


# Spelled out, for a parameter would keep the planner from the partial index.
_IS_PENDING = c.status == literal_column("'received'")


def _settle() -> Statement:
    settled = (
        func.unnest(
            array_param("ids", c.id),
            array_param("statuses", c.status),
            array_param("findings", c.findings),
            array_param("emails", c.email_norm),
            array_param("leads", c.lead_id),
            array_param("outcomes", c.outcome),
            array_param("touchpoints", c.touchpoint_id),
            array_param("duplicates", c.duplicate_of),
        )
        .table_valued(
            "id",
            "status",
            "findings",
            "email_norm",
            "lead_id",
            "outcome",
            "touchpoint_id",
            "duplicate_of",
            name="settled",
        )
        .render_derived()
    )
    told = ("status", "findings", "email_norm", "lead_id", "outcome", "touchpoint_id")
    return Statement(
        update(submissions)
        .where(own(submissions), c.id == settled.c.id)
        .values(
            {name: settled.c[name] for name in (*told, "duplicate_of")}
            | {"processed_at": param("now", c.processed_at)}
        )
    )


_CLAIM = Statement(
    select(*_RAW)
    .where(own(submissions), _IS_PENDING)
    .order_by(c.received_at, c.id)
    .limit(param("most", Integer))
    .with_for_update(skip_locked=True, key_share=True)
)
_CLAIM_ONE = Statement(
    select(*_RAW)
    .where(own(submissions), c.id == param("id", c.id), _IS_PENDING)
    .with_for_update(key_share=True)
)
_SETTLE = _settle()
_COUNT_ATTEMPT = Statement(
    update(submissions)
    .where(own(submissions), c.id == param("id", c.id))
    .values(attempts=c.attempts + literal_column("1"))
    .returning(c.attempts)
)
_ONE = select(*_SHOWN).where(own(submissions), c.id == param("id", c.id))
_GET = Statement(_ONE)
_LOCK = Statement(_ONE.with_for_update(key_share=True))
_DELIVERY = Statement(select(*_RAW).where(own(submissions), c.id == param("id", c.id)))
_WITH_FINGERPRINTS = Statement(
    select(
        c.id,
        c.fingerprint,
        c.received_at,
        c.status,
        c.email_norm,
        c.lead_id,
        c.touchpoint_id,
        c.duplicate_of,
        c.is_test,
    )
    .where(
        own(submissions),
        c.fingerprint == func.any(array_param("fingerprints", c.fingerprint)),
        c.received_at >= param("since", c.received_at),
    )
    .order_by(c.received_at, c.id)
)
_FOLLOW = Statement(
    update(submissions)
    .where(
        own(submissions),
        c.duplicate_of == param("id", c.id),
        c.status.in_([literal_column(f"'{s}'") for s in ("held", "rejected", "quarantined")]),
    )
    .values(status=literal_column("'received'"))
)
