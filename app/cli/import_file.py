"""`touchline import`: the same use cases as the API's, in this process, with a progress bar."""

import asyncio
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli.databases import database_settings, opened_as_app
from app.cli.problems import CannotRun
from app.domain.access.api_keys import SECRET_SCOPES, Caller
from app.domain.intake.import_dates import DateOrder
from app.domain.intake.import_fields import ImportKind
from app.domain.intake.import_files import FileFormat, UnreadableFile
from app.domain.intake.import_numbers import DecimalSign
from app.domain.intake.imports import Import, ImportStatus, Phase, RowOutcome
from app.platform.config import Settings
from app.platform.db import Database
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import find_workspace, system_caller
from app.services.intake.import_following import rejects
from app.services.intake.import_inspection import inspect
from app.services.intake.import_receiving import ImportReceiver, measured
from app.services.intake.import_running import ImportRunner, Superseded
from app.services.intake.imports import ImportService

_OPEN = (ImportStatus.PREVIEWING, ImportStatus.RUNNING, ImportStatus.CANCELLED, ImportStatus.FAILED)
_SHOWN = (*RowOutcome, "blank")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the command line asks for."""

    file: Path
    kind: ImportKind
    form: FileFormat
    mapping: list[str]
    options: dict[str, Any]
    dry_run: bool
    rejects: bool
    again: bool


def import_file(settings: Settings, workspace: str, wanted: Wanted) -> bool:
    """Whether every row was taken."""
    _check_choice(wanted.options["date_order"], [*DateOrder], "--date-order")
    _check_choice(wanted.options["decimal"], [*DecimalSign], "--decimal")
    if not wanted.file.is_file():
        raise CannotRun(f"there is no file {wanted.file}")
    with database_settings(settings) as found:
        import_ = asyncio.run(_import(found, workspace, wanted))
    counts = import_.preview if wanted.dry_run else import_.counts
    for outcome in _SHOWN:
        if counts.get(outcome):
            typer.echo(f"{outcome}: {counts[outcome]:,}")
    return not counts.get(RowOutcome.INVALID)


async def _import(settings: Settings, workspace: str, wanted: Wanted) -> Import:
    async with opened_as_app(settings) as database:
        workspace_id = await find_workspace(database, workspace)
        if workspace_id is None:
            raise CannotRun(f"there is no workspace {workspace}")
        caller = replace(system_caller(workspace_id), scopes=frozenset(SECRET_SCOPES))
        import_ = await _begun(database, caller, wanted)
        phase = Phase.PREVIEW if wanted.dry_run else Phase.RUN
        try:
            with _progress() as progress:
                task = progress.add_task(
                    import_.name, total=import_.row_count, completed=import_.cursor
                )
                runner = ImportRunner(
                    database,
                    workspace_id,
                    watch=lambda import_: progress.update(task, completed=import_.cursor),
                )
                await runner.run(import_.id, phase, path=wanted.file)
        except Superseded:
            raise CannotRun("somebody else is at this import, or has called it off") from None
        except UnreadableFile as error:
            raise CannotRun(f"the file cannot be read: {error}") from None
        async with UnitOfWork(database, caller) as uow:
            after = await ImportService(uow).get(import_.id)
        if wanted.rejects and not wanted.dry_run and after.counts.get(RowOutcome.INVALID):
            await _write_rejects(database, caller, after, wanted.file)
        return after


async def _begun(database: Database, caller: Caller, wanted: Wanted) -> Import:
    """The import of this file, made or found, and on its way."""
    name = wanted.file.name
    file = measured(wanted.file, name)
    async with UnitOfWork(database, caller) as uow:
        known = await ImportReceiver(uow).of_file(file)
    goes_on = known is not None and known.status in _OPEN
    is_done = known is not None and known.status == ImportStatus.DONE
    if is_done and not wanted.again and not wanted.dry_run:
        raise CannotRun(f"{name} was imported already; --again imports it once more")
    if known is None or not (goes_on or known.status == ImportStatus.READY):
        found = inspect(wanted.file, wanted.form)
        async with UnitOfWork(database, caller) as uow:
            known = await ImportReceiver(uow).create(file, wanted.kind, found)
    async with UnitOfWork(database, caller) as uow:
        service = ImportService(uow)
        if known.status == ImportStatus.READY:
            rules = _rules(known, wanted.mapping)
            changes = {"mapping": rules, "options": wanted.options}
            known = await service.update(known.id, changes, None)
            _tell_mapping(known)
        elif wanted.dry_run and known.status != ImportStatus.PREVIEWING:
            raise CannotRun("this file is being imported; it cannot be rehearsed now")
        elif known.status == ImportStatus.PREVIEWING and not wanted.dry_run:
            raise CannotRun("a rehearsal of this file was broken off; end it with --dry-run")
        if wanted.dry_run:
            return await service.preview(known.id, as_job=False)
        return await service.start(known.id, as_job=False)


def _rules(import_: Import, told: list[str]) -> list[dict[str, Any]]:
    """The suggested mapping with what the command line says over it."""
    rules = {column["name"]: column["suggested"] for column in import_.columns}
    for pair in told:
        column, found, to = pair.rpartition("=")
        if not found or column not in rules:
            names = ", ".join(rules)
            raise typer.BadParameter(
                f"{pair!r} is no COLUMN=FIELD; columns are {names}", param_hint="--map"
            )
        # A field goes to one column: the one that is told.
        rules = {name: None if to and field == to else field for name, field in rules.items()}
        rules[column] = to or None
    return [{"column": name, "to": field} for name, field in rules.items()]


def _tell_mapping(import_: Import) -> None:
    for rule in import_.mapping:
        sys.stderr.write(f"{rule['column']} -> {rule.get('to') or '(left out)'}\n")


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


async def _write_rejects(database: Database, caller: Caller, import_: Import, source: Path) -> None:
    path = source.with_name(f"{source.name}.rejects.csv")
    # People's data: for nobody else to read.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        async for lines in rejects(database, caller, import_, [RowOutcome.INVALID]):
            file.write(lines)
    sys.stderr.write(f"rejected rows are in {path}\n")


def _check_choice(given: str | None, choices: list[Any], option: str) -> None:
    if given is not None and given not in [choice.value for choice in choices]:
        raise typer.BadParameter(f"one of {', '.join(choices)}", param_hint=option)
