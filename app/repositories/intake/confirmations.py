"""Confirmations of double opt-in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy import text as sql

from app.domain.intake.confirmations import Confirmation
from app.repositories.resources import Resources
from app.repositories.statements import (
    Statement,
    as_arrays,
    built,
    insert_rows,
    own,
    param,
    stored_columns,
)
from app.repositories.tables.intake_confirmations import confirmations

c = confirmations.c


class ConfirmationRepository(Resources[Confirmation]):
    """Confirmations by id, by submission, and by who is asked."""

    table = confirmations
    entity = Confirmation
    noun = "confirmation"

    async def add_once(self, confirmation: Confirmation) -> bool:
        """Store it, unless its submission has one already."""
        values = as_arrays(confirmations, [vars(confirmation)])
        return bool(await self._transaction.rows(_ADD_ONCE, **values))

    async def asked_since(self, form_id: UUID, address_key: bytes, since: datetime) -> bool:
        """Whether this address was asked lately, and has not answered."""
        values = {"form_id": form_id, "address_key": address_key, "since": since}
        return bool(await self._transaction.rows(_ASKED, **values))

    async def confirm_all(self, like: Confirmation, address: str | None) -> list[Confirmation]:
        """Note that the person has said yes to all that waits for this address; what waited."""
        rows = await self._transaction.rows(
            _CONFIRM,
            form_id=like.form_id,
            address_key=like.address_key,
            now=self._transaction.now,
            new_confirmed_from=address,
        )
        return [built(Confirmation, row) for row in rows]


def _add_once() -> Statement:
    added = insert_rows(confirmations, stored_columns(confirmations)).on_conflict_do_nothing(
        index_elements=["workspace_id", "submission_id"]
    )
    return Statement(added.returning(c.id))


_OPEN = (
    own(confirmations)
    & (c.form_id == param("form_id", c.form_id))
    & (c.address_key == param("address_key", c.address_key))
    & sql("confirmed_at IS NULL")
)
_ADD_ONCE = _add_once()
_ASKED = Statement(select(c.id).where(_OPEN, c.asked_at > param("since", c.asked_at)).limit(1))
_CONFIRM = Statement(
    update(confirmations)
    .where(_OPEN, c.expires_at >= param("now", c.expires_at))
    .values(
        confirmed_at=param("now", c.confirmed_at),
        confirmed_from=param("new_confirmed_from", c.confirmed_from),
    )
    .returning(*c)
)
