"""The published versions of several frameworks at once."""

from collections.abc import Collection

from app.domain.access.workspaces import WorkspaceSettings
from app.domain.ripeness.frameworks import BANT, Definition
from app.domain.ripeness.policies import read_policy
from app.domain.ripeness.qualification import definition_of
from app.repositories.unit_of_work import UnitOfWork


async def definitions_in_force(
    uow: UnitOfWork, keys: Collection[str], settings: WorkspaceSettings | None = None
) -> dict[str, Definition]:
    """Those of these frameworks that can be asked in, by key."""
    found: dict[str, Definition] = {}
    others = [key for key in keys if key != BANT]
    if others:
        published = await uow.frameworks.published_of(others)
        found = {key: framework.definition for key, framework in published.items()}
    if BANT in keys:
        settings = settings or await uow.workspace_settings.get(uow.workspace_id)
        found[BANT] = definition_of(read_policy(settings.qualification_policy))
    return found
