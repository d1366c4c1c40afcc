"""Contacts."""

from sqlalchemy import select

from app.domain.leads.matching import Record
from app.domain.sales.contacts import Contact
from app.repositories.leads.match_keys import KeyedResources
from app.repositories.statements import Statement, own, param
from app.repositories.tables.sales import contacts

CANDIDATES = 20

c = contacts.c


class ContactRepository(KeyedResources[Contact]):
    """Contacts by id, by page and by e-mail address."""

    table = contacts
    entity = Contact
    noun = "contact"
    record = Record.CONTACT

    async def with_email(self, email_norm: str) -> list[Contact]:
        """The oldest contacts with this address."""
        rows = await self._transaction.rows(_WITH_EMAIL, email_norm=email_norm)
        return [Contact(**row) for row in rows]


_WITH_EMAIL = Statement(
    select(contacts)
    .where(own(contacts), c.email_norm == param("email_norm", c.email_norm))
    .order_by(c.created_at, c.id)
    .limit(CANDIDATES)
)
