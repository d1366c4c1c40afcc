"""Accounts."""

from sqlalchemy import or_, select

from app.domain.leads.matching import Record
from app.domain.sales.accounts import Account
from app.repositories.leads.match_keys import KeyedResources
from app.repositories.statements import Statement, own, param
from app.repositories.tables.sales import accounts

CANDIDATES = 20

c = accounts.c


class AccountRepository(KeyedResources[Account]):
    """Accounts by id, by page and by likeness."""

    table = accounts
    entity = Account
    noun = "account"
    record = Record.ACCOUNT

    async def alike(self, name_norm: str, web_domain: str | None) -> list[Account]:
        """The oldest accounts with this name or this web domain."""
        rows = await self._transaction.rows(
            _ALIKE, name_norm=name_norm or None, web_domain=web_domain
        )
        return [Account(**row) for row in rows]


# A null equals nothing, so an account without a name or domain is like no other.
_ALIKE = Statement(
    select(accounts)
    .where(
        own(accounts),
        or_(
            c.name_norm == param("name_norm", c.name_norm),
            c.web_domain == param("web_domain", c.web_domain),
        ),
    )
    .order_by(c.created_at, c.id)
    .limit(CANDIDATES)
)
