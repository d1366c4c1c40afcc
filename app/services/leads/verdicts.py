"""Which framework is in force, and what a lead shows of its verdict."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from app.domain.access.workspaces import WorkspaceSettings
from app.domain.ripeness.assessments import qualification_of
from app.domain.ripeness.frameworks import BANT, Definition
from app.domain.ripeness.policies import read_policy
from app.domain.ripeness.qualification import definition_of
from app.repositories.unit_of_work import UnitOfWork


async def definition_in_force(
    uow: UnitOfWork, settings: WorkspaceSettings, key: str
) -> Definition | None:
    """The published version of a framework; BANT as the workspace weighs it."""
    return (await definitions_in_force(uow, [key], settings)).get(key)


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


async def shown_verdict(
    uow: UnitOfWork, settings: WorkspaceSettings, lead_id: UUID, *others: UUID
) -> dict[str, Any] | None:
    """What the lead shows of the answers of its own and of others, in the workspace's framework;
    None when the last of them, or the lead if there are none, was never asked."""
    key = settings.default_framework
    found = await uow.assessments.newest_of_many([lead_id, *others], [key])
    if (others[-1] if others else lead_id, key) not in found:
        return None
    definition = await definition_in_force(uow, settings, key)
    if definition is None:
        return None
    answers = [answer for each in found.values() for answer in each]
    return qualification_of(lead_id, definition, answers, uow.now).lead_columns
