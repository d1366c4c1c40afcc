"""`touchline spool`: look at what waits for Postgres on the disk, and take it out by hand."""

import json
import os
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.adapters.spool import Survey, instances
from app.cli.data_dir import DataDir
from app.cli.problems import CannotRun
from app.cli.settings import secrets_of
from app.platform.config import Settings
from app.platform.secrets import Secrets

Describe = Callable[[bytes], Mapping[str, object]]

COLUMNS = ("directory", "process", "segments", "bytes", "records", "unsettled", "oldest", "damaged")


def spool_key(settings: Settings, purpose: str) -> bytes:
    """The key that the spool is sealed with, from the setting or from the data folder."""
    data_dir = DataDir(settings.data_dir)
    if settings.secret is None and (data_dir.path / "secret").is_file():
        return Secrets(data_dir.secret()).key(purpose)
    return secrets_of(settings).key(purpose)


def inspect(path: Path, key: bytes) -> None:
    """Print a line for each directory; exit 1 when something in them is damaged."""
    surveys = list(_surveys(path, key))
    if not surveys:
        typer.echo(f"there is no spool in {path}")
        return
    table = Table(*COLUMNS, box=None, pad_edge=False)
    for survey in surveys:
        table.add_row(*map(Text, _row(survey)))
    # A table for a file or a pipe is not cut to the width of a terminal that is not there.
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    for reason in _damages(surveys):
        console.print(Text(reason, "red"))
    if any(survey.usage().damaged for survey in surveys):
        sys.exit(1)


def export(path: Path, output: Path, key: bytes, describe: Describe) -> None:
    """Write every record as a line of JSON, in the clear; `describe` says what a record is."""
    surveys = list(_surveys(path, key))
    if not surveys:
        raise CannotRun(f"there is no spool in {path}")
    try:
        # What was sealed on the disk is now readable: for nobody else.
        target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CannotRun(f"{output} is there already; name another file") from None
    count = unsettled = 0
    with os.fdopen(target, "w", encoding="utf-8") as file:
        for line in _lines(surveys, describe):
            count += 1
            unsettled += not line["settled"]
            file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        file.flush()
        os.fsync(file.fileno())
    typer.echo(f"{count} records, {unsettled} of them not in Postgres, written to {output}")
    for reason in _damages(surveys):
        typer.echo(f"not exported: {reason}", err=True)


def _surveys(path: Path, key: bytes) -> Iterator[Survey]:
    """Of one directory, or of all below a root."""
    if not path.is_dir():
        raise CannotRun(f"{path} is no directory")
    path = path.absolute()
    for directory in [path] if path in instances(path.parent) else instances(path):
        try:
            yield Survey(directory, key)
        except FileNotFoundError:
            continue  # removed while this looked


def _row(survey: Survey) -> Iterator[str]:
    usage = survey.usage()
    oldest = usage.oldest_unsettled_seconds
    yield survey.directory.name
    yield "live" if survey.live else "ended"
    yield str(usage.segments)
    yield f"{usage.bytes:,}"
    yield str(usage.records)
    yield str(usage.unsettled)
    yield "" if oldest is None else str(timedelta(seconds=round(oldest)))
    yield str(usage.damaged)


def _lines(surveys: list[Survey], describe: Describe) -> Iterator[dict[str, object]]:
    for survey in surveys:
        for entry, record in survey.records():
            yield {
                "directory": survey.directory.name,
                "segment": entry.segment,
                "sequence": entry.sequence,
                "written_at": entry.written_at.isoformat(),
                "settled": survey.is_settled(entry),
                "about": dict(describe(record)),
                "raw": b64encode(record).decode("ascii"),
            }


def _damages(surveys: list[Survey]) -> Iterator[str]:
    for survey in surveys:
        for place in survey.damaged():
            yield f"{place.path}: {place.length} bytes at {place.offset}: {place.reason}"
