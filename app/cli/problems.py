"""What an operator can put right, said in one line."""

# ruff: noqa: PLC0415 - a taken port need not wait for the database's libraries

import os


class CannotRun(Exception):
    """Why a command cannot do its work; the message is one line that says what to do."""


def explained(error: Exception) -> str | None:
    """The one line for an error; None where the traceback is wanted (log level debug)."""
    if isinstance(error, CannotRun):
        return _one_line(str(error))
    if os.environ.get("TOUCHLINE_LOG_LEVEL") == "debug":
        return None
    if isinstance(error, OSError):
        return _one_line(str(error))
    unforeseen = f"{type(error).__name__}: {error}; TOUCHLINE_LOG_LEVEL=debug shows where"
    return _one_line(_of_the_database(error) or unforeseen)


def _of_the_database(error: Exception) -> str | None:
    from alembic.util import CommandError
    from asyncpg import PostgresError
    from sqlalchemy.exc import DBAPIError

    from app.adapters.embedded_postgres import PostgresUnavailable
    from app.domain.errors import DomainError
    from app.platform.db import DatabaseProblem

    if isinstance(error, (DatabaseProblem, PostgresUnavailable)):
        return str(error)
    if isinstance(error, DomainError):
        named = [f"{e.pointer or e.parameter}: {e.detail}" for e in error.errors]
        return "; ".join(named) or error.detail
    if isinstance(error, CommandError):
        return f"the migration cannot run: {error}; is the database ahead of this version?"
    if isinstance(error, DBAPIError):
        return f"the database refused: {error.orig}"
    if isinstance(error, PostgresError):
        return f"the database refused: {error}"
    return None


def _one_line(text: str) -> str:
    return " ".join(text.split())
