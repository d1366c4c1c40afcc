"""Versions of frameworks: by id, by page, and the published one of each key."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import delete, func, select

from app.domain.ripeness.frameworks import Framework, FrameworkStatus
from app.repositories.resources import Resources
from app.repositories.statements import Statement, array_param, built, own, param
from app.repositories.tables.ripeness import frameworks

f = frameworks.c


class FrameworkRepository(Resources[Framework]):
    """Frameworks; a version that was published once stays as it is."""

    table = frameworks
    entity = Framework
    noun = "framework"

    async def published(self, key: str, *, lock: bool = False) -> Framework | None:
        """The version of this key that is in force."""
        statement = _PUBLISHED_LOCKED if lock else _PUBLISHED
        row = await self._transaction.row(statement, keys=[key])
        return built(Framework, row) if row else None

    async def published_of(self, keys: Iterable[str]) -> dict[str, Framework]:
        """The versions in force of several keys."""
        rows = await self._transaction.rows(_PUBLISHED, keys=sorted(set(keys)))
        return {row["key"]: built(Framework, row) for row in rows}

    async def next_number(self, key: str) -> int:
        """The number that the next version of this key gets."""
        row = await self._transaction.row(_LAST_NUMBER, key=key)
        return 1 + ((row["number"] if row else None) or 0)

    async def remove(self, framework_id: UUID) -> None:
        """Remove a draft."""
        await self._transaction.rows(_REMOVE, id=framework_id)


_IN_FORCE = select(frameworks).where(
    own(frameworks),
    f.key == func.any(array_param("keys", f.key)),
    f.status == FrameworkStatus.PUBLISHED.value,
)
_PUBLISHED = Statement(_IN_FORCE)
_PUBLISHED_LOCKED = Statement(_IN_FORCE.with_for_update(key_share=True))
_LAST_NUMBER = Statement(
    select(func.max(f.number).label("number")).where(own(frameworks), f.key == param("key", f.key))
)
_REMOVE = Statement(delete(frameworks).where(own(frameworks), f.id == param("id", f.id)))
