"""Answers kept for repeats of the same Idempotency-Key."""

from datetime import datetime

from sqlalchemy import BigInteger, delete, func, select

from app.domain.access.idempotency import StoredAnswer
from app.repositories.statements import (
    Statement,
    as_arrays,
    insert_rows,
    own,
    param,
    stored_columns,
)
from app.repositories.tables.access import idempotency_keys
from app.repositories.transaction import Transaction


class IdempotencyRepository:
    """Claims a key for the length of the transaction, and keeps its answer."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def claim(self, lock_number: int) -> bool:
        """True when no other running request holds the same key."""
        row = await self._transaction.row(_CLAIM, number=lock_number)
        return bool(row and row["claimed"])

    async def find(self, key: str, not_before: datetime) -> StoredAnswer | None:
        """The stored answer, if it is young enough."""
        row = await self._transaction.row(_FIND, key=key, not_before=not_before)
        return StoredAnswer(**row) if row else None

    async def keep(self, answer: StoredAnswer) -> None:
        """Store the answer in the transaction of its effect."""
        row = vars(answer) | {
            "workspace_id": self._transaction.workspace_id,
            "created_at": self._transaction.now,
        }
        await self._transaction.rows(_KEEP, **as_arrays(idempotency_keys, [row]))

    async def purge(self, not_before: datetime) -> None:
        """Forget answers older than the retention."""
        await self._transaction.rows(_PURGE, not_before=not_before)


_CLAIM = Statement(
    select(func.pg_try_advisory_xact_lock(param("number", BigInteger)).label("claimed"))
)


def _keep() -> Statement:
    # An answer older than the retention may still be there; the new one takes its place.
    add = insert_rows(idempotency_keys, stored_columns(idempotency_keys))
    kept = {name: add.excluded[name] for name in stored_columns(idempotency_keys)[2:]}
    return Statement(add.on_conflict_do_update(index_elements=["workspace_id", "key"], set_=kept))


_KEEP = _keep()
_FIND = Statement(
    select(
        idempotency_keys.c.key,
        idempotency_keys.c.fingerprint,
        idempotency_keys.c.status,
        idempotency_keys.c.headers,
        idempotency_keys.c.body,
    ).where(
        own(idempotency_keys),
        idempotency_keys.c.key == param("key", idempotency_keys.c.key),
        idempotency_keys.c.created_at >= param("not_before", idempotency_keys.c.created_at),
    )
)
_PURGE = Statement(
    delete(idempotency_keys).where(
        own(idempotency_keys),
        idempotency_keys.c.created_at < param("not_before", idempotency_keys.c.created_at),
    )
)
