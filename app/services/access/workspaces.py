"""The workspace's own settings: read and changed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.domain.access.workspaces import WorkspaceSettings
from app.domain.errors import FieldError, Invalid
from app.domain.leads.merge_rules import read_rules, rules_document
from app.domain.reach.events import EventType
from app.domain.ripeness.frameworks import BANT
from app.domain.ripeness.policies import merged, policy_document, read_policy
from app.domain.ripeness.qualification import PolicyError
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.codes import check_country, check_currency, check_time_zone
from app.services.patching import apply_patch, check_version


class WorkspaceService:
    """Use cases of the workspace the caller is in."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def get(self) -> WorkspaceSettings:
        """The settings, with the whole policy that is in force."""
        return _in_full(await self._uow.workspace_settings.get(self._uow.workspace_id))

    async def update(self, fields: Mapping[str, Any], if_match: int | None) -> WorkspaceSettings:
        """Change the given fields. The policy is merged into the one in force; null resets it.

        Verdicts follow a new policy when they are next asked for.
        """
        repository = self._uow.workspace_settings
        settings = _in_full(await repository.get(self._uow.workspace_id, lock=True))
        check_version(settings.version, if_match)
        fields = dict(fields)
        _check_codes(fields)
        if "qualification_policy" in fields:
            patch = fields["qualification_policy"]
            document = {} if patch is None else merged(settings.qualification_policy, patch)
            fields["qualification_policy"] = _checked_policy(document)
        if "default_framework" in fields:
            await self._check_framework(fields["default_framework"])
        if "merge_rules" in fields:
            rules = read_rules(fields["merge_rules"] or {}, "/merge_rules")
            fields["merge_rules"] = rules_document(rules)
        stored = await apply_patch(
            self._uow, repository, settings, fields, EventType.WORKSPACE_UPDATED
        )
        return _in_full(stored)

    async def _check_framework(self, key: str) -> None:
        if key != BANT and await self._uow.frameworks.published(key) is None:
            detail = "no version of such a framework is published"
            raise Invalid.field("/default_framework", detail, code="not_found")


def _in_full(settings: WorkspaceSettings) -> WorkspaceSettings:
    policy = read_policy(settings.qualification_policy)
    return replace(settings, qualification_policy=policy_document(policy))


def _check_codes(fields: Mapping[str, Any]) -> None:
    if fields.get("default_country") is not None:
        check_country(fields["default_country"], "/default_country")
    if "default_currency" in fields:
        check_currency(fields["default_currency"], "/default_currency")
    if "time_zone" in fields:
        check_time_zone(fields["time_zone"], "/time_zone")


def _checked_policy(document: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return policy_document(read_policy(document))
    except PolicyError as error:
        raise Invalid(
            "the qualification policy contradicts itself",
            errors=[
                FieldError(pointer=f"/qualification_policy{pointer}", detail=detail)
                for pointer, detail in error.problems
            ],
        ) from error
