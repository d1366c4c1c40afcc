"""Settings of a command: the environment, and the options that go before it."""

import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.cli.problems import CannotRun
from app.platform.config import Settings
from app.platform.secrets import Secrets


def read_settings(
    *, host: str | None = None, port: int | None = None, data_dir: Path | None = None
) -> Settings:
    """The settings in force; CannotRun names every variable that is wrong."""
    options: dict[str, Any] = {"host": host, "port": port, "data_dir": data_dir}
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        wrong = [f"TOUCHLINE_{e['loc'][0]!s}".upper() + f": {e['msg']}" for e in error.errors()]
        raise CannotRun("; ".join(wrong)) from error


def secrets_of(settings: Settings) -> Secrets:
    """What signs and seals; CannotRun when no secret is set, or too short a one."""
    if settings.secret is None:
        raise CannotRun(
            "set TOUCHLINE_SECRET to 32 random characters or more, the same for every process"
        )
    try:
        return Secrets(settings.secret.get_secret_value())
    except ValueError as error:
        raise CannotRun(f"TOUCHLINE_SECRET: {error}") from error


def is_embedded(settings: Settings) -> bool:
    """True when no URL names a database."""
    return settings.database_url is None and settings.database_owner_url is None


def log_style(settings: Settings) -> str:
    """JSON, but readable lines for a person at a terminal who asked for neither."""
    if "log_format" not in settings.model_fields_set and sys.stdout.isatty():
        return "console"
    return settings.log_format
