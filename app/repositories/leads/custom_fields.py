"""Declared custom fields."""

from sqlalchemy import delete, select

from app.domain.leads.custom_fields import CustomField
from app.repositories.resources import Resources
from app.repositories.statements import Statement, own, param
from app.repositories.tables.leads import custom_fields


class CustomFieldRepository(Resources[CustomField]):
    """Declarations by id, and all of them by key."""

    table = custom_fields
    entity = CustomField
    noun = "custom field"

    async def by_key(self) -> dict[str, CustomField]:
        """Every declaration of the workspace."""
        rows = await self._transaction.rows(_ALL)
        return {row["key"]: CustomField(**row) for row in rows}

    async def remove(self, field: CustomField) -> None:
        """Forget the declaration; values already stored stay in the leads."""
        await self._transaction.rows(_REMOVE, id=field.id)


_ALL = Statement(select(custom_fields).where(own(custom_fields)).order_by(custom_fields.c.key))
_REMOVE = Statement(
    delete(custom_fields).where(
        own(custom_fields), custom_fields.c.id == param("id", custom_fields.c.id)
    )
)
