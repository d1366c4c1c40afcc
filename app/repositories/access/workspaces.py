"""The workspace's own settings, and the directory of workspaces."""

from uuid import UUID

from sqlalchemy import Text, insert, select

from app.domain.access.workspaces import WorkspaceSettings
from app.repositories.resources import Resources
from app.repositories.statements import Statement, param
from app.repositories.tables.access import workspace_settings, workspaces
from app.repositories.transaction import Transaction


class WorkspaceSettingsRepository(Resources[WorkspaceSettings]):
    """One row: get and change it by the workspace's id."""

    table = workspace_settings
    entity = WorkspaceSettings
    noun = "workspace"


class WorkspaceDirectory:
    """Which workspaces there are; only the schema's owner may add one."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, slug: str) -> None:
        """Enter the transaction's workspace."""
        await self._transaction.rows(
            _ADD,
            new_id=self._transaction.workspace_id,
            new_slug=slug,
            new_created_at=self._transaction.now,
        )

    async def by_slug(self, slug: str) -> UUID | None:
        """The id of the workspace with this slug."""
        row = await self._transaction.row(_BY_SLUG, slug=slug)
        return row["id"] if row else None

    async def ids(self) -> list[UUID]:
        """Every workspace."""
        return [row["id"] for row in await self._transaction.rows(_IDS)]


_ADD = Statement(
    insert(workspaces).values(
        {name: param(f"new_{name}", workspaces.c[name]) for name in ("id", "slug", "created_at")}
    )
)
_BY_SLUG = Statement(select(workspaces.c.id).where(workspaces.c.slug == param("slug", Text())))
_IDS = Statement(select(workspaces.c.id).order_by(workspaces.c.id))
