"""`touchline keys create`."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import typer

from app.cli.databases import database_settings, opened_as_app
from app.cli.problems import CannotRun
from app.cli.settings import secrets_of
from app.domain.access.api_keys import PUBLISHABLE_SCOPES, SECRET_SCOPES, KeyKind, Scope
from app.platform import clock
from app.platform.config import Settings
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.api_keys import ApiKeyService
from app.services.access.provisioning import find_workspace, system_caller


def parse_scopes(text: str | None, kind: KeyKind) -> frozenset[Scope]:
    """The scopes named, all that the kind may have when none is."""
    allowed = SECRET_SCOPES if kind is KeyKind.SECRET else PUBLISHABLE_SCOPES
    if text is None:
        return allowed
    try:
        wanted = frozenset(Scope(name.strip()) for name in text.split(","))
    except ValueError as error:
        known = ", ".join(Scope)
        raise typer.BadParameter(f"{error}; scopes are {known}", param_hint="--scopes") from error
    if not wanted <= allowed:
        raise typer.BadParameter(
            f"a {kind} key can only have: {', '.join(sorted(allowed))}", param_hint="--scopes"
        )
    return wanted


def create_key(
    settings: Settings,
    *,
    workspace: str,
    kind: KeyKind,
    scopes: frozenset[Scope],
    name: str,
    expires_in_days: int | None,
) -> None:
    """Store a key and print its text."""
    with database_settings(settings) as found:
        text = asyncio.run(_create(found, workspace, kind, scopes, name, expires_in_days))
    typer.echo(text)
    typer.echo(f"made a {kind} key “{name}” for {', '.join(sorted(scopes))}", err=True)


async def _create(
    settings: Settings,
    workspace: str,
    kind: KeyKind,
    scopes: frozenset[Scope],
    name: str,
    days: int | None,
) -> str:
    async with opened_as_app(settings) as database:
        workspace_id = await find_workspace(database, workspace)
        if workspace_id is None:
            raise CannotRun(
                f"there is no workspace {workspace}; `touchline workspaces create` makes one"
            )
        # Whoever may run this may give any scope.
        caller = replace(system_caller(workspace_id), scopes=SECRET_SCOPES)
        async with UnitOfWork(database, caller) as uow:
            expires_at = clock.now() + timedelta(days=days) if days else None
            _, text = await ApiKeyService(uow).create(
                secrets_of(settings), name, kind, scopes, expires_at
            )
    return text
