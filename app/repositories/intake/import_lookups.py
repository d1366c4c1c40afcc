"""Records by the names that cells call them."""

from uuid import UUID

from sqlalchemy import select

from app.repositories.statements import Statement, own
from app.repositories.tables.access import teams, users
from app.repositories.tables.record import campaigns
from app.repositories.transaction import Transaction


class ImportLookupRepository:
    """Read whole: few beside the rows that name them."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def campaigns(self) -> dict[str, UUID]:
        """Campaigns by id, by their id elsewhere and by name, folded; a name that several have
        means none of them."""
        return await self._named(_CAMPAIGNS)

    async def owners(self) -> dict[str, UUID]:
        """Users by id, e-mail and name."""
        return await self._named(_USERS)

    async def teams(self) -> dict[str, UUID]:
        """Teams by id and name."""
        return await self._named(_TEAMS)

    async def _named(self, statement: Statement) -> dict[str, UUID]:
        found: dict[str, UUID] = {}
        several: set[str] = set()
        for row in await self._transaction.rows(statement):
            names = {str(row["id"])} | {
                name.strip().casefold() for name in list(row.values())[1:] if name
            }
            for name in names:
                if found.setdefault(name, row["id"]) != row["id"]:
                    several.add(name)
        return {name: row_id for name, row_id in found.items() if name not in several}


_CAMPAIGNS = Statement(
    select(campaigns.c.id, campaigns.c.name, campaigns.c.external_id).where(own(campaigns))
)
_USERS = Statement(select(users.c.id, users.c.name, users.c.email).where(own(users)))
_TEAMS = Statement(select(teams.c.id, teams.c.name).where(own(teams)))
