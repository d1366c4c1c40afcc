"""`touchline export`."""

import asyncio
import json
import os
import sys
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from app.cli.databases import database_settings, opened_as_app
from app.cli.problems import CannotRun
from app.domain.access.api_keys import SECRET_SCOPES
from app.domain.leads.exports import Order
from app.platform.config import Settings
from app.platform.db import Database
from app.repositories.unit_of_work import UnitOfWork
from app.services.access.provisioning import find_workspace, system_caller
from app.services.leads.exports import Export, ExportService


def export(settings: Settings, workspace: str, order: Order, output: Path) -> None:
    """Write the file, or stdout for `-`; the file has its name when it is whole."""
    with database_settings(settings) as found:
        rows = asyncio.run(_export(found, workspace, order, output))
    sys.stderr.write(f"{rows:,} {order.resource.value} exported\n")


def parse_condition_option(text: str | None) -> Any:
    """The JSON of an option, or of the file that it names after an @."""
    if text is None:
        return None
    try:
        return json.loads(Path(text[1:]).read_text("utf-8") if text.startswith("@") else text)
    except ValueError as error:
        raise CannotRun(f"the condition is no JSON: {error}") from None


async def _export(settings: Settings, workspace: str, order: Order, output: Path) -> int:
    async with opened_as_app(settings) as database:
        workspace_id = await find_workspace(database, workspace)
        if workspace_id is None:
            raise CannotRun(f"there is no workspace {workspace}")
        caller = replace(system_caller(workspace_id), scopes=frozenset(SECRET_SCOPES))
        async with UnitOfWork(database, caller) as uow:
            opened = await ExportService(uow).open(order)
        if str(output) == "-":
            return await _write(opened, database, sys.stdout.buffer)
        return await _write_file(opened, database, output)


async def _write_file(opened: Export, database: Database, output: Path) -> int:
    partial = output.with_name(f"{output.name}.part")
    try:
        # People's data: for nobody else to read.
        target = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(target, "wb") as file:
            rows = await _write(opened, database, file)
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)
    return rows


async def _write(opened: Export, database: Database, file: BinaryIO) -> int:
    rows = 0
    with _progress() as progress:
        task = progress.add_task(opened.order.resource.value, total=None)

        def tell(count: int) -> None:
            nonlocal rows
            rows += count
            progress.update(task, completed=rows)

        async with aclosing(opened.pieces(database, tell)) as pieces:
            async for piece in pieces:
                file.write(piece)
        file.flush()
    return rows


def _progress() -> Progress:
    columns: list[ProgressColumn] = [
        SpinnerColumn(),
        TextColumn("{task.description}"),
        _Rows(),
        TimeElapsedColumn(),
    ]
    # On stderr, for stdout may be the file; nowhere, when nobody looks.
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


class _Rows(ProgressColumn):
    """How many there are, and how many come in a second."""

    def render(self, task: Any) -> Text:
        return Text(f"{int(task.completed):,} rows  {task.speed or 0:,.0f}/s")
