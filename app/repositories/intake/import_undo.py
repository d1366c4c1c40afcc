"""Leads that an import made, taken away again in sets."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, update

from app.domain.leads.identities import IdentitySource
from app.repositories.statements import Statement, array_param, own, param
from app.repositories.tables.leads import lead_identities, leads
from app.repositories.transaction import Transaction

i = lead_identities.c


class ImportUndoRepository:
    """What undoing an import does to many leads at once; they have to be locked."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def delete(self, lead_ids: Iterable[UUID]) -> None:
        """Take leads out of every list, and set their keys free."""
        ids = sorted(lead_ids)
        await self._transaction.rows(_RELEASE, ids=ids)
        await self._transaction.rows(_DELETE, ids=ids, deleted_at=self._transaction.now)

    async def release_added(self, lead_ids: Iterable[UUID], instants: Sequence[datetime]) -> None:
        """Set the keys free that these leads got by an import at these instants."""
        await self._transaction.rows(
            _RELEASE_ADDED, ids=sorted(lead_ids), instants=sorted(set(instants))
        )


_DELETE = Statement(
    update(leads)
    .where(own(leads), leads.c.id == func.any(array_param("ids", leads.c.id)))
    .values(
        deleted_at=param("deleted_at", leads.c.deleted_at),
        updated_at=param("deleted_at", leads.c.updated_at),
        version=leads.c.version + 1,
    )
)
_RELEASE = Statement(
    delete(lead_identities).where(
        own(lead_identities), i.lead_id == func.any(array_param("ids", i.lead_id))
    )
)
_RELEASE_ADDED = Statement(
    delete(lead_identities).where(
        own(lead_identities),
        i.lead_id == func.any(array_param("ids", i.lead_id)),
        i.created_at == func.any(array_param("instants", i.created_at)),
        i.source == IdentitySource.IMPORT.value,
    )
)
